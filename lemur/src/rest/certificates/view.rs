//! A certificate as Lemur's clients read it.

use std::collections::{BTreeMap, BTreeSet};

use menagerie_store::database::Statement;
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::super::Api;
use super::super::fault::Fault;
use super::super::roles::RoleOut;
use super::super::users::UserRef;
use crate::certificate::{KeyUsage, View, write_bundle, write_certificate, written};
use crate::engine::Lineage;
use crate::name::{DistinguishedName, SubjectField};
use crate::store::certificates::{Certificate, NameRow};
use crate::store::{AuthorityId, CertificateId};

/// A certificate.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Certificate)]
pub(in crate::rest) struct CertificateOut {
    id: i64,
    name: String,
    cn: String,
    common_name: String,
    body: String,
    chain: String,
    csr: Option<String>,
    external_id: Option<String>,
    authority: Option<UnderAuthority>,
    owner: String,
    /// Decimal.
    serial: String,
    serial_hex: String,
    fingerprint_sha256: String,
    issuer: String,
    distinguished_name: String,
    date_created: String,
    not_before: String,
    not_after: String,
    validity_start: String,
    validity_end: String,
    bits: Option<usize>,
    key_type: String,
    signing_algorithm: String,
    description: String,
    deleted: bool,
    /// The same as `notify`.
    active: bool,
    notify: bool,
    rotation: bool,
    rotation_policy: RotationPolicy,
    has_private_key: bool,
    /// `valid`, `revoked`, or `unknown` for a certificate of an authority elsewhere.
    status: &'static str,
    /// Why it was revoked.
    revocation_reason: Option<String>,
    revoked_at: Option<String>,
    profile: String,
    /// Whether it has alternative names.
    san: bool,
    domains: Vec<DomainOut>,
    #[schema(value_type = Object)]
    extensions: Value,
    country: Option<String>,
    state: Option<String>,
    location: Option<String>,
    organization: Option<String>,
    organizational_unit: Option<String>,
    user: Option<UserRef>,
    roles: Vec<RoleOut>,
    replaces: Vec<Other>,
    replaced_by: Vec<Other>,
    #[schema(value_type = Vec<Object>)]
    destinations: [Value; 0],
    #[schema(value_type = Vec<Object>)]
    notifications: [Value; 0],
    #[schema(value_type = Vec<Object>)]
    endpoints: [Value; 0],
}

#[derive(Debug, Clone, Serialize, ToSchema)]
struct RotationPolicy {
    name: String,
}

/// The authority that issued something.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = AuthorityRef)]
pub(in crate::rest) struct UnderAuthority {
    pub(in crate::rest) id: i64,
    pub(in crate::rest) name: String,
    pub(in crate::rest) owner: String,
    pub(in crate::rest) description: String,
    pub(in crate::rest) active: bool,
}

/// A name of a certificate.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Domain)]
pub(in crate::rest) struct DomainOut {
    id: usize,
    name: String,
    sensitive: bool,
}

impl DomainOut {
    pub(super) fn all(certificate: &Certificate) -> Vec<Self> {
        let numbered = certificate.names.iter().zip(1..);
        numbered.map(|(name, id)| Self { id, name: name.value.clone(), sensitive: false }).collect()
    }
}

/// Another certificate.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = CertificateRef)]
struct Other {
    id: i64,
    name: String,
}

/// What stands beside certificates in an answer.
struct Beside {
    directory: crate::access::Directory,
    names: BTreeMap<CertificateId, String>,
    authorities: BTreeMap<AuthorityId, (UnderAuthority, String)>,
}

impl Api {
    /// Certificates as they are shown. What stands beside them is read for all at once.
    pub(in crate::rest) async fn describe(&self, certificates: Vec<Certificate>) -> Result<Vec<CertificateOut>, Fault> {
        let beside = self.beside(&certificates).await?;
        Ok(certificates.into_iter().map(|certificate| describe(certificate, &beside)).collect())
    }

    async fn beside(&self, certificates: &[Certificate]) -> Result<Beside, Fault> {
        let users: BTreeSet<_> = certificates.iter().filter_map(|certificate| certificate.creator).collect();
        let roles: BTreeSet<_> = certificates.iter().flat_map(|certificate| certificate.roles.iter().copied()).collect();
        let directory = self.access.directory(&Vec::from_iter(users), &Vec::from_iter(roles)).await?;
        let others = certificates.iter().flat_map(|certificate| certificate.replaces.iter().chain(&certificate.replaced_by));
        let others: BTreeSet<CertificateId> = others.copied().collect();
        let mut names = BTreeMap::new();
        if !others.is_empty() {
            let mut statement = Statement::new("SELECT id, name FROM certificate WHERE id IN (");
            statement.bind_all(others).push(")");
            for row in self.engine.store().read().await?.all_of(&statement).await? {
                names.insert(CertificateId(row.integer("id")?), row.text("name")?);
            }
        }
        let issuers: BTreeSet<_> = certificates.iter().filter_map(|certificate| certificate.authority).collect();
        let lineages = self.engine.lineages(issuers).await?.into_iter();
        let authorities = lineages.map(|(id, Lineage { row, chain })| {
            let chain = write_bundle(chain.iter().map(Vec::as_slice));
            (id, (UnderAuthority::of(&row), chain))
        });
        let authorities = authorities.collect();
        Ok(Beside { directory, names, authorities })
    }
}

