//! Making an authority: a root, or one under another of ours. As in Lemur it gets two roles, `<name>_admin` and `<name>_operator`: members of the
//! first change it and make authorities under it, members of both issue from it.

use jiff::{SignedDuration, Timestamp, ToSpan};
use menagerie_sign::KeyType;
use serde_json::{Value, json};
use x509_cert::spki::ObjectIdentifier;

use super::super::Api;
use super::super::certificates::{EXTENSIONS, KEY_TYPES, PLUGIN, SUBJECT, key_type, one_end};
use super::super::fault::Fault;
use super::super::plugins::{ACME_HTTP_ISSUER, ACME_ISSUER, ISSUER, UPSTREAM};
use super::super::shape::{Fields, Kind, Shape, optional, required};
use super::super::signed::Signed;
use super::act::{Deed, Plan, ids};
use super::{facts, refusal};
use crate::access::RoleName;
use crate::access::permit::Action;
use crate::asn1::object_identifier;
use crate::audit::shortened;
use crate::authority::{AuthorityError, AuthorityKey, AuthorityOrder, Parent};
use crate::certificate::Validity;
use crate::config::Proof;
use crate::name::{NameConstraints, Subject, SubjectField, Subtrees};
use crate::store::authorities::AuthorityChange;
use crate::store::{AuthorityId, RoleId};
use crate::upstream::UpstreamAuthority;

const SUBTREES: Shape = Shape {
    name: "NameSubtrees",
    fields: &[
        optional("dns", Kind::Any, "Names and all names under them"),
        optional("ip", Kind::Any, "Networks, as 10.0.0.0/8"),
        optional("email", Kind::Any, "Addresses or domains"),
        optional("uri", Kind::Any, "Hosts"),
    ],
};

const CONSTRAINTS: Shape = Shape {
    name: "NameConstraints",
    fields: &[optional("permitted", Kind::Object(&SUBTREES), "Only these"), optional("excluded", Kind::Object(&SUBTREES), "None of these")],
};

pub(super) const NEW: Shape = Shape {
    name: "NewAuthority",
    fields: &[
        required("name", Kind::Text(128), "What it shall be called"),
        required("owner", Kind::Email, "Who answers for it"),
        required("commonName", Kind::Name(64), "The subject's common name"),
        optional("description", Kind::Text(4_096), "What people say about it"),
        optional("type", Kind::OneOf(&["root", "subca", "csr"]), "root if not given; csr: a request for an authority elsewhere"),
        optional("parent", Kind::Association, "For subca: under whom"),
        optional("plugin", Kind::Object(&PLUGIN), "cryptography-issuer; acme-issuer with the option upstream for one elsewhere"),
        optional("keyType", Kind::OneOf(&KEY_TYPES), "RSA2048"),
        optional("keyReference", Kind::Text(1_024), "The name of a key elsewhere that the configuration has, instead of keyType"),
        optional(
            "signingAlgorithm",
            Kind::OneOf(&["sha256WithRSA", "sha1WithRSA", "sha256WithECDSA", "SHA384withECDSA", "SHA512withECDSA"]),
            "What the key signs by follows from its type; SHA-1 is refused",
        ),
        optional("sensitivity", Kind::OneOf(&["medium", "high"]), "Kept"),
        optional("serialNumber", Kind::Any, "Serial numbers are random: left alone"),
        optional("firstSerial", Kind::Any, "Serial numbers are random: left alone"),
        optional("validityStart", Kind::Time, "From when"),
        optional("validityEnd", Kind::Time, "Until when"),
        optional("validityYears", Kind::Integer(1, 30), "For so many years: ten for a root, five for others"),
        optional("validityDays", Kind::Integer(1, 10_950), "For so many days"),
        optional("organization", Kind::Name(64), ""),
        optional("organizationalUnit", Kind::Name(64), ""),
        optional("location", Kind::Name(128), ""),
        optional("state", Kind::Name(128), ""),
        optional("country", Kind::Text(2), ""),
        optional("email", Kind::Text(254), "Left alone"),
        optional("extensions", Kind::Known(&EXTENSIONS), "basicConstraints.path_length is taken"),
        optional("pathLength", Kind::Integer(0, 16), "How many authorities there may be under it, one under the other"),
        optional("nameConstraints", Kind::Object(&CONSTRAINTS), "The names that it may certify"),
        optional("profiles", Kind::Any, "The names of the profiles that it issues by; none means all"),
        optional("policies", Kind::Any, "Object identifiers of the certificate policies that it issues under; none means any"),
        optional("roles", Kind::Associations, "Roles that may use it, besides its own"),
    ],
};

