//! `lemur acme`: keys by which ACME clients make accounts.

use menagerie_report::{self as report, Exit, shown};
use serde_json::{Value, json};

use super::backend::{self, Backend, encoded, text};
use crate::cli::{AcmeCommand, AcmeKey, Target};

/// The most pages of keys that are read.
const MOST_PAGES: usize = 10_000;

pub(super) fn run(target: &Target, command: &AcmeCommand) -> anyhow::Result<Exit> {
    backend::on(target, async |backend| match command {
        AcmeCommand::AddKey(options) => add(backend, options).await,
        AcmeCommand::Keys => list(backend).await,
        AcmeCommand::RevokeKey { id } => {
            match backend.call("DELETE", &format!("/acme/external_keys/{}", encoded(id)), None).await {
                Err(refusal) if refusal.is_missing() => {
                    anyhow::bail!("there is no such key, or it is revoked already: `lemur acme keys` lists them")
                }
                done => done?,
            };
            report::note(format_args!("revoked {}", shown(id)));
            Ok(Exit::Fine)
        }
    })
}

async fn add(backend: &Backend, options: &AcmeKey) -> anyhow::Result<Exit> {
    let body = json!({
        "owner": options.owner, "names": options.names, "profiles": options.profiles, "description": options.description, "days": options.days,
    });
    let made = backend.post("/acme/external_keys", body).await?;
    let id = text(&made, "id");
    report::data(format_args!("{} {}\n", shown(id), shown(text(&made, "key"))))?;
    report::note("this is the key's ID and the key: the key is not shown again");
    report::hint(format_args!("certbot takes them as --eab-kid {} --eab-hmac-key KEY", shown(id)));
    Ok(Exit::Fine)
}

async fn list(backend: &Backend) -> anyhow::Result<Exit> {
    let mut after = String::new();
    for _ in 0..MOST_PAGES {
        let page = backend.get(&format!("/acme/external_keys?count=1000&after={}", encoded(&after))).await?;
        for key in page["items"].as_array().into_iter().flatten() {
            let names: Vec<_> = key["names"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let profiles: Vec<_> = key["profiles"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let profiles = if profiles.is_empty() { "all".to_owned() } else { profiles.join(",") };
            let state = if key["revoked"].is_null() { "" } else { "revoked" };
            let (id, owner, names) = (shown(text(key, "id")), shown(text(key, "owner")), names.join(","));
            let accounts = key["accounts"].as_u64().unwrap_or(0);
            report::data(format_args!("{id:<28} {state:<8} {accounts:>4} {owner:<28} {:<20} {}\n", shown(&profiles), shown(&names)))?;
        }
        match page["after"].as_str() {
            Some(last) => last.clone_into(&mut after),
            None => return Ok(Exit::Fine),
        }
    }
    anyhow::bail!("the list of keys has no end")
}
