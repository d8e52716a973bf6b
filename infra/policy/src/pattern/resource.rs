//! Patterns of resources: `*`, or an ARN with wildcards and policy variables. Rules: IAM User Guide, "IAM JSON policy
//! elements: Resource": a wildcard stands within one of the six fields that colons divide, and a pattern of fewer fields has
//! `*` for those that it lacks.
//!
//! What of a `*` that would have to stand for a colon (`arn:aws:ec2:*:instance/*`), the guide does not say in so many words, and
//! policies are written that hope for it. Here such a resource is `Unknown`: the pattern as a whole matches it, its fields do
//! not. `covers` holds in both readings, `overlaps` in either.

use super::glob::{Glob, Lookup, Resolved};
use super::truth::Truth;
use super::variable::{self, Variable};
use std::fmt;

const FIELDS: usize = 6;

/// A pattern of resources. The text is kept as written.
#[derive(Debug, Clone)]
pub struct ResourcePattern {
    text: Box<str>,
    whole: Glob,
    /// The ARN's fields: `arn`, partition, service, region, account, resource. `None` where the pattern is not one of an ARN.
    fields: Option<Box<[Glob; FIELDS]>>,
    /// The ARN with the fields that the text lacks, where it lacks some.
    completed: Option<Glob>,
}

impl ResourcePattern {
    /// A pattern of a policy of version 2012-10-17, where `${…}` is a variable.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self::read(text, true)
    }

    /// A pattern of an older policy, where `${…}` stands for itself.
    #[must_use]
    pub fn without_variables(text: &str) -> Self {
        Self::read(text, false)
    }

    /// Reads any text: one that is no ARN is matched as a whole.
    fn read(text: &str, with_variables: bool) -> Self {
        let glob = if with_variables { Glob::with_variables } else { Glob::new };
        let mut fields = split(text, with_variables);
        if fields[0] != "arn" {
            return Self { text: text.into(), whole: glob(text), fields: None, completed: None };
        }
        let lacking = fields.len() < FIELDS;
        fields.resize(FIELDS, "*");
        let completed = lacking.then(|| glob(&fields.join(":")));
        let fields: Box<[Glob; FIELDS]> = Box::new(std::array::from_fn(|at| glob(fields[at])));
        Self { text: text.into(), whole: glob(text), fields: Some(fields), completed }
    }

    /// The pattern as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it stands for every resource.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.whole.is_any()
    }

    /// Whether it names one resource, without wildcards and variables.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.whole.is_exact() && self.fields.iter().all(|fields| fields.iter().all(Glob::is_exact))
    }

    /// The ARN's six fields: `arn`, partition, service, region, account, resource. `None` where the pattern is not one of an ARN.
    #[must_use]
    pub fn fields(&self) -> Option<&[Glob; FIELDS]> {
        self.fields.as_deref()
    }

    /// The policy variables in it.
    #[must_use]
    pub fn variables(&self) -> &[Variable] {
        self.whole.variables()
    }

    /// Whether the resource, an ARN or `*`, is one of the pattern's. `Unknown` where that hangs on a variable.
    #[must_use]
    pub fn matches(&self, resource: &str) -> Truth {
        let whole = self.whole.matches(resource);
        if whole.is_no() && self.completed.is_none() {
            return Truth::No;
        }
        self.fields.as_ref().map_or(whole, |fields| by_fields(fields, resource).or(whole.and(Truth::Unknown)))
    }

    /// As [`Self::matches`], with a request's values for the variables.
    #[must_use]
    pub fn matches_with(&self, resource: &str, mut lookup: impl FnMut(&str) -> Lookup) -> Truth {
        let found = self.matches(resource);
        if self.variables().is_empty() || found.is_no() {
            return found;
        }
        let Resolved::Glob(whole) = self.whole.resolve(&mut lookup) else { return Truth::No };
        let mut fields = None;
        if let Some(own) = &self.fields {
            let mut resolved = Vec::with_capacity(FIELDS);
            for field in own.iter() {
                let Resolved::Glob(field) = field.resolve(&mut lookup) else { return Truth::No };
                resolved.push(field);
            }
            fields = <Box<[Glob; FIELDS]>>::try_from(resolved).ok();
        }
        let completed = match self.completed.as_ref().map(|completed| completed.resolve(&mut lookup)) {
            Some(Resolved::Glob(completed)) => Some(completed),
            Some(Resolved::Never) | None => None,
        };
        Self { text: self.text.clone(), whole, fields, completed }.matches(resource)
    }

    /// Whether a request surely lacks the value of a variable that has no default.
    #[must_use]
    pub fn lacks_value(&self, mut lookup: impl FnMut(&str) -> Lookup) -> bool {
        self.variables().iter().any(|variable| variable.default().is_none() && lookup(variable.key()) == Lookup::Missing)
    }

    /// Whether every resource that `other` can stand for is one of this pattern's, in each request alike. `false` where that
    /// cannot be shown.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (&self.fields, &other.fields) {
            _ if self.is_any() => true,
            (Some(own), Some(others)) => {
                own.iter().zip(others.iter()).all(|(own, other)| own.covers(other)) && self.whole.covers(&other.whole)
            }
            (None, _) => self.whole.covers(&other.whole),
            (Some(_), None) => false,
        }
    }

    /// Whether some resource could be of both.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.readings().any(|own| other.readings().any(|other| own.overlaps(other)))
    }
}

impl ResourcePattern {
    /// Globs that together have every resource that the pattern may stand for.
    fn readings(&self) -> impl Iterator<Item = &Glob> {
        std::iter::once(&self.whole).chain(&self.completed)
    }
}

/// The reading of the guide: field by field.
fn by_fields(fields: &[Glob; FIELDS], resource: &str) -> Truth {
    let mut parts = resource.splitn(FIELDS, ':');
    Truth::all(fields.iter().map(|field| parts.next().map_or(Truth::No, |part| field.matches(part))))
}

/// The fields that colons divide, at most six. Colons within `${…}` divide nothing, where that is a variable.
fn split(text: &str, with_variables: bool) -> Vec<&str> {
    let (mut fields, mut from, mut at) = (Vec::with_capacity(FIELDS), 0, 0);
    while at < text.len() && fields.len() + 1 < FIELDS {
        match text.as_bytes()[at] {
            b':' => {
                fields.push(&text[from..at]);
                at += 1;
                from = at;
            }
            b'$' if with_variables => at += variable::read(&text[at..]).map_or(1, |(_, taken)| taken),
            _ => at += 1,
        }
    }
    fields.push(&text[from..]);
    fields
}

impl PartialEq for ResourcePattern {
    fn eq(&self, other: &Self) -> bool {
        (&self.whole, &self.fields) == (&other.whole, &other.fields)
    }
}

impl Eq for ResourcePattern {}

impl fmt::Display for ResourcePattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