pub(super) async fn plan(api: &Api, signed: &Signed, body: &Value) -> Result<Plan, Fault> {
    let fields = NEW.read_value(body)?;
    if body["name"].is_number() {
        return Err(Fault::field("name", "Not a valid string."));
    }
    for name in ["custom", "subAltNames"] {
        if fields.object("extensions").is_some_and(|extensions| extensions.says_something(name))
            && says_something(&body["extensions"], name)
        {
            return Err(Fault::field(format!("extensions.{name}"), "The certificate of an authority has none."));
        }
    }
    if let Some(upstream) = upstream_of(signed, &fields)? {
        return plan_elsewhere(api, &fields, upstream).await;
    }
    let (parent, above) = match fields.text("type") {
        Some("subca") => {
            if !fields.has("parent") {
                return Err(Fault::field("parent", "If generating a subca, parent 'authority' must be specified."));
            }
            let parent = api.named_authority(&fields, "parent").await?;
            signed.may(&Action::CreateSubAuthority(facts(&parent)))?;
            (Parent::Ours(parent.id), Some(parent))
        }
        kind => {
            signed.may(&Action::CreateRootAuthority)?;
            (if kind == Some("csr") { Parent::Outside } else { Parent::Itself }, None)
        }
    };
    if fields.text("signingAlgorithm") == Some("sha1WithRSA") {
        return Err(Fault::field("signingAlgorithm", "SHA-1 does not protect a signature."));
    }
    let key = key(api, signed, &fields)?;
    if let AuthorityKey::Made(kind) = &key {
        check_algorithm(&fields, *kind)?;
    }
    let name = free_name(api, &fields).await?;
    let roles = api.named_roles(&fields, "roles").await?.unwrap_or_default();
    let order = AuthorityOrder {
        name: name.clone(),
        owner: fields.text("owner").unwrap_or_default().to_owned(),
        description: fields.text("description").unwrap_or_default().to_owned(),
        subject: subject(&fields)?,
        key,
        parent,
        validity: validity(&fields, api.engine.now())?,
        path_length: path_length(&fields),
        constraints: constraints(&fields)?,
        extended_key_usages: Vec::new(),
        policies: policies(&fields)?,
        profiles: profiles(&fields)?.unwrap_or_default(),
        options: json!({"sensitivity": fields.text("sensitivity").unwrap_or("medium")}).to_string(),
        roles: ids(&roles),
        actor: signed.actor.clone(),
    };
    api.engine.check_authority_order(&order).await.map_err(refusal)?;
    let about = match &above {
        Some(parent) => format!("make the authority {name} under {}", parent.name),
        None => format!("make the authority {name}"),
    };
    Ok(Plan { about, on: Vec::from_iter(above), roles, deed: Deed::Create(Box::new(order)) })
}

