//! What CA certificates have and hold (BR 7.1.2.3 to 7.1.2.6, 7.1.2.10).

use super::super::super::context::Context;
use super::super::super::definition::{Kind, Lint, Say, br};
use super::super::super::oid;
use super::super::usage::{Usage, besides, has};
use super::{CA, INTERMEDIATE};

/// Whether a CA may issue for TLS servers: without extended key usages it may.
pub(super) fn serves_tls(c: &Context<'_>) -> bool {
    let purposes = c.purposes();
    !signs_precertificates(c)
        && (purposes.is_empty() || purposes.contains(&oid::SERVER_AUTH) || purposes.contains(&oid::ANY_EXTENDED_KEY_USAGE))
}

/// Whether a CA signs precertificates for another.
pub(super) fn signs_precertificates(c: &Context<'_>) -> bool {
    c.extensions.is_for(oid::PRECERT_SIGNING)
}

pub(super) static LINTS: &[Lint] = &[
    Lint::error("br-ca-policies-missing", br("7.1.2.10"), "A CA below a root has certificate policies.", |c, say| {
        c.absent(oid::CERTIFICATE_POLICIES, say)
    })
    .baseline(INTERMEDIATE),
    Lint::error("br-ca-cdp-missing", br("7.1.2.10"), "A CA below a root has CRL distribution points.", |c, say| {
        c.absent(oid::CRL_DISTRIBUTION_POINTS, say);
    })
    .baseline(INTERMEDIATE),
    Lint::error("br-ca-eku-missing", br("7.1.2.10"), "A CA below a root has an extended key usage.", |c, say| {
        c.absent(oid::EXTENDED_KEY_USAGE, say)
    })
    .baseline(INTERMEDIATE)
    .since(2019, 1, 1),
    Lint::warning("br-ca-aia-missing", br("7.1.2.10"), "A CA below a root has authority information access.", |c, say| {
        c.absent(oid::AUTHORITY_INFO_ACCESS, say);
    })
    .baseline(INTERMEDIATE),
    Lint::warning("br-ca-extension-unknown", br("7.1.2.10"), "A CA has no extensions but those of the profile.", |c, say| {
        let mut known = vec![
            oid::AUTHORITY_KEY_ID,
            oid::BASIC_CONSTRAINTS,
            oid::CERTIFICATE_POLICIES,
            oid::KEY_USAGE,
            oid::SUBJECT_KEY_ID,
            oid::EXTENDED_KEY_USAGE,
            oid::SCT_LIST,
        ];
        if c.kind == Kind::Intermediate {
            known.extend([oid::CRL_DISTRIBUTION_POINTS, oid::AUTHORITY_INFO_ACCESS, oid::NAME_CONSTRAINTS]);
        }
        c.others(&known, say);
    })
    .baseline(CA)
    .since(2023, 9, 15),
    Lint::error("br-ca-policies-critical", br("7.1.2.10"), "A CA's certificate policies are not critical.", |c, say| {
        c.critical(oid::CERTIFICATE_POLICIES, say)
    })
    .baseline(CA),
    Lint::error("br-ca-eku-critical", br("7.1.2.10"), "A CA's extended key usage is not critical.", |c, say| {
        c.critical(oid::EXTENDED_KEY_USAGE, say)
    })
    .baseline(CA)
    .since(2023, 9, 15),
    Lint::error("br-ca-ku", br("7.1.2.10.7"), "A CA's key usage has keyCertSign and cRLSign.", |c, say| {
        if let Some(usage) = &c.extensions.key_usage {
            for (wanted, name) in [(Usage::KeyCertSign, "keyCertSign"), (Usage::CrlSign, "cRLSign")] {
                if !has(usage.value, wanted) {
                    say(format!("{name} is not set"));
                }
            }
        }
    })
    .baseline(CA),
    Lint::error("br-ca-ku-forbidden", br("7.1.2.10.7"), "A CA's key usage has only digitalSignature besides.", |c, say| {
        if let Some(usage) = &c.extensions.key_usage {
            let others = besides(usage.value, &[Usage::DigitalSignature, Usage::KeyCertSign, Usage::CrlSign]);
            if !others.is_empty() {
                say(format!("{} is set", others.join(", ")));
            }
        }
    })
    .baseline(CA)
    .since(2023, 9, 15),
    Lint::notice("br-ca-ku-signature", br("7.1.2.10.7"), "A CA that signs OCSP answers itself has digitalSignature.", |c, say| {
        if c.extensions.key_usage.as_ref().is_some_and(|usage| !has(usage.value, Usage::DigitalSignature)) {
            say("digitalSignature is not set".to_owned());
        }
    })
    .baseline(CA),
    Lint::error(
        "br-ca-eku-tls",
        br("7.1.2.10.6"),
        "A TLS CA's extended key usage has serverAuth, and nothing that belongs to other CAs.",
        |c, say| {
            if c.purposes().is_empty() || !serves_tls(c) {
                return;
            }
            if !c.extensions.is_for(oid::SERVER_AUTH) {
                say("serverAuth is absent".to_owned());
            }
            let others = [oid::CODE_SIGNING, oid::EMAIL_PROTECTION, oid::TIME_STAMPING, oid::OCSP_SIGNING, oid::ANY_EXTENDED_KEY_USAGE];
            purposes_among(c, say, &others);
        },
    )
    .baseline(INTERMEDIATE)
    .since(2023, 9, 15),
    Lint::warning(
        "br-ca-eku-unknown",
        br("7.1.2.10.6"),
        "A TLS CA's extended key usage has serverAuth and clientAuth at most.",
        |c, say| {
            let known = [
                oid::SERVER_AUTH,
                oid::CLIENT_AUTH,
                oid::CODE_SIGNING,
                oid::EMAIL_PROTECTION,
                oid::TIME_STAMPING,
                oid::OCSP_SIGNING,
                oid::ANY_EXTENDED_KEY_USAGE,
            ];
            for purpose in c.purposes().iter().filter(|purpose| serves_tls(c) && !known.contains(purpose)) {
                say(format!("{} is there", oid::name(purpose)));
            }
        },
    )
    .baseline(INTERMEDIATE)
    .since(2023, 9, 15),
    Lint::error(
        "br-ca-eku-not-tls",
        br("7.1.2.3.3"),
        "The extended key usage of a CA that is not for TLS has no OCSPSigning.",
        |c, say| {
            if !serves_tls(c) && !signs_precertificates(c) {
                purposes_among(c, say, &[oid::OCSP_SIGNING]);
            }
        },
    )
    .baseline(INTERMEDIATE)
    .since(2023, 9, 15),
    Lint::error(
        "br-ca-precertificates-alone",
        br("7.1.2.4.2"),
        "The extended key usage of a CA for precertificates has nothing else.",
        |c, say| {
            if signs_precertificates(c) && c.purposes().len() > 1 {
                say(format!("there are {} usages", c.purposes().len()));
            }
        },
    )
    .baseline(INTERMEDIATE)
    .since(2023, 9, 15),
    Lint::error("br-ca-precertificates", br("7.1.2.4"), "No CA for precertificates is issued since 2026-03-15.", |c, say| {
        if signs_precertificates(c) {
            say("extKeyUsage has precertificateSigning".to_owned());
        }
    })
    .baseline(INTERMEDIATE)
    .since(2026, 3, 15),
    Lint::error(
        "br-ca-subject",
        br("7.1.2.10.2"),
        "A CA's and an OCSP responder's subject has country, organization and common name.",
        |c, say| {
            for attribute in [oid::COUNTRY, oid::ORGANIZATION, oid::CN] {
                if !c.certificate.subject.has(attribute) {
                    say(format!("{} is absent", oid::name(attribute)));
                }
            }
        },
    )
    .baseline(&[Kind::Root, Kind::Intermediate, Kind::OcspResponder]),
    Lint::error("br-ca-subject-unit", br("7.1.2.10.2"), "A root's and a TLS CA's subject has no organizational unit.", |c, say| {
        if c.certificate.subject.has(oid::UNIT) && (c.kind == Kind::Root || serves_tls(c)) {
            say("organizationalUnitName is there".to_owned());
        }
    })
    .baseline(CA)
    .since(2023, 9, 15),
    Lint::warning(
        "br-ca-subject-unknown",
        br("7.1.2.10.2"),
        "A CA's subject has only the attributes of the Requirements' table.",
        |c, say| {
            let known = [oid::COUNTRY, oid::STATE, oid::LOCALITY, oid::POSTAL_CODE, oid::STREET, oid::ORGANIZATION, oid::CN, oid::UNIT];
            for attribute in c.certificate.subject.attributes.iter().filter(|attribute| !known.contains(&attribute.oid)) {
                say(format!("{} is there", oid::name(attribute.oid)));
            }
        },
    )
    .baseline(CA)
    .since(2023, 9, 15),
];

fn purposes_among(c: &Context<'_>, say: &mut Say<'_>, unwanted: &[&[u8]]) {
    for purpose in c.purposes().iter().filter(|purpose| unwanted.contains(purpose)) {
        say(format!("{} is there", oid::name(purpose)));
    }
}
