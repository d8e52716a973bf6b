//! Issuance: the one way to a certificate, for REST, ACME and the command line alike.
//!
//! [`Engine::issue`] takes an [`Order`] that was permitted; the profile admits it, the exact bytes are linted, the serial number is made
//! durable, the authority signs, what it signed is read and verified, an OCSP answer is signed for it, and all of it is stored with a line
//! of the audit log. Only then is there an answer. A process that dies on the way leaves the serial number, which is then revoked
//! (`engine/recovery.rs`).

mod batch;
mod change;
mod error;
mod order;
mod row;
mod sign;
mod upload;

use jiff::SignedDuration;
use menagerie_secret::Secret;
use menagerie_sign::{KeyType, LocalSigner, PublicKey, Signer};

use crate::audit::{Event, Proof, shortened, shortened_names, shortened_proofs};
use crate::authority::{key_place, sha256};
use crate::engine::{Engine, Loaded};
use crate::lint::{Claims, Kind};
use crate::name::San;
use crate::profile::{Ask, KeyKind, Period, Profile, ProfileRefusal};
use crate::store::AuthorityId;
use crate::store::keys::SealedKey;

pub(crate) use batch::{Issuance, Outcome, Signed};
pub use error::IssueError;
pub use order::{Issued, Key, Order, Record};
pub(crate) use row::{key_type_name, name_row, row, slug};
pub(crate) use sign::SignedCertificate;
pub(crate) use upload::check_texts;
pub use upload::{Upload, UploadError};

impl Engine {
    /// Issues a certificate. What is answered is stored.
    ///
    /// # Errors
    /// [`IssueError`]: nothing was issued, or what was is revoked.
    pub async fn issue(&self, order: Order) -> Result<Issued, IssueError> {
        self.issue_proved(order, Vec::new()).await
    }

    /// As [`Engine::issue`]; the audit log's line tells how control of the names was proved.
    ///
    /// # Errors
    /// [`IssueError`] as [`Engine::issue`].
    pub async fn issue_proved(&self, order: Order, proofs: Vec<Proof>) -> Result<Issued, IssueError> {
        order.record.check()?;
        let issuer = self.load_issuing(order.authority).await?;
        let profile = self.profile(&issuer, &order.profile)?;
        self.check_experimental(order.key.kind())?;
        let (public_key, made) = match &order.key {
            Key::Theirs(key) => (key.clone(), None),
            Key::Made(kind) => {
                check_kind(profile, *kind)?;
                let signer = generate(*kind).await?;
                (signer.public_key().clone(), Some(signer))
            }
        };
        let ask = Ask { public_key: &public_key, subject: order.subject.clone(), names: order.names.clone(), period: order.period };
        let template = profile.admit(ask, &issuer.issuer, self.now())?;
        profile.admit_under(&template, &issuer.above)?;
        let claims = Claims {
            baseline: profile.is_baseline(),
            kind: Some(Kind::Leaf),
            max_validity: SignedDuration::try_from(profile.max_lifetime().duration()).ok(),
            foreign_key: made.is_none(),
            ..Claims::default()
        };
        let names = || template.names().iter().map(ToString::to_string);
        let about = shortened(&format!("{} for {}: {}", order.profile, order.record.owner, names().collect::<Vec<_>>().join(" ")));
        let algorithm = issuer.signer()?.algorithm();
        let not_after = template.validity().not_after();
        let build = |serial: &_, places: &_| Ok(template.to_be_signed(serial, places, algorithm)?);
        let signed = self.sign_under(&issuer, &claims, about, not_after, build).await?;
        let key = made.as_ref().map(|signer| self.seal_key(&public_key, signer)).transpose()?;
        let event = Event::CertificateIssued {
            authority: order.authority,
            serial: signed.serial.to_string(),
            fingerprint: hex::encode(signed.view.sha256()),
            profile: order.profile.clone(),
            owner: shortened(&order.record.owner),
            names: shortened_names(names()),
            not_after,
            key_made_here: made.is_some(),
            proofs: shortened_proofs(proofs),
        };
        let revocable = template.is_revocable();
        let mut row = row(&signed.view, &order.record, order.actor.user, self.now().as_millisecond());
        row = row.of_authority(order.authority, signed.shard, &order.profile);
        row.csr = order.csr;
        let (sealed, private_key) = key.unzip();
        row.key = sealed;
        let ocsp = if revocable { Some(self.answer_good(&issuer, &signed)?) } else { None };
        let item = Signed { row, ocsp, entry: self.audit_entry(&order.actor, &event) };
        let stored = match self.shared.issuance.submit(item).await? {
            Outcome::Stored(stored) => stored,
            Outcome::Lost => return Err(IssueError::Lost),
            Outcome::Failed(error) if error.is_duplicate() => return Err(IssueError::Duplicate),
            Outcome::Failed(error) => return Err(error.into()),
        };
        Ok(Issued {
            id: stored.id,
            name: stored.name,
            serial: signed.serial,
            validity: template.validity(),
            der: signed.der,
            chain: issuer.chain.clone(),
            private_key,
        })
    }

