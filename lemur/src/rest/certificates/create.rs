//! Issuing a certificate, and storing one that was made elsewhere.
//!
//! Of a request (CSR) only the public key and the names are taken; usages and all that makes an authority come from the profile. What a client
//! asks for and the profile does not give is refused by its field's name, and never left out in silence.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use jiff::{Timestamp, ToSpan};
use menagerie_secret::Secret;
use menagerie_sign::{KeyFile, KeyFileError, KeyType, MlDsa};
use menagerie_web::Reasons;
use serde::Serialize;
use serde_json::Value;

use super::super::Api;
use super::super::fault::Fault;
use super::super::pending::PendingOut;
use super::super::route::Route;
use super::super::shape::{Fields, Kind, NO_FLAG, Named, Shape, flag_in, optional, required};
use super::super::signed::Signed;
use super::change::{DEFAULT_POLICY, rotation_policy};
use super::renewal::Renewal;
use super::view::{CertificateOut, flag_of};
use super::{facts, refuse_later};
use crate::access::Requester;
use crate::access::permit::{Action, CertificateFacts, NamesFacts, OrderFacts, decide};
use crate::certificate::{ExtendedKeyUsage, KeyUsage, TemplateError, Validity, ValidityError, read_bundle};
use crate::csr::Csr;
use crate::issue::{IssueError, Key, Order, Record, Upload, UploadError};
use crate::name::{DistinguishedName, San, SanKind, Subject, SubjectField};
use crate::profile::{CommonName, Lifetime, Period, Profile, ProfileRefusal};
use crate::store::authorities::Authority;
use crate::store::{AuthorityId, CertificateId};

/// The longest text that holds a certificate, a chain or a request.
const TEXT: usize = 512 * 1024;

pub(in crate::rest) const KEY_TYPES: [&str; 11] = [
    "RSA2048",
    "RSA3072",
    "RSA4096",
    "ECCPRIME256V1",
    "ECCSECP256R1",
    "ECCSECP384R1",
    "ECCSECP521R1",
    "ED25519",
    "MLDSA44",
    "MLDSA65",
    "MLDSA87",
];

pub(in crate::rest) const NAME: Shape = Shape {
    name: "AlternativeName",
    fields: &[
        required(
            "nameType",
            Kind::OneOf(&[
                "DNSName",
                "IPAddress",
                "IPNetwork",
                "uniformResourceIdentifier",
                "URIName",
                "rfc822Name",
                "EmailAddress",
                "registeredID",
            ]),
            "",
        ),
        required("value", Kind::Text(2_048), ""),
    ],
};

const NAMES: Shape = Shape { name: "AlternativeNames", fields: &[optional("names", Kind::Objects(&NAME, 1_000), "The names")] };

const CONSTRAINTS: Shape = Shape {
    name: "BasicConstraints",
    fields: &[
        optional("ca", Kind::Flag, "Only false: an authority is made under /authorities"),
        optional("path_length", Kind::Integer(0, 255), "How many authorities may stand under one"),
        optional("pathLength", Kind::Integer(0, 255), "The same"),
    ],
};

pub(in crate::rest) const EXTENSIONS: Shape = Shape {
    name: "Extensions",
    fields: &[
        optional("subAltNames", Kind::Object(&NAMES), "The alternative names"),
        optional("basicConstraints", Kind::Object(&CONSTRAINTS), "Only what the profile gives"),
        optional("keyUsage", Kind::Any, "Flags useDigitalSignature …: only what the profile gives"),
        optional("extendedKeyUsage", Kind::Any, "Flags useServerAuthentication …: only what the profile gives"),
        optional("subjectKeyIdentifier", Kind::Any, "Always in the certificate"),
        optional("authorityKeyIdentifier", Kind::Any, "Always in the certificate"),
        optional("authorityIdentifier", Kind::Any, "Always in the certificate"),
        optional("certificateInfoAccess", Kind::Any, "As the authority publishes"),
        optional("cRLDistributionPoints", Kind::Any, "As the authority publishes"),
        optional("custom", Kind::Any, "Refused: no profile gives extensions of others"),
    ],
};

