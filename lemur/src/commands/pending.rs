//! `lemur certificate pending`: certificates that an authority elsewhere has yet to issue. A server orders them; here it is told how far it is.

use std::time::{Duration, Instant};

use menagerie_report::{self as report, Exit, shown};
use serde_json::{Value, json};

use super::backend::{Backend, id, text};
use crate::cli::PendingCommand;

/// How long is waited between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// How much of a failure the list shows, in characters: all of it is shown by number.
const SHORT: usize = 120;

pub(super) async fn run(backend: &Backend, command: &PendingCommand) -> anyhow::Result<Exit> {
    match command {
        PendingCommand::List { all, json } => list(backend, *all, *json).await,
        PendingCommand::Show { number } => show(&one(backend, i64::from(*number)).await?),
    }
}

async fn list(backend: &Backend, all: bool, machine: bool) -> anyhow::Result<Exit> {
    let mut found = backend.all("/pending_certificates", "").await?;
    if all {
        found.extend(backend.all("/pending_certificates", "&filter=resolved;true").await?);
        // One may have been resolved between the two.
        found.sort_by_key(|one| (std::cmp::Reverse(id(one)), one["resolved"] != true));
        found.dedup_by_key(|one| id(one));
    }
    if machine {
        let pending: Vec<_> = found.iter().map(as_json).collect();
        let version = env!("CARGO_PKG_VERSION");
        report::json(&json!({"schema": "lemur.pending/1", "tool_version": version, "pending": pending, "errors": []}))?;
        return Ok(Exit::Fine);
    }
    for one in &found {
        let (issuer, names) = (shown(text(one, "issuer")), names(one).join(","));
        let more = match (one["resolvedCertId"].as_i64(), text(one, "status")) {
            (Some(certificate), _) => format!(" certificate {certificate}"),
            (None, "") => String::new(),
            (None, status) => format!(" {}", shown(&status.chars().take(SHORT).collect::<String>())),
        };
        report::data(format_args!("{:<5} {:<10} {issuer:<20} {}{more}\n", id(one), shown(text(one, "state")), shown(&names)))?;
    }
    Ok(Exit::Fine)
}

/// The names of a pending one: the common name alone where there are no others.
fn names(one: &Value) -> Vec<&str> {
    let named = one["extensions"]["subAltNames"]["names"].as_array().into_iter().flatten();
    let names: Vec<_> = named.map(|name| text(name, "value")).collect();
    if names.is_empty() { vec![text(one, "commonName")] } else { names }
}

fn as_json(one: &Value) -> Value {
    json!({
        "id": one["id"], "name": one["name"], "names": names(one), "authority": one["issuer"], "owner": one["owner"], "profile": one["profile"],
        "state": one["state"], "attempts": one["numberAttempts"], "failure": Some(text(one, "status")).filter(|status| !status.is_empty()),
        "resolved": one["resolved"], "certificate": one["resolvedCertId"], "order": one["externalId"], "created": one["dateCreated"],
        "updated": one["lastUpdated"],
    })
}

async fn one(backend: &Backend, number: i64) -> anyhow::Result<Value> {
    match backend.get(&format!("/pending_certificates/{number}")).await {
        Err(refusal) if refusal.is_missing() => {
            anyhow::bail!("there is no pending certificate {number}: `lemur certificate pending list --all` shows them")
        }
        found => Ok(found?),
    }
}

fn show(one: &Value) -> anyhow::Result<Exit> {
    let said = |field: &'static str| shown(text(one, field));
    report::data(format_args!("number:      {}\nname:        {}\n", id(one), said("name")))?;
    report::data(format_args!("authority:   {}\nowner:       {}\n", said("issuer"), said("owner")))?;
    for name in names(one) {
        report::data(format_args!("for:         {}\n", shown(name)))?;
    }
    report::data(format_args!("state:       {}\nordered:     {}\n", said("state"), said("dateCreated")))?;
    if !one["externalId"].is_null() {
        report::data(format_args!("order:       {}\n", said("externalId")))?;
    }
    if !text(one, "status").is_empty() {
        report::data(format_args!("attempts:    {} failed, the last: {}\n", one["numberAttempts"], said("status")))?;
    }
    if let Some(certificate) = one["resolvedCertId"].as_i64() {
        report::data(format_args!("certificate: {certificate}\n"))?;
        report::hint(format_args!("`lemur certificate export {certificate} --out FILE` writes it"));
    } else if one["resolved"] == true {
        report::note("nothing is done for it any more");
    }
    Ok(Exit::Fine)
}

/// The certificate of a pending one, once it came.
pub(super) async fn certificate(backend: &Backend, number: i64, patience: Duration) -> anyhow::Result<Value> {
    let start = Instant::now();
    loop {
        let pending = one(backend, number).await?;
        if let Some(certificate) = pending["resolvedCertId"].as_i64() {
            return Ok(backend.get(&format!("/certificates/{certificate}")).await?);
        }
        let failure = Some(shown(text(&pending, "status"))).filter(|status| !status.is_empty());
        let failure = failure.map(|status| format!(": {status}")).unwrap_or_default();
        if pending["resolved"] == true {
            anyhow::bail!("number {number} was given up{failure}");
        }
        let left = patience.saturating_sub(start.elapsed());
        if left.is_zero() {
            let seconds = report::count(patience.as_secs(), "second", "seconds");
            anyhow::bail!(
                "number {number} is still pending after {seconds}{failure}: `lemur certificate pending show {number}` says how far it is"
            );
        }
        tokio::time::sleep(PAUSE.min(left)).await;
    }
}
