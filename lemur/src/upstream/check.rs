//! Looking at what an upstream sent as a certificate before anything is made of it: for our key, for the names that were ordered and no other, for
//! what its profile is for, valid, no authority's, and under a chain whose every signature holds.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::Pending;
use crate::certificate::{Chain, ChainError, ExtendedKeyUsage, PemError, View, read_bundle};
use crate::name::{San, SubjectField};

/// How far a clock may be behind the upstream's.
const AHEAD: SignedDuration = SignedDuration::from_hours(1);

/// Why what came is not taken.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// It is no chain of certificates.
    #[error("what came is no chain of certificates: {0}")]
    Pem(#[from] PemError),
    /// Its certificates are no chain.
    #[error("the chain does not hold: {0}")]
    Chain(#[from] ChainError),
    /// Nobody's signature can be verified, or it is not by whom it has to be.
    #[error("the certificate with the serial number {serial} stands under none of the roots of issued_under, or brings no issuer")]
    NotUnder {
        /// Its serial number.
        serial: String,
    },
    /// It is another's, or says something else than was ordered.
    #[error("the certificate with the serial number {serial} is not what was ordered: {reason}")]
    Other {
        /// Its serial number.
        serial: String,
        /// What is different.
        reason: &'static str,
    },
}

impl CheckError {
    /// Whether what came was read, so that it will not be another when it is fetched again.
    pub(super) const fn is_final(&self) -> bool {
        !matches!(self, Self::Pem(_))
    }
}

/// What a certificate has to be for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// The key, a SubjectPublicKeyInfo.
    pub(super) spki: &'a [u8],
    pub(super) names: &'a [San],
    pub(super) common_name: &'a str,
    pub(super) usages: &'a [ExtendedKeyUsage],
    pub(super) anchors: &'a [View],
}

impl<'a> Wanted<'a> {
    pub(super) fn of(pending: &'a Pending, spki: &'a [u8], usages: &'a [ExtendedKeyUsage], anchors: &'a [View]) -> Self {
        Self { spki, names: &pending.names, common_name: &pending.common_name, usages, anchors }
    }

    /// The chain in what came, if it is what was ordered; whoever it comes from, the upstream or a person.
    pub(super) fn check(&self, pem: &[u8], now: Timestamp) -> Result<Chain, CheckError> {
        let chain = Chain::of_bundle(read_bundle(pem)?)?;
        let leaf = chain.leaf();
        let other = |reason| CheckError::Other { serial: leaf.serial().to_string(), reason };
        if leaf.spki() != self.spki {
            return Err(other("it is for another key"));
        }
        let (found, wanted): (BTreeSet<_>, BTreeSet<_>) = (leaf.names().iter().collect(), self.names.iter().collect());
        if found != wanted || !leaf.other_names().is_empty() {
            return Err(other("it is for other names"));
        }
        let common_name = leaf.subject().field(SubjectField::CommonName);
        if common_name.is_some_and(|name| name != self.common_name && !self.names.iter().any(|wanted| wanted.to_string() == name)) {
            return Err(other("its common name is none of its names"));
        }
        if leaf.is_authority() {
            return Err(other("it is an authority's"));
        }
        let given = leaf.extended_key_usages();
        if !given.is_empty() && self.usages.iter().any(|usage| !given.contains(usage)) {
            return Err(other("it is not for what the profile is for"));
        }
        if leaf.validity().not_after() <= now || leaf.validity().not_before() > now + AHEAD {
            return Err(other("it does not hold now"));
        }
        chain.check()?;
        self.under_anchors(&chain)?;
        Ok(chain)
    }

    fn under_anchors(&self, chain: &Chain) -> Result<(), CheckError> {
        let not_under = || CheckError::NotUnder { serial: chain.leaf().serial().to_string() };
        if self.anchors.is_empty() {
            return if chain.issuers().is_empty() { Err(not_under()) } else { Ok(()) };
        }
        let others = chain.issuers().iter().chain(self.anchors).cloned();
        let whole = Chain::find(chain.leaf().clone(), others)?;
        let is_anchor = |view: &View| self.anchors.iter().any(|anchor| anchor.as_der() == view.as_der());
        if whole.issuers().iter().any(is_anchor) { Ok(()) } else { Err(not_under()) }
    }
}

