//! What a leaf's extensions hold (BR 7.1.2.7.7 to 7.1.2.7.12, 7.1.2.11, 4.9.12).

use super::super::super::context::Context;
use super::super::super::definition::{Lint, Say, br, of};
use super::super::super::general_name::GeneralName;
use super::super::super::oid;
use super::super::super::registries;
use super::super::super::syntax;
use super::super::usage::{Usage, besides, has};
use super::{ALL, LEAF, onion};

const DAY: i64 = 86_400;
const PURPOSES_FORBIDDEN: [&[u8]; 6] =
    [oid::CODE_SIGNING, oid::EMAIL_PROTECTION, oid::TIME_STAMPING, oid::OCSP_SIGNING, oid::ANY_EXTENDED_KEY_USAGE, oid::PRECERT_SIGNING];

pub(super) static LINTS: &[Lint] = &[
    Lint::error("br-eku-server", br("7.1.2.7.10"), "A leaf's extended key usage has serverAuth.", |c, say| {
        if c.extensions.extended_key_usage.is_some() && !c.extensions.is_for(oid::SERVER_AUTH) {
            say("serverAuth is absent".to_owned());
        }
    })
    .baseline(LEAF),
    Lint::error(
        "br-eku-forbidden",
        br("7.1.2.7.10"),
        "A leaf's extended key usage has nothing that belongs to other certificates.",
        |c, say| {
            for purpose in c.purposes().iter().filter(|purpose| PURPOSES_FORBIDDEN.contains(purpose)) {
                say(format!("{} is there", oid::name(purpose)));
            }
        },
    )
    .baseline(LEAF),
    Lint::warning("br-eku-unknown", br("7.1.2.7.10"), "A leaf's extended key usage has serverAuth and clientAuth at most.", |c, say| {
        let known =
            |purpose: &&&[u8]| **purpose == oid::SERVER_AUTH || **purpose == oid::CLIENT_AUTH || PURPOSES_FORBIDDEN.contains(purpose);
        for purpose in c.purposes().iter().filter(|purpose| !known(purpose)) {
            say(format!("{} is there", oid::name(purpose)));
        }
    })
    .baseline(LEAF)
    .since(2023, 9, 15),
    Lint::error("br-ku-forbidden", br("7.1.2.7.11"), "A leaf's key usage is one of a TLS server with its kind of key.", |c, say| {
        let Some(usage) = &c.extensions.key_usage else { return };
        let allowed: &[Usage] = match c.certificate.key.algorithm.oid {
            x if x == oid::RSA => &[Usage::DigitalSignature, Usage::KeyEncipherment, Usage::DataEncipherment],
            x if x == oid::EC => &[Usage::DigitalSignature, Usage::KeyAgreement],
            _ => return,
        };
        let others = besides(usage.value, allowed);
        if !others.is_empty() {
            say(format!("{} is set", others.join(", ")));
        }
    })
    .baseline(LEAF)
    .since(2023, 9, 15),
    Lint::error("br-ku-ec-signature", br("7.1.2.7.11"), "The key usage of a leaf with an EC key has digitalSignature.", |c, say| {
        if c.certificate.key.algorithm.oid == oid::EC
            && c.extensions.key_usage.as_ref().is_some_and(|usage| !has(usage.value, Usage::DigitalSignature))
        {
            say("digitalSignature is not set".to_owned());
        }
    })
    .baseline(LEAF)
    .since(2023, 9, 15),
    Lint::warning(
        "br-ku-advice",
        br("7.1.2.7.11"),
        "A leaf's key usage is digitalSignature, and not for encipherment as well.",
        |c, say| {
            let Some(usage) = &c.extensions.key_usage else { return };
            let rsa = c.certificate.key.algorithm.oid == oid::RSA;
            if rsa && !has(usage.value, Usage::DigitalSignature) {
                say("digitalSignature is not set".to_owned());
            }
            if rsa && has(usage.value, Usage::DigitalSignature) && has(usage.value, Usage::KeyEncipherment) {
                say("digitalSignature and keyEncipherment are both set".to_owned());
            }
            if rsa && has(usage.value, Usage::DataEncipherment) {
                say("dataEncipherment is set".to_owned());
            }
            if c.certificate.key.algorithm.oid == oid::EC && has(usage.value, Usage::KeyAgreement) {
                say("keyAgreement is set".to_owned());
            }
        },
    )
    .baseline(LEAF)
    .since(2023, 9, 15),
    Lint::error("br-san-kind", br("7.1.2.7.12"), "Alternative names are DNS names and IP addresses.", |c, say| {
        for name in c.extensions.alternative_names() {
            if !matches!(name, GeneralName::Dns(_) | GeneralName::Ip(_)) {
                say(format!("there is a {}", name.kind()));
            }
        }
    })
    .baseline(LEAF),
    Lint::error("br-san-internal-name", br("7.1.2.7.12"), "A DNS name ends in a top-level domain of the world.", internal_names)
        .baseline(ALL),
    Lint::error("br-san-internal-address", br("7.1.2.7.12"), "An IP address is not reserved.", |c, say| {
        for name in c.extensions.alternative_names() {
            if let GeneralName::Ip(bytes) = name
                && let Some(address) = registries::address(bytes).filter(|address| !registries::is_global(*address))
            {
                say(address.to_string());
            }
        }
    })
    .baseline(ALL),
    Lint::error("br-dns-reserved-label", br("7.1.2.7.12"), "A label with `--` at its third place is one of IDNA.", |c, say| {
        each_dns(c, &mut |name| {
            for label in name.split(|byte| *byte == b'.') {
                if syntax::reserved_tag(label).is_some_and(|tag| tag != *b"xn") {
                    say(format!("\"{}\"", label.escape_ascii()));
                }
            }
        });
    })
    .baseline(ALL)
    .since(2021, 10, 1),
    Lint::error("br-dns-wildcard-top", br("3.2.2.6"), "A wildcard does not stand for a top-level domain's names.", |c, say| {
        each_dns(c, &mut |name| {
            if name.strip_prefix(b"*.").is_some_and(|rest| !rest.contains(&b'.')) {
                say(format!("\"{}\"", name.escape_ascii()));
            }
        });
    })
    .baseline(LEAF),
    Lint::error("br-dns-reverse-zone", br("4.2.2"), "A DNS name is none of the zones of addresses.", |c, say| {
        each_dns(c, &mut |name| {
            let name = name.to_ascii_lowercase();
            if name.ends_with(b"in-addr.arpa") || name.ends_with(b"ip6.arpa") {
                say(format!("\"{}\"", name.escape_ascii()));
            }
        });
    })
    .baseline(LEAF)
    .since(2026, 3, 15),
    Lint::error("br-dns-onion", of("BR", "appendix B"), "An onion name is one of Tor's third version.", |c, say| {
        each_dns(c, &mut |name| {
            if onion::is_onion(name)
                && let Err(fault) = onion::check(name)
            {
                say(format!("\"{}\": {fault}", name.escape_ascii()));
            }
        });
    })
    .baseline(ALL),
    Lint::error("br-revocation", br("7.1.2.11.2"), "A leaf that is not short-lived names a CRL or an OCSP responder.", |c, say| {
        let ocsp = c.extensions.authority_info.iter().flat_map(|access| &access.value).any(|access| access.method == oid::ACCESS_OCSP);
        if !ocsp && !c.extensions.has(oid::CRL_DISTRIBUTION_POINTS) && !is_short_lived(c) {
            say("there is neither, and it is not short-lived".to_owned());
        }
    })
    .baseline(LEAF),
];

