//! An authority's OCSP responder: a key of its own, made here, and a certificate for a month that says it may sign answers. It is made anew
//! in the last third of that, by one process.

use std::sync::Arc;

use jiff::SignedDuration;
use menagerie_sign::{KeyType, LocalSigner, Signer};

use super::responder_place;
use crate::audit::{Actor, Event};
use crate::certificate::{ResponderTemplate, Validity};
use crate::engine::{Engine, Loaded, LoadedResponder};
use crate::issue::{IssueError, generate};
use crate::lint::{Claims, Kind};
use crate::name::{Subject, SubjectField};
use crate::store::authorities::{self, Responder};
use crate::store::{AuthorityId, intents};

/// How long another process is let alone that makes a responder.
const LEASE_MS: i64 = 10_000;
/// How long before now its certificate starts, for clocks that are late.
const BACKDATE: SignedDuration = SignedDuration::from_secs(3600);

impl Loaded {
    /// What signs the answers for what it issued, if there is one whose certificate holds for long enough: one that was made by a clock that
    /// was ahead does not hold yet.
    pub(crate) fn responder(&self, now: i64, until: i64) -> Option<&LoadedResponder> {
        let holds = |responder: &&LoadedResponder| responder.view.validity().not_before().as_second() <= now && responder.until >= until;
        self.responder.as_ref().filter(holds)
    }
}

impl Engine {
    /// Whether an authority's responder is to be made anew.
    pub(crate) fn wants_responder(&self, loaded: &Loaded) -> bool {
        if loaded.key().is_err() {
            return false;
        }
        let third = SignedDuration::try_from(self.shared.settings.responder_lifetime / 3).unwrap_or_default();
        let now = self.now();
        let soon = (now + third).as_second();
        // An authority that ends itself gives its responder no longer than it has.
        let longest = loaded.issuer.validity().not_after().as_second();
        loaded.responder(now.as_second(), soon.min(longest)).is_none()
    }

    /// Makes an authority's responder anew, unless another process is about to.
    pub(crate) async fn renew_responder(&self, id: AuthorityId) -> Result<Arc<Loaded>, IssueError> {
        let kind = self.shared.store.database().kind();
        let mut transaction = self.shared.store.write().await?;
        let mine = authorities::lease_responder(&mut transaction, kind, id, &self.shared.replica, LEASE_MS).await?;
        transaction.commit().await?;
        self.shared.cache.forget(id);
        let loaded = self.load(id).await?;
        if !mine || !self.wants_responder(&loaded) {
            return Ok(loaded);
        }
        self.make_responder(&loaded).await?;
        self.shared.cache.forget(id);
        self.load(id).await
    }

    async fn make_responder(&self, issuer: &Arc<Loaded>) -> Result<(), IssueError> {
        issuer.ready().await?;
        let key: LocalSigner = generate(KeyType::EcdsaP256).await?;
        let sealed_key = self.shared.ring.seal(key.to_pkcs8_der()?.expose(), &responder_place(&issuer.row.spki))?;
        let lasting = Validity::lasting(self.now() - BACKDATE, self.shared.settings.responder_lifetime)
            .map_err(|error| Loaded::broken(&issuer.row, error))?;
        let of_issuer = issuer.issuer.validity();
        let outlives = crate::certificate::TemplateError::OutlivesIssuer { asked: lasting, issuer: of_issuer };
        let validity = lasting.within(of_issuer).ok_or(outlives)?;
        let mut subject = Subject::of_common_name(&format!("OCSP responder {}", hex::encode(self.random::<4>())))
            .map_err(|error| Loaded::broken(&issuer.row, error))?;
        // Whose it is, as its issuer says (BR 7.1.2.8.2).
        for field in [SubjectField::Country, SubjectField::Organization] {
            // What others wrote into an authority's name may be nothing that is written here.
            if let Some(Ok(with)) = issuer.view.subject().field(field).map(|text| subject.clone().with(field, text)) {
                subject = with;
            }
        }
        let template = ResponderTemplate::new(subject, key.public_key().clone(), validity);
        let algorithm = issuer.key()?.algorithm();
        let baseline = self.claims_baseline(&issuer.row.profiles);
        let claims = Claims { kind: Some(Kind::OcspResponder), baseline, ..Claims::default() };
        let build = |serial: &_, _: &_| Ok(template.under(&issuer.issuer, serial, algorithm)?);
        let about = format!("the OCSP responder of {}", issuer.row.name);
        let signed = self.sign_under(issuer, &claims, about, validity.not_after(), build).await?;
        let mut transaction = self.shared.store.write().await?;
        if intents::take(&mut transaction, &self.shared.replica, &[signed.serial.as_unsigned()]).await?.is_empty() {
            return Err(IssueError::Lost);
        }
        let fingerprint = hex::encode(signed.view.sha256());
        let responder = Responder { sealed_key, der: signed.der, until: validity.not_after().as_second() };
        authorities::set_responder(&mut transaction, issuer.row.id, &responder).await?;
        let event = Event::ResponderRenewed { authority: issuer.row.id, fingerprint };
        Ok(self.commit_audited(transaction, &Actor::server(), &[event]).await?)
    }
}
