//! Certificates of one authority for another's name and key: clients that trust the one then trust what the other issued.

use super::AuthorityError;
use super::create::{PROFILE, authority_row, store_certificate};
use crate::audit::{Actor, Event, shortened};
use crate::certificate::{AuthorityTemplate, Issuer, Validity, View};
use crate::engine::{Engine, Loaded};
use crate::issue::IssueError;
use crate::lint::{Claims, Kind};
use crate::store::authorities::{self, CrossCertificate};
use crate::store::{AuthorityId, CertificateId, intents, published};

impl Engine {
    /// Has one of our authorities sign another's name and key; gives the certificate's number and bytes.
    ///
    /// # Errors
    /// [`AuthorityError`]: nothing was stored.
    pub async fn cross_sign(
        &self,
        subject: AuthorityId,
        issuer: AuthorityId,
        validity: Option<Validity>,
        actor: &Actor,
    ) -> Result<(CertificateId, Vec<u8>), AuthorityError> {
        let crossed = self.load(subject).await?;
        let issuer = self.load_issuing(issuer).await?;
        let validity = match validity {
            Some(validity) => validity,
            None => self.under_validity(&issuer)?,
        };
        let template = AuthorityTemplate::cross(&crossed.view, validity)?;
        let algorithm = issuer.signer()?.algorithm();
        let claims = Claims { kind: Some(Kind::Intermediate), ..Claims::default() };
        let about = shortened(&format!("the authority {} again", crossed.row.name));
        let build = |serial: &_, places: &_| Ok(template.under(&issuer.issuer, serial, places, algorithm)?);
        let signed = self.sign_under(&issuer, &claims, about, validity.not_after(), build).await?;
        let answer = self.answer_good(&issuer, &signed)?;
        let mut transaction = self.shared.store.write().await?;
        if intents::take(&mut transaction, &self.shared.replica, &[signed.serial.as_unsigned()]).await?.is_empty() {
            return Err(IssueError::Lost.into());
        }
        published::put_ocsp(&mut transaction, &[answer]).await?;
        let row = authority_row(&signed.view, &crossed.row.owner, actor.user, self.now());
        let row = row.of_authority(issuer.row.id, signed.shard, PROFILE);
        let certificate = store_certificate(&mut transaction, row).await?;
        let chain = [signed.der.clone()].into_iter().chain(issuer.chain.iter().cloned()).collect::<Vec<_>>().concat();
        let cross = CrossCertificate { issuer: Some(issuer.row.id), certificate: Some(certificate), chain };
        authorities::add_cross(&mut transaction, subject, &cross).await?;
        let fingerprint = hex::encode(signed.view.sha256());
        let event = Event::AuthorityCrossSigned { authority: subject, issuer: Some(issuer.row.id), fingerprint };
        self.commit_audited(transaction, actor, &[event]).await?;
        self.shared.cache.forget(subject);
        Ok((certificate, signed.der))
    }

    /// Brings in a certificate that another, outside, gave for one of our authorities, with those above it.
    ///
    /// # Errors
    /// [`AuthorityError`]: it is not for the authority's name and key, or the chain is none; nothing was stored.
    pub async fn add_cross_certificate(&self, subject: AuthorityId, chain: &[Vec<u8>], actor: &Actor) -> Result<(), AuthorityError> {
        let crossed = self.load(subject).await?;
        let different = |reason| AuthorityError::OtherCertificate { reason };
        let first = View::parse(chain.first().ok_or_else(|| different("there is none"))?)?;
        if first.spki() != crossed.view.spki() || first.subject() != crossed.view.subject() {
            return Err(different("its key or its subject is another"));
        }
        let mut below = first.clone();
        for der in &chain[1..] {
            let above = View::parse(der)?;
            Issuer::new(&above)?.check_signature(&below)?;
            below = above;
        }
        let cross = CrossCertificate { issuer: None, certificate: None, chain: chain.concat() };
        let mut transaction = self.shared.store.write().await?;
        authorities::add_cross(&mut transaction, subject, &cross).await?;
        let event = Event::AuthorityCrossSigned { authority: subject, issuer: None, fingerprint: hex::encode(first.sha256()) };
        self.commit_audited(transaction, actor, &[event]).await?;
        self.shared.cache.forget(subject);
        Ok(())
    }

    /// The chains that lead from an authority to a root: its own first, then one for each certificate that others gave for it.
    ///
    /// # Errors
    /// [`AuthorityError`] if there is no such authority, or what is stored of it cannot be read.
    pub async fn chains(&self, id: AuthorityId) -> Result<Vec<Vec<Vec<u8>>>, AuthorityError> {
        let loaded = self.load(id).await?;
        let mut chains = vec![loaded.chain.to_vec()];
        for cross in authorities::crosses(&mut self.shared.store.read().await?, id).await? {
            let mut rest = crate::asn1::Reader::new(&cross.chain);
            let mut chain = Vec::new();
            while !rest.is_finished() {
                let certificate = rest.element().map_err(|_| Loaded::broken(&loaded.row, "its other chains cannot be read"))?;
                chain.push(certificate.whole.to_vec());
            }
            chains.push(chain);
        }
        Ok(chains)
    }
}
