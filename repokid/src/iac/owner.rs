//! Who owns a principal's policies, besides the account itself.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::{Map, Sources, State, TagRules};
use crate::account::Principal;
use crate::analysis::{Analysis, Place};

/// A tool that writes what stands in code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tool {
    /// CloudFormation, or what makes its templates.
    CloudFormation,
    /// Terraform or OpenTofu.
    Terraform,
    /// Another.
    Other,
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CloudFormation => "CloudFormation",
            Self::Terraform => "Terraform",
            Self::Other => "code",
        })
    }
}

/// What owns a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// Which tool.
    pub tool: Tool,
    /// What it is there: a stack's name, a resource's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it stands, under the folder of code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// What told of it.
    pub told_by: String,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} owns it", self.tool)?;
        if let Some(name) = &self.name {
            write!(f, " ({name})")?;
        }
        if let Some(path) = &self.path {
            write!(f, " in {}", path.display())?;
        }
        write!(f, ", by {}", self.told_by)
    }
}

/// What code owns of accounts that are changed while they live, and where it stands.
#[derive(Debug, Default)]
pub struct Code {
    /// What tells of owners.
    pub ownership: Ownership,
    /// The folder of code; none of it is enough to know that something is not changed live.
    pub sources: Sources,
    /// The folder that patches go to, one folder in it for each account.
    pub output: Option<PathBuf>,
}

/// All that tells of owners.
#[derive(Debug, Default)]
pub struct Ownership {
    /// Rules about tags.
    pub tags: TagRules,
    /// A map from ARNs and stacks to paths.
    pub map: Map,
    /// Terraform's states.
    pub state: State,
}

impl Ownership {
    /// Who owns what would change of a principal.
    #[must_use]
    pub fn owner_of(&self, analysis: &Analysis<'_>) -> Option<Owner> {
        let mut changed = analysis.policies.iter().filter(|policy| policy.changes());
        changed.find_map(|policy| self.owner(analysis.principal, policy.place))
    }

    /// Who owns a policy of a principal: what owns a principal owns whatever is in it or attached to it.
    #[must_use]
    pub fn owner(&self, principal: &Principal, policy: Place<'_>) -> Option<Owner> {
        let arns = [policy.arn(), Some(principal.arn.as_str())];
        let mapped = arns.iter().flatten().find_map(|arn| self.map.of_arn(arn));
        let address = self.state.of(principal, policy);
        let tagged = self.tags.owner(&principal.tags);
        let of_stack = tagged.as_ref().and_then(|owner| self.map.of_stack(owner.name.as_deref()?));
        let path = mapped.map(|(_, path)| path).or(of_stack).map(PathBuf::from);
        if let Some(address) = address {
            return Some(Owner { tool: Tool::Terraform, name: Some(address.to_string()), path, told_by: "its state".to_owned() });
        }
        if let Some(mut owner) = tagged {
            owner.path = path;
            return Some(owner);
        }
        let (glob, path) = mapped?;
        Some(Owner { tool: Tool::Other, name: None, path: Some(PathBuf::from(path)), told_by: format!("the map's {glob}") })
    }
}
