//! Tags by which code marks what it made.

use std::collections::BTreeMap;

use globset::{Glob, GlobMatcher};

use super::{Owner, Tool};

const STACK: &str = "aws:cloudformation:stack-name";

/// A tag that tells of an owner: `KEY=GLOB`.
#[derive(Debug, Clone)]
pub struct TagRule {
    key: String,
    value: GlobMatcher,
    tool: Tool,
}

impl TagRule {
    /// Reads `KEY=GLOB`, or `KEY` for any value: what has the tag is Terraform's.
    ///
    /// # Errors
    /// Why it is no rule.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').unwrap_or((text, "*"));
        if key.trim().is_empty() {
            return Err("a rule is KEY=GLOB, such as managed-by=terraform*".to_owned());
        }
        Self::new(key, value, Tool::Terraform).map_err(|error| format!("{value:?} is no pattern: {error}"))
    }

    fn new(key: &str, value: &str, tool: Tool) -> Result<Self, globset::Error> {
        let value = Glob::new(&value.to_ascii_lowercase())?.compile_matcher();
        Ok(Self { key: plain(key), value, tool })
    }
}

/// Rules about tags.
#[derive(Debug, Clone)]
pub struct TagRules {
    rules: Vec<TagRule>,
}

impl Default for TagRules {
    /// CloudFormation's own tag, and what is customary for other tools.
    fn default() -> Self {
        let customary = [
            ("managed-by", "*{terraform,opentofu,tofu,terragrunt}*", Tool::Terraform),
            ("provisioner", "*{terraform,opentofu,terragrunt}*", Tool::Terraform),
            ("created-by", "*{terraform,opentofu,terragrunt}*", Tool::Terraform),
            ("iac", "*{terraform,opentofu,terragrunt}*", Tool::Terraform),
            ("terraform", "{true,yes,1}", Tool::Terraform),
            ("managed-by", "*{cloudformation,cdk,sam}*", Tool::CloudFormation),
            ("managed-by", "*{pulumi,crossplane,ansible}*", Tool::Other),
        ];
        Self { rules: customary.iter().filter_map(|(key, value, tool)| TagRule::new(key, value, *tool).ok()).collect() }
    }
}

impl TagRules {
    /// Adds a rule, which goes before the others.
    pub fn add(&mut self, rule: TagRule) {
        self.rules.insert(0, rule);
    }

    /// Who owns what has these tags.
    #[must_use]
    pub fn owner(&self, tags: &BTreeMap<String, String>) -> Option<Owner> {
        if let Some(stack) = tags.get(STACK) {
            return Some(Owner { tool: Tool::CloudFormation, name: Some(stack.clone()), path: None, told_by: format!("the tag {STACK}") });
        }
        for rule in &self.rules {
            let found = tags.iter().find(|(key, value)| plain(key) == rule.key && rule.value.is_match(value.to_ascii_lowercase()));
            if let Some((key, _)) = found {
                return Some(Owner { tool: rule.tool, name: None, path: None, told_by: format!("the tag {key}") });
            }
        }
        None
    }
}

/// A key as people mean it: `ManagedBy`, `managed_by` and `managed-by` are one.
fn plain(key: &str) -> String {
    key.chars().filter(|c| !matches!(c, '-' | '_' | ' ' | ':')).map(|c| c.to_ascii_lowercase()).collect()
}
