//! Lints on the basic fields: version, serial number, signature algorithm, validity, unique identifiers (RFC 5280, 4.1).

use super::super::certificate::Algorithm;
use super::super::definition::{Kind, Lint, of, rfc5280};
use super::super::moment::Moment;
use super::super::oid;
use super::super::tlv::tag;

pub(super) static LINTS: &[Lint] = &[
    Lint::error("rfc5280-version", rfc5280("4.1.2.1"), "The version is 3.", |c, say| match c.certificate.version {
        Some([2]) => {}
        Some([number]) => say(format!("the version is {}", u16::from(*number) + 1)),
        Some(_) => say("the version is no small number".to_owned()),
        None => say("the version is 1".to_owned()),
    }),
    Lint::error("rfc5280-serial-positive", rfc5280("4.1.2.2"), "The serial number is a positive number.", |c, say| {
        let serial = c.certificate.serial;
        if serial.first().is_none_or(|first| first & 0x80 != 0) {
            say("the serial number is negative".to_owned());
        } else if serial.iter().all(|byte| *byte == 0) {
            say("the serial number is zero".to_owned());
        }
    }),
    Lint::error("rfc5280-serial-length", rfc5280("4.1.2.2"), "The serial number has at most 20 bytes.", |c, say| {
        if c.certificate.serial.len() > 20 {
            say(format!("the serial number has {} bytes", c.certificate.serial.len()));
        }
    }),
    Lint::error("rfc5280-signature-match", rfc5280("4.1.1.2"), "The algorithm inside the signed part is the one outside.", |c, say| {
        if let Some((outer, _)) = &c.certificate.outer
            && outer.raw != c.certificate.algorithm.raw
        {
            say(format!("{} inside, {} outside", oid::name(c.certificate.algorithm.oid), oid::name(outer.oid)));
        }
    }),
    Lint::error(
        "rfc5280-signature-parameters",
        of("RFC 4055", "5"),
        "An RSA PKCS #1 signature's parameters are NULL; those of ECDSA, EdDSA and the lattice and hash-based ones are absent.",
        |c, say| {
            if let Some(wrong) = wrong_parameters(&c.certificate.algorithm) {
                say(format!("{} {wrong}", oid::name(c.certificate.algorithm.oid)));
            }
        },
    ),
    Lint::error("rfc6151-md5", of("RFC 6151", "2"), "The signature's hash is not MD2 or MD5.", |c, say| {
        if matches!(c.certificate.algorithm.oid, x if x == oid::RSA_MD2 || x == oid::RSA_MD5) {
            say(format!("signed with {}", oid::name(c.certificate.algorithm.oid)));
        }
    })
    .of(&[Kind::Intermediate, Kind::OcspResponder, Kind::Leaf]),
    Lint::warning("rfc9155-sha1", of("RFC 9155", "5"), "The signature's hash is not SHA-1.", |c, say| {
        if matches!(c.certificate.algorithm.oid, x if x == oid::RSA_SHA1 || x == oid::ECDSA_SHA1 || x == oid::DSA_SHA1) {
            say(format!("signed with {}", oid::name(c.certificate.algorithm.oid)));
        }
    })
    .of(&[Kind::Intermediate, Kind::OcspResponder, Kind::Leaf])
    .since(2021, 12, 1),
    Lint::error("rfc5280-time-syntax", rfc5280("4.1.2.5"), "Times are of the form YYMMDDHHMMSSZ or YYYYMMDDHHMMSSZ.", |c, say| {
        for (part, time) in [("notBefore", &c.certificate.not_before), ("notAfter", &c.certificate.not_after)] {
            if time.at.is_none() {
                say(format!("{part} is \"{}\"", time.text.escape_ascii()));
            }
        }
    }),
    Lint::error("rfc5280-time-type", rfc5280("4.1.2.5"), "Times before 2050 are of type UTCTime.", |c, say| {
        for (part, time) in [("notBefore", &c.certificate.not_before), ("notAfter", &c.certificate.not_after)] {
            if is_early_generalized(time) {
                say(format!("{part} is the GeneralizedTime \"{}\"", time.text.escape_ascii()));
            }
        }
    }),
    Lint::error("rfc5280-validity-order", rfc5280("4.1.2.5"), "The validity does not end before it starts.", |c, say| {
        if let (Some(start), Some(end)) = (c.certificate.not_before.at, c.certificate.not_after.at)
            && start > end
        {
            say(format!("it starts at {start} and ends at {end}"));
        }
    }),
    Lint::error("rfc5280-unique-id", rfc5280("4.1.2.8"), "There are no unique identifiers of issuer and subject.", |c, say| {
        if c.certificate.issuer_unique_id {
            say("issuerUniqueID is there".to_owned());
        }
        if c.certificate.subject_unique_id {
            say("subjectUniqueID is there".to_owned());
        }
    }),
];

fn is_early_generalized(time: &Moment<'_>) -> bool {
    let early = |at: jiff::Timestamp| (1950..2050).contains(&at.to_zoned(jiff::tz::TimeZone::UTC).year());
    time.generalized && time.at.is_some_and(early)
}

/// What is wrong with a signature algorithm's parameters.
fn wrong_parameters(algorithm: &Algorithm<'_>) -> Option<&'static str> {
    let wants_null = [oid::RSA_MD2, oid::RSA_MD5, oid::RSA_SHA1, oid::RSA_SHA224, oid::RSA_SHA256, oid::RSA_SHA384, oid::RSA_SHA512];
    let wants_none = [
        oid::ECDSA_SHA1,
        oid::ECDSA_SHA224,
        oid::ECDSA_SHA256,
        oid::ECDSA_SHA384,
        oid::ECDSA_SHA512,
        oid::ED25519,
        oid::ED448,
        oid::DSA_SHA1,
    ];
    match algorithm.parameters {
        Some(parameters) if wants_null.contains(&algorithm.oid) && parameters.tag != tag::NULL => Some("has parameters that are not NULL"),
        None if wants_null.contains(&algorithm.oid) => Some("lacks its NULL parameters"),
        Some(_) if wants_none.contains(&algorithm.oid) || algorithm.oid.starts_with(oid::NIST_SIGNATURES) => Some("has parameters"),
        _ => None,
    }
}
