//! Deciding what a certificate will say: a request's key and names, held against a profile and against what its issuer may certify.

use jiff::Timestamp;
use menagerie_sign::PublicKey;

use super::policy::{CommonName, KeyKind, Revocation};
use super::{Lifetime, Profile};
use crate::certificate::{ExtendedKeyUsage, Issuer, KeyId, Template, Validity, ValidityError};
use crate::name::{NotPermitted, San, SanKind, Subject, SubjectError, SubjectField};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// The key to certify. Whoever asks has shown that it is theirs, or it was made for them.
    pub public_key: &'a PublicKey,
    /// The subject's fields that are asked for. Of a certificate request's subject, pass the common name alone, if at all.
    pub subject: Subject,
    /// The names to certify. That the requester may have them is decided elsewhere, over [`Template::names`].
    pub names: Vec<San>,
    /// When it is to be valid.
    pub period: Period,
}

/// What an authority elsewhere is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admitted {
    /// The subject.
    pub subject: Subject,
    /// The names, the common name among them where the profile wants that.
    pub names: Vec<San>,
    /// From when it is to hold, if that was asked for.
    pub not_before: Option<Timestamp>,
    /// Until when it is to hold, if that was asked for.
    pub not_after: Option<Timestamp>,
}

/// When a certificate is to be valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Period {
    /// As long as the profile says; less if its issuer ends before.
    #[default]
    Default,
    /// For so long; less if its issuer ends before.
    For(Lifetime),
    /// Until a second, that included.
    Until(Timestamp),
    /// From one second to another, both included.
    Between(Timestamp, Timestamp),
}

