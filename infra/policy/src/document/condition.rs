//! Conditions as they are written: `{"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a*"]}}`. Rules: IAM User Guide, "IAM
//! JSON policy elements: Condition operators" and "Multivalued context keys".

use std::fmt;

/// One key of a condition block: all conditions of a statement must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// How the values are compared.
    pub operator: Operator,
    /// The condition key, as written: `aws:SourceIp`. Keys are the same in any case.
    pub key: String,
    /// The values, of which one must fit (or, for a negated operator, none). Numbers and Booleans are as written.
    pub values: Vec<String>,
}

/// A condition operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    text: String,
    quantifier: Option<Quantifier>,
    base: Base,
    if_exists: bool,
}

/// How many of a key's values must fit: what stands before the colon of an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantifier {
    /// `ForAllValues`: each value of the request; holds where it has none.
    AllValues,
    /// `ForAnyValue`: at least one value of the request.
    AnyValue,
}

/// The comparison itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are IAM's own")]
pub enum Base {
    StringEquals,
    StringNotEquals,
    StringEqualsIgnoreCase,
    StringNotEqualsIgnoreCase,
    StringLike,
    StringNotLike,
    NumericEquals,
    NumericNotEquals,
    NumericLessThan,
    NumericLessThanEquals,
    NumericGreaterThan,
    NumericGreaterThanEquals,
    DateEquals,
    DateNotEquals,
    DateLessThan,
    DateLessThanEquals,
    DateGreaterThan,
    DateGreaterThanEquals,
    Bool,
    BinaryEquals,
    IpAddress,
    NotIpAddress,
    ArnEquals,
    ArnLike,
    ArnNotEquals,
    ArnNotLike,
    Null,
    /// An operator that is not known here. It is kept, and what hangs on it is unknown.
    Unknown,
}

const BASES: &[(&str, Base)] = &[
    ("StringEquals", Base::StringEquals),
    ("StringNotEquals", Base::StringNotEquals),
    ("StringEqualsIgnoreCase", Base::StringEqualsIgnoreCase),
    ("StringNotEqualsIgnoreCase", Base::StringNotEqualsIgnoreCase),
    ("StringLike", Base::StringLike),
    ("StringNotLike", Base::StringNotLike),
    ("NumericEquals", Base::NumericEquals),
    ("NumericNotEquals", Base::NumericNotEquals),
    ("NumericLessThan", Base::NumericLessThan),
    ("NumericLessThanEquals", Base::NumericLessThanEquals),
    ("NumericGreaterThan", Base::NumericGreaterThan),
    ("NumericGreaterThanEquals", Base::NumericGreaterThanEquals),
    ("DateEquals", Base::DateEquals),
    ("DateNotEquals", Base::DateNotEquals),
    ("DateLessThan", Base::DateLessThan),
    ("DateLessThanEquals", Base::DateLessThanEquals),
    ("DateGreaterThan", Base::DateGreaterThan),
    ("DateGreaterThanEquals", Base::DateGreaterThanEquals),
    ("Bool", Base::Bool),
    ("BinaryEquals", Base::BinaryEquals),
    ("IpAddress", Base::IpAddress),
    ("NotIpAddress", Base::NotIpAddress),
    ("ArnEquals", Base::ArnEquals),
    ("ArnLike", Base::ArnLike),
    ("ArnNotEquals", Base::ArnNotEquals),
    ("ArnNotLike", Base::ArnNotLike),
    ("Null", Base::Null),
];

const IF_EXISTS: &str = "IfExists";

impl Operator {
    /// Reads an operator, in any case. One that is not known keeps its text and is [`Base::Unknown`].
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let unknown = || Self { text: text.to_owned(), quantifier: None, base: Base::Unknown, if_exists: false };
        let (quantifier, rest) = match text.split_once(':') {
            None => (None, text),
            Some((set, rest)) if set.eq_ignore_ascii_case("ForAllValues") => (Some(Quantifier::AllValues), rest),
            Some((set, rest)) if set.eq_ignore_ascii_case("ForAnyValue") => (Some(Quantifier::AnyValue), rest),
            Some(_) => return unknown(),
        };
        let split = rest.len().checked_sub(IF_EXISTS.len()).and_then(|at| rest.split_at_checked(at));
        let (name, if_exists) = match split {
            Some((name, end)) if end.eq_ignore_ascii_case(IF_EXISTS) => (name, true),
            _ => (rest, false),
        };
        match BASES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            // "You can add IfExists to the end of any condition operator name except the Null condition".
            Some((_, Base::Null)) if if_exists => unknown(),
            Some((_, base)) => Self { text: text.to_owned(), quantifier, base: *base, if_exists },
            None => unknown(),
        }
    }

    /// The operator as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many of the request's values must fit; `None` for keys of one value.
    #[must_use]
    pub const fn quantifier(&self) -> Option<Quantifier> {
        self.quantifier
    }

    /// The comparison.
    #[must_use]
    pub const fn base(&self) -> Base {
        self.base
    }

    /// Whether it holds where the request lacks the key.
    #[must_use]
    pub const fn if_exists(&self) -> bool {
        self.if_exists
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
