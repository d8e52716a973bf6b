//! Lints on the extended key usage (RFC 5280, 4.2.1.12; RFC 3161).

use super::super::definition::{Kind, Lint, of, rfc5280};
use super::super::oid;
use super::usage::{self, Usage};

pub(super) static LINTS: &[Lint] = &[
    Lint::error(
        "rfc5280-eku-timestamping-critical",
        of("RFC 3161", "2.3"),
        "The extended key usage of a time stamper is critical.",
        |c, say| {
            if c.extensions.is_for(oid::TIME_STAMPING) && c.extensions.extended_key_usage.as_ref().is_some_and(|usage| !usage.critical) {
                say("extKeyUsage has timeStamping and is not critical".to_owned());
            }
        },
    )
    .of(&[Kind::OcspResponder, Kind::Leaf]),
    Lint::warning("rfc3161-eku-timestamping-alone", of("RFC 3161", "2.3"), "A time stamper's key is for nothing else.", |c, say| {
        if c.extensions.is_for(oid::TIME_STAMPING) && c.extensions.extended_key_usage.as_ref().is_some_and(|usage| usage.value.len() > 1) {
            say("extKeyUsage has more than timeStamping".to_owned());
        }
    })
    .of(&[Kind::OcspResponder, Kind::Leaf]),
    Lint::warning(
        "rfc5280-eku-any-critical",
        rfc5280("4.2.1.12"),
        "An extended key usage with anyExtendedKeyUsage is not critical.",
        |c, say| {
            if c.extensions.is_for(oid::ANY_EXTENDED_KEY_USAGE)
                && c.extensions.extended_key_usage.as_ref().is_some_and(|usage| usage.critical)
            {
                say("extKeyUsage has anyExtendedKeyUsage and is critical".to_owned());
            }
        },
    ),
    Lint::warning("rfc5280-eku-duplicate", rfc5280("4.2.1.12"), "An extended key usage is named once.", |c, say| {
        if let Some(usage) = &c.extensions.extended_key_usage {
            let mut all = usage.value.clone();
            all.sort_unstable();
            for twice in all.chunk_by(|one, other| one == other).filter(|same| same.len() > 1) {
                say(format!("{} is there {} times", oid::name(twice[0]), twice.len()));
            }
        }
    }),
    Lint::warning("rfc5280-eku-consistent", rfc5280("4.2.1.12"), "The key usage allows what the extended key usage names.", |c, say| {
        let Some(bits) = c.extensions.key_usage.as_ref().map(|usage| usage.value) else { return };
        let any = |usages: &[Usage]| usages.iter().any(|usage| usage::has(bits, *usage));
        let needs: [(&[u8], &[Usage]); 5] = [
            (oid::SERVER_AUTH, &[Usage::DigitalSignature, Usage::KeyEncipherment, Usage::KeyAgreement]),
            (oid::CLIENT_AUTH, &[Usage::DigitalSignature, Usage::KeyAgreement]),
            (oid::CODE_SIGNING, &[Usage::DigitalSignature]),
            (oid::TIME_STAMPING, &[Usage::DigitalSignature, Usage::NonRepudiation]),
            (oid::OCSP_SIGNING, &[Usage::DigitalSignature, Usage::NonRepudiation]),
        ];
        for (purpose, usages) in needs {
            if c.extensions.is_for(purpose) && !any(usages) {
                say(format!("{} needs a key usage that is not set", oid::name(purpose)));
            }
        }
    })
    .of(&[Kind::OcspResponder, Kind::Leaf]),
];
