//! Lints on where revocation lists, OCSP and issuers are found (RFC 5280, 4.2.1.13, 4.2.1.15, 4.2.2; RFC 6960).

use super::super::definition::{Lint, of, rfc5280};
use super::super::general_name::GeneralName;
use super::super::oid;
use super::super::syntax;

pub(super) static LINTS: &[Lint] = &[
    Lint::warning("rfc5280-cdp-critical", rfc5280("4.2.1.13"), "CRL distribution points are not critical.", |c, say| {
        if c.extensions.get(oid::CRL_DISTRIBUTION_POINTS).is_some_and(|extension| extension.critical) {
            say("cRLDistributionPoints is critical".to_owned());
        }
    }),
    Lint::error("rfc5280-cdp-empty-point", rfc5280("4.2.1.13"), "A distribution point has a name or a CRL issuer.", |c, say| {
        let points = [("cRLDistributionPoints", &c.extensions.crl_points), ("freshestCRL", &c.extensions.freshest_crl)];
        for (place, points) in points {
            for point in points.iter().flat_map(|points| &points.value) {
                if point.full_name.is_none() && !point.relative_name && point.issuer.is_none() {
                    say(format!("a point of {place} has neither"));
                }
            }
        }
    }),
    Lint::warning("rfc5280-cdp-scheme", rfc5280("4.2.1.13"), "A distribution point is reached by LDAP or HTTP.", |c, say| {
        for point in c.extensions.crl_points.iter().flat_map(|points| &points.value) {
            let uris =
                || point.full_name.iter().flatten().filter_map(|name| if let GeneralName::Uri(uri) = name { Some(*uri) } else { None });
            let reached = |uri: &[u8]| syntax::uri(uri).is_ok_and(|uri| is_one_of(uri.scheme, &["http", "https", "ldap", "ldaps"]));
            if uris().next().is_some() && !uris().any(reached) {
                say("a point has only URIs of other schemes".to_owned());
            }
        }
    }),
    Lint::warning("rfc5280-cdp-reasons", rfc5280("4.2.1.13"), "Reasons of distribution points do not leave any reason out.", |c, say| {
        if let Some(points) = &c.extensions.crl_points
            && points.value.iter().all(|point| point.reasons.is_some())
        {
            let covered = |reason| points.value.iter().any(|point| point.reasons.is_some_and(|reasons| reasons.has(reason)));
            if !(1..=8).all(covered) {
                say("no distribution point covers all reasons".to_owned());
            }
        }
    }),
    Lint::error("rfc5280-freshest-critical", rfc5280("4.2.1.15"), "A pointer to delta CRLs is not critical.", |c, say| {
        if c.extensions.get(oid::FRESHEST_CRL).is_some_and(|extension| extension.critical) {
            say("freshestCRL is critical".to_owned());
        }
    }),
    Lint::error("rfc5280-aia-critical", rfc5280("4.2.2.1"), "Authority information access is not critical.", |c, say| {
        if c.extensions.get(oid::AUTHORITY_INFO_ACCESS).is_some_and(|extension| extension.critical) {
            say("authorityInfoAccess is critical".to_owned());
        }
    }),
    Lint::error("rfc5280-sia-critical", rfc5280("4.2.2.2"), "Subject information access is not critical.", |c, say| {
        if c.extensions.get(oid::SUBJECT_INFO_ACCESS).is_some_and(|extension| extension.critical) {
            say("subjectInfoAccess is critical".to_owned());
        }
    }),
    Lint::warning("rfc5280-aia-issuers-location", rfc5280("4.2.2.1"), "Issuers are found at a URI or in the directory.", |c, say| {
        for description in c.extensions.authority_info.iter().flat_map(|access| &access.value) {
            if description.method == oid::ACCESS_CA_ISSUERS
                && !matches!(description.location, GeneralName::Uri(_) | GeneralName::Directory(_))
            {
                say(format!("caIssuers has a {}", description.location.kind()));
            }
        }
    }),
    Lint::error("rfc6960-ocsp-location", of("RFC 6960", "3.1"), "An OCSP responder is found at a URI.", |c, say| {
        for description in c.extensions.authority_info.iter().flat_map(|access| &access.value) {
            if description.method == oid::ACCESS_OCSP && !matches!(description.location, GeneralName::Uri(_)) {
                say(format!("ocsp has a {}", description.location.kind()));
            }
        }
    }),
];

fn is_one_of(scheme: &[u8], schemes: &[&str]) -> bool {
    schemes.iter().any(|one| scheme.eq_ignore_ascii_case(one.as_bytes()))
}
