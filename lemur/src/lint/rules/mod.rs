//! The lints, a table a topic. A check says what is wrong as often as it finds it; it never decides to whom it applies, or from when: that
//! stands in the table.

mod access;
mod authority;
mod baseline;
mod chain;
mod claims;
mod constraints;
mod encoding;
mod extended_usage;
mod extensions;
mod fields;
mod key_ids;
mod keys;
mod names;
mod permitted;
mod policies;
mod revocation;
mod subject_names;
mod transparency;
mod usage;

pub(super) use encoding::{MALFORMED, TOO_LARGE, encoding};
pub(crate) use keys::of_weak_rsa;

use super::definition::Lint;

/// All tables, in the order in which findings come.
pub(super) fn tables() -> impl Iterator<Item = &'static [Lint]> {
    PKIX.iter().chain(baseline::TABLES).copied()
}

/// The tables of rules for every certificate.
static PKIX: &[&[Lint]] = &[
    encoding::LINTS,
    claims::LINTS,
    chain::LINTS,
    fields::LINTS,
    names::LINTS,
    keys::LINTS,
    extensions::LINTS,
    authority::LINTS,
    usage::LINTS,
    extended_usage::LINTS,
    key_ids::LINTS,
    subject_names::LINTS,
    policies::LINTS,
    constraints::LINTS,
    access::LINTS,
    revocation::LINTS,
    transparency::LINTS,
];
