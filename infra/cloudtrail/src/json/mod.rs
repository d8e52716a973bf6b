//! A JSON value as it stands in an event: its text, borrowed. Nothing is parsed until it is asked for, and no tree is built; asking an
//! object for a member skips what is before it. What was never looked at was never judged: a value within may be malformed, and then
//! answers `None`.

pub(crate) mod scan;

use std::borrow::Cow;
use std::fmt;

use fearless_simd::{Simd, dispatch};
use scan::{LEVEL, Next};

/// A JSON value, as its text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Json<'a>(&'a str);

/// Its length and kind, not what it says: parameters of requests hold what is not for logs.
impl fmt::Debug for Json<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Json({:?}, {} bytes)", self.kind(), self.0.len())
    }
}

/// What a value is, as its first character tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// `null`, or nothing that JSON knows.
    Null,
}

impl<'a> Json<'a> {
    /// The value whose text this is, without white space around it. Nothing is checked.
    #[must_use]
    pub fn new(text: &'a str) -> Self {
        Self(text.trim_matches([' ', '\t', '\r', '\n']))
    }

    /// As it stands in the event.
    #[must_use]
    pub fn text(self) -> &'a str {
        self.0
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self.0.as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'-' | b'0'..=b'9') => Kind::Number,
            _ => Kind::Null,
        }
    }

    /// What a string says.
    #[must_use]
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        let within = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if memchr::memchr(b'\\', within.as_bytes()).is_none() {
            return Some(Cow::Borrowed(within));
        }
        serde_json::from_str(self.0).ok().map(Cow::Owned)
    }

    /// What `true` or `false` says, as the word or, as some services have it, in a string.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        match self.0.trim_matches('"') {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The text of a string or a number: identifiers are written as either.
    #[must_use]
    pub fn as_scalar(self) -> Option<Cow<'a, str>> {
        match self.kind() {
            Kind::Number => Some(Cow::Borrowed(self.0)),
            _ => self.as_str(),
        }
    }

    /// The member of that name of an object; the first, if it is there twice. `null` is as if it were not there.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Json<'a>> {
        self.fields().find(|(text, _)| *text == name).map(|(_, value)| value).filter(|value| value.kind() != Kind::Null)
    }

    /// The member of a member, and so on.
    #[must_use]
    pub fn at(self, path: &[&str]) -> Option<Json<'a>> {
        path.iter().try_fold(self, |value, name| value.get(name))
    }

    /// What the string of that name says.
    #[must_use]
    pub fn str(self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name)?.as_str()
    }

    /// The members of an object, in order, up to the first that is malformed. A name is as it is written, escapes and all.
    #[must_use]
    pub fn fields(self) -> Fields<'a> {
        Fields(Walk::of(self.0, b'{'))
    }

    /// The elements of an array, in order, up to the first that is malformed.
    #[must_use]
    pub fn items(self) -> Items<'a> {
        Items(Walk::of(self.0, b'['))
    }
}

/// The members of an object.
#[derive(Debug, Clone)]
pub struct Fields<'a>(Walk<'a>);

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a str, Json<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        dispatch!(*LEVEL, simd => self.0.member(simd))
    }
}

/// The elements of an array.
#[derive(Debug, Clone)]
pub struct Items<'a>(Walk<'a>);

impl<'a> Iterator for Items<'a> {
    type Item = Json<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        dispatch!(*LEVEL, simd => self.0.element(simd, b']'))
    }
}

/// A walk over the members or elements of a value.
#[derive(Clone)]
struct Walk<'a> {
    text: &'a str,
    /// Where the next one begins, until the end was passed.
    at: Option<usize>,
}

impl fmt::Debug for Walk<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Walk({:?} of {})", self.at, self.text.len())
    }
}

impl<'a> Walk<'a> {
    fn of(text: &'a str, open: u8) -> Self {
        let bytes = text.as_bytes();
        let first = (bytes.first() == Some(&open)).then(|| scan::space(bytes, 1).ok()).flatten();
        Self { text, at: first.filter(|at| bytes[*at] != open + 2) }
    }

    #[inline(always)]
    fn member<S: Simd>(&mut self, simd: S) -> Option<(&'a str, Json<'a>)> {
        let at = self.at.take()?;
        let name = scan::name(simd, self.text.as_bytes(), at).ok()?;
        let text = self.text.get(at + 1..at + 1 + name.text.len())?;
        self.at = Some(name.value);
        self.element(simd, b'}').map(|value| (text, value))
    }

    #[inline(always)]
    fn element<S: Simd>(&mut self, simd: S, close: u8) -> Option<Json<'a>> {
        let (at, bytes) = (self.at.take()?, self.text.as_bytes());
        let end = scan::value(simd, bytes, at).ok()?;
        self.at = match scan::next(bytes, end, close).ok()? {
            Next::Another(next) => Some(next),
            Next::Closed(_) => None,
        };
        self.text.get(at..end).map(Json)
    }
}

#[cfg(test)]
mod tests;