pub(in crate::rest) const NEW: Shape = Shape {
    name: "NewCertificate",
    fields: &[
        required("owner", Kind::Email, "Who answers for it"),
        required("authority", Kind::Association, "Who is to issue it"),
        optional("commonName", Kind::Name(64), "The subject's common name; by most profiles one of the names"),
        optional("name", Kind::Text(254), "What it shall be called"),
        optional("description", Kind::Text(4_096), "What people say about it"),
        optional("csr", Kind::Text(TEXT), "A request, PEM: its public key and its names are taken"),
        optional("keyType", Kind::OneOf(&KEY_TYPES), "The key that is made where there is no request: ECCPRIME256V1"),
        optional(
            "profile",
            Kind::Text(128),
            "The profile: the one that the workload or authority has alone, or tls-server, or tls-client where only useClientAuthentication is asked for",
        ),
        optional("validityStart", Kind::Time, "From when"),
        optional("validityEnd", Kind::Time, "Until when"),
        optional("validityYears", Kind::Integer(1, 30), "For so many years"),
        optional("validityDays", Kind::Integer(1, 10_950), "For so many days"),
        optional("organization", Kind::Name(64), ""),
        optional("organizationalUnit", Kind::Name(64), ""),
        optional("location", Kind::Name(128), ""),
        optional("state", Kind::Name(128), ""),
        optional("country", Kind::Text(2), ""),
        optional("extensions", Kind::Known(&EXTENSIONS), "What it is to say, within its profile"),
        optional("replaces", Kind::Associations, "Certificates whose place it takes"),
        optional("replacements", Kind::Associations, "The same"),
        optional("roles", Kind::Associations, "Roles that may use it"),
        optional("notify", Kind::Flag, "Whether its owner is told of its end"),
        optional("active", Kind::Flag, "The same as notify"),
        optional("rotation", Kind::Flag, "Whether it is to be replaced before its end"),
        optional("rotationPolicy", Kind::Any, "By which policy, {name}"),
        optional("destinations", Kind::Any, "Comes later: empty"),
        optional("notifications", Kind::Any, "Comes later: empty"),
        optional("dnsProvider", Kind::Any, "Comes later: empty"),
    ],
};

const UPLOAD: Shape = Shape {
    name: "UploadedCertificate",
    fields: &[
        required("body", Kind::Text(TEXT), "The certificate, PEM"),
        required("owner", Kind::Email, "Who answers for it"),
        optional("chain", Kind::Text(TEXT), "The certificates above it, PEM"),
        optional("privateKey", Kind::Text(TEXT), "Its private key, PEM"),
        optional("csr", Kind::Text(TEXT), "The request that it was made from, PEM"),
        optional("name", Kind::Text(254), "What it shall be called"),
        optional("externalId", Kind::Text(254), "What another system calls it"),
        optional("authority", Kind::Association, "Taken for the sake of Lemur's clients: the issuer is read from the certificate"),
        optional("description", Kind::Text(4_096), "What people say about it"),
        optional("replaces", Kind::Associations, "Certificates whose place it takes"),
        optional("replacements", Kind::Associations, "The same"),
        optional("roles", Kind::Associations, "Roles that may use it"),
        optional("notify", Kind::Flag, "Whether its owner is told of its end"),
        optional("active", Kind::Flag, "The same as notify"),
        optional("rotation", Kind::Flag, "Whether it is to be replaced before its end"),
        optional("rotationPolicy", Kind::Any, "By which policy, {name}"),
        optional("destinations", Kind::Any, "Comes later: empty"),
        optional("notifications", Kind::Any, "Comes later: empty"),
    ],
};

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::post("/certificates", create, "Issue a certificate; of an authority elsewhere, order it: then it is pending")
            .takes(&NEW)
            .gives::<CertificateOut>()
            .or_gives::<PendingOut>(),
        Route::post("/certificates/upload", upload, "Store a certificate that was made elsewhere").takes(&UPLOAD).gives::<CertificateOut>(),
    ]
}

/// What an authority gives: the certificate, or, where it is elsewhere, a pending one, as Lemur does.
#[derive(Serialize)]
#[serde(untagged)]
enum Given {
    Certificate(Box<CertificateOut>),
    Pending(Box<PendingOut>),
}

async fn create(State(api): State<Api>, signed: Signed, body: Bytes) -> Result<Json<Given>, Fault> {
    let order = api.asked(&signed, &body, None).await?;
    if api.authority(order.authority.0).await?.upstream().is_some() {
        return Ok(Json(Given::Pending(Box::new(api.pend(order).await?))));
    }
    let issued = api.engine.issue(order).await.map_err(refusal)?;
    let certificate = api.certificate(issued.id.0).await?;
    Ok(Json(Given::Certificate(Box::new(api.described(certificate).await?))))
}

