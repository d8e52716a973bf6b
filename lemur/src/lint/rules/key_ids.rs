//! Lints on the key identifiers (RFC 5280, 4.2.1.1 and 4.2.1.2).

use super::super::context::Context;
use super::super::definition::{Kind, Lint, rfc5280};
use super::super::oid;
use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512, digest};

const CA: &[Kind] = &[Kind::Root, Kind::Intermediate];
const NOT_CA: &[Kind] = &[Kind::OcspResponder, Kind::Leaf];
const NOT_ROOT: &[Kind] = &[Kind::Intermediate, Kind::OcspResponder, Kind::Leaf];

pub(super) static LINTS: &[Lint] = &[
    Lint::error("rfc5280-ski-missing-ca", rfc5280("4.2.1.2"), "A CA certificate has a subject key identifier.", |c, say| {
        if !c.extensions.has(oid::SUBJECT_KEY_ID) {
            say("subjectKeyIdentifier is absent".to_owned());
        }
    })
    .of(CA),
    Lint::warning("rfc5280-ski-missing-leaf", rfc5280("4.2.1.2"), "A leaf has a subject key identifier.", |c, say| {
        // The Baseline Requirements advise against it (7.1.2.7.6).
        if !c.claims.baseline && !c.extensions.has(oid::SUBJECT_KEY_ID) {
            say("subjectKeyIdentifier is absent".to_owned());
        }
    })
    .of(NOT_CA),
    Lint::error("rfc5280-ski-critical", rfc5280("4.2.1.2"), "A subject key identifier is not critical.", |c, say| {
        if c.extensions.get(oid::SUBJECT_KEY_ID).is_some_and(|extension| extension.critical) {
            say("subjectKeyIdentifier is critical".to_owned());
        }
    }),
    Lint::error("rfc5280-ski-empty", rfc5280("4.2.1.2"), "A subject key identifier is not empty.", |c, say| {
        if c.extensions.subject_key_id.as_ref().is_some_and(|id| id.value.is_empty()) {
            say("subjectKeyIdentifier is empty".to_owned());
        }
    }),
    Lint::notice(
        "rfc7093-ski-method",
        rfc5280("4.2.1.2"),
        "A subject key identifier is a digest of the key, as RFC 5280 or RFC 7093 take it.",
        |c, say| {
            if let Some(id) = &c.extensions.subject_key_id
                && !is_digest(c, id.value)
            {
                say(format!("{} is no known digest of the key", hex::encode(&id.value[..id.value.len().min(32)])));
            }
        },
    ),
    Lint::error(
        "rfc5280-aki-missing",
        rfc5280("4.2.1.1"),
        "A certificate that is not self-signed has an authority key identifier.",
        |c, say| {
            if !c.extensions.has(oid::AUTHORITY_KEY_ID) {
                say("authorityKeyIdentifier is absent".to_owned());
            }
        },
    )
    .of(NOT_ROOT),
    Lint::error("rfc5280-aki-critical", rfc5280("4.2.1.1"), "An authority key identifier is not critical.", |c, say| {
        if c.extensions.get(oid::AUTHORITY_KEY_ID).is_some_and(|extension| extension.critical) {
            say("authorityKeyIdentifier is critical".to_owned());
        }
    }),
    Lint::error("rfc5280-aki-key", rfc5280("4.2.1.1"), "An authority key identifier has a key's identifier.", |c, say| {
        if c.extensions.authority_key_id.as_ref().is_some_and(|id| id.value.key.is_none_or(<[u8]>::is_empty)) {
            say("keyIdentifier is absent or empty".to_owned());
        }
    }),
    Lint::error(
        "rfc5280-aki-pair",
        rfc5280("4.2.1.1"),
        "An authority key identifier has both issuer and serial number, or neither.",
        |c, say| {
            if let Some(id) = &c.extensions.authority_key_id {
                match (&id.value.issuer, id.value.serial) {
                    (Some(_), None) => say("authorityCertIssuer is there without authorityCertSerialNumber".to_owned()),
                    (None, Some(_)) => say("authorityCertSerialNumber is there without authorityCertIssuer".to_owned()),
                    _ => {}
                }
            }
        },
    ),
];

fn is_digest(c: &Context<'_>, id: &[u8]) -> bool {
    let (key, info) = (c.certificate.key.key.bytes, c.certificate.key.raw);
    let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, key);
    if id == sha1.as_ref() || id.len() == 8 && id[0] == 0x40 | sha1.as_ref()[12] & 0xf && id[1..] == sha1.as_ref()[13..] {
        return true;
    }
    let hashes: [&'static Algorithm; 3] = [&SHA256, &SHA384, &SHA512];
    hashes.iter().any(|hash| {
        let (of_key, of_info) = (digest(hash, key), digest(hash, info));
        id == of_info.as_ref() || id == of_key.as_ref() || id == &of_key.as_ref()[..20]
    })
}
