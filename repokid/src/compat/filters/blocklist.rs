//! `BlocklistFilter`: roles that are listed, by name (in any case) for all accounts or one, or by ARN; in the configuration, and in a file
//! in S3 that it names: `{"arns": ["…"], "names": {"name": ["all", "account"]}}`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::Named;
use crate::compat::config::{Config, PerAccount};

/// Why a text is no blocklist.
#[derive(Debug, thiserror::Error)]
#[error("the blocklist's file is not of the form {{\"arns\": [ARN, …], \"names\": {{NAME: [\"all\" or ACCOUNT, …]}}}}: {reason}")]
pub struct BlocklistError {
    reason: String,
}

/// What stands in the blocklist's file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlocklistFile {
    arns: BTreeSet<String>,
    names: BTreeMap<String, BTreeSet<String>>,
}

impl BlocklistFile {
    /// Reads the file's text.
    ///
    /// # Errors
    /// [`BlocklistError`] if it has another form.
    pub fn parse(text: &str) -> Result<Self, BlocklistError> {
        serde_json::from_str(text).map_err(|error| BlocklistError { reason: error.to_string() })
    }
}

#[derive(Debug)]
pub(super) struct Blocklist {
    configured: PerAccount,
    /// The file's names in lower case.
    listed: BlocklistFile,
    unread: bool,
}

impl Blocklist {
    pub(super) fn new(config: &Config, file: Option<&BlocklistFile>) -> Self {
        let mut listed = BlocklistFile { arns: file.map(|file| file.arns.clone()).unwrap_or_default(), ..BlocklistFile::default() };
        for (name, accounts) in file.into_iter().flat_map(|file| &file.names) {
            listed.names.entry(name.to_ascii_lowercase()).or_default().extend(accounts.iter().cloned());
        }
        Self { configured: config.blocklist.clone(), listed, unread: config.blocklist_bucket.is_some() && file.is_none() }
    }

    pub(super) fn names(&self, one: Named<'_>) -> Option<String> {
        let is_one = |entry: &str| entry.eq_ignore_ascii_case(one.name) || entry == one.arn;
        if self.configured.of(one.account).any(is_one) || self.is_listed(one) {
            return Some("it is on the blocklist".to_owned());
        }
        self.unread.then(|| "the blocklist's file in S3 was not read, so who is on it is not known".to_owned())
    }

    fn is_listed(&self, one: Named<'_>) -> bool {
        let accounts = self.listed.names.get(&one.name.to_ascii_lowercase());
        let named = accounts.is_some_and(|accounts| accounts.contains("all") || accounts.contains(one.account.as_str()));
        named || self.listed.arns.contains(one.arn)
    }
}
