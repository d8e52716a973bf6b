//! Lints on certificates that say themselves that they cannot be revoked, or need not be asked for (RFC 9608; RFC 6960, 4.2.2.2.1).

use super::super::definition::{Kind, Lint, of};
use super::super::oid;

pub(super) static LINTS: &[Lint] = &[
    Lint::error("rfc9608-ca", of("RFC 9608", "3"), "A CA certificate does not say that there is no revocation.", |c, say| {
        if c.extensions.has(oid::NO_REV_AVAIL) {
            say("noRevAvail is there".to_owned());
        }
    })
    .of(&[Kind::Root, Kind::Intermediate]),
    Lint::error("rfc9608-critical", of("RFC 9608", "2"), "noRevAvail is not critical.", |c, say| {
        if c.extensions.get(oid::NO_REV_AVAIL).is_some_and(|extension| extension.critical) {
            say("noRevAvail is critical".to_owned());
        }
    }),
    Lint::error("rfc9608-crl", of("RFC 9608", "3"), "noRevAvail comes without CRL distribution points.", |c, say| {
        if c.extensions.has(oid::NO_REV_AVAIL) && c.extensions.has(oid::CRL_DISTRIBUTION_POINTS) {
            say("noRevAvail and cRLDistributionPoints are there".to_owned());
        }
    }),
    Lint::error("rfc9608-freshest", of("RFC 9608", "3"), "noRevAvail comes without a pointer to delta CRLs.", |c, say| {
        if c.extensions.has(oid::NO_REV_AVAIL) && c.extensions.has(oid::FRESHEST_CRL) {
            say("noRevAvail and freshestCRL are there".to_owned());
        }
    }),
    Lint::error("rfc9608-ocsp", of("RFC 9608", "3"), "noRevAvail comes without an OCSP responder.", |c, say| {
        let asks = |access: &super::super::extensions::AccessDescription<'_>| access.method == oid::ACCESS_OCSP;
        if c.extensions.has(oid::NO_REV_AVAIL) && c.extensions.authority_info.iter().flat_map(|access| &access.value).any(asks) {
            say("noRevAvail and an OCSP responder in authorityInfoAccess are there".to_owned());
        }
    }),
    Lint::warning("rfc6960-no-check-critical", of("RFC 6960", "4.2.2.2.1"), "ocspNoCheck is not critical.", |c, say| {
        if c.extensions.get(oid::OCSP_NO_CHECK).is_some_and(|extension| extension.critical) {
            say("ocspNoCheck is critical".to_owned());
        }
    }),
    Lint::warning(
        "rfc6960-no-check-misplaced",
        of("RFC 6960", "4.2.2.2.1"),
        "Only an OCSP responder's certificate has ocspNoCheck.",
        |c, say| {
            if c.extensions.has(oid::OCSP_NO_CHECK) {
                say("ocspNoCheck is there".to_owned());
            }
        },
    )
    .of(&[Kind::Root, Kind::Intermediate, Kind::Leaf]),
];
