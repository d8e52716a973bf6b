//! Lints on name constraints (RFC 5280, 4.2.1.10).

use super::super::definition::{Kind, Lint, rfc5280};
use super::super::general_name::GeneralName;
use super::super::oid;
use super::super::syntax;

pub(super) static LINTS: &[Lint] = &[
    Lint::error("rfc5280-nc-leaf", rfc5280("4.2.1.10"), "Only a CA certificate has name constraints.", |c, say| {
        if c.extensions.has(oid::NAME_CONSTRAINTS) {
            say("nameConstraints is there".to_owned());
        }
    })
    .of(&[Kind::OcspResponder, Kind::Leaf]),
    Lint::error("rfc5280-nc-critical", rfc5280("4.2.1.10"), "Name constraints are critical.", |c, say| {
        // The Baseline Requirements let them be not critical (7.1.2.10.8).
        if !c.claims.baseline && c.extensions.get(oid::NAME_CONSTRAINTS).is_some_and(|extension| !extension.critical) {
            say("nameConstraints is not critical".to_owned());
        }
    }),
    Lint::error("rfc5280-nc-empty", rfc5280("4.2.1.10"), "Name constraints permit or exclude something.", |c, say| {
        if c.extensions.name_constraints.as_ref().is_some_and(|nc| nc.value.permitted.is_none() && nc.value.excluded.is_none()) {
            say("nameConstraints is empty".to_owned());
        }
    }),
    Lint::error("rfc5280-nc-minimum", rfc5280("4.2.1.10"), "A subtree's minimum is zero.", |c, say| {
        for subtree in c.extensions.name_constraints.iter().flat_map(|nc| nc.value.all()) {
            if subtree.minimum != 0 {
                say(format!("a minimum is {}", subtree.minimum));
            }
        }
    }),
    Lint::error("rfc5280-nc-maximum", rfc5280("4.2.1.10"), "A subtree has no maximum.", |c, say| {
        for subtree in c.extensions.name_constraints.iter().flat_map(|nc| nc.value.all()) {
            if subtree.maximum {
                say(format!("a {} has a maximum", subtree.base.kind()));
            }
        }
    }),
    Lint::error("rfc5280-nc-ip-length", rfc5280("4.2.1.10"), "An IP constraint has 8 or 32 bytes.", |c, say| {
        for subtree in c.extensions.name_constraints.iter().flat_map(|nc| nc.value.all()) {
            if let GeneralName::Ip(range) = subtree.base
                && !matches!(range.len(), 8 | 32)
            {
                say(format!("a constraint of {} bytes", range.len()));
            }
        }
    }),
    Lint::error(
        "rfc5280-nc-ip-mask",
        rfc5280("4.2.1.10"),
        "An IP constraint is an address without host bits, and a mask of leading ones.",
        |c, say| {
            for subtree in c.extensions.name_constraints.iter().flat_map(|nc| nc.value.all()) {
                if let GeneralName::Ip(range @ ([_, _, _, _, _, _, _, _] | [_, _, _, _, _, _, _, _, .., _])) = subtree.base
                    && matches!(range.len(), 8 | 32)
                {
                    let (address, mask) = range.split_at(range.len() / 2);
                    let ones: u32 = mask.iter().take_while(|byte| **byte == 0xff).map(|byte| byte.count_ones()).sum();
                    let leading: u32 = ones + mask.iter().find(|byte| **byte != 0xff).map_or(0, |byte| byte.leading_ones());
                    let set: u32 = mask.iter().map(|byte| byte.count_ones()).sum();
                    if leading != set || address.iter().zip(mask).any(|(address, mask)| address & !mask != 0) {
                        say(format!("the range {}", hex::encode(range)));
                    }
                }
            }
        },
    ),
    Lint::error("rfc5280-nc-dns-syntax", rfc5280("4.2.1.10"), "A DNS constraint is empty or a domain name.", |c, say| {
        for subtree in c.extensions.name_constraints.iter().flat_map(|nc| nc.value.all()) {
            if let GeneralName::Dns(name) = subtree.base
                && !name.is_empty()
                && let Err(fault) = syntax::domain(name)
            {
                say(format!("\"{}\": {fault}", name.escape_ascii()));
            }
        }
    }),
    Lint::error("rfc5280-nc-uri-syntax", rfc5280("4.2.1.10"), "A URI constraint is a host, or a domain after a dot.", |c, say| {
        for subtree in c.extensions.name_constraints.iter().flat_map(|nc| nc.value.all()) {
            if let GeneralName::Uri(host) = subtree.base
                && host != b"."
                && syntax::domain(host.strip_prefix(b".").unwrap_or(host)).is_err()
            {
                say(format!("\"{}\"", host.escape_ascii()));
            }
        }
    }),
    Lint::error(
        "rfc5280-nc-email-syntax",
        rfc5280("4.2.1.10"),
        "A mail constraint is an address, a host, or a domain after a dot.",
        |c, say| {
            for subtree in c.extensions.name_constraints.iter().flat_map(|nc| nc.value.all()) {
                if let GeneralName::Email(text) = subtree.base {
                    let well = if text.contains(&b'@') {
                        syntax::is_mailbox(text)
                    } else {
                        text == b"." || syntax::domain(text.strip_prefix(b".").unwrap_or(text)).is_ok()
                    };
                    if !well {
                        say(format!("\"{}\"", text.escape_ascii()));
                    }
                }
            }
        },
    ),
    Lint::warning("rfc5280-nc-kind", rfc5280("4.2.1.10"), "No constraint is of a kind that programs do not check.", |c, say| {
        for subtree in c.extensions.name_constraints.iter().flat_map(|nc| nc.value.all()) {
            if matches!(subtree.base, GeneralName::X400 | GeneralName::EdiParty | GeneralName::RegisteredId | GeneralName::Other { .. }) {
                say(format!("there is a {}", subtree.base.kind()));
            }
        }
    }),
];
