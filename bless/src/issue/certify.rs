//! From what a request may have to a checked certificate.

use menagerie_sign::ssh::{algorithm_name, signature_blob};

use super::record::{KeyFacts, rfc3339};
use super::{Issuer, NoRandomness, Record, Refusal};
use crate::authority::Authority;
use crate::certificate::{CheckError, Expectations, Kind, Policy, Template, check};

/// The most bytes of a key ID: what callers put into it is bounded by the event's size.
const MAX_KEY_ID: usize = 8 * 1024;

/// Seconds that a certificate is valid from and to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Validity {
    pub(super) after: u64,
    pub(super) before: u64,
}

impl Validity {
    pub(super) fn around(now: jiff::Timestamp, before_seconds: u64, after_seconds: u64) -> Self {
        let now = seconds(now);
        Self { after: now.saturating_sub(before_seconds), before: now.saturating_add(after_seconds) }
    }

    /// The end in UTC, as BLESS's key IDs write it.
    pub(super) fn valid_to(self) -> String {
        let at = i64::try_from(self.before).ok().and_then(|s| jiff::Timestamp::from_second(s).ok()).unwrap_or(jiff::Timestamp::MAX);
        at.strftime("%Y/%m/%d %H:%M:%S").to_string()
    }
}

pub(super) fn seconds(now: jiff::Timestamp) -> u64 {
    u64::try_from(now.as_second()).unwrap_or(0)
}

/// What the configuration allows of one certificate.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowed {
    pub(super) host_wildcards: bool,
    pub(super) expired: bool,
    pub(super) shortest_v4: u8,
    pub(super) shortest_v6: u8,
}

impl Issuer {
    /// 32 bytes of the system's randomness.
    pub(super) fn nonce(&self) -> Result<[u8; 32], Refusal> {
        let mut nonce = [0; 32];
        aws_lc_rs::rand::SecureRandom::fill(&self.random, &mut nonce).map_err(|_| Refusal::unavailable(NoRandomness))?;
        Ok(nonce)
    }

    /// Signs, and checks what was signed, read back by code that shares nothing with the writer's. The answer is the certificate's line.
    pub(super) async fn certify(
        &self,
        template: &Template<'_>,
        authority: &Authority,
        allowed: Allowed,
        record: &mut Record,
    ) -> Result<String, Refusal> {
        if template.key_id.len() > MAX_KEY_ID {
            return Err(Refusal::invalid(format!(
                "the key ID would have {} bytes, and {MAX_KEY_ID} are the most: shorten the command",
                template.key_id.len()
            )));
        }
        record.serial = Some(template.serial.to_string());
        record.key_id = Some(template.key_id.to_owned());
        record.valid_after = Some(rfc3339(template.valid_after));
        record.valid_before = Some(rfc3339(template.valid_before));
        let unsigned = template.to_be_signed(authority.public_blob()).map_err(Refusal::invalid)?;
        let signature = authority.signer().sign(unsigned.as_bytes()).await.map_err(Refusal::unavailable)?;
        let certificate = unsigned.finish(&signature_blob(&signature)).map_err(Refusal::invalid)?;

        let expectations = Expectations { template, ca_public_key: authority.public_blob() };
        let policy = Policy {
            host_wildcards: allowed.host_wildcards,
            expired: allowed.expired,
            max_key_id: MAX_KEY_ID,
            min_prefix_v4: allowed.shortest_v4,
            min_prefix_v6: allowed.shortest_v6,
        };
        let verify = |message: &[u8], name: &str, raw: &[u8]| {
            name == algorithm_name(authority.signer().algorithm()) && authority.verify(message, name, raw)
        };
        check(certificate.as_bytes(), &expectations, &policy, verify).map_err(|error| {
            tracing::warn!(%error, "a certificate failed the check and was thrown away");
            let message = format!("No certificate was issued, since OpenSSH could not use it: {error}");
            match error {
                // Not what was asked for, but what came of it.
                CheckError::Signature | CheckError::OtherAuthority | CheckError::NotAsMeant { .. } | CheckError::Algorithm { .. } => {
                    Refusal::unavailable(message)
                }
                _ => Refusal::invalid(message),
            }
        })?;

        let comment = template.subject.comment();
        let named;
        let comment = if comment.is_empty() {
            let kind = if template.kind == Kind::User { 1 } else { 2 };
            named = format!("Certificate type[{kind}] principals[{}] with the id[{}]", template.principals.join(","), template.key_id);
            &named
        } else {
            comment
        };
        certificate.to_line(comment).map_err(Refusal::invalid)
    }

    /// The CA, or what its callers are told if it cannot be had; and its own key refused as a subject.
    pub(super) async fn authority_for(
        &self,
        subject: &crate::subject_key::SubjectKey,
        record: &mut Record,
    ) -> Result<std::sync::Arc<Authority>, Refusal> {
        record.key = Some(KeyFacts::of(subject));
        let authority = self.authority.load(&self.clients).await.map_err(Refusal::unavailable)?;
        record.ca = Some(authority.fingerprint().to_owned());
        subject
            .refuse_authority(authority.public_blob())
            .map_err(|error| Refusal::invalid(crate::request::InvalidRequest::new("public_key_to_sign", error.to_string())))?;
        Ok(authority)
    }
}
