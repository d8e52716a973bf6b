//! For each lint a certificate that breaks it, made of one that keeps every rule.

use crate::made::*;

/// A lint, the sound certificate, and what is done to it so that it breaks the lint.
pub(crate) struct Case {
    pub(crate) lint: &'static str,
    pub(crate) sound: fn() -> Made,
    pub(crate) spoil: fn(&mut Made),
}

/// Every sound certificate.
pub(crate) const SOUND: [(&str, fn() -> Made); 10] = [
    ("leaf", leaf),
    ("organization", organization),
    ("individual", individual),
    ("extended", extended),
    ("rsa leaf", rsa_leaf),
    ("short-lived", short_lived),
    ("intermediate", intermediate),
    ("constrained", constrained),
    ("root", root),
    ("responder", responder),
];

/// All cases: the lints of RFCs, then those of the Baseline Requirements.
pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    crate::pkix_cases::CASES.iter().chain(crate::baseline_cases::CASES)
}

/// A row of the tables.
pub(crate) const fn case(lint: &'static str, sound: fn() -> Made, spoil: fn(&mut Made)) -> Case {
    Case { lint, sound, spoil }
}
