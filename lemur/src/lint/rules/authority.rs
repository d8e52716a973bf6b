//! Lints on basic constraints and on what only a CA certificate may have (RFC 5280, 4.2.1.9, 4.2.1.11, 4.2.1.14).

use super::super::definition::{Kind, Lint, rfc5280};
use super::super::oid;
use super::usage::{self, Usage};

const CA: &[Kind] = &[Kind::Root, Kind::Intermediate];
const NOT_CA: &[Kind] = &[Kind::OcspResponder, Kind::Leaf];

pub(super) static LINTS: &[Lint] = &[
    Lint::error("rfc5280-bc-critical", rfc5280("4.2.1.9"), "A CA certificate's basic constraints are critical.", |c, say| {
        if c.extensions.basic_constraints.as_ref().is_some_and(|constraints| !constraints.critical) {
            say("basicConstraints is not critical".to_owned());
        }
    })
    .of(CA),
    Lint::error("rfc5280-bc-path-length-leaf", rfc5280("4.2.1.9"), "Only a CA certificate has a path length.", |c, say| {
        if let Some(length) = c.extensions.basic_constraints.as_ref().and_then(|constraints| constraints.value.path_length) {
            say(format!("there is a path length of {length}"));
        }
    })
    .of(NOT_CA),
    Lint::error("rfc5280-bc-path-length-usage", rfc5280("4.2.1.9"), "A path length comes with the key usage keyCertSign.", |c, say| {
        let length = c.extensions.basic_constraints.as_ref().and_then(|constraints| constraints.value.path_length);
        if let (Some(length), Some(usage)) = (length, &c.extensions.key_usage)
            && !usage::has(usage.value, Usage::KeyCertSign)
        {
            say(format!("there is a path length of {length} without keyCertSign"));
        }
    })
    .of(CA),
    Lint::error("rfc5280-bc-path-length-range", rfc5280("4.2.1.9"), "A path length is not negative.", |c, say| {
        if let Some(length) = c.extensions.basic_constraints.as_ref().and_then(|constraints| constraints.value.path_length)
            && length < 0
        {
            say(format!("the path length is {length}"));
        }
    }),
    Lint::error("rfc5280-policy-mappings-leaf", rfc5280("4.2.1.5"), "Only a CA certificate has policy mappings.", |c, say| {
        if c.extensions.has(oid::POLICY_MAPPINGS) {
            say("policyMappings is there".to_owned());
        }
    })
    .of(NOT_CA),
    Lint::warning("rfc5280-policy-mappings-critical", rfc5280("4.2.1.5"), "Policy mappings are critical.", |c, say| {
        if c.extensions.policy_mappings.as_ref().is_some_and(|mappings| !mappings.critical) {
            say("policyMappings is not critical".to_owned());
        }
    }),
    Lint::error("rfc5280-policy-mappings-any", rfc5280("4.2.1.5"), "anyPolicy is not mapped.", |c, say| {
        let any = |policy: &[u8]| policy == oid::ANY_POLICY;
        for mapping in c.extensions.policy_mappings.iter().flat_map(|mappings| &mappings.value) {
            if any(mapping.issuer) || any(mapping.subject) {
                say(format!("{} is mapped to {}", oid::name(mapping.issuer), oid::name(mapping.subject)));
            }
        }
    }),
    Lint::error("rfc5280-policy-constraints-leaf", rfc5280("4.2.1.11"), "Only a CA certificate has policy constraints.", |c, say| {
        if c.extensions.has(oid::POLICY_CONSTRAINTS) {
            say("policyConstraints is there".to_owned());
        }
    })
    .of(NOT_CA),
    Lint::error("rfc5280-policy-constraints-critical", rfc5280("4.2.1.11"), "Policy constraints are critical.", |c, say| {
        if c.extensions.policy_constraints.as_ref().is_some_and(|constraints| !constraints.critical) {
            say("policyConstraints is not critical".to_owned());
        }
    }),
    Lint::error("rfc5280-policy-constraints-empty", rfc5280("4.2.1.11"), "Policy constraints constrain something.", |c, say| {
        if let Some(constraints) = &c.extensions.policy_constraints
            && constraints.value.require_explicit.is_none()
            && constraints.value.inhibit_mapping.is_none()
        {
            say("policyConstraints is empty".to_owned());
        }
    }),
    Lint::error("rfc5280-inhibit-any-policy-leaf", rfc5280("4.2.1.14"), "Only a CA certificate inhibits anyPolicy.", |c, say| {
        if c.extensions.has(oid::INHIBIT_ANY_POLICY) {
            say("inhibitAnyPolicy is there".to_owned());
        }
    })
    .of(NOT_CA),
    Lint::error("rfc5280-inhibit-any-policy-critical", rfc5280("4.2.1.14"), "inhibitAnyPolicy is critical.", |c, say| {
        if c.extensions.inhibit_any_policy.as_ref().is_some_and(|inhibit| !inhibit.critical) {
            say("inhibitAnyPolicy is not critical".to_owned());
        }
    }),
    Lint::error("rfc5280-skip-certs-range", rfc5280("4.2.1.14"), "A number of certificates to skip is not negative.", |c, say| {
        let inhibit = c.extensions.inhibit_any_policy.as_ref().map(|inhibit| inhibit.value);
        let constraints = c.extensions.policy_constraints.as_ref().map(|constraints| &constraints.value);
        let skips = [inhibit, constraints.and_then(|c| c.require_explicit), constraints.and_then(|c| c.inhibit_mapping)];
        for skip in skips.into_iter().flatten().filter(|skip| *skip < 0) {
            say(format!("{skip} certificates are to be skipped"));
        }
    }),
];
