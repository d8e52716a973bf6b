//! Certificates of OCSP responders (BR 7.1.2.8).

use super::super::super::definition::{Lint, br};
use super::super::super::oid;
use super::super::usage::{Usage, besides, has};
use super::RESPONDER;

pub(super) static LINTS: &[Lint] = &[
    Lint::error("br-ocsp-no-check", br("7.1.2.8.6"), "An OCSP responder's certificate has ocspNoCheck.", |c, say| {
        c.absent(oid::OCSP_NO_CHECK, say)
    })
    .baseline(RESPONDER),
    Lint::error("br-ocsp-ku-missing", br("7.1.2.8.2"), "An OCSP responder's certificate has a key usage.", |c, say| {
        c.absent(oid::KEY_USAGE, say)
    })
    .baseline(RESPONDER)
    .since(2023, 9, 15),
    Lint::error("br-ocsp-ku", br("7.1.2.8.7"), "An OCSP responder's key usage is digitalSignature and nothing else.", |c, say| {
        if let Some(usage) = &c.extensions.key_usage {
            if !has(usage.value, Usage::DigitalSignature) {
                say("digitalSignature is not set".to_owned());
            }
            let others = besides(usage.value, &[Usage::DigitalSignature]);
            if !others.is_empty() {
                say(format!("{} is set", others.join(", ")));
            }
        }
    })
    .baseline(RESPONDER)
    .since(2023, 9, 15),
    Lint::error("br-ocsp-eku", br("7.1.2.8.5"), "An OCSP responder's extended key usage is OCSPSigning and nothing else.", |c, say| {
        for purpose in c.purposes().iter().filter(|purpose| **purpose != oid::OCSP_SIGNING) {
            say(format!("{} is there", oid::name(purpose)));
        }
    })
    .baseline(RESPONDER)
    .since(2023, 9, 15),
    Lint::error(
        "br-ocsp-extension",
        br("7.1.2.8.2"),
        "An OCSP responder's certificate has no alternative names, policies, constraints or distribution points.",
        |c, say| {
            for unwanted in [oid::SUBJECT_ALT_NAME, oid::CERTIFICATE_POLICIES, oid::NAME_CONSTRAINTS, oid::CRL_DISTRIBUTION_POINTS] {
                c.present(unwanted, say);
            }
        },
    )
    .baseline(RESPONDER)
    .since(2023, 9, 15),
    Lint::warning("br-ocsp-ski", br("7.1.2.8.2"), "An OCSP responder's certificate has a subject key identifier.", |c, say| {
        c.absent(oid::SUBJECT_KEY_ID, say)
    })
    .baseline(RESPONDER)
    .since(2023, 9, 15),
    Lint::warning("br-ocsp-aia", br("7.1.2.8.3"), "An OCSP responder's certificate has no authority information access.", |c, say| {
        c.present(oid::AUTHORITY_INFO_ACCESS, say);
    })
    .baseline(RESPONDER)
    .since(2023, 9, 15),
];