/// Short-lived is at most 7 days; 10 days between 2024-03-15 and 2026-03-15 (BR 1.6.1).
fn is_short_lived(c: &Context<'_>) -> bool {
    let most = if c.day >= jiff::civil::date(2026, 3, 15) {
        7
    } else if c.day >= jiff::civil::date(2024, 3, 15) {
        10
    } else {
        return false;
    };
    c.certificate.lifetime().is_some_and(|lifetime| lifetime <= most * DAY)
}

fn each_dns(c: &Context<'_>, look: &mut dyn FnMut(&[u8])) {
    for name in c.extensions.alternative_names() {
        if let GeneralName::Dns(name) = name {
            look(name);
        }
    }
}

/// Names of DNS, mail and URIs; an onion name is none of the world's, but is allowed.
fn internal_names(c: &Context<'_>, say: &mut Say<'_>) {
    for name in c.extensions.alternative_names() {
        let domain = match name {
            GeneralName::Dns(name) => *name,
            GeneralName::Email(address) => address.rsplit(|byte| *byte == b'@').next().unwrap_or_default(),
            GeneralName::Uri(uri) => syntax::uri(uri).ok().and_then(|uri| uri.host).unwrap_or_default(),
            _ => continue,
        };
        if !registries::is_public(domain) && !onion::is_onion(domain) {
            say(format!("{} \"{}\"", name.kind(), domain.escape_ascii()));
        }
    }
}
