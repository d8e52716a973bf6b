//! Making an authority.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use menagerie_sign::{RsaHash, Signer};
use menagerie_store::database::Transaction;

use super::{AuthorityError, AuthorityKey, AuthorityOrder, CreatedAuthority, Elsewhere, Parent, authority_place, sha256};
use crate::audit::{Event, shortened};
use crate::certificate::{ANY_POLICY, AuthorityTemplate, ExtendedKeyUsage, Issuer, Validity, View};
use crate::csr::RequestTemplate;
use crate::engine::{Engine, Loaded};
use crate::issue::{IssueError, Record, generate, row};
use crate::lint::{Claims, Kind};
use crate::profile::Profile;
use crate::store::authorities::{self, AuthorityKind, AuthorityState, NewAuthority};
use crate::store::certificates::{self, NewCertificate};
use crate::store::{ADDRESS, AuthorityId, CertificateId, DOCUMENT, LONG, check_text, intents, published};

const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
const ROOT_LIFETIME: Duration = YEAR.saturating_mul(10);
const INTERMEDIATE_LIFETIME: Duration = YEAR.saturating_mul(5);
/// How long before now an authority's certificate starts, for clocks that are late.
const BACKDATE: jiff::SignedDuration = jiff::SignedDuration::from_secs(3600);
const LONGEST_NAME: usize = 128;
/// What a key that is elsewhere signs to show that it does: nothing that means anything to anybody.
const PROOF: &[u8] = b"lemur asks this key to show that it signs";
/// What stands for a profile with an authority's certificate.
pub(crate) const PROFILE: &str = "authority";

/// A key that will sign, and how it is stored.
struct NewKey {
    signer: Arc<dyn Signer>,
    sealed: Option<Vec<u8>>,
    reference: Option<String>,
}

impl Engine {
    /// Makes an authority: a root, an intermediate under one of ours, or one that waits for its certificate from outside. When this is
    /// done, it can issue, and who asks for the state of what it issued is answered.
    ///
    /// # Errors
    /// [`AuthorityError`]: nothing was made.
    pub async fn create_authority(&self, order: AuthorityOrder) -> Result<CreatedAuthority, AuthorityError> {
        self.check_authority_order(&order).await?;
        let key = self.new_key(&order.key).await?;
        let created = match order.parent {
            Parent::Itself => self.create_root(&order, key).await?,
            Parent::Ours(parent) => self.create_intermediate(&order, key, parent).await?,
            Parent::Outside => self.create_pending(&order, key).await?,
        };
        if created.certificate.is_some() {
            self.renew_responder(created.id).await?;
            self.notice_changes().await?;
            self.shared.publish.notify_one();
        }
        Ok(created)
    }

    /// Whether an authority can be made, as far as its order says so itself.
    ///
    /// # Errors
    /// [`AuthorityError`] if its name is taken, a text is too long, or there is no such profile.
    pub async fn check_authority_order(&self, order: &AuthorityOrder) -> Result<(), AuthorityError> {
        if order.name.trim().is_empty() || order.name.chars().count() > LONGEST_NAME {
            return Err(AuthorityError::Name);
        }
        check_text("name", &order.name, LONGEST_NAME)?;
        check_text("owner", &order.owner, ADDRESS)?;
        check_text("description", &order.description, LONG)?;
        check_text("options", &order.options, DOCUMENT)?;
        self.check_profiles(&order.profiles)?;
        if self.authority_by_name(&order.name).await?.is_some() {
            return Err(AuthorityError::NameTaken { name: order.name.clone() });
        }
        Ok(())
    }

    pub(crate) fn check_profiles(&self, profiles: &[String]) -> Result<(), AuthorityError> {
        let unknown = profiles.iter().find(|name| self.shared.settings.profiles.get(name).is_none());
        unknown.map_or(Ok(()), |name| Err(AuthorityError::UnknownProfile { name: shortened(name) }))
    }

    async fn new_key(&self, key: &AuthorityKey) -> Result<NewKey, AuthorityError> {
        match key {
            AuthorityKey::Made(kind) => {
                self.check_experimental(Some(*kind))?;
                let signer = generate(*kind).await?.with_rsa_hash(RsaHash::Sha256);
                let place = authority_place(&signer.public_key().to_spki_der());
                let sealed = self.shared.ring.seal(signer.to_pkcs8_der()?.expose(), &place)?;
                Ok(NewKey { signer: Arc::new(signer), sealed: Some(sealed), reference: None })
            }
            AuthorityKey::Elsewhere(reference) => {
                let signers = &self.shared.settings.signers;
                let reference = signers.lasting(reference).await?;
                let found = signers.open(&reference).await?.public_key().clone();
                self.check_experimental(found.key_type())?;
                let spki = found.to_spki_der();
                if let Some(other) = self.authorities().await?.into_iter().find(|other| other.spki == spki) {
                    return Err(AuthorityError::KeyTaken { name: other.name });
                }
                let key = Elsewhere::new(Arc::clone(signers), reference.clone(), found)?;
                // That it signs is seen before anything is made that it would have to sign for.
                key.sign(PROOF).await?;
                Ok(NewKey { signer: Arc::new(key), sealed: None, reference: Some(reference) })
            }
        }
    }

