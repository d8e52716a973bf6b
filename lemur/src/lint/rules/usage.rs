//! Lints on the key usage, by itself and with the key that is certified (RFC 5280, 4.2.1.3; RFC 4055, 8813, 9295, 9881).

use super::super::definition::{Kind, Lint, of, rfc5280};
use super::super::oid;
use super::super::tlv::Bits;

/// The bits of the key usage, by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usage {
    DigitalSignature,
    NonRepudiation,
    KeyEncipherment,
    DataEncipherment,
    KeyAgreement,
    KeyCertSign,
    CrlSign,
    EncipherOnly,
    DecipherOnly,
}

const NAMES: [&str; 9] = [
    "digitalSignature",
    "nonRepudiation",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
];

/// Whether a usage is set.
pub(super) fn has(bits: Bits<'_>, usage: Usage) -> bool {
    bits.has(usage as usize)
}

/// The names of the usages that are set and not among these.
pub(super) fn besides(bits: Bits<'_>, allowed: &[Usage]) -> Vec<&'static str> {
    NAMES
        .into_iter()
        .enumerate()
        .filter(|(number, _)| bits.has(*number) && !allowed.iter().any(|usage| *usage as usize == *number))
        .map(|(_, name)| name)
        .collect()
}

const CA: &[Kind] = &[Kind::Root, Kind::Intermediate];
const NOT_CA: &[Kind] = &[Kind::OcspResponder, Kind::Leaf];
const SIGNING: &[Usage] = &[Usage::DigitalSignature, Usage::NonRepudiation, Usage::KeyCertSign, Usage::CrlSign];

pub(super) static LINTS: &[Lint] = &[
    Lint::error("rfc5280-ku-empty", rfc5280("4.2.1.3"), "At least one key usage is set.", |c, say| {
        if c.extensions.key_usage.as_ref().is_some_and(|usage| usage.value.is_zero()) {
            say("no key usage is set".to_owned());
        }
    }),
    Lint::error("rfc5280-ku-missing", rfc5280("4.2.1.3"), "A CA certificate has a key usage.", |c, say| {
        if !c.extensions.has(oid::KEY_USAGE) {
            say("keyUsage is absent".to_owned());
        }
    })
    .of(CA),
    Lint::error("rfc5280-ku-cert-sign-ca", rfc5280("4.2.1.3"), "A CA certificate's key usage has keyCertSign.", |c, say| {
        if c.extensions.key_usage.as_ref().is_some_and(|usage| !has(usage.value, Usage::KeyCertSign)) {
            say("keyCertSign is not set".to_owned());
        }
    })
    .of(CA),
    Lint::error("rfc5280-ku-cert-sign-leaf", rfc5280("4.2.1.9"), "Only a CA certificate's key usage has keyCertSign.", |c, say| {
        if c.extensions.key_usage.as_ref().is_some_and(|usage| has(usage.value, Usage::KeyCertSign)) {
            say("keyCertSign is set".to_owned());
        }
    })
    .of(NOT_CA),
    Lint::warning("rfc5280-ku-critical", rfc5280("4.2.1.3"), "The key usage is critical.", |c, say| {
        if c.extensions.key_usage.as_ref().is_some_and(|usage| !usage.critical) {
            say("keyUsage is not critical".to_owned());
        }
    }),
    Lint::error("rfc5280-ku-both-only", rfc5280("4.2.1.3"), "encipherOnly and decipherOnly are not both set.", |c, say| {
        if c.extensions
            .key_usage
            .as_ref()
            .is_some_and(|usage| has(usage.value, Usage::EncipherOnly) && has(usage.value, Usage::DecipherOnly))
        {
            say("encipherOnly and decipherOnly are set".to_owned());
        }
    }),
    Lint::warning(
        "rfc5280-ku-only-without-agreement",
        rfc5280("4.2.1.3"),
        "encipherOnly and decipherOnly come with keyAgreement.",
        |c, say| {
            if let Some(usage) = &c.extensions.key_usage
                && (has(usage.value, Usage::EncipherOnly) || has(usage.value, Usage::DecipherOnly))
                && !has(usage.value, Usage::KeyAgreement)
            {
                say("encipherOnly or decipherOnly is set without keyAgreement".to_owned());
            }
        },
    ),
    Lint::warning("rfc5280-ku-unknown", rfc5280("4.2.1.3"), "Every key usage is one of the nine.", |c, say| {
        if let Some(highest) = c.extensions.key_usage.as_ref().and_then(|usage| usage.value.highest())
            && highest >= NAMES.len()
        {
            say(format!("bit {highest} is set"));
        }
    }),
    Lint::error("rfc4055-ku-rsa", of("RFC 4055", "1.2"), "An RSA key is not for keyAgreement.", |c, say| {
        if let Some(usage) = &c.extensions.key_usage
            && c.certificate.key.algorithm.oid == oid::RSA
            && has(usage.value, Usage::KeyAgreement)
        {
            say("keyAgreement is set".to_owned());
        }
    }),
    Lint::error("rfc8813-ku-ec", of("RFC 8813", "3"), "An EC key is not for keyEncipherment or dataEncipherment.", |c, say| {
        if let Some(usage) = &c.extensions.key_usage
            && c.certificate.key.algorithm.oid == oid::EC
            && (has(usage.value, Usage::KeyEncipherment) || has(usage.value, Usage::DataEncipherment))
        {
            say("keyEncipherment or dataEncipherment is set".to_owned());
        }
    }),
    Lint::error("rfc9295-ku-signing-curve", of("RFC 9295", "3"), "An Ed25519 or Ed448 key is for signing only.", |c, say| {
        if let Some(usage) = &c.extensions.key_usage
            && [oid::ED25519, oid::ED448].contains(&c.certificate.key.algorithm.oid)
            && let others = besides(usage.value, SIGNING)
            && !others.is_empty()
        {
            say(format!("{} is set", others.join(", ")));
        }
    }),
    Lint::error("rfc9295-ku-agreement-curve", of("RFC 9295", "3"), "An X25519 or X448 key is for keyAgreement only.", |c, say| {
        if let Some(usage) = &c.extensions.key_usage
            && [oid::X25519, oid::X448].contains(&c.certificate.key.algorithm.oid)
        {
            let others = besides(usage.value, &[Usage::KeyAgreement, Usage::EncipherOnly, Usage::DecipherOnly]);
            if !others.is_empty() {
                say(format!("{} is set", others.join(", ")));
            }
            if !has(usage.value, Usage::KeyAgreement) {
                say("keyAgreement is not set".to_owned());
            }
        }
    }),
    Lint::error("rfc9881-ku-lattice", of("RFC 9881", "5"), "An ML-DSA or SLH-DSA key is for signing only.", |c, say| {
        if let Some(usage) = &c.extensions.key_usage
            && let Some([17..=31]) = c.certificate.key.algorithm.oid.strip_prefix(oid::NIST_SIGNATURES)
            && let others = besides(usage.value, SIGNING)
            && !others.is_empty()
        {
            say(format!("{} is set", others.join(", ")));
        }
    }),
    Lint::error(
        "rfc9881-ku-prehash",
        of("RFC 9881", "5"),
        "A pre-hashing ML-DSA or SLH-DSA key signs no certificates or CRLs.",
        |c, say| {
            if let Some(usage) = &c.extensions.key_usage
                && let Some([32..=46]) = c.certificate.key.algorithm.oid.strip_prefix(oid::NIST_SIGNATURES)
                && let others = besides(usage.value, &[Usage::DigitalSignature, Usage::NonRepudiation])
                && !others.is_empty()
            {
                say(format!("{} is set", others.join(", ")));
            }
        },
    ),
    Lint::error("rfc9935-ku-kem", of("RFC 9935", "5"), "An ML-KEM key is for keyEncipherment only.", |c, say| {
        if let Some(usage) = &c.extensions.key_usage
            && c.certificate.key.algorithm.oid.starts_with(oid::NIST_KEMS)
            && let others = besides(usage.value, &[Usage::KeyEncipherment])
            && !others.is_empty()
        {
            say(format!("{} is set", others.join(", ")));
        }
    }),
];
