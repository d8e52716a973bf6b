//! What comes out: whether the request is allowed, by which statements, and why.

use super::attached::Kind;

/// What was decided of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is allowed.
    pub outcome: Outcome,
    /// The statements that decided: those that deny; those that allow, one kind of policy after the other; or those of which it is
    /// not known whether they apply. None for an implicit denial.
    pub by: Vec<DecidingStatement>,
    /// The reason, as one sentence.
    pub why: String,
}

/// Whether a request is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It is, whatever is not known.
    Allowed,
    /// A statement denies it.
    ExplicitDeny,
    /// A policy that would have to allow it does not.
    ImplicitDeny,
    /// It hangs on something that is not known.
    Unknown,
}

/// A statement that decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecidingStatement {
    /// The name of its policy.
    pub policy: String,
    /// The kind of its policy.
    pub kind: Kind,
    /// Its place in the policy, from 0.
    pub index: usize,
    /// Its name.
    pub sid: Option<String>,
}

impl Outcome {
    /// Whether the request is surely allowed.
    #[must_use]
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed)
    }

    /// Whether the request is surely denied.
    #[must_use]
    pub const fn is_denied(self) -> bool {
        matches!(self, Self::ExplicitDeny | Self::ImplicitDeny)
    }
}
