//! A certificate that may be issued, and the one way from there: a serial, a key ID and a nonce of its own, then signature and check.

use super::certify::{Allowed, Validity};
use super::{Call, Issuer, KeyIdFields, KeyIdTemplate, Record, Refusal};
use crate::authority::Authority;
use crate::certificate::{CriticalOptions, Extensions, Kind, Template};
use crate::subject_key::SubjectKey;

/// What request, caller and configuration come to.
pub(super) struct Granted<'a> {
    pub(super) kind: Kind,
    pub(super) subject: &'a SubjectKey,
    pub(super) principals: &'a [String],
    pub(super) validity: Validity,
    pub(super) critical_options: CriticalOptions,
    pub(super) extensions: Extensions,
    pub(super) key_id: KeyId<'a>,
    /// Whoever asks, as verified; or nothing.
    pub(super) verified: &'a str,
    pub(super) claims: Claims<'a>,
    pub(super) allowed: Allowed,
}

/// Where a key ID comes from.
pub(super) enum KeyId<'a> {
    /// The configuration's text.
    Template(&'a KeyIdTemplate),
    /// The administrator's own.
    Given(&'a str),
}

/// What a key ID repeats of what the caller says.
#[derive(Default)]
pub(super) struct Claims<'a> {
    pub(super) user: &'a str,
    pub(super) user_ip: &'a str,
    pub(super) command: &'a str,
}

impl Issuer {
    /// Issues the certificate: its line, or why there is none after all.
    pub(super) async fn issue(
        &self,
        granted: Granted<'_>,
        call: &Call,
        authority: &Authority,
        record: &mut Record,
    ) -> Result<String, Refusal> {
        let serial = self.serials.next();
        let key_id = match granted.key_id {
            KeyId::Given(text) => text.to_owned(),
            KeyId::Template(template) => template.fill(&KeyIdFields {
                request_id: &call.request_id,
                user: granted.claims.user,
                user_ip: granted.claims.user_ip,
                command: granted.claims.command,
                key: &granted.subject.fingerprint_md5(),
                ca: &call.function_arn,
                valid_to: &granted.validity.valid_to(),
                principals: &granted.principals.join(","),
                serial,
                verified: granted.verified,
            }),
        };
        let template = Template {
            kind: granted.kind,
            subject: granted.subject,
            serial,
            key_id: &key_id,
            principals: granted.principals.to_vec(),
            valid_after: granted.validity.after,
            valid_before: granted.validity.before,
            critical_options: granted.critical_options,
            extensions: granted.extensions,
            nonce: self.nonce()?,
        };
        self.certify(&template, authority, granted.allowed, record).await
    }
}