impl Api {
    /// What a body asks for, of an authority that the requester may use; that may be known to be elsewhere.
    pub(in crate::rest) async fn asked(&self, signed: &Signed, body: &Bytes, elsewhere: Option<&str>) -> Result<Order, Fault> {
        let fields = NEW.read(body)?;
        let authority = self.named_authority(&fields, "authority").await?;
        signed.may(&Action::IssueCertificate(super::super::authorities::facts(&authority)))?;
        if let (Some(reason), None) = (elsewhere, authority.upstream()) {
            return Err(Fault::field("authority", reason));
        }
        refuse_later(&fields)?;
        let csr = fields.filled("csr").map(|text| Csr::from_pem(text.as_bytes())).transpose();
        let csr = csr.map_err(|error| Fault::field("csr", error.to_string()))?;
        let profile_name = profile_name(&fields, &authority, &signed.requester);
        let profile = self.engine.settings().profiles.get(&profile_name);
        let profile = profile.ok_or_else(|| Fault::field("profile", "There is no such profile."))?;
        refuse_what_the_profile_does_not_give(&fields, profile)?;
        let names = names(&fields, csr.as_ref(), profile)?;
        let mut record = self.record(signed, &fields).await?;
        let subject = self.subject(&fields, csr.as_ref(), profile)?;
        let again = Renewal { authority: authority.id, profile: &profile_name, subject: &subject, names: &names };
        let renewed = self.renewed(signed, &record, again).await?;
        signed.may(&Action::IssueThis(OrderFacts {
            authority: super::super::authorities::facts(&authority),
            profile: &profile_name,
            common_name: subject.common_name(),
            names: &names,
            subject: SUBJECT.iter().any(|(name, _)| fields.filled(name).is_some()),
            owner: &record.owner,
            roles: &record.roles,
            renews: renewed.as_ref().map(facts),
        }))?;
        let limits = NamesFacts { names: &names, common_name: subject.common_name(), limits: &authority.role_names };
        signed.may(&Action::CertifyNames(super::super::authorities::facts(&authority), limits))?;
        if let Some(workload) = signed.requester.workload() {
            // By this its certificates are its own.
            record.roles = vec![workload.role()];
        }
        Ok(Order {
            authority: authority.id,
            key: match &csr {
                Some(csr) => Key::Theirs(csr.public_key().clone()),
                None => Key::Made(key_type(fields.text("keyType").unwrap_or("ECCPRIME256V1"))?),
            },
            subject,
            names,
            period: period(&fields, self.engine.now())?,
            csr: csr.as_ref().map(|csr| csr.as_der().to_vec()),
            record,
            profile: profile_name,
            actor: signed.actor.clone(),
        })
    }
}

async fn upload(State(api): State<Api>, signed: Signed, body: Bytes) -> Result<Json<CertificateOut>, Fault> {
    signed.may(&Action::UploadCertificate)?;
    let fields = UPLOAD.read(&body)?;
    refuse_later(&fields)?;
    let bundle = |name: &str| match fields.filled(name) {
        None => Ok(Vec::new()),
        Some(text) => read_bundle(text.as_bytes()).map_err(|error| Fault::field(name, error.to_string())),
    };
    let mut own = bundle("body")?.into_iter();
    let leaf = own.next().ok_or_else(|| Fault::field("body", "There is no certificate."))?;
    let attributes = [leaf.subject(), leaf.issuer()].into_iter().flat_map(DistinguishedName::attributes);
    if attributes.map(|attribute| &attribute.text).chain(leaf.other_names()).any(|text| text.contains('\0')) {
        return Err(Fault::field("body", "A name in the certificate holds a NUL."));
    }
    let chain = own.chain(bundle("chain")?).collect();
    let private_key = match fields.filled("privateKey") {
        None => None,
        Some(text) => Some(private_key(text)?),
    };
    let csr = fields.filled("csr").map(|text| Csr::from_pem(text.as_bytes())).transpose();
    let csr = csr.map_err(|error| Fault::field("csr", error.to_string()))?;
    let record = api.record(&signed, &fields).await?;
    let brought = CertificateFacts { id: CertificateId(0), names: &[], owner: &record.owner, creator: None, roles: &record.roles };
    signed.may(&Action::UploadCertificateFor(brought))?;
    let upload = Upload {
        certificate: leaf,
        chain,
        private_key,
        csr: csr.map(|csr| csr.as_der().to_vec()),
        external_id: fields.filled("externalId").map(str::to_owned),
        record,
        actor: signed.actor.clone(),
        most: decide(&signed.requester, &Action::UploadWithoutLimit).err().map(|_| api.settings.most_uploads.0),
    };
    let stored = api.engine.upload(upload).await.map_err(|error| match error {
        UploadError::Chain(_) | UploadError::Long => Fault::field("chain", error.to_string()),
        UploadError::Key(_) | UploadError::OtherKey => Fault::field("privateKey", error.to_string()),
        UploadError::Duplicate => Fault::Conflict(error.to_string()),
        UploadError::Forged { .. } => Fault::field("body", error.to_string()),
        UploadError::TooMany { .. } => Fault::Exhausted(error.to_string()),
        UploadError::Issue(error) => refusal(error),
    })?;
    let certificate = api.certificate(stored.id.0).await?;
    api.described(certificate).await.map(Json)
}