/// The name that is asked for, if neither it nor a role of it is taken.
async fn free_name(api: &Api, fields: &Fields) -> Result<String, Fault> {
    let name = fields.filled("name").ok_or_else(|| Fault::field("name", "Missing data for required field."))?;
    if api.engine.authority_by_name(name).await?.is_some() {
        return Err(refusal(AuthorityError::NameTaken { name: name.to_owned() }));
    }
    for name in [format!("{name}_admin"), format!("{name}_operator")] {
        RoleName::parse(&name)?;
        // A role that is there already may hang on something else, and its members were not asked.
        match api.access.role_named(&name).await {
            Ok(_) => return Err(Fault::field("name", format!("There is a role {name} already."))),
            Err(crate::access::AccessError::Missing(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(name.to_owned())
}

pub(super) async fn perform(api: &Api, signed: &Signed, order: AuthorityOrder) -> Result<AuthorityId, Fault> {
    let (name, roles) = (order.name.clone(), order.roles.clone());
    let created = api.engine.create_authority(order).await.map_err(refusal)?;
    finish(api, signed, (created.id, &name), roles).await
}

pub(super) async fn perform_elsewhere(api: &Api, signed: &Signed, new: UpstreamAuthority) -> Result<AuthorityId, Fault> {
    let (name, roles) = (new.name.clone(), new.roles.clone());
    let id = api.upstreams.add_authority(new, &signed.actor).await.map_err(refusal)?;
    finish(api, signed, (id, &name), roles).await
}

/// Gives a new authority its roles. They come after it: a failure leaves an authority that only administrators use, and no role without an
/// authority.
async fn finish(api: &Api, signed: &Signed, (id, name): (AuthorityId, &str), roles: Vec<RoleId>) -> Result<AuthorityId, Fault> {
    let own = api.access.create_authority_roles(name, signed.requester.user(), &signed.actor).await?;
    let change = AuthorityChange { roles: Some(roles.into_iter().chain(own).collect()), ..AuthorityChange::default() };
    api.engine.change_authority(id, &change, &signed.actor).await.map_err(refusal)?;
    Ok(id)
}

/// Whether an extension of the body has something in it.
fn says_something(extensions: &Value, name: &str) -> bool {
    let said = if name == "custom" { &extensions["custom"] } else { &extensions["subAltNames"]["names"] };
    let said = if said.is_null() { &extensions["sub_alt_names"]["names"] } else { said };
    !matches!(said, Value::Null) && said.as_array().is_none_or(|items| !items.is_empty())
}

/// What a key signs by follows from its type: what is asked for is to be of it.
fn check_algorithm(fields: &Fields, kind: KeyType) -> Result<(), Fault> {
    let Some(algorithm) = fields.text("signingAlgorithm") else { return Ok(()) };
    let fits = match kind {
        KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 => algorithm.ends_with("RSA"),
        KeyType::EcdsaP256 | KeyType::EcdsaP384 => algorithm.ends_with("ECDSA"),
        _ => false,
    };
    let reason = format!("A key of the type {} does not sign by this: leave it out.", fields.text("keyType").unwrap_or("RSA2048"));
    if fits { Ok(()) } else { Err(Fault::field("signingAlgorithm", reason)) }
}

/// A key to be made, or one that the configuration names: a request over the network chooses neither a path nor what to ask AWS for.
fn key(api: &Api, signed: &Signed, fields: &Fields) -> Result<AuthorityKey, Fault> {
    let Some(name) = fields.filled("keyReference") else {
        return Ok(AuthorityKey::Made(key_type(fields.text("keyType").unwrap_or("RSA2048"))?));
    };
    signed.may(&Action::UseNamedKey)?;
    if fields.has("keyType") {
        return Err(Fault::field("keyType", "A key that is there already has its own type: leave this out."));
    }
    match api.engine.settings().named_keys.get(name) {
        Some(reference) => Ok(AuthorityKey::Elsewhere(reference.clone())),
        // Whoever has the data in hands says where a key is.
        None if signed.local => Ok(AuthorityKey::Elsewhere(name.to_owned())),
        None => Err(Fault::field("keyReference", "The server's configuration names no such key.")),
    }
}

/// The upstream that the plugin names, if it is one of authorities elsewhere. Where that is, the request cannot say.
fn upstream_of(signed: &Signed, fields: &Fields) -> Result<Option<Upstream>, Fault> {
    let Some(plugin) = fields.object("plugin") else { return Ok(None) };
    if matches!(plugin.text("slug"), None | Some(ISSUER)) {
        return Ok(None);
    }
    signed.may(&Action::CreateRootAuthority)?;
    let by_http = match plugin.text("slug") {
        Some(ACME_ISSUER) => false,
        Some(ACME_HTTP_ISSUER) => true,
        Some("cfssl-issuer") => return Err(Fault::Later("issuers elsewhere that are not ACME")),
        _ => return Err(Fault::field("plugin.slug", "There is no such plugin.")),
    };
    let field = |name: &str| format!("plugin.pluginOptions.{name}");
    let mut named = None;
    for option in plugin.objects("pluginOptions").unwrap_or_default() {
        match (option.text("name").unwrap_or_default(), option.filled("value")) {
            (UPSTREAM, Some(name)) => named = Some(name.to_owned()),
            (_, None) => {}
            (other, Some(_)) => {
                let reason = "Only the server's configuration file says this: name an [upstream.NAME] of it by the option upstream.";
                return Err(Fault::field(field(other), reason));
            }
        }
    }
    let name = named.ok_or_else(|| Fault::field(field(UPSTREAM), "Missing data for required field."))?;
    Ok(Some(Upstream { name, by_http }))
}

struct Upstream {
    name: String,
    /// Whether Lemur's plugin is the one that proves names by http-01.
    by_http: bool,
}

async fn plan_elsewhere(api: &Api, fields: &Fields, upstream: Upstream) -> Result<Plan, Fault> {
    // When it holds, and all that Lemur's clients send of its certificate, is left alone: it has one already.
    let wanted = |name: &str| Fault::field(name, "An authority elsewhere decides this.");
    if fields.text("type") == Some("subca") || fields.has("parent") {
        return Err(wanted("parent"));
    }
    for name in ["nameConstraints", "pathLength"] {
        if fields.has(name) {
            return Err(wanted(name));
        }
    }
    if upstream.by_http && api.upstreams.proof(&upstream.name).is_some_and(|proof| *proof != Proof::Http01) {
        return Err(Fault::field("plugin.slug", "Names are not proved by http-01 to this upstream: acme-issuer is wanted."));
    }
    let name = free_name(api, fields).await?;
    let roles = api.named_roles(fields, "roles").await?.unwrap_or_default();
    let about = format!("make the authority {name}, which orders from {}", upstream.name);
    let new = UpstreamAuthority {
        name: name.clone(),
        owner: fields.text("owner").unwrap_or_default().to_owned(),
        description: fields.text("description").unwrap_or_default().to_owned(),
        upstream: upstream.name,
        profiles: profiles(fields)?.unwrap_or_default(),
        options: json!({"sensitivity": fields.text("sensitivity").unwrap_or("medium")}).to_string(),
        roles: ids(&roles),
    };
    Ok(Plan { about, on: Vec::new(), roles, deed: Deed::CreateElsewhere(Box::new(new)) })
}

fn subject(fields: &Fields) -> Result<Subject, Fault> {
    let mut subject = Subject::new();
    for (name, field) in SUBJECT.into_iter().chain([("commonName", SubjectField::CommonName)]) {
        if let Some(text) = fields.filled(name) {
            subject = subject.with(field, text).map_err(|error| Fault::field(name, error.to_string()))?;
        }
    }
    Ok(subject)
}

fn validity(fields: &Fields, now: Timestamp) -> Result<Option<Validity>, Fault> {
    one_end(fields, &["validityEnd", "validityYears"])?;
    let start = fields.time("validityStart");
    if let Some(days) = fields.integer("validityDays") {
        let from = start.unwrap_or(now);
        let end = from.checked_add(SignedDuration::from_hours(24 * days)).map_err(|_| Fault::field("validityDays", "Too many."))?;
        return Validity::new(from, end).map(Some).map_err(|error| Fault::field("validityDays", error.to_string()));
    }
    let end = match (fields.time("validityEnd"), fields.integer("validityYears")) {
        (Some(end), _) => end,
        (None, Some(years)) => {
            let zoned = start.unwrap_or(now).to_zoned(jiff::tz::TimeZone::UTC).checked_add(years.years());
            zoned.map_err(|_| Fault::field("validityYears", "Too many."))?.timestamp()
        }
        (None, None) if start.is_some() => {
            return Err(Fault::field("validityEnd", "If validity start is specified so must validity end."));
        }
        (None, None) => return Ok(None),
    };
    Validity::new(start.unwrap_or(now), end).map(Some).map_err(|error| Fault::field("validityEnd", error.to_string()))
}

fn path_length(fields: &Fields) -> Option<u8> {
    let constraints = fields.object("extensions").and_then(|extensions| extensions.object("basicConstraints"));
    let said = constraints.and_then(|constraints| constraints.integer("path_length").or_else(|| constraints.integer("pathLength")));
    fields.integer("pathLength").or(said).and_then(|length| u8::try_from(length).ok())
}

fn constraints(fields: &Fields) -> Result<NameConstraints, Fault> {
    let Some(said) = fields.object("nameConstraints") else { return Ok(NameConstraints::default()) };
    let mut subtrees = Vec::with_capacity(2);
    for side in ["permitted", "excluded"] {
        let Some(of) = said.object(side) else {
            subtrees.push(Subtrees::default());
            continue;
        };
        let path = |kind: &str| format!("nameConstraints.{side}.{kind}");
        let texts = |kind: &'static str| texts(of, kind).map_err(|reason| Fault::field(path(kind), reason));
        let (dns, ip, email, uri) = (texts("dns")?, texts("ip")?, texts("email")?, texts("uri")?);
        let read = Subtrees::parse(&dns, &ip, &email, &uri);
        subtrees.push(read.map_err(|error| Fault::field(format!("nameConstraints.{side}"), error.to_string()))?);
    }
    let [permitted, excluded] = subtrees.try_into().map_err(|_| Fault::field("nameConstraints", "Not valid."))?;
    NameConstraints::new(permitted, excluded).map_err(|error| Fault::field("nameConstraints", error.to_string()))
}

/// The certificate policies, if any are named.
fn policies(fields: &Fields) -> Result<Vec<ObjectIdentifier>, Fault> {
    let named = texts(fields, "policies").map_err(|reason| Fault::field("policies", reason))?;
    let one = |text: &String| {
        object_identifier(text).ok_or_else(|| Fault::field("policies", format!("{:?} is no object identifier.", shortened(text))))
    };
    named.iter().map(one).collect()
}

/// The names of profiles, if the field came.
pub(super) fn profiles(fields: &Fields) -> Result<Option<Vec<String>>, Fault> {
    if !fields.has("profiles") {
        return Ok(None);
    }
    texts(fields, "profiles").map(Some).map_err(|reason| Fault::field("profiles", reason))
}

/// A list of texts.
pub(in crate::rest) fn texts(fields: &Fields, name: &str) -> Result<Vec<String>, &'static str> {
    let Some(value) = fields.any(name) else { return Ok(Vec::new()) };
    let items = value.as_array().filter(|items| items.len() <= 256).ok_or("A list of at most 256 texts is wanted.")?;
    let text = |item: &Value| item.as_str().filter(|text| text.len() <= 254).map(str::to_owned);
    items.iter().map(|item| text(item).ok_or("A list of at most 256 texts is wanted.")).collect()
}
