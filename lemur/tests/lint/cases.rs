//! For each lint a certificate that breaks it, made of one that keeps every rule.

use crate::made::*;

/// A lint, the sound certificate, and what is done to it so that it breaks the lint.
pub(crate) struct Case {
    pub(crate) lint: &'static str,
    pub(crate) sound: fn() -> Made,
    pub(crate) spoil: fn(&mut Made),
}

/// A certificate that keeps every rule.
pub(crate) struct Sound {
    pub(crate) name: &'static str,
    pub(crate) make: fn() -> Made,
}

/// Every sound certificate.
pub(crate) const SOUND: [Sound; 10] = [
    Sound { name: "leaf", make: leaf },
    Sound { name: "organization", make: organization },
    Sound { name: "individual", make: individual },
    Sound { name: "extended", make: extended },
    Sound { name: "rsa leaf", make: rsa_leaf },
    Sound { name: "short-lived", make: short_lived },
    Sound { name: "intermediate", make: intermediate },
    Sound { name: "constrained", make: constrained },
    Sound { name: "root", make: root },
    Sound { name: "responder", make: responder },
];

/// All cases: the lints of RFCs, then those of the Baseline Requirements.
pub(crate) fn all() -> impl Iterator<Item = &'static Case> {
    crate::pkix_cases::CASES.iter().chain(crate::baseline_cases::CASES)
}

/// A row of the tables.
pub(crate) const fn case(lint: &'static str, sound: fn() -> Made, spoil: fn(&mut Made)) -> Case {
    Case { lint, sound, spoil }
}
