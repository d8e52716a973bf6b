//! Lints that hold a certificate against what is claimed of it.

use super::super::definition::{Lint, of};

pub(super) static LINTS: &[Lint] = &[
    Lint::error("claim-kind", of("profile", "kind"), "The certificate is of the kind that it is to be.", |c, say| {
        if let Some(claimed) = c.claims.kind.filter(|claimed| *claimed != c.kind) {
            say(format!("it is to be a certificate of kind {claimed}, and is one of kind {}", c.kind));
        }
    }),
    Lint::error("claim-validity", of("profile", "validity"), "The certificate is valid no longer than its profile grants.", |c, say| {
        if let (Some(most), Some(lifetime)) = (c.claims.max_validity, c.certificate.lifetime())
            && lifetime > most.as_secs().saturating_add(1)
        {
            say(format!("it is valid for {lifetime} seconds, and the profile grants {}", most.as_secs()));
        }
    }),
];