/// A private key in any form that key files have, as PKCS #8.
fn private_key(text: &str) -> Result<Secret<Vec<u8>>, Fault> {
    let wrong = |error| {
        let sentence = match error {
            // These say what kind of key it is and no more; of the others what was wrong is not repeated, since it may hold parts of the key.
            KeyFileError::Weak(_) | KeyFileError::UnsupportedKeyType { .. } | KeyFileError::Inconsistent => error.to_string(),
            _ => "Not a private key that can be read: PKCS #8, PKCS #1 or SEC 1 without a passphrase is wanted.".to_owned(),
        };
        Fault::field("privateKey", sentence)
    };
    let signer = KeyFile::parse(text.as_bytes()).and_then(|file| file.unlock(None)).map_err(wrong)?;
    signer.to_pkcs8_der().map_err(|error| Fault::Internal(error.to_string()))
}

fn profile_name(fields: &Fields, authority: &Authority, requester: &Requester) -> String {
    if let Some(name) = fields.filled("profile") {
        return name.to_owned();
    }
    // A workload that may use one alone means that one.
    if let Requester::Workload(workload) = requester
        && let [only] = workload.grant().profiles.as_slice()
    {
        return only.clone();
    }
    let asked = fields.object("extensions").map(|extensions| flags(extensions, "extendedKeyUsage").0).unwrap_or_default();
    let yes = |name: &str| asked.iter().any(|flag| flag == name);
    let name = if yes("useClientAuthentication") && !yes("useServerAuthentication") { "tls-client" } else { "tls-server" };
    match authority.profiles.as_slice() {
        [only] => only.clone(),
        _ => name.to_owned(),
    }
}

/// A flag of an extended key usage, and what it stands for.
const EXTENDED: [(&str, ExtendedKeyUsage); 6] = [
    ("useServerAuthentication", ExtendedKeyUsage::SERVER_AUTH),
    ("useClientAuthentication", ExtendedKeyUsage::CLIENT_AUTH),
    ("useCodeSigning", ExtendedKeyUsage::CODE_SIGNING),
    ("useEmailProtection", ExtendedKeyUsage::EMAIL_PROTECTION),
    ("useTimestamping", ExtendedKeyUsage::TIME_STAMPING),
    ("useOCSPSigning", ExtendedKeyUsage::OCSP_SIGNING),
];

