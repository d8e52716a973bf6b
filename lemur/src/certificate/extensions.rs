//! The extensions that lemur writes, each with the criticality that RFC 5280 (4.2), RFC 6960 (4.2.2.2.1) and RFC 9608 give it.

use x509_cert::spki::ObjectIdentifier;

use super::key_id::KeyId;
use super::places::Places;
use super::usage::{ExtendedKeyUsage, KeyUsages};
use crate::asn1::{NULL, Writer, context, context_constructed};
use crate::name::{NameConstraints, San, Uri};

const fn oid(text: &'static str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

pub(crate) const SUBJECT_KEY_ID: ObjectIdentifier = oid("2.5.29.14");
pub(crate) const KEY_USAGE: ObjectIdentifier = oid("2.5.29.15");
pub(crate) const SUBJECT_ALT_NAME: ObjectIdentifier = oid("2.5.29.17");
pub(crate) const BASIC_CONSTRAINTS: ObjectIdentifier = oid("2.5.29.19");
pub(crate) const CRL_NUMBER: ObjectIdentifier = oid("2.5.29.20");
pub(crate) const CRL_REASON: ObjectIdentifier = oid("2.5.29.21");
pub(crate) const ISSUING_DISTRIBUTION_POINT: ObjectIdentifier = oid("2.5.29.28");
pub(crate) const NAME_CONSTRAINTS: ObjectIdentifier = oid("2.5.29.30");
pub(crate) const CRL_DISTRIBUTION_POINTS: ObjectIdentifier = oid("2.5.29.31");
pub(crate) const CERTIFICATE_POLICIES: ObjectIdentifier = oid("2.5.29.32");
pub(crate) const AUTHORITY_KEY_ID: ObjectIdentifier = oid("2.5.29.35");
pub(crate) const EXTENDED_KEY_USAGE: ObjectIdentifier = oid("2.5.29.37");
pub(crate) const NO_REV_AVAIL: ObjectIdentifier = oid("2.5.29.56");
pub(crate) const AUTHORITY_INFO_ACCESS: ObjectIdentifier = oid("1.3.6.1.5.5.7.1.1");
pub(crate) const OCSP_NO_CHECK: ObjectIdentifier = oid("1.3.6.1.5.5.7.48.1.5");
pub(crate) const ACCESS_OCSP: ObjectIdentifier = oid("1.3.6.1.5.5.7.48.1");
pub(crate) const ACCESS_ISSUERS: ObjectIdentifier = oid("1.3.6.1.5.5.7.48.2");

/// One Extension around what `value` writes.
pub(crate) fn extension(writer: &mut Writer, id: &ObjectIdentifier, critical: bool, value: impl FnOnce(&mut Writer)) {
    writer.sequence(|writer| {
        writer.oid(id);
        writer.default_false(critical);
        writer.octets_around(value);
    });
}

/// What is written for an authority.
pub(super) fn authority(writer: &mut Writer, path_length: Option<u8>) {
    extension(writer, &BASIC_CONSTRAINTS, true, |writer| {
        writer.sequence(|writer| {
            writer.default_false(true);
            if let Some(length) = path_length {
                writer.unsigned(length.into());
            }
        });
    });
}

/// What is written for whoever is no authority.
pub(super) fn no_authority(writer: &mut Writer) {
    extension(writer, &BASIC_CONSTRAINTS, true, |writer| writer.sequence(|_| {}));
}

pub(super) fn key_usages(writer: &mut Writer, usages: KeyUsages) {
    if !usages.is_empty() {
        extension(writer, &KEY_USAGE, true, |writer| usages.write(writer));
    }
}

pub(super) fn extended_key_usages(writer: &mut Writer, usages: &[ExtendedKeyUsage]) {
    if !usages.is_empty() {
        extension(writer, &EXTENDED_KEY_USAGE, false, |writer| {
            writer.sequence(|writer| usages.iter().for_each(|usage| writer.oid(&usage.oid())));
        });
    }
}

pub(super) fn subject_key_id(writer: &mut Writer, id: &KeyId) {
    extension(writer, &SUBJECT_KEY_ID, false, |writer| writer.octet_string(id.as_bytes()));
}

pub(crate) fn authority_key_id(writer: &mut Writer, id: &KeyId) {
    extension(writer, &AUTHORITY_KEY_ID, false, |writer| writer.sequence(|writer| writer.primitive(context(0), id.as_bytes())));
}

pub(crate) fn alternative_names(writer: &mut Writer, names: &[San], critical: bool) {
    if !names.is_empty() {
        extension(writer, &SUBJECT_ALT_NAME, critical, |writer| {
            writer.sequence(|writer| names.iter().for_each(|name| name.write(writer)));
        });
    }
}

pub(super) fn policies(writer: &mut Writer, policies: &[ObjectIdentifier]) {
    if !policies.is_empty() {
        extension(writer, &CERTIFICATE_POLICIES, false, |writer| {
            writer.sequence(|writer| policies.iter().for_each(|policy| writer.sequence(|writer| writer.oid(policy))));
        });
    }
}

pub(super) fn name_constraints(writer: &mut Writer, constraints: &NameConstraints) {
    if !constraints.is_empty() {
        extension(writer, &NAME_CONSTRAINTS, true, |writer| constraints.write(writer));
    }
}

/// Which places are written: a certificate whose revocation nobody says leaves out where it would be said.
pub(super) fn places(writer: &mut Writer, places: &Places, revocable: bool) {
    let ocsp = if revocable { places.ocsp.as_slice() } else { &[] };
    if !(ocsp.is_empty() && places.issuers.is_empty()) {
        extension(writer, &AUTHORITY_INFO_ACCESS, false, |writer| {
            writer.sequence(|writer| {
                let mut access = |method: &ObjectIdentifier, uri: &Uri| {
                    writer.sequence(|writer| {
                        writer.oid(method);
                        put_uri(writer, uri);
                    });
                };
                ocsp.iter().for_each(|uri| access(&ACCESS_OCSP, uri));
                places.issuers.iter().for_each(|uri| access(&ACCESS_ISSUERS, uri));
            });
        });
    }
    if revocable && !places.crl.is_empty() {
        extension(writer, &CRL_DISTRIBUTION_POINTS, false, |writer| {
            writer.sequence(|writer| {
                writer.sequence(|writer| {
                    writer.nest(context_constructed(0), |writer| full_name(writer, &places.crl));
                });
            });
        });
    }
}

/// DistributionPointName's `fullName`.
pub(crate) fn full_name(writer: &mut Writer, uris: &[Uri]) {
    writer.nest(context_constructed(0), |writer| uris.iter().for_each(|uri| put_uri(writer, uri)));
}

fn put_uri(writer: &mut Writer, uri: &Uri) {
    writer.primitive(context(6), uri.as_str().as_bytes());
}

pub(super) fn no_rev_avail(writer: &mut Writer) {
    extension(writer, &NO_REV_AVAIL, false, |writer| writer.primitive(NULL, &[]));
}

pub(super) fn ocsp_no_check(writer: &mut Writer) {
    extension(writer, &OCSP_NO_CHECK, false, |writer| writer.primitive(NULL, &[]));
}
