//! Identifiers of organizations in registers (EVG 7.1.4.2.8 and 7.1.2.2).

use super::super::super::context::Context;
use super::super::super::definition::{Lint, Say, of};
use super::super::super::oid;
use super::super::super::registries;
use super::super::super::tlv::tag;
use super::ALL;
use super::assurance::{self, Assurance};

pub(super) static LINTS: &[Lint] = &[
    Lint::error(
        "evg-organization-identifier",
        of("EVG", "7.1.4.2.8"),
        "An organization identifier is scheme, country, perhaps state, and reference.",
        |c, say| {
            for attribute in c.certificate.subject.all(oid::ORGANIZATION_IDENTIFIER) {
                if !matches!(attribute.value.tag, tag::PRINTABLE | tag::UTF8) {
                    say(format!("organizationIdentifier has tag 0x{:02x}", attribute.value.tag));
                } else if let Some(text) = attribute.text() {
                    match Identifier::parse(&text) {
                        Some(identifier) => identifier.check(say),
                        None => say(format!("\"{text}\"")),
                    }
                }
            }
        },
    )
    .baseline(ALL),
    Lint::error(
        "evg-organization-extension",
        of("EVG", "7.1.2.2"),
        "An organization identifier stands in the Forum's extension too, with the same content.",
        same,
    )
    .baseline(super::LEAF),
    Lint::error(
        "evg-organization-extension-content",
        of("EVG", "7.1.2.2"),
        "The Forum's extension names scheme, country, perhaps state, and reference.",
        |c, say| {
            if let Some(extension) = extension(c) {
                extension.check(say);
            }
        },
    )
    .baseline(super::LEAF),
];

/// `NTRUS+CA-12345678`.
#[derive(Debug, PartialEq, Eq)]
struct Identifier {
    scheme: String,
    country: String,
    state: Option<String>,
    reference: Option<String>,
}

impl Identifier {
    fn parse(text: &str) -> Option<Self> {
        let (register, reference) = match text.split_once('-') {
            Some((_, "")) => return None,
            Some((register, reference)) => (register, Some(reference.to_owned())),
            None => (text, None),
        };
        let (start, state) = match register.split_once('+') {
            Some((start, state)) => (start, Some(state)),
            None => (register, None),
        };
        let right_state = |state: &str| (1..=3).contains(&state.len()) && state.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if start.len() != 5 || !start.bytes().all(|byte| byte.is_ascii_alphabetic()) || !state.is_none_or(right_state) {
            return None;
        }
        let (scheme, country) = start.split_at(3);
        Some(Self { scheme: scheme.to_owned(), country: country.to_owned(), state: state.map(str::to_owned), reference })
    }

    fn check(&self, say: &mut Say<'_>) {
        if !matches!(&*self.scheme, "NTR" | "VAT" | "PSD") {
            say(format!("the scheme is \"{}\"", self.scheme));
        }
        let tax_only = self.scheme == "VAT" && matches!(&*self.country, "EL" | "XI");
        if !registries::is_country(&self.country) && !tax_only {
            say(format!("the country is \"{}\"", self.country));
        }
        if let Some(state) = &self.state {
            if state.len() != 2 || !state.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                say(format!("the state is \"{state}\""));
            }
            if self.scheme != "NTR" {
                say(format!("the scheme {} has no states", self.scheme));
            }
        }
        if self.reference.is_none() {
            say("there is no reference".to_owned());
        }
    }
}

fn extension(c: &Context<'_>) -> Option<Identifier> {
    let found = &c.extensions.organization_identifier.as_ref()?.value;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(Identifier {
        scheme: text(found.scheme),
        country: text(found.country),
        state: found.state.map(text),
        reference: Some(text(found.reference)),
    })
}

fn same(c: &Context<'_>, say: &mut Say<'_>) {
    if assurance::of(c) != Assurance::Extended {
        return;
    }
    for attribute in c.certificate.subject.all(oid::ORGANIZATION_IDENTIFIER) {
        if !c.extensions.has(oid::CABF_ORGANIZATION_IDENTIFIER) {
            say("the extension is absent".to_owned());
        } else if let (Some(inside), Some(extension)) = (attribute.text().and_then(|text| Identifier::parse(&text)), extension(c)) {
            let country = inside.country.eq_ignore_ascii_case(&extension.country);
            if inside.scheme != extension.scheme || !country || inside.state != extension.state || inside.reference != extension.reference {
                say(format!("\"{}\" is not what the extension says", attribute.shown()));
            }
        }
    }
}