/// Whether a chain's last certificate was issued by whom this names.
pub(super) fn ends_at(chain: &Chain, issuer: &str) -> bool {
    let last = chain.certificates().last().expect("a chain has a leaf");
    last.issuer().field(SubjectField::CommonName) == Some(issuer)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};

    use super::*;

    struct House {
        root: CertifiedIssuer<'static, KeyPair>,
        issuer: CertifiedIssuer<'static, KeyPair>,
        key: KeyPair,
    }

    fn authority(name: &str) -> CertificateParams {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.use_authority_key_identifier_extension = true;
        params
    }

    fn house() -> House {
        let root = CertifiedIssuer::self_signed(authority("Root"), KeyPair::generate().unwrap()).unwrap();
        let issuer = CertifiedIssuer::signed_by(authority("Issuing"), KeyPair::generate().unwrap(), &root).unwrap();
        House { root, issuer, key: KeyPair::generate().unwrap() }
    }

    fn leaf(names: &[&str]) -> CertificateParams {
        let mut params = CertificateParams::new(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2027, 1, 1);
        params
    }

    fn now() -> Timestamp {
        "2026-11-22T10:00:00Z".parse().unwrap()
    }

    impl House {
        fn chain(&self, params: CertificateParams, key: &KeyPair) -> String {
            params.signed_by(key, &self.issuer).unwrap().pem() + &self.issuer.pem()
        }

        fn check(&self, pem: &str, anchors: &[View]) -> Result<Chain, CheckError> {
            use rcgen::PublicKeyData as _;

            let names = [San::guess("a.example").unwrap(), San::guess("*.a.example").unwrap()];
            let usages = [ExtendedKeyUsage::SERVER_AUTH];
            let spki = self.key.subject_public_key_info();
            Wanted { spki: &spki, names: &names, common_name: "a.example", usages: &usages, anchors }.check(pem.as_bytes(), now())
        }
    }

    #[test]
    fn what_was_ordered_is_taken_and_nothing_else() {
        let house = house();
        let names = ["a.example", "*.a.example"];
        let good = house.chain(leaf(&names), &house.key);
        assert_eq!(house.check(&good, &[]).unwrap().issuers().len(), 1);
        let root = View::parse(house.root.der()).unwrap();
        let stranger = View::parse(CertifiedIssuer::self_signed(authority("Root"), KeyPair::generate().unwrap()).unwrap().der()).unwrap();
        house.check(&good, std::slice::from_ref(&root)).unwrap();
        assert!(matches!(house.check(&good, &[stranger]), Err(CheckError::NotUnder { .. })));

        let refused = |params: CertificateParams, key: &KeyPair| match house.check(&house.chain(params, key), &[]) {
            Err(CheckError::Other { reason, .. }) => reason,
            other => panic!("{other:?}"),
        };
        assert_eq!(refused(leaf(&names), &KeyPair::generate().unwrap()), "it is for another key");
        for wrong in [&["a.example"][..], &["a.example", "*.a.example", "b.example"], &["a.example", "*.b.example"], &[]] {
            assert_eq!(refused(leaf(wrong), &house.key), "it is for other names", "{wrong:?}");
        }
        let mut other = leaf(&names);
        other.distinguished_name.push(DnType::CommonName, "evil.example");
        assert_eq!(refused(other, &house.key), "its common name is none of its names");
        let mut authority = leaf(&names);
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        assert_eq!(refused(authority, &house.key), "it is an authority's");
        let mut client = leaf(&names);
        client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        assert_eq!(refused(client, &house.key), "it is not for what the profile is for");
        let mut over = leaf(&names);
        over.not_after = rcgen::date_time_ymd(2026, 11, 1);
        assert_eq!(refused(over, &house.key), "it does not hold now");
        let mut early = leaf(&names);
        early.not_before = rcgen::date_time_ymd(2026, 12, 1);
        assert_eq!(refused(early, &house.key), "it does not hold now");
    }

    #[test]
    fn a_signature_that_does_not_hold_makes_no_chain() {
        let house = house();
        let alone = leaf(&["a.example", "*.a.example"]).signed_by(&house.key, &house.issuer).unwrap().pem();
        assert!(matches!(house.check(&alone, &[]), Err(CheckError::NotUnder { .. })), "without its issuer");
        let forged = CertifiedIssuer::signed_by(authority("Issuing"), KeyPair::generate().unwrap(), &house.root).unwrap();
        assert!(matches!(house.check(&(alone.clone() + &forged.pem()), &[]), Err(CheckError::Chain(_))), "under another of the same name");
        for text in ["", "x", "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", &alone[..alone.len() / 2]] {
            let error = house.check(text, &[]).unwrap_err();
            assert!(!error.is_final(), "{text}: {error}");
        }
    }
}
