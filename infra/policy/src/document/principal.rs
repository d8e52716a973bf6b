//! Whom a statement is about: `Principal` and `NotPrincipal`. Rules: IAM User Guide, "AWS JSON policy elements: Principal".

/// The principals of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principals {
    /// `Principal`: these.
    Only(Vec<PrincipalPattern>),
    /// `NotPrincipal`: all but these.
    AllBut(Vec<PrincipalPattern>),
}

/// One principal as a policy names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum PrincipalPattern {
    /// `"*"` without a kind: everyone, anonymous callers too.
    Everyone,
    /// `AWS`: an account number, an ARN, a unique ID, or `*`.
    Aws(String),
    /// `Service`: as `lambda.amazonaws.com`.
    Service(String),
    /// `Federated`: an identity provider, by its name or ARN.
    Federated(String),
    /// `CanonicalUser`: the canonical user ID of an account.
    CanonicalUser(String),
    /// A kind that is not known here.
    Other {
        /// The kind, as written.
        kind: String,
        /// The value.
        value: String,
    },
}

impl Principals {
    /// The principals that are named.
    #[must_use]
    pub fn patterns(&self) -> &[PrincipalPattern] {
        match self {
            Self::Only(patterns) | Self::AllBut(patterns) => patterns,
        }
    }
}

impl PrincipalPattern {
    pub(super) fn new(kind: &str, value: String) -> Self {
        match kind.to_ascii_lowercase().as_str() {
            "aws" => Self::Aws(value),
            "service" => Self::Service(value),
            "federated" => Self::Federated(value),
            "canonicaluser" => Self::CanonicalUser(value),
            _ => Self::Other { kind: kind.to_owned(), value },
        }
    }

    /// The kind and the value, as a policy has them: `("AWS", "arn:…")`. Of everyone the kind is empty.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        match self {
            Self::Everyone => ("", "*"),
            Self::Aws(value) => ("AWS", value),
            Self::Service(value) => ("Service", value),
            Self::Federated(value) => ("Federated", value),
            Self::CanonicalUser(value) => ("CanonicalUser", value),
            Self::Other { kind, value } => (kind, value),
        }
    }
}