/// The flags that an extension sets, and what is wrong with it. Extended usages may come as they stand in answers: a list of their names.
fn flags(extensions: &Fields, name: &str) -> (Vec<String>, Reasons) {
    let (mut set, mut reasons) = (Vec::new(), Reasons::new());
    let path = |flag: &str| format!("extensions.{name}.{}", shown(flag));
    // With underscores too, as all fields.
    let known = KeyUsage::ALL.into_iter().map(flag_of).chain(EXTENDED.iter().map(|(flag, _)| *flag)).collect::<Vec<_>>();
    let spelled = |flag: &str| {
        let bare = flag.replace('_', "");
        known.iter().find(|known| known.eq_ignore_ascii_case(&bare)).map_or_else(|| flag.to_owned(), |known| (*known).to_owned())
    };
    match extensions.any(name) {
        None => {}
        Some(Value::Object(said)) => {
            for (flag, value) in said {
                match (flag_in(value), value) {
                    (Some(true), _) => set.push(spelled(flag)),
                    (Some(false), _) | (None, Value::Null) => {}
                    (None, Value::Array(usages)) if name == "extendedKeyUsage" && flag == "usages" => {
                        for usage in usages {
                            let named = EXTENDED.iter().find(|(_, known)| usage.as_str().is_some_and(|usage| usage == known.name()));
                            match (named, usage.as_str()) {
                                (Some((flag, _)), _) => set.push((*flag).to_owned()),
                                (None, Some(other)) => set.push(other.to_owned()),
                                (None, None) => drop(reasons.insert(path(flag), "Not a list of names.".to_owned())),
                            }
                        }
                    }
                    (None, _) => drop(reasons.insert(path(flag), NO_FLAG.to_owned())),
                }
            }
        }
        Some(_) if !extensions.says_something(name) => {}
        Some(_) => drop(reasons.insert(format!("extensions.{name}"), "Not an object.".to_owned())),
    }
    (set, reasons)
}

fn shown(flag: &str) -> String {
    flag.chars().take(64).collect()
}

fn refuse_what_the_profile_does_not_give(fields: &Fields, profile: &Profile) -> Result<(), Fault> {
    let Some(extensions) = fields.object("extensions") else { return Ok(()) };
    let mut reasons = Reasons::new();
    let mut refuse = |name: String| drop(reasons.insert(name, "The profile does not give this.".to_owned()));
    if let Some(constraints) = extensions.object("basicConstraints") {
        if constraints.flag("ca") == Some(true) {
            refuse("extensions.basicConstraints.ca".to_owned());
        }
        if constraints.has("path_length") || constraints.has("pathLength") {
            refuse("extensions.basicConstraints.path_length".to_owned());
        }
    }
    let (usages, wrong) = flags(extensions, "keyUsage");
    for flag in usages {
        let known = KeyUsage::ALL.into_iter().find(|usage| flag_of(*usage) == flag);
        if !known.is_some_and(|usage| profile.key_usages().contains(usage)) {
            refuse(format!("extensions.keyUsage.{}", shown(&flag)));
        }
    }
    let (extended, also_wrong) = flags(extensions, "extendedKeyUsage");
    for flag in extended {
        let known = EXTENDED.iter().find(|(name, _)| *name == flag);
        if !known.is_some_and(|(_, usage)| profile.extended_key_usages().contains(usage)) {
            refuse(format!("extensions.extendedKeyUsage.{}", shown(&flag)));
        }
    }
    if extensions.says_something("custom") {
        refuse("extensions.custom".to_owned());
    }
    reasons.extend(wrong);
    reasons.extend(also_wrong);
    if reasons.is_empty() { Ok(()) } else { Err(Fault::Invalid(reasons)) }
}

