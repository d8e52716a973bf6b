//! Patterns of actions: `s3:Get*`. A service prefix and a name, either with wildcards, in any case. Rules: IAM User Guide,
//! "IAM JSON policy elements: Action".

use super::glob::Glob;
use std::fmt;
use thiserror::Error;

/// A pattern of actions. The text is kept as written; two are equal whatever their case, and in whatever order wildcards that stand
/// side by side are written (`*` is `*:*`).
#[derive(Debug, Clone)]
pub struct ActionPattern {
    text: Box<str>,
    service: Glob,
    name: Glob,
}

/// A text that is no pattern of actions.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("an action is `*`, or a service and a name with a colon between them (`s3:GetObject`)")]
pub struct BadAction;

impl ActionPattern {
    /// Reads a pattern: `*`, `s3:*`, `ec2:Describe*`. Whether such actions exist is not asked.
    ///
    /// # Errors
    ///
    /// The text has no colon, and is not `*`; or nothing stands before the colon.
    pub fn parse(text: &str) -> Result<Self, BadAction> {
        let (service, name) = match text.split_once(':') {
            Some(parts) => parts,
            None if !text.is_empty() && text.bytes().all(|byte| byte == b'*') => (text, text),
            None => return Err(BadAction),
        };
        if service.is_empty() {
            return Err(BadAction);
        }
        Ok(Self { text: text.into(), service: Glob::ignoring_case(service), name: Glob::ignoring_case(name) })
    }

    /// The pattern as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What stands before the colon, as written; of `*` it is `*`.
    #[must_use]
    pub fn service(&self) -> &str {
        self.text.split_once(':').map_or("*", |(service, _)| service)
    }

    /// What stands after the colon, as written; of `*` it is `*`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.split_once(':').map_or("*", |(_, name)| name)
    }

    /// The services, as a glob.
    #[must_use]
    pub fn services(&self) -> &Glob {
        &self.service
    }

    /// The names, as a glob.
    #[must_use]
    pub fn names(&self) -> &Glob {
        &self.name
    }

    /// Whether it names one action, without wildcards.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.service.is_exact() && self.name.is_exact()
    }

    /// Whether it stands for every action of every service.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.service.is_any() && self.name.is_any()
    }

    /// Whether the action is one of the pattern's, in any case.
    #[must_use]
    pub fn matches(&self, service: &str, action: &str) -> bool {
        // Names too long for IAM are unknown to the globs, and none that there is.
        self.service.matches(service).is_yes() && self.name.matches(action).is_yes()
    }

    /// Whether every action that `other` can stand for, now or ever, is one of this pattern's.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.service.covers(&other.service) && self.name.covers(&other.name)
    }

    /// Whether some action could be of both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.service.overlaps(&other.service) && self.name.overlaps(&other.name)
    }
}

impl PartialEq for ActionPattern {
    fn eq(&self, other: &Self) -> bool {
        (&self.service, &self.name) == (&other.service, &other.name)
    }
}

impl Eq for ActionPattern {}

impl fmt::Display for ActionPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
