//! One way to a signature: a serial number is durable before the authority's key is used, the exact bytes are linted before, and what comes
//! back is read and verified before anybody else sees it.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::IssueError;
use super::error::MOST_TO_SIGN;
use crate::certificate::{Places, Serial, ToBeSigned, View};
use crate::engine::{Engine, Held, Loaded};
use crate::lint::{self, Claims, Finding, Kind};
use crate::store::intents::{Begin, Begun, Intent};

/// A certificate that was signed and that is not stored yet. Its serial is this request's as long as this lives.
#[derive(Debug)]
pub(crate) struct SignedCertificate {
    pub(crate) der: Vec<u8>,
    pub(crate) view: View,
    pub(crate) serial: Serial,
    pub(crate) shard: i64,
    pub(crate) _held: Held,
}

impl Engine {
    /// A new serial number.
    pub(crate) fn fresh_serial(&self) -> Serial {
        Serial::from_random(self.random())
    }

    /// Signs under an authority what `build` makes of a serial number and of the places that the certificate names.
    pub(crate) async fn sign_under(
        &self,
        issuer: &Arc<Loaded>,
        claims: &Claims<'_>,
        about: String,
        not_after: Timestamp,
        build: impl FnOnce(&Serial, &Places) -> Result<ToBeSigned, IssueError>,
    ) -> Result<SignedCertificate, IssueError> {
        // What vouches for its answers is signed also when it issues no more.
        let signer = if claims.kind == Some(Kind::OcspResponder) { issuer.key()? } else { issuer.signer()? };
        let authority = issuer.row.id;
        let serial = self.fresh_serial();
        let shard = issuer.allocation.next_shard(self, authority).await?;
        let to_be_signed = build(&serial, &self.places(authority, shard))?;
        // What is signed and not read again is revoked: it must not come to that.
        let bytes = to_be_signed.as_der().len();
        if bytes > MOST_TO_SIGN {
            return Err(IssueError::TooLarge { bytes });
        }
        self.lint(to_be_signed.as_der(), &Claims { issuer: Some(issuer.view.as_der()), ..*claims })?;
        let held = self.hold(serial.as_unsigned());
        let intent = Intent {
            serial: serial.as_unsigned().to_vec(),
            authority,
            shard,
            not_after: not_after.as_second(),
            created_ms: self.now().as_millisecond(),
            about,
        };
        let spki = to_be_signed.spki_sha256();
        if self.shared.intents.submit(Begin { intent, spki }).await? == Begun::CompromisedKey {
            let known = HashSet::from([spki]);
            let claims = Claims { as_of: Some(self.now()), compromised: Some(&known), ..*claims };
            return Err(IssueError::Lint { findings: forbidding(to_be_signed.as_der(), &claims) });
        }
        // From here on the key may have signed: whatever ends this leaves the intent, and that revokes the serial.
        let signature = signer.sign(to_be_signed.as_der()).await?;
        let der = to_be_signed.certificate(&signature)?;
        let view = issuer.issuer.accept(&to_be_signed, &der)?;
        Ok(SignedCertificate { der, view, serial, shard, _held: held })
    }

    /// Refuses bytes that break rules.
    pub(crate) fn lint(&self, der: &[u8], claims: &Claims<'_>) -> Result<(), IssueError> {
        let claims = Claims { as_of: Some(self.now()), compromised: Some(&self.shared.settings.compromised), ..*claims };
        let findings = forbidding(der, &claims);
        if findings.is_empty() { Ok(()) } else { Err(IssueError::Lint { findings }) }
    }
}

/// The rules that these bytes break, so that they are not signed.
fn forbidding(der: &[u8], claims: &Claims<'_>) -> Vec<Finding> {
    let mut findings = lint::check(der, claims);
    findings.retain(Finding::forbids);
    findings
}
