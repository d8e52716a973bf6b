//! Roots (BR 7.1.2.1).

use super::super::super::definition::{Lint, br};
use super::super::super::oid;
use super::ROOT;

pub(super) static LINTS: &[Lint] = &[
    Lint::error("br-root-eku", br("7.1.2.1.2"), "A root has no extended key usage.", |c, say| c.present(oid::EXTENDED_KEY_USAGE, say))
        .baseline(ROOT),
    Lint::warning("br-root-policies", br("7.1.2.1.2"), "A root has no certificate policies.", |c, say| {
        c.present(oid::CERTIFICATE_POLICIES, say)
    })
    .baseline(ROOT)
    .since(2023, 9, 15),
    Lint::warning("br-root-aki", br("7.1.2.1.2"), "A root has an authority key identifier.", |c, say| c.absent(oid::AUTHORITY_KEY_ID, say))
        .baseline(ROOT)
        .since(2023, 9, 15),
    Lint::error("br-root-aki-own", br("7.1.2.1.3"), "A root's authority key identifier is its subject key identifier.", |c, say| {
        let own = c.extensions.subject_key_id.as_ref().map(|id| id.value);
        let authority = c.extensions.authority_key_id.as_ref().and_then(|id| id.value.key);
        if let (Some(own), Some(authority)) = (own, authority)
            && own != authority
        {
            say(format!("{} is not {}", hex::encode(&authority[..authority.len().min(32)]), hex::encode(&own[..own.len().min(32)])));
        }
    })
    .baseline(ROOT),
    Lint::warning("br-root-path-length", br("7.1.2.1.4"), "A root has no path length.", |c, say| {
        if let Some(length) = c.extensions.basic_constraints.as_ref().and_then(|constraints| constraints.value.path_length) {
            say(format!("there is a path length of {length}"));
        }
    })
    .baseline(ROOT),
];