/// The names that are asked for: those of the body, then those of the request.
fn names(fields: &Fields, csr: Option<&Csr>, profile: &Profile) -> Result<Vec<San>, Fault> {
    let asked =
        fields.object("extensions").and_then(|extensions| extensions.object("subAltNames")).and_then(|names| names.objects("names"));
    let mut names = Vec::new();
    let mut reasons = Reasons::new();
    for (number, name) in asked.unwrap_or_default().iter().enumerate() {
        let value = name.text("value").unwrap_or_default().trim();
        let read = match name.text("nameType").unwrap_or_default() {
            "DNSName" => San::parse(SanKind::Dns, value).map_err(|error| error.to_string()),
            "IPAddress" => San::parse(SanKind::Ip, value).map_err(|error| error.to_string()),
            "rfc822Name" | "EmailAddress" => San::parse(SanKind::Email, value).map_err(|error| error.to_string()),
            "uniformResourceIdentifier" | "URIName" => San::parse(SanKind::Uri, value).map_err(|error| error.to_string()),
            other => Err(format!("Names of the type {other} are not certified.")),
        };
        match read {
            Ok(name) => names.push(name),
            Err(reason) => drop(reasons.insert(format!("extensions.subAltNames.names.{number}"), reason)),
        }
    }
    if !reasons.is_empty() {
        return Err(Fault::Invalid(reasons));
    }
    // A common name that is a name joins them, as by ACME and on the command line; where it may be any text it is none.
    let of_csr = match csr {
        Some(csr) if profile.subject().common_name == CommonName::Free => csr.names().to_vec(),
        Some(csr) => csr.all_names(),
        None => Vec::new(),
    };
    for name in of_csr {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// A kind of key by Lemur's name.
pub(in crate::rest) fn key_type(name: &str) -> Result<KeyType, Fault> {
    match name {
        "RSA2048" => Ok(KeyType::Rsa2048),
        "RSA3072" => Ok(KeyType::Rsa3072),
        "RSA4096" => Ok(KeyType::Rsa4096),
        "ECCPRIME256V1" | "ECCSECP256R1" => Ok(KeyType::EcdsaP256),
        "ECCSECP384R1" => Ok(KeyType::EcdsaP384),
        "ED25519" => Ok(KeyType::Ed25519),
        "MLDSA44" => Ok(KeyType::MlDsa(MlDsa::MlDsa44)),
        "MLDSA65" => Ok(KeyType::MlDsa(MlDsa::MlDsa65)),
        "MLDSA87" => Ok(KeyType::MlDsa(MlDsa::MlDsa87)),
        other => Err(Fault::field("keyType", format!("Keys of the type {other} are not made here."))),
    }
}

/// The first field that says how long, if there is one alone.
pub(in crate::rest) fn one_end(fields: &Fields, names: &[&str]) -> Result<(), Fault> {
    let mut given = names.iter().filter(|name| fields.has(name));
    match (given.next(), given.next()) {
        (Some(_), Some(second)) => Err(Fault::field(*second, format!("Only one of {} is wanted.", names.join(", ")))),
        _ => Ok(()),
    }
}

fn period(fields: &Fields, now: Timestamp) -> Result<Period, Fault> {
    one_end(fields, &["validityEnd", "validityYears", "validityDays"])?;
    if let Some(days) = fields.integer("validityDays") {
        let days = u32::try_from(days).map_err(|_| Fault::field("validityDays", "Too many."))?;
        let lifetime = Lifetime::days(days);
        let Some(start) = fields.time("validityStart") else { return Ok(Period::For(lifetime)) };
        let wrong = |error: ValidityError| Fault::field("validityStart", error.to_string());
        return Ok(Period::Between(start, Validity::lasting(start, lifetime.duration()).map_err(wrong)?.not_after()));
    }
    match (fields.time("validityStart"), fields.time("validityEnd"), fields.integer("validityYears")) {
        (Some(start), Some(end), _) if start >= end => Err(Fault::field("validityEnd", "Validity start must be before validity end.")),
        (Some(start), Some(end), _) => Ok(Period::Between(start, end)),
        (None, Some(end), _) => Ok(Period::Until(end)),
        (start, None, Some(years)) => {
            let from = start.unwrap_or(now);
            let zoned = from.to_zoned(jiff::tz::TimeZone::UTC).checked_add(years.years());
            let end = zoned.map_err(|_| Fault::field("validityYears", "Too many."))?.timestamp();
            Ok(start.map_or(Period::Until(end), |start| Period::Between(start, end)))
        }
        (Some(_), None, None) => Err(Fault::field("validityEnd", "If validity start is specified so must validity end.")),
        (None, None, None) => Ok(Period::Default),
    }
}

/// What was refused, by the field that is at fault.
pub(in crate::rest) fn refusal(error: IssueError) -> Fault {
    if !error.is_the_requests_fault() {
        return Fault::from(&error);
    }
    let text = error.to_string();
    match error {
        IssueError::UnknownAuthority { .. } | IssueError::NotIssuing { .. } | IssueError::NotYet { .. } | IssueError::Ended { .. } => {
            Fault::field("authority", text)
        }
        IssueError::UnknownProfile { .. } | IssueError::ProfileNotAllowed { .. } => Fault::field("profile", text),
        IssueError::Duplicate => Fault::Conflict(text),
        IssueError::PublicKey(_) => Fault::field("csr", text),
        IssueError::TooLarge { .. } => Fault::field("extensions.subAltNames", text),
        IssueError::Experimental { .. } => Fault::field("keyType", text),
        IssueError::Lint { findings } => {
            Fault::Invalid(findings.iter().map(|finding| (format!("lint.{}", finding.lint.id), finding.to_string())).collect())
        }
        IssueError::Refused(refusal) => Fault::field(field_of(&refusal), text),
        IssueError::Template(TemplateError::OutlivesIssuer { .. }) => Fault::field("validityEnd", text),
        _ => Fault::Bad(text),
    }
}

const fn field_of(refusal: &ProfileRefusal) -> &'static str {
    use ProfileRefusal as Refusal;
    match refusal {
        Refusal::KeyType { .. } | Refusal::IssuersKey => "keyType",
        Refusal::NoName | Refusal::TooManyNames { .. } | Refusal::NameKind { .. } | Refusal::NameForm { .. } | Refusal::NotPermitted(_) => {
            "extensions.subAltNames"
        }
        Refusal::SubjectField { field } => match field {
            SubjectField::Country => "country",
            SubjectField::State => "state",
            SubjectField::Locality => "location",
            SubjectField::Organization => "organization",
            SubjectField::OrganizationalUnit => "organizationalUnit",
            SubjectField::CommonName => "commonName",
        },
        Refusal::CommonName { .. } | Refusal::Subject(_) => "commonName",
        Refusal::StartsFar { .. } | Refusal::BeforeIssuer { .. } => "validityStart",
        Refusal::TooLong { .. } | Refusal::OutlivesIssuer { .. } | Refusal::Over | Refusal::Validity(_) => "validityEnd",
        Refusal::ExtendedKeyUsage { .. } => "authority",
    }
}

/// The fields of the subject, and what Lemur calls them.
pub(in crate::rest) const SUBJECT: [(&str, SubjectField); 5] = [
    ("country", SubjectField::Country),
    ("state", SubjectField::State),
    ("location", SubjectField::Locality),
    ("organization", SubjectField::Organization),
    ("organizationalUnit", SubjectField::OrganizationalUnit),
];

impl Api {
    fn subject(&self, fields: &Fields, csr: Option<&Csr>, profile: &Profile) -> Result<Subject, Fault> {
        let with = |subject: Subject, name: &'static str, field, text: &str| {
            subject.with(field, text).map_err(|error| Fault::field(name, error.to_string()))
        };
        let defaults = &self.settings.defaults;
        let default = |field| match field {
            SubjectField::Country => defaults.country.as_deref(),
            SubjectField::State => defaults.state.as_deref(),
            SubjectField::Locality => defaults.location.as_deref(),
            SubjectField::Organization => defaults.organization.as_deref(),
            SubjectField::OrganizationalUnit => defaults.organizational_unit.as_deref(),
            SubjectField::CommonName => None,
        };
        let mut subject = Subject::new();
        for (name, field) in SUBJECT {
            let allowed = profile.subject().allowed.contains(&field);
            if let Some(text) = fields.filled(name).or_else(|| default(field).filter(|_| allowed && !fields.has(name))) {
                subject = with(subject, name, field, text)?;
            }
        }
        if let Some(text) = fields.filled("commonName").or_else(|| csr.and_then(Csr::common_name)) {
            subject = with(subject, "commonName", SubjectField::CommonName, text)?;
        }
        Ok(subject)
    }

    async fn record(&self, signed: &Signed, fields: &Fields) -> Result<Record, Fault> {
        let mut record = Record::of_owner(fields.text("owner").unwrap_or_default());
        record.name = fields.filled("name").map(str::to_owned);
        fields.text("description").unwrap_or_default().clone_into(&mut record.description);
        record.roles = self.wanted_roles(fields).await?.unwrap_or_default();
        record.replaces = self.replaced(signed, fields, None).await?.unwrap_or_default();
        record.notify = fields.flag("notify").or_else(|| fields.flag("active")).unwrap_or(true);
        record.rotation = fields.flag("rotation").unwrap_or(false);
        record.rotation_policy = rotation_policy(fields, DEFAULT_POLICY)?.unwrap_or_else(|| DEFAULT_POLICY.to_owned());
        Ok(record)
    }

    /// The authority that a field names.
    pub(in crate::rest) async fn named_authority(&self, fields: &Fields, name: &'static str) -> Result<Authority, Fault> {
        let found = match fields.association(name) {
            Some(Named::Id(id)) => self.engine.authority(AuthorityId(*id)).await?,
            Some(Named::Name(text)) => self.engine.authority_by_name(text).await?,
            None => None,
        };
        found.ok_or_else(|| Fault::field(name, "There is no such authority."))
    }
}
