//! `lemur authority`: who signs.

use std::path::Path;

use anyhow::Context as _;
use menagerie_report::{self as report, Exit, shown};
use serde_json::{Map, Value, json};

use super::approval::waits;
use super::backend::{self, Backend, encoded, id, text};
use super::place::{self, Missing};
use crate::certificate::{View, read_bundle, write_certificate, written};
use crate::cli::{AuthorityChange, AuthorityCommand, AuthorityCreate, AuthorityCrossSign, AuthorityImport, Target};
use crate::name::SubjectField;

/// The largest file with a chain, in bytes.
const LARGEST_BUNDLE: usize = 1 << 20;

pub(super) fn run(target: &Target, command: &AuthorityCommand) -> anyhow::Result<Exit> {
    // An installation may begin with its authorities.
    let missing = if matches!(command, AuthorityCommand::Create(_)) { Missing::Made } else { Missing::Refused };
    backend::on_in(command.emergency(), target, missing, async |backend| match command {
        AuthorityCommand::Create(options) => create(backend, options).await,
        AuthorityCommand::List => list(backend).await,
        AuthorityCommand::Show { name } => show(backend, name).await,
        AuthorityCommand::Change(options) => change(backend, options).await,
        AuthorityCommand::CrossSign(options) => cross_sign(backend, options).await,
        AuthorityCommand::Import(options) => import(backend, options).await,
    })
}

async fn create(backend: &Backend, options: &AuthorityCreate) -> anyhow::Result<Exit> {
    if let Some(path) = &options.csr_out {
        place::refuse_file(path, options.force)?;
        place::refuse_unwritable(path)?;
    }
    let kind = match (&options.parent, &options.csr_out) {
        (Some(_), _) => "subca",
        (None, Some(_)) => "csr",
        (None, None) => "root",
    };
    let mut body = json!({
        "name": options.name, "owner": backend.owner(options.owner.as_deref()).await?, "commonName": common_name(options), "type": kind,
        "organization": options.organization, "country": options.country, "profiles": options.profile, "policies": options.policy,
        "validityDays": options.days, "pathLength": options.path_length,
    });
    match (&options.upstream, &options.key) {
        (Some(upstream), _) => {
            body["plugin"] = json!({"slug": "acme-issuer", "pluginOptions": [{"name": "upstream", "value": upstream}]});
        }
        (None, Some(key)) => body["keyReference"] = json!(key),
        (None, None) => body["keyType"] = json!(options.key_type.name()),
    }
    if let Some(name) = &options.parent {
        body["parent"] = json!({"id": id(&backend.authority(name).await?)});
    }
    if !options.permit_dns.is_empty() || !options.permit_ip.is_empty() {
        body["nameConstraints"] = json!({"permitted": {"dns": options.permit_dns, "ip": options.permit_ip}});
    }
    let made = backend.post("/authorities", body).await?;
    if let Some(exit) = waits(&made) {
        return Ok(exit);
    }
    if let (Some(path), Some(csr)) = (&options.csr_out, made["csr"].as_str()) {
        place::write(path, csr.as_bytes())?;
        let (name, path) = (shown(&options.name), path.display());
        report::note(format_args!("wrote {path}: have it signed, then `lemur authority import {name} CHAIN.pem`"));
    }
    if let Some(view) = certificate(&made)? {
        report::data(write_certificate(view.as_der()))?;
    }
    Ok(Exit::Fine)
}

/// The common name in the certificate; of an authority elsewhere nobody reads it.
fn common_name(options: &AuthorityCreate) -> String {
    options.common_name.clone().unwrap_or_else(|| options.name.chars().take(SubjectField::CommonName.max_characters()).collect())
}

/// Where an authority orders its certificates, if it is one elsewhere.
fn upstream(authority: &Value) -> Option<&str> {
    let mut options = authority["plugin"]["pluginOptions"].as_array().into_iter().flatten();
    options.find(|option| option["name"] == "upstream").and_then(|option| option["value"].as_str())
}

