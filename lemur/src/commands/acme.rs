//! `lemur acme`: keys by which ACME clients make accounts.

use std::sync::Arc;

use anyhow::Context as _;
use aws_lc_rs::rand::SystemRandom;
use jiff::SignedDuration;
use menagerie_report::{self as report, Exit, shown};

use super::place::{self, Opened};
use crate::access::Email;
use crate::acme::{ExternalKeys, Grant, MIGRATIONS, NewExternalKey};
use crate::cli::{AcmeCommand, AcmeKey, Place};
use crate::serve;

/// How many keys are read at a time.
const PAGE: u32 = 500;

pub(super) fn run(place: &Place, command: &AcmeCommand) -> anyhow::Result<Exit> {
    place::on(place, async |opened| {
        let keys = keys(opened).await?;
        match command {
            AcmeCommand::AddKey(options) => add(opened, &keys, options).await,
            AcmeCommand::Keys => list(&keys).await,
            AcmeCommand::RevokeKey { id } => {
                anyhow::ensure!(
                    keys.revoke(id, &place::actor()).await?,
                    "there is no such key, or it is revoked already: `lemur acme keys` lists them"
                );
                report::note(format_args!("revoked {}", shown(id)));
                Ok(Exit::Fine)
            }
        }
    })
}

pub(super) async fn keys(opened: &Opened) -> anyhow::Result<ExternalKeys> {
    let engine = &opened.engine;
    engine.store().database().migrate(&MIGRATIONS).await?;
    Ok(ExternalKeys::new(engine.clone(), Arc::new(SystemRandom::new())))
}

async fn add(opened: &Opened, keys: &ExternalKeys, options: &AcmeKey) -> anyhow::Result<Exit> {
    let names = options.names.iter().map(|name| name.parse()).collect::<Result<Vec<_>, _>>()?;
    let expires = match options.days {
        Some(days) => {
            let end = opened.engine.now().checked_add(SignedDuration::from_hours(24 * i64::from(days)));
            Some(end.context("--days is too many")?)
        }
        None => None,
    };
    let owner = Email::parse(&options.owner).context("--owner")?;
    let offered = serve::offered_profiles(&opened.config, &opened.engine).await?;
    if let Some(unknown) = options.profiles.iter().find(|profile| !offered.contains(profile)) {
        // Its accounts could order nothing.
        anyhow::bail!("ACME offers no profile {}: there are {}", shown(unknown), shown(&offered.join(", ")));
    }
    let profiles = if options.profiles.is_empty() { offered } else { options.profiles.clone() };
    let grant = Grant { owner: owner.as_str().to_owned(), names, profiles };
    let new = NewExternalKey { description: options.description.clone(), grant, most_accounts: None, expires };
    let (key, secret) = keys.create(new, &place::actor()).await?;
    report::data(format_args!("{} {}\n", key.id, secret.expose()))?;
    report::note("this is the key's ID and the key: the key is not shown again");
    report::hint(format_args!("certbot takes them as --eab-kid {} --eab-hmac-key KEY", key.id));
    Ok(Exit::Fine)
}

async fn list(keys: &ExternalKeys) -> anyhow::Result<Exit> {
    let mut after: Option<String> = None;
    loop {
        let page = keys.list(after.as_deref(), PAGE).await?;
        for key in &page {
            let names: Vec<_> = key.grant.names.iter().map(ToString::to_string).collect();
            let state = if key.revoked.is_some() { "revoked" } else { "" };
            let (owner, names) = (shown(&key.grant.owner), names.join(","));
            report::data(format_args!("{:<28} {state:<8} {:>4} {owner:<28} {}\n", key.id, key.accounts, shown(&names)))?;
        }
        match page.last() {
            Some(last) if page.len() == PAGE as usize => after = Some(last.id.clone()),
            _ => return Ok(Exit::Fine),
        }
    }
}
