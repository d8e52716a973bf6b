//! Which policies a certificate is issued under, and what may be said of them (BR 7.1.2.7.9, 7.1.2.10.5).

use super::super::super::context::Context;
use super::super::super::definition::{Kind, Lint, br};
use super::super::super::oid;
use super::super::super::policies::Qualifier;
use super::super::super::registries;
use super::super::super::syntax;
use super::{ALL, INTERMEDIATE, LEAF, authorities};

const RESERVED: [&[u8]; 4] = [oid::POLICY_EV, oid::POLICY_DV, oid::POLICY_OV, oid::POLICY_IV];

pub(super) static LINTS: &[Lint] = &[
    Lint::error("br-policy-any", br("7.1.2.7.9"), "A leaf is not issued under anyPolicy.", |c, say| {
        if c.extensions.has_policy(oid::ANY_POLICY) {
            say("anyPolicy is there".to_owned());
        }
    })
    .baseline(LEAF),
    Lint::error("br-policy-reserved", br("7.1.2.7.9"), "A leaf is issued under exactly one of the reserved policies.", |c, say| {
        if c.extensions.policies.is_some() && reserved(c) != 1 {
            say(format!("there are {}", reserved(c)));
        }
    })
    .baseline(LEAF),
    Lint::warning("br-policy-first", br("7.1.2.7.9"), "The reserved policy comes first.", |c, say| {
        let first = c.extensions.policies.as_ref().and_then(|policies| policies.value.first());
        if let Some(first) = first.filter(|first| first.oid != oid::ANY_POLICY && !RESERVED.contains(&first.oid))
            && authorities::serves_tls(c)
        {
            say(format!("{} comes first", oid::name(first.oid)));
        }
    })
    .baseline(&[Kind::Intermediate, Kind::Leaf])
    .since(2023, 9, 15),
    Lint::error("br-ca-policy-any-alone", br("7.1.2.10.5"), "A CA's anyPolicy stands alone.", |c, say| {
        if c.extensions.has_policy(oid::ANY_POLICY) && c.extensions.policies.as_ref().is_some_and(|policies| policies.value.len() > 1) {
            say("anyPolicy is there with others".to_owned());
        }
    })
    .baseline(super::CA)
    .since(2023, 9, 15),
    Lint::error("br-ca-policy-reserved", br("7.1.2.10.5"), "A TLS CA has anyPolicy or exactly one of the reserved policies.", |c, say| {
        let judged = authorities::serves_tls(c) || authorities::signs_precertificates(c);
        if c.extensions.policies.is_some() && judged && !c.extensions.has_policy(oid::ANY_POLICY) && reserved(c) != 1 {
            say(format!("there are {}", reserved(c)));
        }
    })
    .baseline(super::CA)
    .since(2023, 9, 15),
    Lint::error("br-ca-policy-not-tls", br("7.1.2.3.2"), "A CA that is not for TLS has none of the reserved policies.", |c, say| {
        if !authorities::serves_tls(c) && !authorities::signs_precertificates(c) && reserved(c) > 0 {
            say(format!("there are {}", reserved(c)));
        }
    })
    .baseline(INTERMEDIATE)
    .since(2023, 9, 15),
    Lint::warning("br-policy-qualifier", br("7.1.2.7.9"), "A policy has no qualifiers.", |c, say| {
        for policy in c.extensions.policies.iter().flat_map(|policies| &policies.value).filter(|policy| !policy.qualifiers.is_empty()) {
            say(format!("{} has", oid::name(policy.oid)));
        }
    })
    .baseline(ALL)
    .since(2023, 9, 15),
    Lint::error(
        "br-policy-qualifier-kind",
        br("7.1.2.7.9"),
        "A qualifier is a pointer to a certification practice statement.",
        |c, say| {
            for qualifier in c.extensions.policies.iter().flat_map(|policies| &policies.value).flat_map(|policy| &policy.qualifiers) {
                if !matches!(qualifier, Qualifier::Cps(_)) {
                    say("there is one of another kind".to_owned());
                }
            }
        },
    )
    .baseline(ALL)
    .since(2023, 9, 15),
    Lint::error("br-cps-uri", br("7.1.2.7.9"), "A certification practice statement is found by HTTP, at a public name.", |c, say| {
        for qualifier in c.extensions.policies.iter().flat_map(|policies| &policies.value).flat_map(|policy| &policy.qualifiers) {
            let Qualifier::Cps(text) = qualifier else { continue };
            let well = syntax::uri(text).is_ok_and(|uri| {
                let http = uri.scheme.eq_ignore_ascii_case(b"http") || uri.scheme.eq_ignore_ascii_case(b"https");
                http && uri.host.is_some_and(registries::is_public)
            });
            if !well {
                say(format!("\"{}\"", text.escape_ascii()));
            }
        }
    })
    .baseline(ALL),
];

/// How many of the reserved policies there are.
fn reserved(c: &Context<'_>) -> usize {
    RESERVED.iter().filter(|policy| c.extensions.has_policy(policy)).count()
}
