//! Lints on alternative names, and on the names of the same form that other extensions hold (RFC 5280, 4.2.1.6; RFC 9549, 9598).

use super::super::context::Context;
use super::super::definition::{Lint, of, rfc5280};
use super::super::general_name::GeneralName;
use super::super::oid;
use super::super::syntax::{self, MAX_DOMAIN};
use super::super::tlv::tag;

pub(super) static LINTS: &[Lint] = &[
    Lint::error(
        "rfc5280-san-critical-without-subject",
        rfc5280("4.2.1.6"),
        "Without a subject name, alternative names are critical.",
        |c, say| {
            if c.certificate.subject.sets == 0 && c.extensions.get(oid::SUBJECT_ALT_NAME).is_some_and(|extension| !extension.critical) {
                say("the subject's name is empty, and subjectAltName is not critical".to_owned());
            }
        },
    ),
    Lint::warning("rfc5280-san-critical", rfc5280("4.2.1.6"), "With a subject name, alternative names are not critical.", |c, say| {
        if c.certificate.subject.sets > 0 && c.extensions.get(oid::SUBJECT_ALT_NAME).is_some_and(|extension| extension.critical) {
            say("the subject has a name, and subjectAltName is critical".to_owned());
        }
    }),
    Lint::warning("rfc5280-ian-critical", rfc5280("4.2.1.7"), "An issuer's alternative names are not critical.", |c, say| {
        if c.extensions.get(oid::ISSUER_ALT_NAME).is_some_and(|extension| extension.critical) {
            say("issuerAltName is critical".to_owned());
        }
    }),
    Lint::error(
        "rfc5280-dns-syntax",
        rfc5280("4.2.1.6"),
        "A DNS name is letters, digits and hyphens in labels, after a first `*` if any.",
        |c, say| {
            each(c, &mut |place, name| {
                if let GeneralName::Dns(name) = name
                    && let Err(fault) = syntax::domain(syntax::without_wildcard(name))
                {
                    say(format!("\"{}\" in {place}: {fault}", name.escape_ascii()));
                }
            });
        },
    ),
    Lint::error("rfc5280-dns-length", rfc5280("4.2.1.6"), "A DNS name has at most 253 characters.", |c, say| {
        each(c, &mut |place, name| {
            if let GeneralName::Dns(name) = name
                && name.len() > MAX_DOMAIN
            {
                say(format!("a name of {} characters in {place}", name.len()));
            }
        });
    }),
    Lint::error("rfc9549-a-label", of("RFC 9549", "2.2"), "A label that starts with `xn--` is an A-label of IDNA2008.", |c, say| {
        each(c, &mut |place, name| {
            if let GeneralName::Dns(name) = name {
                for label in name.split(|byte| *byte == b'.') {
                    if syntax::reserved_tag(label) == Some(*b"xn") && !syntax::is_a_label(label) {
                        say(format!("\"{}\" in {place}", label.escape_ascii()));
                    }
                }
            }
        });
    }),
    Lint::error("rfc5280-ip-length", rfc5280("4.2.1.6"), "An IP address has 4 or 16 bytes.", |c, say| {
        each(c, &mut |place, name| {
            if let GeneralName::Ip(address) = name
                && !matches!(address.len(), 4 | 16)
            {
                say(format!("an address of {} bytes in {place}", address.len()));
            }
        });
    }),
    Lint::error("rfc5280-email-syntax", rfc5280("4.2.1.6"), "A mail address is a local part, `@` and a domain.", |c, say| {
        each(c, &mut |place, name| {
            if let GeneralName::Email(address) = name
                && !syntax::is_mailbox(address)
            {
                say(format!("\"{}\" in {place}", address.escape_ascii()));
            }
        });
    }),
    Lint::error("rfc5280-email-length", rfc5280("4.2.1.6"), "A mail address's domain has at most 253 characters.", |c, say| {
        each(c, &mut |place, name| {
            if let GeneralName::Email(address) = name
                && let Some(at) = address.iter().position(|byte| *byte == b'@')
                && address.len() - at - 1 > MAX_DOMAIN
            {
                say(format!("a domain of {} characters in {place}", address.len() - at - 1));
            }
        });
    }),
    Lint::error("rfc5280-uri-syntax", rfc5280("4.2.1.6"), "A URI is absolute, and its host a domain name or an address.", |c, say| {
        each(c, &mut |place, name| {
            if let GeneralName::Uri(text) = name
                && let Some(fault) = uri_fault(text)
            {
                say(format!("\"{}\" in {place}: {fault}", text.escape_ascii()));
            }
        });
    }),
    Lint::error("rfc5280-uri-length", rfc5280("4.2.1.6"), "A URI's host has at most 253 characters.", |c, say| {
        each(c, &mut |place, name| {
            if let GeneralName::Uri(text) = name
                && let Some(host) = syntax::uri(text).ok().and_then(|uri| uri.host)
                && host.len() > MAX_DOMAIN
            {
                say(format!("a host of {} characters in {place}", host.len()));
            }
        });
    }),
    Lint::error("rfc5280-directory-name-empty", rfc5280("4.2.1.6"), "A directory name among alternative names is not empty.", |c, say| {
        for name in c.extensions.alternative_names() {
            if let GeneralName::Directory(name) = name
                && name.attributes.is_empty()
            {
                say("an empty directoryName in subjectAltName".to_owned());
            }
        }
    }),
    Lint::warning("rfc5280-san-duplicate", rfc5280("4.2.1.6"), "An alternative name is there once.", |c, say| {
        let mut names: Vec<(&str, &[u8])> = c.extensions.alternative_names().iter().filter_map(comparable).collect();
        names.sort_unstable();
        for twice in names.chunk_by(|one, other| one == other).filter(|same| same.len() > 1) {
            say(format!("{} \"{}\" is there {} times", twice[0].0, twice[0].1.escape_ascii(), twice.len()));
        }
    }),
    Lint::error(
        "rfc9598-mailbox",
        of("RFC 9598", "3"),
        "An SmtpUTF8Mailbox is a non-ASCII local part without a byte order mark, and a lower-case domain.",
        |c, say| {
            each(c, &mut |place, name| {
                if let GeneralName::Other { oid: kind, value } = name
                    && *kind == oid::SMTP_UTF8_MAILBOX
                    && let Some(fault) = mailbox_fault(value.tag, value.value)
                {
                    say(format!("in {place}: {fault}"));
                }
            });
        },
    ),
];

