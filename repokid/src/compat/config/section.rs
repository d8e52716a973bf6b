//! An object of the configuration, read key by key: what is asked for is typed, and what was never asked for is found at the end.

use std::collections::BTreeSet;

use menagerie_aws::AccountId;
use serde_json::{Map, Value};

use super::error::ConfigError;
use super::warning::Warning;

/// An object, and which of its keys were read.
#[derive(Debug)]
pub(super) struct Section<'a> {
    path: String,
    map: Option<&'a Map<String, Value>>,
    read: BTreeSet<String>,
}

impl<'a> Section<'a> {
    pub(super) fn root(value: &'a Value) -> Result<Self, ConfigError> {
        Self::of(String::new(), Some(value))
    }

    fn of(path: String, value: Option<&'a Value>) -> Result<Self, ConfigError> {
        match value {
            None | Some(Value::Null) => Ok(Self { path, map: None, read: BTreeSet::new() }),
            Some(Value::Object(map)) => Ok(Self { path, map: Some(map), read: BTreeSet::new() }),
            other => Err(wrong(if path.is_empty() { "the configuration" } else { &path }, "an object", other)),
        }
    }

    pub(super) fn is_there(&self) -> bool {
        self.map.is_some()
    }

    /// The keys that were not read yet.
    pub(super) fn unread(&self) -> Vec<String> {
        self.map.into_iter().flat_map(Map::keys).filter(|key| !self.read.contains(*key)).cloned().collect()
    }

    /// Takes keys as read that have no meaning here.
    pub(super) fn nothing_of(&mut self, keys: &[&str]) {
        self.read.extend(keys.iter().map(|key| (*key).to_owned()));
    }

    /// Warns of each key that was not read.
    pub(super) fn finish(&self, warnings: &mut Vec<Warning>) {
        warnings.extend(self.unread().iter().map(|key| Warning::UnknownKey { key: self.key(key) }));
    }

    pub(super) fn value(&mut self, key: &str) -> Option<&'a Value> {
        self.read.insert(key.to_owned());
        self.map?.get(key).filter(|value| !value.is_null())
    }

    /// An object that may not be there.
    pub(super) fn section(&mut self, key: &str) -> Result<Self, ConfigError> {
        let value = self.value(key);
        Section::of(self.key(key), value)
    }

    /// A text; a placeholder of the template is none.
    pub(super) fn set(&mut self, key: &str, warnings: &mut Vec<Warning>) -> Result<Option<String>, ConfigError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) if is_placeholder(text) => {
                warnings.push(Warning::Placeholder { key: self.key(key), text: text.clone() });
                Ok(None)
            }
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            other => Err(self.wrong(key, "a text", other)),
        }
    }

    /// An account's twelve digits. As a number they would have lost their leading zeros.
    pub(super) fn account(&mut self, key: &str, warnings: &mut Vec<Warning>) -> Result<Option<AccountId>, ConfigError> {
        let Some(text) = self.set(key, warnings)? else { return Ok(None) };
        text.parse().map(Some).map_err(|_| self.wrong(key, "an account's twelve digits", Some(&Value::String(text.clone()))))
    }

    pub(super) fn whole(&mut self, key: &str) -> Result<Option<u32>, ConfigError> {
        match self.value(key) {
            None => Ok(None),
            // A hundred years: more is a slip, and no sum of times runs over.
            Some(value) => match value.as_u64().filter(|number| *number <= 36_525).and_then(|number| u32::try_from(number).ok()) {
                Some(number) => Ok(Some(number)),
                None => Err(self.wrong(key, "a whole number of days from 0 to 36525", Some(value))),
            },
        }
    }

    pub(super) fn flag(&mut self, key: &str) -> Result<Option<bool>, ConfigError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Bool(yes)) => Ok(Some(*yes)),
            other => Err(self.wrong(key, "true or false", other)),
        }
    }

    pub(super) fn texts(&mut self, key: &str) -> Result<Option<Vec<String>>, ConfigError> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let texts = value.as_array().and_then(|list| list.iter().map(|text| text.as_str().map(str::to_owned)).collect());
        texts.map(Some).ok_or_else(|| self.wrong(key, "a list of texts", Some(value)))
    }

    pub(super) fn wrong(&self, key: &str, wanted: &'static str, found: Option<&Value>) -> ConfigError {
        wrong(&self.key(key), wanted, found)
    }

    pub(super) fn lacks(&self, key: &str) -> ConfigError {
        ConfigError::Missing { key: self.key(key) }
    }

    fn key(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

/// What Repokid's template has where a value is to be filled in.
pub(super) fn is_placeholder(text: &str) -> bool {
    // One of the template's lacks its closing bracket.
    text.starts_with('<') || matches!(text, "COMMAND_QUEUE_TO_REPOKID_URL" | "RESPONSES_FROM_REPOKID_SNS_ARN")
}

/// The value itself is not shown where it may be long, or a secret.
fn wrong(key: &str, wanted: &'static str, found: Option<&Value>) -> ConfigError {
    let found = match found {
        None | Some(Value::Null) => "nothing".to_owned(),
        Some(Value::Bool(yes)) => yes.to_string(),
        Some(Value::Number(number)) => format!("the number {number}"),
        Some(Value::String(text)) => format!("a text of {} characters", text.chars().count()),
        Some(Value::Array(list)) => format!("a list of {}", list.len()),
        Some(Value::Object(_)) => "an object".to_owned(),
    };
    ConfigError::Kind { key: key.to_owned(), wanted, found }
}