    fn template(&self, order: &AuthorityOrder, key: &NewKey, validity: Validity) -> Result<AuthorityTemplate, AuthorityError> {
        let mut template = AuthorityTemplate::new(&order.subject, key.signer.public_key(), validity)?;
        if let Some(length) = order.path_length {
            template = template.with_path_length(length);
        }
        let mut usages = order.extended_key_usages.clone();
        match (self.claims_baseline(&order.profiles), usages.is_empty()) {
            (true, true) => usages.push(ExtendedKeyUsage::SERVER_AUTH),
            // The Baseline Requirements (7.1.2.10.6) keep it out of an authority for TLS, and verifiers want it of the responder alone.
            (true, false) | (false, true) => {}
            (false, false) if usages.contains(&ExtendedKeyUsage::OCSP_SIGNING) => {}
            (false, false) => usages.push(ExtendedKeyUsage::OCSP_SIGNING),
        }
        let mut policies = order.policies.clone();
        // Without policies of its own, nothing below it is issued under any (RFC 5280, 6.1.3, d and e). A root is trusted as it is.
        if policies.is_empty() && order.parent != Parent::Itself {
            policies.push(ANY_POLICY);
        }
        Ok(template.with_constraints(order.constraints.clone()).with_extended_key_usages(usages).with_policies(policies))
    }

    /// Whether an authority is to keep the Baseline Requirements: one of the profiles that it names does.
    pub(super) fn claims_baseline(&self, named: &[String]) -> bool {
        let profiles = &self.shared.settings.profiles;
        named.iter().any(|name| profiles.get(name).is_some_and(Profile::is_baseline))
    }

    async fn create_root(&self, order: &AuthorityOrder, key: NewKey) -> Result<CreatedAuthority, AuthorityError> {
        let validity = match order.validity {
            Some(validity) => validity,
            None => Validity::lasting(self.now() - BACKDATE, ROOT_LIFETIME)?,
        };
        let template = self.template(order, &key, validity)?;
        let to_be_signed = template.root(&self.fresh_serial(), key.signer.algorithm())?;
        let claims = Claims { kind: Some(Kind::Root), baseline: self.claims_baseline(&order.profiles), ..Claims::default() };
        self.lint(to_be_signed.as_der(), &claims)?;
        let signature = key.signer.sign(to_be_signed.as_der()).await?;
        let der = to_be_signed.certificate(&signature)?;
        let view = Issuer::new(&View::parse(&der)?)?.accept(&to_be_signed, &der)?;
        let transaction = self.shared.store.write().await?;
        // A root's key is stored with its certificate or not at all: a serial that was signed and lost is of a key that nobody has.
        self.store_authority(transaction, order, &key, AuthorityKind::Root, None, (view, der, None)).await
    }

    async fn create_intermediate(
        &self,
        order: &AuthorityOrder,
        key: NewKey,
        parent: AuthorityId,
    ) -> Result<CreatedAuthority, AuthorityError> {
        let issuer = self.load_issuing(parent).await?;
        // By what its issuer does not issue it would not either.
        order.profiles.iter().try_for_each(|name| self.profile(&issuer, name).map(drop))?;
        let validity = match order.validity {
            Some(validity) => validity,
            None => self.under_validity(&issuer)?,
        };
        let template = self.template(order, &key, validity)?;
        let algorithm = issuer.signer()?.algorithm();
        let claims = Claims { kind: Some(Kind::Intermediate), baseline: self.claims_baseline(&order.profiles), ..Claims::default() };
        let about = shortened(&format!("the authority {}", order.name));
        let build = |serial: &_, places: &_| Ok(template.under(&issuer.issuer, serial, places, algorithm)?);
        let signed = self.sign_under(&issuer, &claims, about, validity.not_after(), build).await?;
        let answer = self.answer_good(&issuer, &signed)?;
        let mut transaction = self.shared.store.write().await?;
        if intents::take(&mut transaction, &self.shared.replica, &[signed.serial.as_unsigned()]).await?.is_empty() {
            return Err(IssueError::Lost.into());
        }
        published::put_ocsp(&mut transaction, &[answer]).await?;
        let issued = (signed.view, signed.der, Some(signed.shard));
        self.store_authority(transaction, order, &key, AuthorityKind::Intermediate, Some(parent), issued).await
    }

