//! The CA/Browser Forum's TLS Baseline Requirements, version 2.2, and what its EV Guidelines, version 2, say of certificates. Rules that
//! came later have the day in their table; rules that the Requirements have had from the start are held against any age.

mod algorithms;
mod assurance;
mod authorities;
mod constrained;
mod extended;
mod locations;
mod markup;
mod names;
mod onion;
mod organizations;
mod policies;
mod profile;
mod responder;
mod root;
mod subscriber;
mod validity;

use super::super::definition::{Kind, Lint};

/// The tables, in the order in which findings come.
pub(super) static TABLES: &[&[Lint]] = &[
    validity::LINTS,
    algorithms::LINTS,
    names::LINTS,
    assurance::LINTS,
    organizations::LINTS,
    profile::LINTS,
    subscriber::LINTS,
    extended::LINTS,
    policies::LINTS,
    locations::LINTS,
    authorities::LINTS,
    constrained::LINTS,
    root::LINTS,
    responder::LINTS,
];

const ALL: &[Kind] = &[Kind::Root, Kind::Intermediate, Kind::OcspResponder, Kind::Leaf];
const CA: &[Kind] = &[Kind::Root, Kind::Intermediate];
const LEAF: &[Kind] = &[Kind::Leaf];
const INTERMEDIATE: &[Kind] = &[Kind::Intermediate];
const ROOT: &[Kind] = &[Kind::Root];
const RESPONDER: &[Kind] = &[Kind::OcspResponder];
