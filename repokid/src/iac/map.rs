//! The map that a person writes: which ARNs and stacks stand where.

use std::collections::BTreeMap;

use globset::{Glob, GlobMatcher};

/// From globs of ARNs, or of stacks (`stack:GLOB`), to paths under the folder of code. The longest glob that matches counts.
#[derive(Debug, Default)]
pub struct Map {
    arns: Vec<(Glob, GlobMatcher, String)>,
    stacks: Vec<(Glob, GlobMatcher, String)>,
}

/// A text that is no such map.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// It is neither JSON nor TOML of texts.
    #[error("it is neither a JSON nor a TOML map from globs to paths: {0}")]
    Syntax(#[from] toml::de::Error),
    /// It is no JSON map of texts.
    #[error("it is no JSON map from globs to paths: {0}")]
    Json(#[from] serde_json::Error),
    /// A glob is none.
    #[error("{glob:?} is no pattern: {error}")]
    Glob {
        /// Which.
        glob: String,
        /// Why.
        #[source]
        error: globset::Error,
    },
}

impl Map {
    /// Reads a map: JSON if it begins with a brace, TOML otherwise.
    ///
    /// # Errors
    /// The text is no map from globs to paths.
    pub fn parse(text: &str) -> Result<Self, MapError> {
        let table: BTreeMap<String, String> =
            if text.trim_start().starts_with('{') { serde_json::from_str(text)? } else { toml::from_str(text)? };
        let mut map = Self::default();
        for (key, path) in table {
            let (list, glob) = match key.strip_prefix("stack:") {
                Some(glob) => (&mut map.stacks, glob),
                None => (&mut map.arns, key.as_str()),
            };
            let glob = Glob::new(glob).map_err(|error| MapError::Glob { glob: key.clone(), error })?;
            let matcher = glob.compile_matcher();
            list.push((glob, matcher, path));
        }
        for list in [&mut map.arns, &mut map.stacks] {
            list.sort_by_key(|(glob, _, _)| std::cmp::Reverse(glob.glob().len()));
        }
        Ok(map)
    }

    /// The glob and the path of an ARN.
    #[must_use]
    pub fn of_arn(&self, arn: &str) -> Option<(&str, &str)> {
        self.arns.iter().find(|(_, matcher, _)| matcher.is_match(arn)).map(|(glob, _, path)| (glob.glob(), path.as_str()))
    }

    /// The path of a stack.
    #[must_use]
    pub fn of_stack(&self, stack: &str) -> Option<&str> {
        self.stacks.iter().find(|(_, matcher, _)| matcher.is_match(stack)).map(|(_, _, path)| path.as_str())
    }
}
