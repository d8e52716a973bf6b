//! Where settings of the environment come from: the process's own, or a map that a test hands in.

use std::collections::BTreeMap;

/// A source of environment variables.
pub trait Environment: Send + Sync {
    /// The value of `name`, if it is set and is UTF-8.
    fn var(&self, name: &str) -> Option<String>;

    /// All variables whose name and value are UTF-8.
    fn vars(&self) -> BTreeMap<String, String>;
}

/// The environment of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn var(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn vars(&self) -> BTreeMap<String, String> {
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))).collect()
    }
}

/// An environment made of pairs.
#[derive(Debug, Clone, Default)]
pub struct MapEnvironment(BTreeMap<String, String>);

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for MapEnvironment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl Environment for MapEnvironment {
    fn var(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    fn vars(&self) -> BTreeMap<String, String> {
        self.0.clone()
    }
}