    /// Why an authority would not certify each of these names by a profile, whatever else the certificate says; nothing for those that it
    /// would.
    ///
    /// # Errors
    /// [`IssueError`] if the authority does not issue by the profile at all.
    pub async fn refused_names(
        &self,
        authority: AuthorityId,
        profile: &str,
        names: &[San],
    ) -> Result<Vec<Option<ProfileRefusal>>, IssueError> {
        let issuer = self.load_issuing(authority).await?;
        let profile = self.profile(&issuer, profile)?;
        Ok(names.iter().map(|name| profile.admit_name(name, &issuer.issuer, &issuer.above).err()).collect())
    }

    /// Why an authority would not certify anything by a profile for this time, if it were asked now.
    ///
    /// # Errors
    /// [`IssueError`] if the authority does not issue by the profile at all.
    pub async fn refused_period(
        &self,
        authority: AuthorityId,
        profile: &str,
        period: Period,
    ) -> Result<Option<ProfileRefusal>, IssueError> {
        let issuer = self.load_issuing(authority).await?;
        Ok(self.profile(&issuer, profile)?.admit_period(period, issuer.issuer.validity(), self.now()).err())
    }

    /// The profile of a name, if the authority, and each one above it, issues by it.
    pub(crate) fn profile(&self, issuer: &Loaded, name: &str) -> Result<&Profile, IssueError> {
        let profile = self.shared.settings.profiles.get(name).ok_or_else(|| IssueError::UnknownProfile { name: shortened(name) })?;
        let mut lists = issuer.narrowed.iter().chain(Some(&issuer.row.profiles).filter(|own| !own.is_empty()));
        if !lists.all(|allowed| allowed.iter().any(|allowed| allowed == name)) {
            return Err(IssueError::ProfileNotAllowed { authority: issuer.row.name.clone(), profile: name.to_owned() });
        }
        Ok(profile)
    }

    /// Refuses a kind of key that is experimental, unless such are wanted.
    pub(crate) fn check_experimental(&self, kind: Option<KeyType>) -> Result<(), IssueError> {
        match kind {
            Some(kind @ KeyType::MlDsa(_)) if !self.shared.settings.experimental => {
                Err(IssueError::Experimental { kind: kind.to_string() })
            }
            _ => Ok(()),
        }
    }

    /// Seals a key that was made here, and gives it in clear too.
    pub(crate) fn seal_key(&self, public_key: &PublicKey, signer: &LocalSigner) -> Result<(SealedKey, Secret<Vec<u8>>), IssueError> {
        let plain = signer.to_pkcs8_der()?;
        let place = key_place(&sha256(&public_key.to_spki_der()));
        let ring = self.shared.ring.current();
        let sealed = ring.seal(plain.expose(), &place)?;
        Ok((SealedKey { ring_key: ring.newest().to_string(), sealed }, plain))
    }
}

/// Refuses to make a key that the profile would not certify.
pub(crate) fn check_kind(profile: &Profile, kind: KeyType) -> Result<(), ProfileRefusal> {
    let certified = profile.key_kinds().iter().any(|known: &KeyKind| known.key_type() == kind);
    if certified { Ok(()) } else { Err(ProfileRefusal::KeyType { found: kind.to_string() }) }
}

/// Makes a key, where no other request waits for it: an RSA key takes a second.
pub(crate) async fn generate(kind: KeyType) -> Result<LocalSigner, IssueError> {
    let made = crate::blocking::in_turn(move || LocalSigner::generate(kind)).await;
    // The task does not panic, and nobody cancels it but the runtime that ends.
    Ok(made.map_err(|_| crate::store::StoreError::Ending)??)
}