fn describe(certificate: Certificate, beside: &Beside) -> CertificateOut {
    let view = View::parse(&certificate.der).ok();
    let under = certificate.authority.and_then(|id| beside.authorities.get(&id));
    let is_root = view.as_ref().is_some_and(View::is_self_issued);
    let chain = match (&certificate.chain, under) {
        (Some(chain), _) => chain.clone(),
        (None, Some((_, chain))) if !is_root => chain.clone(),
        _ => String::new(),
    };
    let subject = view.as_ref().map(View::subject);
    let field = |field| subject.and_then(|subject| subject.field(field)).map(str::to_owned);
    let other = |id: &CertificateId| beside.names.get(id).map(|name| Other { id: id.0, name: name.clone() });
    let time = written;
    let serial = view.as_ref().map(|view| view.serial().to_decimal()).unwrap_or_default();
    CertificateOut {
        id: certificate.id.0,
        cn: certificate.common_name.clone(),
        common_name: certificate.common_name.clone(),
        body: write_certificate(&certificate.der),
        chain,
        csr: certificate.csr.as_deref().map(request_text),
        external_id: certificate.external_id.clone(),
        authority: under.map(|(authority, _)| authority.clone()),
        owner: certificate.owner.clone(),
        serial,
        serial_hex: hex::encode_upper(&certificate.serial),
        fingerprint_sha256: hex::encode(certificate.fingerprint),
        issuer: certificate.issuer.clone(),
        distinguished_name: subject.map(DistinguishedName::to_string).unwrap_or_default(),
        date_created: time(certificate.issued),
        not_before: time(certificate.not_before),
        not_after: time(certificate.not_after),
        validity_start: time(certificate.not_before),
        validity_end: time(certificate.not_after),
        bits: view.as_ref().and_then(View::key_bits),
        key_type: certificate.key_type.clone(),
        signing_algorithm: view.as_ref().map(View::signature_algorithm).unwrap_or_default(),
        description: certificate.description.clone(),
        deleted: false,
        active: certificate.notify,
        notify: certificate.notify,
        rotation: certificate.rotation,
        rotation_policy: RotationPolicy { name: certificate.rotation_policy.clone() },
        has_private_key: certificate.has_key,
        status: match (&certificate.revoked, certificate.authority) {
            (Some(_), _) => "revoked",
            (None, Some(_)) => "valid",
            (None, None) => "unknown",
        },
        revocation_reason: certificate.revoked.as_ref().map(|revoked| revoked.reason.clone()),
        revoked_at: certificate.revoked.as_ref().map(|revoked| time(revoked.at)),
        profile: certificate.profile.clone(),
        san: !certificate.names.is_empty(),
        domains: DomainOut::all(&certificate),
        extensions: extensions(&certificate.names, view.as_ref()),
        country: field(SubjectField::Country),
        state: field(SubjectField::State),
        location: field(SubjectField::Locality),
        organization: field(SubjectField::Organization),
        organizational_unit: field(SubjectField::OrganizationalUnit),
        user: certificate.creator.and_then(|id| beside.directory.users.get(&id)).cloned().map(UserRef::from),
        roles: certificate.roles.iter().filter_map(|id| beside.directory.roles.get(id)).cloned().map(RoleOut::from).collect(),
        replaces: certificate.replaces.iter().filter_map(other).collect(),
        replaced_by: certificate.replaced_by.iter().filter_map(other).collect(),
        destinations: [],
        notifications: [],
        endpoints: [],
        name: certificate.name,
    }
}

/// A request as text.
pub(super) fn request_text(der: &[u8]) -> String {
    crate::csr::Csr::from_der(der).map(|csr| csr.to_pem()).unwrap_or_default()
}

/// What the certificate says, in Lemur's words.
pub(in crate::rest) fn extensions(names: &[NameRow], view: Option<&View>) -> Value {
    let name_type = |kind: &str| match kind {
        "dns" => "DNSName",
        "ip" => "IPAddress",
        "email" => "rfc822Name",
        _ => "uniformResourceIdentifier",
    };
    let names: Vec<_> = names.iter().map(|name| json!({"nameType": name_type(&name.kind), "value": name.value})).collect();
    let mut extensions = json!({"subAltNames": {"names": names}});
    if let Some(view) = view {
        extensions["basicConstraints"] = json!({"ca": view.is_authority(), "pathLength": view.path_length()});
        if let Some(usages) = view.key_usages() {
            let usages: Map<String, Value> =
                KeyUsage::ALL.iter().map(|usage| (flag_of(*usage).to_owned(), json!(usages.contains(*usage)))).collect();
            extensions["keyUsage"] = Value::Object(usages);
        }
        let extended: Vec<_> = view.extended_key_usages().iter().map(|usage| usage.name()).collect();
        extensions["extendedKeyUsage"] = json!({"usages": extended});
        extensions["subjectKeyIdentifier"] = json!({"includeSKI": view.key_id().is_some()});
        extensions["authorityKeyIdentifier"] = json!({"useKeyIdentifier": view.issuer_key_id().is_some(), "useAuthorityCert": false});
    }
    extensions
}

/// What Lemur calls a key usage.
pub(super) const fn flag_of(usage: KeyUsage) -> &'static str {
    match usage {
        KeyUsage::DigitalSignature => "useDigitalSignature",
        KeyUsage::ContentCommitment => "useNonRepudiation",
        KeyUsage::KeyEncipherment => "useKeyEncipherment",
        KeyUsage::DataEncipherment => "useDataEncipherment",
        KeyUsage::KeyAgreement => "useKeyAgreement",
        KeyUsage::KeyCertSign => "useKeyCertSign",
        KeyUsage::CrlSign => "useCRLSign",
        KeyUsage::EncipherOnly => "useEncipherOnly",
        KeyUsage::DecipherOnly => "useDecipherOnly",
    }
}
