//! What is stored of a certificate: its own facts, read from its bytes, and the record that was asked for.

use jiff::tz::TimeZone;
use menagerie_sign::{KeyType, PublicKey};

use super::Record;
use crate::authority::sha256;
use crate::certificate::View;
use crate::name::{DistinguishedName, San, SubjectField};
use crate::store::certificates::{NameRow, NewCertificate};
use crate::store::{AuthorityId, UserId};

/// The row of a certificate, without what only its issuance knows.
pub(crate) fn row(view: &View, record: &Record, creator: Option<UserId>, issued_ms: i64) -> NewCertificate {
    let names: Vec<NameRow> = view.names().iter().map(name_row).collect();
    let issuer = display_name(view.issuer());
    let common_name = common_name(view, &names);
    NewCertificate {
        authority: None,
        issuer_hash: sha256(view.issuer().as_der()),
        serial: view.serial().as_unsigned().to_vec(),
        fingerprint: view.sha256(),
        name: record.name.clone().unwrap_or_else(|| default_name(&common_name, &issuer, view, names.len() > 1)),
        issuer,
        common_name,
        owner: record.owner.clone(),
        creator,
        description: record.description.clone(),
        profile: String::new(),
        key_type: match view.public_key() {
            Ok(key) => key_type_name(&key),
            Err(_) => view.foreign_key().map_or_else(|| "UNKNOWN".to_owned(), |(name, _)| name),
        },
        not_before: view.validity().not_before().as_second(),
        not_after: view.validity().not_after().as_second(),
        issued_ms,
        shard: None,
        notify: record.notify,
        rotation: record.rotation,
        rotation_policy: record.rotation_policy.clone(),
        der: view.as_der().to_vec(),
        chain: None,
        external_id: None,
        csr: None,
        names,
        roles: record.roles.clone(),
        replaces: record.replaces.clone(),
        key: None,
    }
}

impl NewCertificate {
    /// The same, issued by an authority of ours.
    pub(crate) fn of_authority(mut self, authority: AuthorityId, shard: i64, profile: &str) -> Self {
        self.authority = Some(authority);
        self.shard = Some(shard);
        profile.clone_into(&mut self.profile);
        self
    }
}

pub(crate) fn name_row(name: &San) -> NameRow {
    let kind = match name {
        San::Dns(_) => "dns",
        San::Ip(_) => "ip",
        San::Email(_) => "email",
        San::Uri(_) => "uri",
    };
    NameRow { kind: kind.to_owned(), value: name.to_string() }
}

fn common_name(view: &View, names: &[NameRow]) -> String {
    let own = view.subject().field(SubjectField::CommonName).map(str::to_owned);
    own.or_else(|| names.first().map(|name| name.value.clone())).unwrap_or_else(|| display_name(view.subject()))
}

/// A name for people: the common name, or else the organisation.
pub(crate) fn display_name(name: &DistinguishedName) -> String {
    let field = name.field(SubjectField::CommonName).or_else(|| name.field(SubjectField::Organization));
    field.map_or_else(|| "UNKNOWN".to_owned(), str::to_owned)
}

/// What Lemur's clients call a kind of key.
pub(crate) fn key_type_name(key: &PublicKey) -> String {
    match key.key_type() {
        Some(KeyType::EcdsaP256) => "ECCPRIME256V1".to_owned(),
        Some(KeyType::EcdsaP384) => "ECCSECP384R1".to_owned(),
        Some(KeyType::Ed25519) => "ED25519".to_owned(),
        Some(KeyType::MlDsa(set)) => set.name().replace('-', ""),
        _ => format!("RSA{}", key.bits()),
    }
}

/// The name that Lemur gives: `{subject}-{issuer}-{not_before}-{not_after}`, with `SAN-` before it where there are several names.
fn default_name(common_name: &str, issuer: &str, view: &View, several: bool) -> String {
    let day = |at: jiff::Timestamp| at.to_zoned(TimeZone::UTC).strftime("%Y%m%d").to_string();
    let issuer: String = issuer.chars().filter(|character| character.is_ascii_alphanumeric() || *character == '.').collect();
    let (from, until) = (day(view.validity().not_before()), day(view.validity().not_after()));
    let prefix = if several { "SAN-" } else { "" };
    slug(&format!("{prefix}{}-{issuer}-{from}-{until}", common_name.replace('*', "WILDCARD")))
}

/// The longest name that is made here: room is left for a serial number behind it.
const LONGEST: usize = 200;

/// Letters, digits and dots; whatever else there is becomes one hyphen. The hyphens of a name in Punycode stay.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_alphanumeric() || character == '.' {
            slug.push(character);
        } else if character == '-' && slug.ends_with("xn-") || !slug.ends_with('-') {
            slug.push('-');
        }
    }
    // Of letters, digits, dots and hyphens: cut anywhere.
    slug.truncate(LONGEST);
    slug.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_as_lemur_makes_them() {
        assert_eq!(slug("SAN-WILDCARD.example.com-My CA-20260101-20260201"), "SAN-WILDCARD.example.com-My-CA-20260101-20260201");
        assert_eq!(slug("xn--bcher-kva.example"), "xn--bcher-kva.example");
        assert_eq!(slug("-a  /b--c-"), "a-b-c");
    }
}