/// The certificate of an authority, if it has one.
fn certificate(authority: &Value) -> anyhow::Result<Option<View>> {
    let Some(pem) = authority["authorityCertificate"]["body"].as_str() else { return Ok(None) };
    Ok(read_bundle(pem.as_bytes())?.into_iter().next())
}

async fn list(backend: &Backend) -> anyhow::Result<Exit> {
    for authority in backend.all("/authorities", "").await? {
        let until = match certificate(&authority)? {
            Some(view) => written(view.validity().not_after()).chars().take(10).collect(),
            None if authority["kind"] == "upstream" => "elsewhere".to_owned(),
            None => "waits for its certificate".to_owned(),
        };
        let (name, owner) = (shown(text(&authority, "name")), shown(text(&authority, "owner")));
        let (kind, state) = (shown(text(&authority, "kind")), shown(text(&authority, "state")));
        report::data(format_args!("{:<5} {name:<24} {kind:<12} {state:<10} {until:<12} {owner}\n", id(&authority)))?;
    }
    Ok(Exit::Fine)
}

async fn show(backend: &Backend, name: &str) -> anyhow::Result<Exit> {
    let authority = backend.get(&format!("/authorities/{}", id(&backend.authority(name).await?))).await?;
    report::data(format_args!("name:        {}\nowner:       {}\n", shown(text(&authority, "name")), shown(text(&authority, "owner"))))?;
    report::data(format_args!("kind:        {}\nstate:       {}\n", shown(text(&authority, "kind")), shown(text(&authority, "state"))))?;
    if authority["parent"].is_object() {
        report::data(format_args!("parent:      {}\n", shown(text(&authority["parent"], "name"))))?;
    }
    for role in authority["roles"].as_array().into_iter().flatten() {
        let limits = authority["roleNames"].as_array().into_iter().flatten();
        let limit = limits.filter(|limit| id(&limit["role"]) == id(role)).map(|limit| texts(&limit["names"]).join(" ")).next();
        let names = limit.map(|names| format!(" (only {})", shown(&names))).unwrap_or_default();
        report::data(format_args!("role:        {}{names}\n", shown(text(role, "name"))))?;
    }
    for profile in texts(&authority["profiles"]) {
        report::data(format_args!("profile:     {}\n", shown(profile)))?;
    }
    if let Some(key) = authority["keyReference"].as_str() {
        report::data(format_args!("key:         {}\n", shown(key)))?;
    }
    if let Some(upstream) = upstream(&authority) {
        report::data(format_args!("upstream:    {}\n", shown(upstream)))?;
    } else if let Some(view) = certificate(&authority)? {
        let validity = view.validity();
        report::data(format_args!("subject:     {}\n", shown(&view.subject().to_string())))?;
        if let Ok(key) = view.public_key() {
            let kind = key.key_type().map_or_else(|| format!("RSA {}", key.bits()), |kind| kind.to_string());
            report::data(format_args!("key type:    {kind}\n"))?;
        }
        let below = view.path_length().map_or_else(|| "no limit".to_owned(), |length| length.to_string());
        report::data(format_args!("path length: {below}\n"))?;
        constraints(&view)?;
        report::data(format_args!("serial:      {}\n", view.serial()))?;
        report::data(format_args!("not before:  {}\nnot after:   {}\n", validity.not_before(), written(validity.not_after())))?;
        for list in texts(&authority["revocationLists"]) {
            report::data(format_args!("crl:         {}\n", shown(list)))?;
        }
        report::data(write_certificate(view.as_der()))?;
    } else if let Some(csr) = authority["csr"].as_str() {
        report::data(crate::csr::Csr::from_pem(csr.as_bytes())?.to_pem())?;
    }
    Ok(Exit::Fine)
}