    /// The usual validity of an intermediate, as far as its issuer's goes.
    pub(super) fn under_validity(&self, issuer: &Loaded) -> Result<Validity, AuthorityError> {
        let usual = Validity::lasting(self.now() - BACKDATE, INTERMEDIATE_LIFETIME)?;
        let issuer = issuer.issuer.validity();
        Ok(usual.within(issuer).ok_or(crate::certificate::TemplateError::OutlivesIssuer { asked: usual, issuer })?)
    }

    async fn create_pending(&self, order: &AuthorityOrder, key: NewKey) -> Result<CreatedAuthority, AuthorityError> {
        let request = RequestTemplate::new(&order.subject, &[], key.signer.public_key(), key.signer.algorithm());
        let signature = key.signer.sign(request.as_der()).await?;
        let csr = request.request(&signature)?;
        let mut new = self.new_authority(order, &key, AuthorityKind::Intermediate, None);
        new.state = AuthorityState::Pending;
        new.csr = Some(csr.clone());
        let mut transaction = self.shared.store.write().await?;
        let id = insert(&mut transaction, &new).await?;
        self.commit_audited(transaction, &order.actor, &[created_event(order, &new)]).await?;
        Ok(CreatedAuthority { id, certificate: None, csr: Some(csr) })
    }

    fn new_authority(&self, order: &AuthorityOrder, key: &NewKey, kind: AuthorityKind, parent: Option<AuthorityId>) -> NewAuthority {
        NewAuthority {
            name: order.name.clone(),
            kind,
            state: AuthorityState::Active,
            owner: order.owner.clone(),
            description: order.description.clone(),
            creator: order.actor.user,
            created_ms: self.now().as_millisecond(),
            parent,
            certificate: None,
            der: None,
            csr: None,
            spki: key.signer.public_key().to_spki_der(),
            subject: order.subject.to_der(),
            sealed_key: key.sealed.clone(),
            key_reference: key.reference.clone(),
            profiles: order.profiles.clone(),
            options: order.options.clone(),
            roles: order.roles.clone(),
        }
    }

    /// Opens the first part of an authority's list, so that there is one before there is a certificate.
    pub(super) async fn open_list(&self, transaction: &mut Transaction, id: AuthorityId) -> Result<(), AuthorityError> {
        Ok(published::open(transaction, (id, 0), self.crl_url(id, 0).as_str(), 0).await?)
    }

    async fn store_authority(
        &self,
        mut transaction: Transaction,
        order: &AuthorityOrder,
        key: &NewKey,
        kind: AuthorityKind,
        parent: Option<AuthorityId>,
        (view, der, shard): (View, Vec<u8>, Option<i64>),
    ) -> Result<CreatedAuthority, AuthorityError> {
        let mut new = self.new_authority(order, key, kind, parent);
        new.der = Some(der.clone());
        let id = insert(&mut transaction, &new).await?;
        let mut row = authority_row(&view, &order.owner, order.actor.user, self.now());
        row = match (parent, shard) {
            (Some(parent), Some(shard)) => row.of_authority(parent, shard, PROFILE),
            _ => row.of_authority(id, 0, PROFILE),
        };
        // Not its roles: who may issue from it has no say about its own certificate.
        row.description = order.description.clone();
        let certificate = store_certificate(&mut transaction, row).await?;
        authorities::set_certificate(&mut transaction, id, certificate).await?;
        self.open_list(&mut transaction, id).await?;
        self.commit_audited(transaction, &order.actor, &[created_event(order, &new)]).await?;
        Ok(CreatedAuthority { id, certificate: Some((certificate, der)), csr: None })
    }
}

/// The row of an authority's certificate.
pub(super) fn authority_row(view: &View, owner: &str, creator: Option<crate::store::UserId>, now: Timestamp) -> NewCertificate {
    row(view, &Record::of_owner(owner), creator, now.as_millisecond())
}

pub(super) async fn store_certificate(transaction: &mut Transaction, row: NewCertificate) -> Result<CertificateId, AuthorityError> {
    let stored = certificates::insert(transaction, std::slice::from_ref(&row)).await;
    match stored {
        Ok(stored) => Ok(stored.first().ok_or(menagerie_store::database::DatabaseError::NoRow)?.id),
        Err(error) if error.is_duplicate() => Err(IssueError::Duplicate.into()),
        Err(error) => Err(error.into()),
    }
}

async fn insert(transaction: &mut Transaction, new: &NewAuthority) -> Result<AuthorityId, AuthorityError> {
    authorities::insert(transaction, new).await.map_err(|error| match error.is_duplicate() {
        true => AuthorityError::NameTaken { name: new.name.clone() },
        false => error.into(),
    })
}

fn created_event(order: &AuthorityOrder, new: &NewAuthority) -> Event {
    Event::AuthorityCreated { name: shortened(&order.name), parent: new.parent, key: hex::encode(sha256(&new.spki)) }
}
