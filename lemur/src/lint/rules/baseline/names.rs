//! How subject names are written (BR 7.1.4.2).

use super::super::super::context::Context;
use super::super::super::definition::{Kind, Lint, br};
use super::super::super::name::Attribute;
use super::super::super::oid;
use super::super::super::registries;
use super::super::super::tlv::tag;
use super::{ALL, markup};

/// The order in which attributes stand.
const ORDER: [&[u8]; 11] = [
    oid::DOMAIN_COMPONENT,
    oid::COUNTRY,
    oid::STATE,
    oid::LOCALITY,
    oid::POSTAL_CODE,
    oid::STREET,
    oid::ORGANIZATION,
    oid::SURNAME,
    oid::GIVEN_NAME,
    oid::UNIT,
    oid::CN,
];

/// Attributes that are PrintableString or UTF8String.
const TEXTS: [&[u8]; 13] = [
    oid::STATE,
    oid::LOCALITY,
    oid::POSTAL_CODE,
    oid::STREET,
    oid::ORGANIZATION,
    oid::SURNAME,
    oid::GIVEN_NAME,
    oid::UNIT,
    oid::CN,
    oid::BUSINESS_CATEGORY,
    oid::JURISDICTION_STATE,
    oid::JURISDICTION_LOCALITY,
    oid::ORGANIZATION_IDENTIFIER,
];

pub(super) static LINTS: &[Lint] = &[
    Lint::error("br-subject-order", br("7.1.4.2"), "Attributes stand in the order of the Requirements' table.", |c, say| {
        let places = c.certificate.subject.attributes.iter().filter_map(|attribute| ORDER.iter().position(|oid| *oid == attribute.oid));
        let mut last = 0;
        for place in places {
            if place < last {
                say(format!("{} stands after {}", oid::name(ORDER[place]), oid::name(ORDER[last])));
                return;
            }
            last = place;
        }
    })
    .baseline(ALL)
    .since(2023, 9, 15),
    Lint::error("br-subject-single", br("7.1.4.2"), "Each set of a subject name has one attribute.", |c, say| {
        if c.certificate.subject.attributes.len() > c.certificate.subject.sets {
            say("a set of the subject's name has several".to_owned());
        }
    })
    .baseline(ALL)
    .since(2023, 9, 15),
    Lint::error(
        "br-subject-duplicate",
        br("7.1.4.2"),
        "A subject name has one attribute of a type, but for street addresses and domain components.",
        duplicates,
    )
    .baseline(ALL)
    .since(2023, 9, 15),
    Lint::error("br-subject-string-type", br("7.1.4.2"), "A subject name is written as PrintableString or UTF8String.", |c, say| {
        for attribute in &c.certificate.subject.attributes {
            if TEXTS.contains(&attribute.oid) && !matches!(attribute.value.tag, tag::PRINTABLE | tag::UTF8) {
                say(format!("{} has tag 0x{:02x}", oid::name(attribute.oid), attribute.value.tag));
            }
        }
    })
    .baseline(ALL),
    Lint::error(
        "br-subject-value-length",
        br("7.1.4.2"),
        "Surname and given name have at most 64 characters, a domain component 63.",
        |c, say| {
            let bounds: [(&[u8], usize); 6] = [
                (oid::SURNAME, 64),
                (oid::GIVEN_NAME, 64),
                (oid::NAME, 64),
                (oid::INITIALS, 64),
                (oid::GENERATION, 64),
                (oid::DOMAIN_COMPONENT, 63),
            ];
            for (oid, most) in bounds {
                for attribute in c.certificate.subject.all(oid) {
                    let length = attribute.text().map_or(0, |text| text.chars().count());
                    if length > most {
                        say(format!("{} has {length} characters", oid::name(oid)));
                    }
                }
            }
        },
    )
    .baseline(ALL),
    Lint::error("br-country-code", br("7.1.4.2"), "A country is one of ISO 3166-1, or XX.", |c, say| {
        for attribute in c.certificate.subject.all(oid::COUNTRY).chain(c.certificate.subject.all(oid::JURISDICTION_COUNTRY)) {
            if attribute.text().is_some_and(|code| code != "XX" && !registries::is_country(&code)) {
                say(format!("\"{}\"", attribute.shown()));
            }
        }
    })
    .baseline(ALL),
    Lint::error(
        "br-subject-insignificant",
        br("7.1.4.2"),
        "An attribute says something: it has a letter, a digit or a symbol.",
        |c, say| {
            each(c, &mut |attribute, text| {
                if !text.chars().any(is_significant) {
                    say(format!("{} is \"{text}\"", oid::name(attribute.oid)));
                }
            });
        },
    )
    .baseline(ALL),
    Lint::error("br-subject-markup", br("7.1.4.2"), "A subject name has no HTML character references.", |c, say| {
        each(c, &mut |attribute, text| {
            if markup::has_reference(text) {
                say(format!("{} is \"{text}\"", oid::name(attribute.oid)));
            }
        });
    })
    .baseline(ALL),
];

fn each(c: &Context<'_>, look: &mut dyn FnMut(&Attribute<'_>, &str)) {
    for attribute in &c.certificate.subject.attributes {
        if let Some(text) = attribute.text() {
            look(attribute, &text);
        }
    }
}

fn duplicates(c: &Context<'_>, say: &mut super::super::super::definition::Say<'_>) {
    let mut types: Vec<&[u8]> = c.certificate.subject.attributes.iter().map(|attribute| attribute.oid).collect();
    types.sort_unstable();
    let assured =
        c.kind != Kind::Leaf || [oid::POLICY_EV, oid::POLICY_IV, oid::POLICY_OV].iter().any(|policy| c.extensions.has_policy(policy));
    let components = c.kind == Kind::Leaf && super::assurance::of(c) == super::assurance::Assurance::Organization;
    for twice in types.chunk_by(|one, other| one == other).filter(|same| same.len() > 1) {
        let allowed = twice[0] == oid::STREET && assured || twice[0] == oid::DOMAIN_COMPONENT && components;
        if !allowed {
            say(format!("there are {} of {}", twice.len(), oid::name(twice[0])));
        }
    }
}

/// Letters, numbers, and the symbols of mathematics, currencies and the like (Unicode's classes L, N and S).
fn is_significant(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(
            c,
            '$' | '+' | '<' | '=' | '>' | '^' | '`' | '|' | '~' | '¢'..='¦' | '¨' | '©' | '¬' | '®'..='±' | '´' | '¸' | '×' | '÷'
                | '₠'..='⃀' | '℀'..='⟥' | '⬀'..='⯿' | '\u{1f000}'..='\u{1faff}'
        )
}
