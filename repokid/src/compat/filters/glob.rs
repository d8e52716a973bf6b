//! Globs as Python's `fnmatch` has them: `*` and `?` match any character, `[a-z]` and `[!a-z]` one of a set; there is no escape, and braces
//! are characters. Names are compared in lower case.

use globset::{GlobBuilder, GlobMatcher};

/// Why a text is no glob.
#[derive(Debug, thiserror::Error)]
#[error("{glob:?} is no glob: {reason}")]
pub struct GlobError {
    /// The text.
    pub glob: String,
    /// What is wrong.
    pub reason: String,
}

#[derive(Debug, Clone)]
pub(super) struct Glob {
    text: String,
    matcher: GlobMatcher,
}

impl Glob {
    pub(super) fn new(text: &str) -> Result<Self, GlobError> {
        let braces = text.to_ascii_lowercase().replace('{', "[{]").replace('}', "[}]");
        let glob = GlobBuilder::new(&braces).literal_separator(false).backslash_escape(false).build();
        let glob = glob.map_err(|error| GlobError { glob: text.to_owned(), reason: error.kind().to_string() })?;
        Ok(Self { text: text.to_owned(), matcher: glob.compile_matcher() })
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        self.matcher.is_match(name.to_ascii_lowercase())
    }
}