/// Which names the certificate lets its authority certify.
fn constraints(view: &View) -> anyhow::Result<()> {
    let constraints = match view.name_constraints() {
        Ok(constraints) => serde_json::to_value(constraints)?,
        Err(error) => return Ok(report::data(format_args!("constraints: {error}\n"))?),
    };
    for (label, list) in [("permitted:  ", "permitted"), ("excluded:   ", "excluded")] {
        for kind in ["dns", "ip", "email", "uri"] {
            for name in texts(&constraints[list][kind]) {
                report::data(format_args!("{label} {kind} {}\n", if name.is_empty() { "*".into() } else { shown(name) }))?;
            }
        }
    }
    Ok(())
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

async fn change(backend: &Backend, options: &AuthorityChange) -> anyhow::Result<Exit> {
    let authority = backend.authority(&options.name).await?;
    let mut body = Map::new();
    let mut say = |field: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(field.to_owned(), value);
        }
    };
    say("owner", options.owner.as_ref().map(|owner| json!(owner)));
    say("description", options.description.as_ref().map(|text| json!(text)));
    say("active", options.active.map(|active| json!(active)));
    say("profiles", (!options.profiles.is_empty()).then(|| json!(options.profiles)));
    say("profiles", options.every_profile.then(|| json!([])));
    if !options.roles.is_empty() {
        let mut roles = Vec::new();
        for name in &options.roles {
            roles.push(json!({"id": id(&backend.role(name).await?)}));
        }
        body.insert("roles".to_owned(), json!(roles));
    }
    anyhow::ensure!(!body.is_empty(), "nothing was said that is to change: `lemur authority change --help` shows what can");
    put(backend, &authority, &Value::Object(body)).await
}

/// Changes an authority, and says so.
pub(super) async fn put(backend: &Backend, authority: &Value, body: &Value) -> anyhow::Result<Exit> {
    let changed = backend.put(&format!("/authorities/{}", id(authority)), body.clone()).await?;
    if let Some(exit) = waits(&changed) {
        return Ok(exit);
    }
    report::note(format_args!("changed {}", shown(text(&changed, "name"))));
    Ok(Exit::Fine)
}

async fn cross_sign(backend: &Backend, options: &AuthorityCrossSign) -> anyhow::Result<Exit> {
    let authority = backend.authority(&options.name).await?;
    let body = match (&options.by, &options.chain) {
        (Some(by), _) => json!({"issuer": {"id": id(&backend.authority(by).await?)}, "validityDays": options.days}),
        (None, Some(path)) => json!({"chain": chain(path)?}),
        (None, None) => anyhow::bail!("either --by or a chain from outside is wanted"),
    };
    let made = backend.post(&format!("/authorities/{}/cross_certificates", id(&authority)), body).await?;
    if let Some(exit) = waits(&made) {
        return Ok(exit);
    }
    if let Some(pem) = made["body"].as_str() {
        report::data(write_certificate(read_bundle(pem.as_bytes())?.first().context("the answer has no certificate")?.as_der()))?;
    }
    report::note(format_args!("{} has another chain", shown(&options.name)));
    Ok(Exit::Fine)
}

/// The certificates of a file as one text, whatever form the file has.
fn chain(path: &Path) -> anyhow::Result<String> {
    let bundle = place::bytes(path, LARGEST_BUNDLE)?;
    let views = read_bundle(&bundle).with_context(|| path.display().to_string())?;
    Ok(views.iter().map(|view| write_certificate(view.as_der())).collect())
}

async fn import(backend: &Backend, options: &AuthorityImport) -> anyhow::Result<Exit> {
    let authority = backend.authority(&options.name).await?;
    let above =
        |listed: &[Value]| listed.iter().filter(|one| one["kind"] == "offline").map(|one| text(one, "name").to_owned()).collect::<Vec<_>>();
    let before = above(&backend.all("/authorities", "").await?);
    let body = json!({"chain": chain(&options.chain)?});
    let imported = backend.put(&format!("/authorities/{}/certificate", id(&authority)), body).await?;
    if let Some(exit) = waits(&imported) {
        return Ok(exit);
    }
    for name in above(&backend.all("/authorities", &format!("&filter={}", encoded("active;true"))).await?) {
        if !before.contains(&name) {
            report::note(format_args!("{} is known from now on, and issues nothing here", shown(&name)));
        }
    }
    report::note(format_args!("{} issues from now on", shown(&options.name)));
    Ok(Exit::Fine)
}
