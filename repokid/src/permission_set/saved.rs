//! Permission sets as they were saved: `[{"arn": …, "name": …, "inline": …, "managed": [ARN…], "accounts": [ACCOUNT…]}]`.

use serde::Deserialize;
use serde_json::Value;

/// A permission set as Identity Center has it.
#[derive(Debug, Clone, Deserialize)]
pub struct PermissionSet {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// Its inline policy, as text or as what it says; none if it has none.
    #[serde(default)]
    inline: Option<Value>,
    /// The ARNs of its managed policies.
    #[serde(default)]
    pub managed: Vec<String>,
    /// The accounts that it is provisioned in, where that is known.
    #[serde(default)]
    pub accounts: Option<Vec<String>>,
}

/// A file that holds no permission sets.
#[derive(Debug, thiserror::Error)]
#[error("it is no list of permission sets ([{{\"arn\", \"name\", \"inline\", \"managed\"}}]): {0}")]
pub struct SavedError(#[from] serde_json::Error);

#[cfg(feature = "aws")]
impl From<menagerie_aws_sso_admin::PermissionSet> for PermissionSet {
    fn from(set: menagerie_aws_sso_admin::PermissionSet) -> Self {
        let inline = set.inline.map(Value::String);
        Self { arn: set.arn, name: set.name, inline, managed: set.managed, accounts: Some(set.accounts) }
    }
}

impl PermissionSet {
    /// What its inline policy says; none if it has none or it is no JSON.
    #[must_use]
    pub fn inline(&self) -> Option<Value> {
        match self.inline.as_ref()? {
            Value::String(text) => serde_json::from_str(text).ok(),
            Value::Null => None,
            value => Some(value.clone()),
        }
    }
}

/// Reads a file.
///
/// # Errors
/// The text is no such list.
pub fn saved(text: &str) -> Result<Vec<PermissionSet>, SavedError> {
    Ok(serde_json::from_str(text)?)
}
