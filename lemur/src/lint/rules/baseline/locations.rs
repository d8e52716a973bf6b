//! Where CRLs, OCSP and issuers may be (BR 7.1.2.7.7, 7.1.2.10.3, 7.1.2.11.2), and authority key identifiers (7.1.2.11.1).

use super::super::super::context::Context;
use super::super::super::definition::{Kind, Lint, br};
use super::super::super::general_name::GeneralName;
use super::super::super::oid;
use super::super::super::registries;
use super::super::super::syntax;
use super::{ALL, LEAF};

pub(super) static LINTS: &[Lint] = &[
    Lint::error("br-aki-issuer", br("7.1.2.11.1"), "An authority key identifier has a key's identifier only.", |c, say| {
        if c.extensions.authority_key_id.as_ref().is_some_and(|id| id.value.issuer.is_some() || id.value.serial.is_some()) {
            say("authorityCertIssuer or authorityCertSerialNumber is there".to_owned());
        }
    })
    .baseline(ALL),
    Lint::error("br-aia-uri", br("7.1.2.7.7"), "What authority information access names is reached by http.", |c, say| {
        for access in c.extensions.authority_info.iter().flat_map(|access| &access.value) {
            match &access.location {
                GeneralName::Uri(uri) if is_http(uri) => {}
                GeneralName::Uri(uri) => say(format!("\"{}\"", uri.escape_ascii())),
                other => say(format!("{} is at a {}", oid::name(access.method), other.kind())),
            }
        }
    })
    .baseline(ALL),
    Lint::error("br-aia-duplicate", br("7.1.2.7.7"), "Authority information access names a place once.", |c, say| {
        let mut places: Vec<&[u8]> = uris(c).collect();
        places.sort_unstable();
        for twice in places.chunk_by(|one, other| one == other).filter(|same| same.len() > 1) {
            say(format!("\"{}\" is there {} times", twice[0].escape_ascii(), twice.len()));
        }
    })
    .baseline(ALL)
    .since(2023, 9, 15),
    Lint::error("br-aia-method", br("7.1.2.7.7"), "Authority information access is for OCSP and issuers only.", |c, say| {
        for access in c.extensions.authority_info.iter().flat_map(|access| &access.value) {
            let issuers = access.method == oid::ACCESS_CA_ISSUERS && c.kind != Kind::OcspResponder;
            if access.method != oid::ACCESS_OCSP && !issuers {
                say(format!("{} is there", oid::name(access.method)));
            }
        }
    })
    .baseline(ALL)
    .since(2023, 9, 15),
    Lint::warning("br-aia-issuers", br("7.1.2.7.7"), "A leaf says where its issuer's certificate is.", |c, say| {
        let issuers = |access: &super::super::super::extensions::Known<Vec<super::super::super::extensions::AccessDescription<'_>>>| {
            access.value.iter().any(|access| access.method == oid::ACCESS_CA_ISSUERS)
        };
        if c.extensions.authority_info.as_ref().is_some_and(|access| !issuers(access)) {
            say("caIssuers is absent".to_owned());
        }
    })
    .baseline(LEAF)
    .since(2023, 9, 15),
    Lint::error("br-location-internal", br("7.1.2.7.7"), "Places are at public names.", |c, say| {
        for uri in uris(c).chain(points(c)) {
            // What is no URI at all is told elsewhere.
            if syntax::uri(uri).is_ok_and(|uri| !uri.host.is_some_and(registries::is_public)) {
                say(format!("\"{}\"", uri.escape_ascii()));
            }
        }
    })
    .baseline(ALL),
    Lint::error("br-cdp-fields", br("7.1.2.11.2"), "A distribution point has a full name, without reasons and CRL issuer.", |c, say| {
        for point in c.extensions.crl_points.iter().flat_map(|points| &points.value) {
            if point.reasons.is_some() || point.issuer.is_some() || point.relative_name {
                say("a point has reasons, a CRL issuer or a relative name".to_owned());
            }
        }
    })
    .baseline(ALL),
    Lint::error("br-cdp-uri", br("7.1.2.11.2"), "A distribution point is reached by http.", |c, say| {
        for name in c.extensions.crl_points.iter().flat_map(|points| &points.value).flat_map(|point| &point.full_name).flatten() {
            match name {
                GeneralName::Uri(uri) if is_http(uri) => {}
                GeneralName::Uri(uri) => say(format!("\"{}\"", uri.escape_ascii())),
                other => say(format!("a point is a {}", other.kind())),
            }
        }
    })
    .baseline(ALL),
    Lint::warning("br-cdp-several", br("7.1.2.11.2"), "There is one distribution point.", |c, say| {
        if let Some(points) = &c.extensions.crl_points
            && points.value.len() > 1
        {
            say(format!("there are {}", points.value.len()));
        }
    })
    .baseline(ALL)
    .since(2023, 9, 15),
];

fn is_http(uri: &[u8]) -> bool {
    uri.get(..7).is_some_and(|start| start.eq_ignore_ascii_case(b"http://"))
}

fn uris<'c>(c: &'c Context<'_>) -> impl Iterator<Item = &'c [u8]> {
    c.extensions.authority_info.iter().flat_map(|access| &access.value).filter_map(|access| match access.location {
        GeneralName::Uri(uri) => Some(uri),
        _ => None,
    })
}

fn points<'c>(c: &'c Context<'_>) -> impl Iterator<Item = &'c [u8]> {
    let names = c.extensions.crl_points.iter().flat_map(|points| &points.value).flat_map(|point| &point.full_name).flatten();
    names.filter_map(|name| match name {
        GeneralName::Uri(uri) => Some(*uri),
        _ => None,
    })
}