/// Why a profile, or the issuer, does not admit what is asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileRefusal {
    /// A kind of key that the profile does not certify.
    #[error("the profile does not certify keys of type {found}")]
    KeyType {
        /// The key's type.
        found: String,
    },
    /// No name.
    #[error("the profile wants at least one name")]
    NoName,
    /// More names than the profile allows.
    #[error("the profile allows at most {max} names, and {found} are asked for")]
    TooManyNames {
        /// How many are asked for.
        found: usize,
        /// How many are allowed.
        max: usize,
    },
    /// A kind of name that the profile does not certify.
    #[error("the profile certifies no name of the kind {kind}, as {name} is")]
    NameKind {
        /// The kind.
        kind: SanKind,
        /// The name.
        name: String,
    },
    /// A form of name that the profile does not certify.
    #[error("the profile certifies no {form}, as {name} is")]
    NameForm {
        /// The form.
        form: &'static str,
        /// The name.
        name: String,
    },
    /// A name that the issuer may not certify.
    #[error(transparent)]
    NotPermitted(#[from] NotPermitted),
    /// A field of the subject that the profile does not let anyone set.
    #[error("the profile does not let the subject's {field} be chosen")]
    SubjectField {
        /// The field.
        field: SubjectField,
    },
    /// A common name that would have to be a name of the certificate and is none.
    #[error("the common name is to be one of the names, and {text:?} is no name that the profile certifies")]
    CommonName {
        /// The common name.
        text: String,
    },
    /// A subject that cannot be written.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// Longer than the profile allows.
    #[error("the profile allows at most {max}")]
    TooLong {
        /// How long.
        max: Lifetime,
    },
    /// From a time that is too far from now.
    #[error("the profile lets a certificate start at most {max} before or after now")]
    StartsFar {
        /// How far.
        max: Lifetime,
    },
    /// From a time before the issuer.
    #[error("the certificate would be valid before its issuer, which is valid from {from}")]
    BeforeIssuer {
        /// When that begins.
        from: Timestamp,
    },
    /// Not within the time that the issuer itself is valid.
    #[error("the certificate would be valid from {asked}, and its issuer is from {issuer}")]
    OutlivesIssuer {
        /// What was asked for.
        asked: Validity,
        /// The issuer's.
        issuer: Validity,
    },
    /// Over before it starts, or now.
    #[error("the certificate would not be valid now or later")]
    Over,
    /// A time that cannot be written.
    #[error(transparent)]
    Validity(#[from] ValidityError),
    /// A usage that the issuer may not certify.
    #[error("the issuer may not certify keys for {usage}")]
    ExtendedKeyUsage {
        /// The usage.
        usage: ExtendedKeyUsage,
    },
    /// The issuer's own key.
    #[error("the key to be certified is the issuer's own")]
    IssuersKey,
}

impl Profile {
    /// Decides what a certificate under `issuer` will say, at the moment `now`.
    ///
    /// # Errors
    /// [`ProfileRefusal`] names the first thing that the profile or the issuer does not admit.
    pub fn admit<'a>(&self, ask: Ask<'_>, issuer: &'a Issuer, now: Timestamp) -> Result<Template<'a>, ProfileRefusal> {
        let spki = self.admit_key(ask.public_key, issuer)?;
        if let Some(usage) = self.extended_key_usages.iter().find(|usage| !issuer.may_certify_for(**usage)) {
            return Err(ProfileRefusal::ExtendedKeyUsage { usage: *usage });
        }
        let mut names = without_repeats(ask.names);
        let subject = self.admit_subject(&ask.subject, &mut names)?;
        self.admit_names(&names)?;
        if names.is_empty() && subject.is_empty() {
            return Err(ProfileRefusal::NoName);
        }
        for name in &names {
            issuer.constraints().admits(name)?;
        }
        if let Some(common_name) = subject.common_name() {
            issuer.constraints().admits_common_name(common_name)?;
        }
        let validity = self.admit_period(ask.period, issuer.validity(), now)?;
        Ok(Template {
            issuer,
            subject,
            names,
            key_id: KeyId::of_spki(&spki).expect("a SubjectPublicKeyInfo that was just written"),
            spki,
            validity,
            key_usages: self.key_usages.of_key(ask.public_key),
            extended_key_usages: self.extended_key_usages.clone(),
            policies: self.policies.clone(),
            revocable: self.revocation == Revocation::Published,
        })
    }

    /// Refuses what an authority further above may not certify: name constraints and extended key usages hold for all that stands below.
    ///
    /// # Errors
    /// [`ProfileRefusal`] names the first thing.
    pub fn admit_under(&self, template: &Template<'_>, above: &[Issuer]) -> Result<(), ProfileRefusal> {
        for issuer in above {
            if let Some(usage) = self.extended_key_usages.iter().find(|usage| !issuer.may_certify_for(**usage)) {
                return Err(ProfileRefusal::ExtendedKeyUsage { usage: *usage });
            }
            for name in template.names() {
                issuer.constraints().admits(name)?;
            }
            if let Some(common_name) = template.subject().common_name() {
                issuer.constraints().admits_common_name(common_name)?;
            }
        }
        Ok(())
    }

    /// Decides what an authority elsewhere is asked for: the same as for one of ours, but for what that one's certificate says.
    ///
    /// # Errors
    /// [`ProfileRefusal`] names the first thing that the profile does not admit.
    pub fn admit_elsewhere(&self, ask: Ask<'_>, now: Timestamp) -> Result<Admitted, ProfileRefusal> {
        self.admit_kind(ask.public_key)?;
        let mut names = without_repeats(ask.names);
        let subject = self.admit_subject(&ask.subject, &mut names)?;
        self.admit_names(&names)?;
        if names.is_empty() {
            return Err(ProfileRefusal::NoName);
        }
        let (not_before, not_after) = match ask.period {
            Period::Default => (None, None),
            Period::For(lifetime) => (None, Some(Validity::lasting(now, lifetime.duration())?.not_after())),
            Period::Until(end) => (None, Some(end)),
            Period::Between(start, end) => (Some(start), Some(end)),
        };
        if let Some(end) = not_after {
            if end <= now {
                return Err(ProfileRefusal::Over);
            }
            if Validity::new(not_before.unwrap_or(now).min(end), end)?.lifetime() > self.max_lifetime.duration() {
                return Err(ProfileRefusal::TooLong { max: self.max_lifetime });
            }
        }
        Ok(Admitted { subject, names, not_before, not_after })
    }

    fn admit_kind(&self, key: &PublicKey) -> Result<(), ProfileRefusal> {
        let certified = KeyKind::of(key).is_some_and(|kind| self.key_kinds.contains(&kind));
        if certified { Ok(()) } else { Err(ProfileRefusal::KeyType { found: key.to_string() }) }
    }

    fn admit_key(&self, key: &PublicKey, issuer: &Issuer) -> Result<Vec<u8>, ProfileRefusal> {
        self.admit_kind(key)?;
        if key == issuer.public_key() {
            return Err(ProfileRefusal::IssuersKey);
        }
        Ok(key.to_spki_der())
    }

    /// The subject to write. A common name that has to be a name joins the names, first, if it is not among them.
    fn admit_subject(&self, asked: &Subject, names: &mut Vec<San>) -> Result<Subject, ProfileRefusal> {
        let policy = &self.subject;
        let mut subject = policy.fixed.clone();
        for (field, text) in asked.fields() {
            let is_fixed = policy.fixed.field(field).is_some();
            match field {
                _ if is_fixed && policy.fixed.field(field) == Some(text) => {}
                SubjectField::CommonName if !is_fixed => match policy.common_name {
                    CommonName::Free => subject = subject.with(field, text)?,
                    CommonName::FromNames => {
                        let name = self.common_name(text, names)?;
                        subject = subject.with(field, &name)?;
                    }
                    CommonName::Omit => {
                        self.common_name(text, names)?;
                    }
                },
                _ if !is_fixed && policy.allowed.contains(&field) => subject = subject.with(field, text)?,
                _ => return Err(ProfileRefusal::SubjectField { field }),
            }
        }
        Ok(subject)
    }

    fn common_name(&self, text: &str, names: &mut Vec<San>) -> Result<String, ProfileRefusal> {
        let refused = || ProfileRefusal::CommonName { text: text.to_owned() };
        let name = San::guess(text).map_err(|_| refused())?;
        if !names.contains(&name) {
            if !self.names.kinds.contains(&name.kind()) {
                return Err(refused());
            }
            names.insert(0, name.clone());
        }
        Ok(name.to_string())
    }

    fn admit_names(&self, names: &[San]) -> Result<(), ProfileRefusal> {
        let policy = &self.names;
        if names.is_empty() && policy.required {
            return Err(ProfileRefusal::NoName);
        }
        if names.len() > policy.max {
            return Err(ProfileRefusal::TooManyNames { found: names.len(), max: policy.max });
        }
        names.iter().try_for_each(|name| self.admit_form(name))
    }

    /// Whether a name can be certified by itself: its form, and the name constraints of the issuer and of those above it.
    pub(crate) fn admit_name(&self, name: &San, issuer: &Issuer, above: &[Issuer]) -> Result<(), ProfileRefusal> {
        self.admit_form(name)?;
        issuer.constraints().admits(name)?;
        Ok(above.iter().try_for_each(|issuer| issuer.constraints().admits(name))?)
    }

    fn admit_form(&self, name: &San) -> Result<(), ProfileRefusal> {
        let policy = &self.names;
        if !policy.kinds.contains(&name.kind()) {
            return Err(ProfileRefusal::NameKind { kind: name.kind(), name: name.to_string() });
        }
        let form = |form| Err(ProfileRefusal::NameForm { form, name: name.to_string() });
        match name {
            San::Dns(dns) if dns.is_wildcard() && !policy.wildcards => form("wildcard"),
            // RFC 5280, 4.2.1.6, wants the preferred name syntax; the Baseline Requirements (7.1.2.7.12) say it once more.
            San::Dns(dns) if dns.has_underscore() => form("name with an underscore"),
            San::Dns(dns) if dns.is_single_label() && !policy.single_labels => form("name of a single label"),
            San::Uri(uri) if !policy.uri_schemes.is_empty() && !policy.uri_schemes.iter().any(|scheme| scheme == uri.scheme()) => {
                form("URI of that scheme")
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn admit_period(&self, period: Period, issuer: Validity, now: Timestamp) -> Result<Validity, ProfileRefusal> {
        let backdate = i64::try_from(self.backdate.as_secs()).unwrap_or(0);
        let start = Timestamp::from_second(now.as_second().saturating_sub(backdate)).map_err(|_| ValidityError::OutOfRange)?;
        let start = start.max(issuer.not_before());
        let (validity, may_shrink) = match period {
            Period::Default => (Validity::lasting(start, self.default_lifetime.duration())?, true),
            Period::For(lifetime) => (Validity::lasting(start, lifetime.duration())?, true),
            Period::Until(end) => (Validity::new(start, end)?, false),
            Period::Between(start, end) => (Validity::new(start, end)?.begun_with(issuer, now), false),
        };
        if validity.lifetime() > self.max_lifetime.duration() {
            return Err(ProfileRefusal::TooLong { max: self.max_lifetime });
        }
        if validity.not_after() <= now {
            return Err(ProfileRefusal::Over);
        }
        if validity.not_before() < issuer.not_before() && issuer.not_before() <= validity.not_after() {
            return Err(ProfileRefusal::BeforeIssuer { from: issuer.not_before() });
        }
        let outlives = ProfileRefusal::OutlivesIssuer { asked: validity, issuer };
        let Some(within) = validity.within(issuer) else { return Err(outlives) };
        if within != validity && !(may_shrink && within.not_after() > now) {
            return Err(outlives);
        }
        // Nobody stocks certificates for the time when they may issue no more.
        let far = now.duration_since(validity.not_before()).unsigned_abs();
        if matches!(period, Period::Between(..)) && far > self.start_within.duration() {
            return Err(ProfileRefusal::StartsFar { max: self.start_within });
        }
        Ok(within)
    }
}

fn without_repeats(names: Vec<San>) -> Vec<San> {
    let mut seen = std::collections::HashSet::with_capacity(names.len());
    names.into_iter().filter(|name| seen.insert(name.clone())).collect()
}
