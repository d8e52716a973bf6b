//! Lints on issuer and subject (RFC 5280, 4.1.2.4, 4.1.2.6 and appendix A).

use super::super::context::Context;
use super::super::definition::{Kind, Lint, Say, rfc5280};
use super::super::name::{Attribute, Name, is_directory_string};
use super::super::oid;
use super::super::syntax;
use super::super::tlv::tag;

/// The most characters of an attribute's value (appendix A.1). A name's own bound is 32768.
fn most(attribute: &[u8]) -> Option<usize> {
    Some(match attribute {
        x if x == oid::CN || x == oid::ORGANIZATION || x == oid::UNIT || x == oid::TITLE => 64,
        x if x == oid::SERIAL_NUMBER => 64,
        x if x == oid::LOCALITY || x == oid::STATE || x == oid::PSEUDONYM => 128,
        x if x == oid::STREET || x == oid::BUSINESS_CATEGORY => 128,
        x if x == oid::POSTAL_CODE => 40,
        x if x == oid::EMAIL => 255,
        x if x == oid::SURNAME || x == oid::GIVEN_NAME || x == oid::INITIALS || x == oid::GENERATION || x == oid::NAME => 32768,
        _ => return None,
    })
}

pub(super) static LINTS: &[Lint] = &[
    Lint::error("rfc5280-issuer-empty", rfc5280("4.1.2.4"), "The issuer has a name.", |c, say| {
        if c.certificate.issuer.attributes.is_empty() {
            say("the issuer's name is empty".to_owned());
        }
    }),
    Lint::error("rfc5280-subject-empty-ca", rfc5280("4.1.2.6"), "A CA's certificate has a subject name.", |c, say| {
        if c.certificate.subject.attributes.is_empty() {
            say("the subject's name is empty".to_owned());
        }
    })
    .of(&[Kind::Root, Kind::Intermediate]),
    Lint::error(
        "rfc5280-subject-empty-without-san",
        rfc5280("4.1.2.6"),
        "Without a subject name there are alternative names.",
        |c, say| {
            if c.certificate.subject.attributes.is_empty() && !c.extensions.has(oid::SUBJECT_ALT_NAME) {
                say("there is neither a subject name nor subjectAltName".to_owned());
            }
        },
    )
    .of(&[Kind::OcspResponder, Kind::Leaf]),
    Lint::error("rfc5280-rdn-empty", rfc5280("4.1.2.4"), "Every set of a name has an attribute.", |c, say| {
        for (whose, name) in both(c) {
            if name.empty_set {
                say(format!("a set of the {whose}'s name is empty"));
            }
        }
    }),
    Lint::error("rfc5280-rdn-duplicate-type", rfc5280("4.1.2.4"), "A set of a name has one attribute of a type.", |c, say| {
        for (whose, name) in both(c) {
            let mut types: Vec<_> = name.attributes.iter().map(|attribute| (attribute.set, attribute.oid)).collect();
            types.sort_unstable();
            for twice in types.chunk_by(|one, other| one == other).filter(|same| same.len() > 1) {
                say(format!("a set of the {whose}'s name has {} of {}", twice.len(), oid::name(twice[0].1)));
            }
        }
    }),
    Lint::error("rfc5280-name-string-type", rfc5280("4.1.2.4"), "An attribute's value is of the attribute's string type.", string_type),
    Lint::warning("rfc5280-name-string-old", rfc5280("4.1.2.4"), "A name is written as PrintableString or UTF8String.", |c, say| {
        each(c, &mut |whose, attribute| {
            if matches!(attribute.value.tag, tag::TELETEX | tag::BMP | tag::UNIVERSAL) {
                say(format!("the {whose}'s {} is of an old string type", oid::name(attribute.oid)));
            }
        });
    }),
    Lint::error("rfc5280-name-value-empty", rfc5280("A.1"), "An attribute has a value.", |c, say| {
        each(c, &mut |whose, attribute| {
            if attribute.value.value.is_empty() {
                say(format!("the {whose}'s {} is empty", oid::name(attribute.oid)));
            }
        });
    }),
    Lint::error("rfc5280-name-value-length", rfc5280("A.1"), "An attribute's value is no longer than its upper bound.", |c, say| {
        each(c, &mut |whose, attribute| {
            if let (Some(most), Some(text)) = (most(attribute.oid), attribute.text()) {
                let length = text.chars().count();
                if length > most {
                    say(format!("the {whose}'s {} has {length} characters, and {most} are allowed", oid::name(attribute.oid)));
                }
            }
        });
    }),
    Lint::error("rfc5280-country-length", rfc5280("A.1"), "A country has two letters.", |c, say| {
        each(c, &mut |whose, attribute| {
            let is_country = attribute.oid == oid::COUNTRY || attribute.oid == oid::JURISDICTION_COUNTRY;
            if is_country && attribute.text().is_some_and(|text| text.chars().count() != 2) {
                say(format!("the {whose}'s country is \"{}\"", attribute.shown()));
            }
        });
    }),
    Lint::warning("rfc5280-name-control", rfc5280("4.1.2.4"), "A name has no control characters.", |c, say| {
        each(c, &mut |whose, attribute| {
            if attribute.text().is_some_and(|text| text.chars().any(char::is_control)) {
                say(format!("the {whose}'s {} has a control character", oid::name(attribute.oid)));
            }
        });
    }),
    Lint::warning("rfc5280-name-spaces", rfc5280("7.1"), "A name's value does not start or end with a space.", |c, say| {
        each(c, &mut |whose, attribute| {
            if attribute.text().is_some_and(|text| text.starts_with(' ') || text.ends_with(' ')) {
                say(format!("the {whose}'s {} starts or ends with a space", oid::name(attribute.oid)));
            }
        });
    }),
    Lint::error("rfc5280-name-email-syntax", rfc5280("4.2.1.6"), "A mail address in a name is one.", |c, say| {
        each(c, &mut |whose, attribute| {
            if attribute.oid == oid::EMAIL && !syntax::is_mailbox(attribute.value.value) {
                say(format!("the {whose}'s emailAddress is \"{}\"", attribute.shown()));
            }
        });
    }),
    Lint::error(
        "rfc5280-subject-email-in-san",
        rfc5280("4.1.2.6"),
        "A subject's mail address is among the alternative names.",
        |c, say| {
            for email in c.certificate.subject.all(oid::EMAIL) {
                use super::super::general_name::GeneralName::Email;
                if !c.extensions.alternative_names().iter().any(|name| matches!(name, Email(address) if *address == email.value.value)) {
                    say(format!("\"{}\" is not", email.shown()));
                }
            }
        },
    ),
    Lint::error("rfc5280-domain-components", rfc5280("4.1.2.4"), "A subject's domain components make a domain name.", |c, say| {
        let mut labels: Vec<&[u8]> = c.certificate.subject.all(oid::DOMAIN_COMPONENT).map(|component| component.value.value).collect();
        labels.reverse();
        if labels.is_empty() {
            return;
        }
        let name = labels.join(&b'.');
        if let Err(fault) = syntax::domain(&name) {
            say(format!("\"{}\": {fault}", name.escape_ascii()));
        } else if labels.len() == 1 {
            say(format!("\"{}\" is a single label", name.escape_ascii()));
        }
    }),
];

