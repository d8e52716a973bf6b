//! Terraform's state: which of an account's policies it made, and at which address. Only names and ARNs are kept of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use menagerie_aws::Arn;
use serde::Deserialize;

use crate::account::{Kind, Principal};
use crate::analysis::Place;

/// A resource in Terraform's code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The modules that it is in, such as `module.app`.
    pub module: Option<String>,
    /// Its type.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its key, if there are several.
    pub key: Option<String>,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(module) = &self.module {
            write!(f, "{module}.")?;
        }
        write!(f, "{}.{}", self.kind, self.name)?;
        if let Some(key) = &self.key {
            write!(f, "[{key}]")?;
        }
        Ok(())
    }
}

/// What several states say together.
#[derive(Debug, Default)]
pub struct State {
    /// By kind, principal and policy.
    inline: BTreeMap<(&'static str, String, String), Address>,
    /// By kind and principal.
    principals: BTreeMap<(&'static str, String), Address>,
    /// By ARN.
    managed: BTreeMap<String, Address>,
    /// The accounts that the ARNs in it are of; inline policies have none of their own.
    accounts: BTreeSet<String>,
}

/// A text that is no state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It has another form.
    #[error("it is no Terraform state: {0}")]
    Syntax(#[from] serde_json::Error),
    /// It is of another version.
    #[error("it is a Terraform state of version {0}; this tool reads version 4, which Terraform 0.12 and later write")]
    Version(u64),
}

#[derive(Deserialize)]
struct File {
    version: u64,
    #[serde(default)]
    resources: Vec<Resource>,
}

#[derive(Deserialize)]
struct Resource {
    module: Option<String>,
    mode: String,
    r#type: String,
    name: String,
    #[serde(default)]
    instances: Vec<Instance>,
}

#[derive(Deserialize)]
struct Instance {
    index_key: Option<serde_json::Value>,
    #[serde(default)]
    attributes: serde_json::Value,
}

impl State {
    /// Takes a state in.
    ///
    /// # Errors
    /// The text is no state, or of a version that is not known.
    pub fn add(&mut self, text: &str) -> Result<(), StateError> {
        let file: File = serde_json::from_str(text)?;
        if file.version != 4 {
            return Err(StateError::Version(file.version));
        }
        for resource in file.resources.iter().filter(|resource| resource.mode == "managed") {
            for instance in &resource.instances {
                self.instance(resource, instance);
            }
        }
        Ok(())
    }

    fn instance(&mut self, resource: &Resource, instance: &Instance) {
        let text = |name: &str| instance.attributes.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        let address = Address {
            module: resource.module.clone(),
            kind: resource.r#type.clone(),
            name: resource.name.clone(),
            key: instance.index_key.as_ref().map(ToString::to_string),
        };
        let arn = text("arn");
        if let Some(arn) = arn.as_deref().and_then(|arn| arn.parse::<Arn>().ok()).filter(|arn| !arn.account().is_empty()) {
            self.accounts.insert(arn.account().to_owned());
        }
        match resource.r#type.as_str() {
            "aws_iam_policy" => {
                self.managed.extend(arn.map(|arn| (arn, address)));
            }
            "aws_iam_role_policy" => self.policy(Kind::Role, text("role"), text("name"), address),
            "aws_iam_user_policy" => self.policy(Kind::User, text("user"), text("name"), address),
            "aws_iam_group_policy" => self.policy(Kind::Group, text("group"), text("name"), address),
            "aws_iam_role" => self.principal(Kind::Role, text("name"), address),
            "aws_iam_user" => self.principal(Kind::User, text("name"), address),
            "aws_iam_group" => self.principal(Kind::Group, text("name"), address),
            _ => {}
        }
    }

    fn policy(&mut self, kind: Kind, principal: Option<String>, name: Option<String>, address: Address) {
        if let (Some(principal), Some(name)) = (principal, name) {
            self.inline.insert((kind.as_str(), principal, name), address);
        }
    }

    fn principal(&mut self, kind: Kind, name: Option<String>, address: Address) {
        self.principals.extend(name.map(|name| ((kind.as_str(), name), address)));
    }

    /// The address of a policy, or of the principal that it is in.
    #[must_use]
    pub fn of(&self, principal: &Principal, policy: Place<'_>) -> Option<&Address> {
        if let Some(address) = policy.arn().and_then(|arn| self.managed.get(arn)) {
            return Some(address);
        }
        if !self.accounts.is_empty() && !self.accounts.contains(principal.account()) {
            return None;
        }
        let kind = principal.kind.as_str();
        let inline = match policy {
            Place::Inline(name) => self.inline.get(&(kind, principal.name.clone(), name.to_owned())),
            Place::Own(_) | Place::Shared(_) => None,
        };
        inline.or_else(|| self.principals.get(&(kind, principal.name.clone())))
    }
}
