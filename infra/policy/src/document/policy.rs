//! A policy: its statements, and the text it was read from.

use super::edit::Edit;
use super::error::ParseError;
use super::read;
use super::splice::PolicySpans;
use super::statement::Statement;
use std::fmt;
use std::str::FromStr;

/// A policy document. Two are equal if they say the same, whatever the order and layout of their elements; their texts tell
/// whether they are written alike.
#[derive(Debug, Clone)]
pub struct Policy {
    pub(super) version: Option<Version>,
    pub(super) id: Option<String>,
    pub(super) statements: Vec<Statement>,
    pub(super) others: Vec<Element>,
    pub(super) text: Box<str>,
    pub(super) spans: PolicySpans,
}

/// A version of the policy language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Version {
    /// `2008-10-17`: without policy variables. Holds where a document names none.
    V2008,
    /// `2012-10-17`.
    V2012,
}

/// An element that the grammar does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Its name, as written.
    pub name: String,
    /// Its value as JSON, as written save for white space.
    pub value: String,
}

impl Policy {
    /// Reads a policy document. A URL-encoded one must be decoded first.
    ///
    /// # Errors
    ///
    /// The text is longer than [`limits::DOCUMENT_BYTES`](super::limits::DOCUMENT_BYTES), is not JSON, names an element twice in
    /// one object, or is none that IAM's grammar allows. Elements, operators and actions that are not known are no error.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        read::policy(text)
    }

    /// `Version`, as far as the document has it.
    #[must_use]
    pub const fn version(&self) -> Option<Version> {
        self.version
    }

    /// Whether `${…}` is a variable in it.
    #[must_use]
    pub fn has_variables(&self) -> bool {
        self.version == Some(Version::V2012)
    }

    /// `Id`.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// The statements, in order.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Elements beside the statements that the grammar does not have.
    #[must_use]
    pub fn others(&self) -> &[Element] {
        &self.others
    }

    /// The document, byte for byte.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The document, byte for byte.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.text.to_string()
    }

    /// The document written anew from what was read, as compactly as JSON goes: the same for policies that are equal and order
    /// their elements alike.
    #[must_use]
    pub fn to_canonical_text(&self) -> String {
        super::canonical::policy(self)
    }

    /// How many characters IAM counts of it against its limits: its [`size`](super::size()).
    #[must_use]
    pub fn size(&self) -> usize {
        super::canonical::size(&self.text)
    }

    /// Starts a change of the document.
    pub const fn edit(&self) -> Edit<'_> {
        Edit::new(self)
    }
}

impl Version {
    /// The version as documents name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2008 => "2008-10-17",
            Self::V2012 => "2012-10-17",
        }
    }
}

impl FromStr for Policy {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl PartialEq for Policy {
    fn eq(&self, other: &Self) -> bool {
        (self.version, &self.id, &self.statements, &self.others) == (other.version, &other.id, &other.statements, &other.others)
    }
}

impl Eq for Policy {}

impl fmt::Display for Policy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
