//! Lints on how a certificate is written (X.690). They work on bytes that may not be a certificate at all.

use super::super::context::Context;
use super::super::definition::{Lint, Say, of, rfc5280};
use super::super::encoding::{Fault, Faults};

/// The lint that bytes break which are no certificate.
pub(in super::super) static MALFORMED: &Lint = &LINTS[0];
/// The lint that too many bytes break.
pub(in super::super) static TOO_LARGE: &Lint = &LINTS[1];

pub(super) static LINTS: &[Lint] = &[
    Lint::error("x509-malformed", rfc5280("4.1"), "The bytes are a Certificate or a TBSCertificate.", told_elsewhere),
    Lint::error("x509-too-large", rfc5280("4.1"), "The certificate is not so large that nobody would read it.", told_elsewhere),
    Lint::error("der-unreadable", of("X.690", "8.1"), "Every element can be read, and none stands too deep.", told_elsewhere),
    Lint::error("der-trailing-data", rfc5280("4.1"), "Nothing follows the certificate.", told_elsewhere),
    Lint::error("der-length", of("X.690", "10.1"), "A length is written in the fewest bytes.", told_elsewhere),
    Lint::error("der-form", of("X.690", "10.2"), "Strings are primitive, SEQUENCE and SET constructed.", told_elsewhere),
    Lint::error("der-boolean", of("X.690", "11.1"), "A BOOLEAN is 00 or FF.", told_elsewhere),
    Lint::error("der-integer", of("X.690", "8.3.2"), "An INTEGER is written in the fewest bytes.", told_elsewhere),
    Lint::error("der-unused-bits", of("X.690", "11.2.1"), "Unused bits of a BIT STRING are zero.", told_elsewhere),
    Lint::error("der-named-bits", of("X.690", "11.2.2"), "A list of named bits has no zeros at its end.", told_elsewhere),
    Lint::error("der-null", of("X.690", "8.8"), "A NULL is empty.", told_elsewhere),
    Lint::error(
        "der-object-identifier",
        of("X.690", "8.19.2"),
        "Numbers of an OBJECT IDENTIFIER are written in the fewest bytes.",
        told_elsewhere,
    ),
    Lint::error("der-set-order", of("X.690", "11.6"), "Members of a SET OF are in the order of their bytes.", told_elsewhere),
    Lint::error("der-default", of("X.690", "11.5"), "A default value is left out.", told_elsewhere),
    Lint::error("der-characters", of("X.690", "8.23"), "A string has only characters of its type.", told_elsewhere),
];

/// Which departure each row of [`LINTS`] after the second tells of.
const FAULTS: [Fault; 13] = [
    Fault::Unreadable,
    Fault::Trailing,
    Fault::Length,
    Fault::Form,
    Fault::Boolean,
    Fault::Integer,
    Fault::UnusedBits,
    Fault::NamedBits,
    Fault::Null,
    Fault::ObjectIdentifier,
    Fault::SetOrder,
    Fault::Default,
    Fault::Characters,
];

/// Tells the departures from DER.
pub(in super::super) fn encoding(faults: &Faults, tell: &mut dyn FnMut(&'static Lint, String)) {
    for (lint, fault) in LINTS[2..].iter().zip(FAULTS) {
        for (part, at) in faults.of(fault) {
            tell(lint, format!("in {part}, at byte {at}"));
        }
    }
}

/// These are told from the bytes, before there is a certificate to check.
fn told_elsewhere(_: &Context<'_>, _: &mut Say<'_>) {}
