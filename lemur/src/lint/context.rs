//! What a check sees: the parsed certificate, what is claimed of it, and the day by whose rules it is judged.

use std::collections::HashSet;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use menagerie_sign::weak::WeakRsa;

use super::certificate::Certificate;
use super::definition::{Kind, Say};
use super::extensions::Extensions;
use super::oid;

/// What is claimed of a certificate, by which it is judged.
#[derive(Debug, Clone, Copy, Default)]
pub struct Claims<'a> {
    /// Whether it is to keep the CA/Browser Forum's TLS Baseline Requirements.
    pub baseline: bool,
    /// When it is issued, which picks the rules of that day; the start of its validity where this is not said.
    pub as_of: Option<Timestamp>,
    /// What it is to be: another kind is an error. The certificate's content tells where this is not said.
    pub kind: Option<Kind>,
    /// The longest validity that its profile grants.
    pub max_validity: Option<SignedDuration>,
    /// SHA-256 digests of SubjectPublicKeyInfos whose private keys are known to others (BR 6.1.1.3).
    pub compromised: Option<&'a HashSet<[u8; 32]>>,
    /// The certificate of the key that signs, in DER: the lints on chains look at it.
    pub issuer: Option<&'a [u8]>,
    /// Whether the public key was made elsewhere: then an RSA modulus is also tested for being a prime, which costs as much as a signature.
    pub foreign_key: bool,
}

/// The issuer's certificate.
#[derive(Clone, Copy)]
pub(super) enum Issuer<'a> {
    /// None was handed in.
    Unknown,
    /// One was, but it is none.
    Unreadable,
    /// What it says.
    Read(&'a Certificate<'a>, &'a Extensions<'a>),
}

/// What a check sees.
pub(super) struct Context<'a> {
    pub certificate: &'a Certificate<'a>,
    pub extensions: &'a Extensions<'a>,
    pub claims: &'a Claims<'a>,
    pub issuer: Issuer<'a>,
    pub kind: Kind,
    /// The day by whose rules it is judged (UTC).
    pub day: Date,
    /// Why the RSA key is weak; worked out once.
    pub weak_rsa: Option<WeakRsa>,
}

impl Context<'_> {
    /// Tells that an extension is not there.
    pub(super) fn absent(&self, oid: &[u8], say: &mut Say<'_>) {
        if !self.extensions.has(oid) {
            say(format!("{} is absent", oid::name(oid)));
        }
    }

    /// Tells that an extension is there.
    pub(super) fn present(&self, oid: &[u8], say: &mut Say<'_>) {
        if self.extensions.has(oid) {
            say(format!("{} is there", oid::name(oid)));
        }
    }

    /// Tells that an extension is critical.
    pub(super) fn critical(&self, oid: &[u8], say: &mut Say<'_>) {
        if self.extensions.get(oid).is_some_and(|extension| extension.critical) {
            say(format!("{} is critical", oid::name(oid)));
        }
    }

    /// Tells that an extension is there and not critical.
    pub(super) fn uncritical(&self, oid: &[u8], say: &mut Say<'_>) {
        if self.extensions.get(oid).is_some_and(|extension| !extension.critical) {
            say(format!("{} is not critical", oid::name(oid)));
        }
    }

    /// Tells extensions that are not among these.
    pub(super) fn others(&self, known: &[&[u8]], say: &mut Say<'_>) {
        for extension in self.extensions.all.iter().filter(|extension| !known.contains(&extension.oid)) {
            say(format!("{} is there", oid::name(extension.oid)));
        }
    }

    /// The extended key usages that are named.
    pub(super) fn purposes(&self) -> &[&[u8]] {
        self.extensions.extended_key_usage.as_ref().map_or(&[], |usages| &usages.value)
    }
}