fn both<'c>(c: &'c Context<'_>) -> [(&'static str, &'c Name<'c>); 2] {
    [("issuer", &c.certificate.issuer), ("subject", &c.certificate.subject)]
}

fn each(c: &Context<'_>, look: &mut dyn FnMut(&'static str, &Attribute<'_>)) {
    let inside = c.extensions.directory_names().map(|name| ("directory name", name));
    for (whose, name) in both(c).into_iter().chain(inside) {
        for attribute in &name.attributes {
            look(whose, attribute);
        }
    }
}

fn string_type(c: &Context<'_>, say: &mut Say<'_>) {
    each(c, &mut |whose, attribute| {
        let found = attribute.value.tag;
        let right = match attribute.oid {
            x if x == oid::COUNTRY || x == oid::SERIAL_NUMBER || x == oid::DN_QUALIFIER || x == oid::JURISDICTION_COUNTRY => {
                found == tag::PRINTABLE
            }
            x if x == oid::EMAIL || x == oid::DOMAIN_COMPONENT => found == tag::IA5,
            x if oid::known(x).is_some() => is_directory_string(found),
            // What an attribute of another type is made of is not known here.
            _ => true,
        };
        if !right {
            say(format!("the {whose}'s {} has tag 0x{found:02x}", oid::name(attribute.oid)));
        } else if attribute.text().is_none() && is_directory_string(found) {
            say(format!("the {whose}'s {} is no text of its type", oid::name(attribute.oid)));
        }
    });
}
