//! Lints on certificate policies (RFC 5280, 4.2.1.4; RFC 6818).

use super::super::definition::{Kind, Lint, of, rfc5280};
use super::super::name;
use super::super::oid;
use super::super::policies::Qualifier;
use super::super::syntax;
use super::super::tlv::tag;

pub(super) static LINTS: &[Lint] = &[
    Lint::error("rfc5280-policy-duplicate", rfc5280("4.2.1.4"), "A policy is there once.", |c, say| {
        if let Some(policies) = &c.extensions.policies {
            let mut all: Vec<&[u8]> = policies.value.iter().map(|policy| policy.oid).collect();
            all.sort_unstable();
            for twice in all.chunk_by(|one, other| one == other).filter(|same| same.len() > 1) {
                say(format!("{} is there {} times", oid::name(twice[0]), twice.len()));
            }
        }
    }),
    Lint::error(
        "rfc5280-any-policy-qualifier",
        rfc5280("4.2.1.4"),
        "anyPolicy has no qualifiers but CPS pointer and user notice.",
        |c, say| {
            for policy in c.extensions.policies.iter().flat_map(|policies| &policies.value).filter(|policy| policy.oid == oid::ANY_POLICY) {
                for qualifier in &policy.qualifiers {
                    if let Qualifier::Other(kind) = qualifier {
                        say(format!("anyPolicy has a qualifier {}", oid::name(kind)));
                    }
                }
            }
        },
    ),
    Lint::notice("rfc5280-policy-qualifier", rfc5280("4.2.1.4"), "A policy is an identifier alone.", |c, say| {
        for policy in c.extensions.policies.iter().flat_map(|policies| &policies.value).filter(|policy| !policy.qualifiers.is_empty()) {
            say(format!("{} has qualifiers", oid::name(policy.oid)));
        }
    }),
    Lint::error("rfc5280-cps-uri", rfc5280("4.2.1.4"), "A pointer to a certification practice statement is a URI.", |c, say| {
        for qualifier in c.extensions.policies.iter().flat_map(|policies| &policies.value).flat_map(|policy| &policy.qualifiers) {
            if let Qualifier::Cps(text) = qualifier {
                let well = syntax::uri(text).is_ok_and(|uri| uri.host.is_none_or(syntax::is_host));
                if !well {
                    say(format!("\"{}\"", text.escape_ascii()));
                }
            }
        }
    }),
    Lint::warning("rfc5280-notice-reference", rfc5280("4.2.1.4"), "A user notice does not refer to one elsewhere.", |c, say| {
        for qualifier in c.extensions.policies.iter().flat_map(|policies| &policies.value).flat_map(|policy| &policy.qualifiers) {
            if matches!(qualifier, Qualifier::Notice { reference: true, .. }) {
                say("a user notice has noticeRef".to_owned());
            }
        }
    }),
    Lint::error("rfc6818-explicit-text-ia5", of("RFC 6818", "3"), "An explicit text is no IA5String.", |c, say| {
        for qualifier in c.extensions.policies.iter().flat_map(|policies| &policies.value).flat_map(|policy| &policy.qualifiers) {
            if matches!(qualifier, Qualifier::Notice { text: Some(text), .. } if text.tag == tag::IA5) {
                say("an explicit text is an IA5String".to_owned());
            }
        }
    }),
    Lint::warning("rfc6818-explicit-text-utf8", of("RFC 6818", "3"), "An explicit text is a UTF8String.", |c, say| {
        for qualifier in c.extensions.policies.iter().flat_map(|policies| &policies.value).flat_map(|policy| &policy.qualifiers) {
            if matches!(qualifier, Qualifier::Notice { text: Some(text), .. } if matches!(text.tag, tag::VISIBLE | tag::BMP)) {
                say("an explicit text is a VisibleString or BMPString".to_owned());
            }
        }
    }),
    Lint::error("rfc5280-explicit-text-length", rfc5280("4.2.1.4"), "An explicit text has 1 to 200 characters.", |c, say| {
        for qualifier in c.extensions.policies.iter().flat_map(|policies| &policies.value).flat_map(|policy| &policy.qualifiers) {
            if let Qualifier::Notice { text: Some(text), .. } = qualifier {
                let length = name::text(*text).map_or(0, |text| text.chars().count());
                if !(1..=200).contains(&length) {
                    say(format!("an explicit text has {length} characters"));
                }
            }
        }
    }),
    Lint::warning("rfc5280-explicit-text-control", rfc5280("4.2.1.4"), "An explicit text has no control characters.", |c, say| {
        for qualifier in c.extensions.policies.iter().flat_map(|policies| &policies.value).flat_map(|policy| &policy.qualifiers) {
            if let Qualifier::Notice { text: Some(text), .. } = qualifier
                && name::text(*text).is_some_and(|text| text.chars().any(char::is_control))
            {
                say("an explicit text has a control character".to_owned());
            }
        }
    }),
    Lint::notice("rfc5280-any-policy-leaf", rfc5280("4.2.1.4"), "A leaf is issued under a policy, not under any.", |c, say| {
        if c.extensions.has_policy(oid::ANY_POLICY) {
            say("anyPolicy is there".to_owned());
        }
    })
    .of(&[Kind::OcspResponder, Kind::Leaf]),
];
