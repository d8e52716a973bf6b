//! Which extensions a leaf has, and which of them are critical (BR 7.1.2.7.6).

use super::super::super::definition::{Lint, br};
use super::super::super::oid;
use super::LEAF;

pub(super) static LINTS: &[Lint] = &[
    Lint::error("br-aia-missing", br("7.1.2.7.6"), "A leaf has authority information access.", |c, say| {
        c.absent(oid::AUTHORITY_INFO_ACCESS, say)
    })
    .baseline(LEAF)
    .since(2023, 9, 15),
    Lint::error("br-policies-missing", br("7.1.2.7.6"), "A leaf has certificate policies.", |c, say| {
        c.absent(oid::CERTIFICATE_POLICIES, say)
    })
    .baseline(LEAF),
    Lint::error("br-eku-missing", br("7.1.2.7.6"), "A leaf has an extended key usage.", |c, say| c.absent(oid::EXTENDED_KEY_USAGE, say))
        .baseline(LEAF),
    Lint::error("br-san-missing", br("7.1.2.7.6"), "A leaf has alternative names.", |c, say| c.absent(oid::SUBJECT_ALT_NAME, say))
        .baseline(LEAF),
    Lint::warning("br-ku-missing", br("7.1.2.7.6"), "A leaf has a key usage.", |c, say| c.absent(oid::KEY_USAGE, say))
        .baseline(LEAF)
        .since(2023, 9, 15),
    Lint::notice("br-ski-present", br("7.1.2.7.6"), "A leaf has no subject key identifier.", |c, say| c.present(oid::SUBJECT_KEY_ID, say))
        .baseline(LEAF)
        .since(2023, 9, 15),
    Lint::warning("br-extension-unknown", br("7.1.2.7.6"), "A leaf has no extensions but those of the profile.", |c, say| {
        let known = [
            oid::AUTHORITY_INFO_ACCESS,
            oid::AUTHORITY_KEY_ID,
            oid::CERTIFICATE_POLICIES,
            oid::EXTENDED_KEY_USAGE,
            oid::SUBJECT_ALT_NAME,
            oid::NAME_CONSTRAINTS,
            oid::KEY_USAGE,
            oid::BASIC_CONSTRAINTS,
            oid::CRL_DISTRIBUTION_POINTS,
            oid::SUBJECT_KEY_ID,
            oid::SCT_LIST,
            oid::PRECERT_POISON,
            oid::NO_REV_AVAIL,
            oid::TLS_FEATURE,
            oid::CABF_ORGANIZATION_IDENTIFIER,
        ];
        c.others(&known, say);
    })
    .baseline(LEAF)
    .since(2023, 9, 15),
    Lint::error("br-policies-critical", br("7.1.2.7.6"), "A leaf's certificate policies are not critical.", |c, say| {
        c.critical(oid::CERTIFICATE_POLICIES, say);
    })
    .baseline(LEAF)
    .since(2023, 9, 15),
    Lint::error("br-eku-critical", br("7.1.2.7.6"), "A leaf's extended key usage is not critical.", |c, say| {
        c.critical(oid::EXTENDED_KEY_USAGE, say)
    })
    .baseline(LEAF)
    .since(2023, 9, 15),
    Lint::error("br-cdp-critical", br("7.1.2.7.6"), "CRL distribution points are not critical.", |c, say| {
        c.critical(oid::CRL_DISTRIBUTION_POINTS, say)
    })
    .baseline(super::ALL),
    Lint::error("br-scts-critical", br("7.1.2.7.6"), "Timestamps of Certificate Transparency are not critical.", |c, say| {
        c.critical(oid::SCT_LIST, say)
    })
    .baseline(super::ALL),
    Lint::error("br-ku-critical", br("7.1.2.7.6"), "A key usage is critical.", |c, say| c.uncritical(oid::KEY_USAGE, say))
        .baseline(super::ALL)
        .since(2023, 9, 15),
    Lint::error("br-bc-critical", br("7.1.2.7.6"), "Basic constraints are critical.", |c, say| c.uncritical(oid::BASIC_CONSTRAINTS, say))
        .baseline(super::ALL)
        .since(2023, 9, 15),
];