/// What may be compared byte for byte.
fn comparable<'a>(name: &'a GeneralName<'_>) -> Option<(&'static str, &'a [u8])> {
    match name {
        GeneralName::Dns(text) | GeneralName::Email(text) | GeneralName::Uri(text) | GeneralName::Ip(text) => Some((name.kind(), text)),
        _ => None,
    }
}

/// Every name outside name constraints, and the extension that it is in.
fn each(c: &Context<'_>, look: &mut dyn FnMut(&'static str, &GeneralName<'_>)) {
    let e = c.extensions;
    let alternative = [("subjectAltName", &e.subject_alt_name), ("issuerAltName", &e.issuer_alt_name)];
    for (place, names) in alternative {
        names.iter().flat_map(|names| &names.value).for_each(|name| look(place, name));
    }
    let points = [("cRLDistributionPoints", &e.crl_points), ("freshestCRL", &e.freshest_crl)];
    for (place, points) in points {
        for point in points.iter().flat_map(|points| &points.value) {
            point.full_name.iter().chain(&point.issuer).flatten().for_each(|name| look(place, name));
        }
    }
    let access = [("authorityInfoAccess", &e.authority_info), ("subjectInfoAccess", &e.subject_info)];
    for (place, descriptions) in access {
        descriptions.iter().flat_map(|descriptions| &descriptions.value).for_each(|description| look(place, &description.location));
    }
    let issuer = e.authority_key_id.iter().flat_map(|id| &id.value.issuer).flatten();
    issuer.for_each(|name| look("authorityKeyIdentifier", name));
}

fn uri_fault(text: &[u8]) -> Option<String> {
    match syntax::uri(text) {
        Err(fault) => Some(fault.to_string()),
        Ok(uri) => match uri.host {
            // A URI of LDAP may leave the server out (RFC 4516).
            None if needs_host(uri.scheme) => Some(syntax::UriFault::Host.to_string()),
            Some([]) if uri.scheme.eq_ignore_ascii_case(b"ldap") => None,
            Some(host) if !syntax::is_host(host) => Some(syntax::UriFault::Host.to_string()),
            _ => None,
        },
    }
}

/// Whether a URI of this scheme has a host (RFC 9110, 4.2; RFC 1738, 3.2).
fn needs_host(scheme: &[u8]) -> bool {
    ["http", "https", "ftp"].iter().any(|one| scheme.eq_ignore_ascii_case(one.as_bytes()))
}

fn mailbox_fault(found: u8, value: &[u8]) -> Option<&'static str> {
    if found != tag::UTF8 {
        return Some("it is no UTF8String");
    }
    let Ok(text) = std::str::from_utf8(value) else { return Some("it is no UTF-8") };
    let Some((local, domain)) = text.split_once('@') else { return Some("it has no `@`") };
    if local.is_ascii() {
        Some("its local part is ASCII")
    } else if local.starts_with('\u{feff}') {
        Some("it starts with a byte order mark")
    } else if domain.chars().any(char::is_uppercase) {
        Some("its domain is not in lower case")
    } else if domain.len() > MAX_DOMAIN || syntax::domain(domain.as_bytes()).is_err() {
        Some("its domain is none")
    } else {
        None
    }
}
