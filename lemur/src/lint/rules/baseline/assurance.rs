//! What a leaf's subject name has and has not, by how its subject was validated (BR 7.1.2.7.2 to 7.1.2.7.4; EVG 7.1.4.2).

use super::super::super::context::Context;
use super::super::super::definition::{Lint, Say, br};
use super::super::super::general_name::GeneralName;
use super::super::super::oid;
use super::super::super::registries;
use super::LEAF;

/// How the subject was validated, as the reserved policy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Assurance {
    Domain,
    Individual,
    Organization,
    Extended,
}

/// By what policy a leaf is judged; one without any is held to be of the domain alone.
pub(super) fn of(c: &Context<'_>) -> Assurance {
    let policies: [(&[u8], Assurance); 3] = [(oid::POLICY_EV, Extended), (oid::POLICY_IV, Individual), (oid::POLICY_OV, Organization)];
    policies.into_iter().find(|(policy, _)| c.extensions.has_policy(policy)).map_or(Domain, |(_, assurance)| assurance)
}

use Assurance::{Domain, Extended, Individual, Organization};

pub(super) static LINTS: &[Lint] = &[
    Lint::error("br-dv-subject", br("7.1.2.7.2"), "A domain-validated subject has a country and a common name at most.", |c, say| {
        others(c, say, &[Domain], &[oid::COUNTRY, oid::CN]);
    })
    .baseline(LEAF)
    .since(2023, 9, 15),
    Lint::error("br-iv-subject", br("7.1.2.7.3"), "An individual subject has country, surname and given name.", |c, say| {
        lacking(c, say, &[Individual], &[oid::COUNTRY, oid::SURNAME, oid::GIVEN_NAME]);
    })
    .baseline(LEAF)
    .since(2023, 9, 15),
    Lint::error("br-ov-subject", br("7.1.2.7.4"), "An organization's subject has country and organization.", |c, say| {
        lacking(c, say, &[Organization], &[oid::COUNTRY, oid::ORGANIZATION]);
    })
    .baseline(LEAF),
    Lint::error("br-ov-person", br("7.1.2.7.4"), "An organization's subject has no surname and no given name.", |c, say| {
        having(c, say, &[Organization], &[oid::SURNAME, oid::GIVEN_NAME]);
    })
    .baseline(LEAF)
    .since(2023, 9, 15),
    Lint::error("br-subject-place", br("7.1.2.7.4"), "A validated subject has a state or a locality.", |c, say| {
        let subject = &c.certificate.subject;
        if of(c) != Domain && !subject.has(oid::STATE) && !subject.has(oid::LOCALITY) {
            say("stateOrProvinceName and localityName are absent".to_owned());
        }
    })
    .baseline(LEAF),
    Lint::error("br-subject-unit", br("7.1.4.2"), "A subject has no organizational unit.", |c, say| {
        having(c, say, &[Domain, Individual, Organization], &[oid::UNIT]);
    })
    .baseline(LEAF)
    .since(2022, 9, 1),
    Lint::warning("br-subject-address", br("7.1.2.7.4"), "A subject has no street address and no postal code.", |c, say| {
        having(c, say, &[Individual, Organization], &[oid::STREET, oid::POSTAL_CODE]);
    })
    .baseline(LEAF)
    .since(2023, 9, 15),
    Lint::notice("br-subject-common-name", br("7.1.4.3"), "A subject has no common name.", |c, say| {
        having(c, say, &[Domain, Individual, Organization, Extended], &[oid::CN]);
    })
    .baseline(LEAF)
    .since(2023, 9, 15),
    Lint::error("br-common-name-source", br("7.1.4.3"), "A common name is one of the alternative names, written the same.", |c, say| {
        for attribute in c.certificate.subject.all(oid::CN) {
            let Some(text) = attribute.text() else { continue };
            let same = |name: &GeneralName<'_>| match name {
                GeneralName::Dns(name) => *name == text.as_bytes(),
                GeneralName::Ip(address) => registries::address(address).is_some_and(|address| address.to_string() == text),
                _ => false,
            };
            if !c.extensions.alternative_names().iter().any(same) {
                say(format!("\"{text}\" is not"));
            }
        }
    })
    .baseline(LEAF),
];

/// Tells attributes that should be there.
pub(super) fn lacking(c: &Context<'_>, say: &mut Say<'_>, assurances: &[Assurance], wanted: &[&[u8]]) {
    for oid in wanted.iter().filter(|oid| assurances.contains(&of(c)) && !c.certificate.subject.has(oid)) {
        say(format!("{} is absent", oid::name(oid)));
    }
}

/// Tells attributes that should not be there.
fn having(c: &Context<'_>, say: &mut Say<'_>, assurances: &[Assurance], unwanted: &[&[u8]]) {
    for oid in unwanted.iter().filter(|oid| assurances.contains(&of(c)) && c.certificate.subject.has(oid)) {
        say(format!("{} is there", oid::name(oid)));
    }
}

/// Tells attributes that are not among these.
pub(super) fn others(c: &Context<'_>, say: &mut Say<'_>, assurances: &[Assurance], allowed: &[&[u8]]) {
    for attribute in &c.certificate.subject.attributes {
        if assurances.contains(&of(c)) && !allowed.contains(&attribute.oid) {
            say(format!("{} is there", oid::name(attribute.oid)));
        }
    }
}
