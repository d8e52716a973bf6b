//! What the EV Guidelines ask of a leaf beyond the Baseline Requirements (EVG 7.1).

use super::super::super::context::Context;
use super::super::super::definition::{Lint, of};
use super::super::super::general_name::GeneralName;
use super::super::super::oid;
use super::LEAF;
use super::assurance::{self, Assurance, lacking, others};

const REQUIRED: [&[u8]; 5] = [oid::COUNTRY, oid::SERIAL_NUMBER, oid::BUSINESS_CATEGORY, oid::ORGANIZATION, oid::JURISDICTION_COUNTRY];
const ALLOWED: [&[u8]; 13] = [
    oid::COUNTRY,
    oid::STATE,
    oid::LOCALITY,
    oid::SERIAL_NUMBER,
    oid::BUSINESS_CATEGORY,
    oid::ORGANIZATION,
    oid::ORGANIZATION_IDENTIFIER,
    oid::POSTAL_CODE,
    oid::STREET,
    oid::JURISDICTION_COUNTRY,
    oid::JURISDICTION_STATE,
    oid::JURISDICTION_LOCALITY,
    oid::CN,
];

pub(super) static LINTS: &[Lint] = &[
    Lint::error(
        "evg-subject",
        of("EVG", "7.1.4.2"),
        "An EV subject has organization, country, business category, jurisdiction and registration number.",
        |c, say| {
            lacking(c, say, &[Assurance::Extended], &REQUIRED);
        },
    )
    .baseline(LEAF),
    Lint::error(
        "evg-subject-others",
        of("EVG", "7.1.4.2.9"),
        "An EV subject has no other attributes than the Guidelines name.",
        |c, say| {
            others(c, say, &[Assurance::Extended], &ALLOWED);
        },
    )
    .baseline(LEAF),
    Lint::error("evg-jurisdiction", of("EVG", "7.1.4.2.4"), "A jurisdiction with a locality has a state.", |c, say| {
        let subject = &c.certificate.subject;
        if is_extended(c) && subject.has(oid::JURISDICTION_LOCALITY) && !subject.has(oid::JURISDICTION_STATE) {
            say("jurisdictionLocalityName is there without jurisdictionStateOrProvinceName".to_owned());
        }
    })
    .baseline(LEAF),
    Lint::error("evg-business-category", of("EVG", "7.1.4.2.3"), "A business category is one of the four.", |c, say| {
        let four = ["Private Organization", "Government Entity", "Business Entity", "Non-Commercial Entity"];
        for category in c.certificate.subject.all(oid::BUSINESS_CATEGORY) {
            if category.text().is_some_and(|text| !four.contains(&&*text)) {
                say(format!("\"{}\"", category.shown()));
            }
        }
    })
    .baseline(super::ALL),
    Lint::error("evg-san-kind", of("EVG", "7.1.2.2"), "An EV leaf's alternative names are DNS names.", |c, say| {
        for name in c.extensions.alternative_names() {
            if is_extended(c) && !matches!(name, GeneralName::Dns(_)) {
                say(format!("there is a {}", name.kind()));
            }
        }
    })
    .baseline(LEAF),
    Lint::error("evg-wildcard", of("EVG", "7.1.2.2"), "An EV leaf has no wildcard, but in an onion name.", |c, say| {
        for name in c.extensions.alternative_names() {
            if let GeneralName::Dns(name) = name
                && is_extended(c)
                && name.starts_with(b"*")
                && !super::onion::is_onion(name)
            {
                say(format!("\"{}\"", name.escape_ascii()));
            }
        }
    })
    .baseline(LEAF),
];

fn is_extended(c: &Context<'_>) -> bool {
    assurance::of(c) == Assurance::Extended
}
