//! `lemur audit verify`: whether the log of what was done is whole. The lines are verified here, also those of a server: its own word is not taken.
//!
//! Of the data on this machine only the database is opened, and only to be read: a copy of it is enough, without the key file, for somebody who
//! may not write to it.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use menagerie_report::{self as report, Exit};
use menagerie_store::database::Database;
use menagerie_store::log::{Columns, Head, Position, Problem, TableSource, TableVerifier, Verification};
use serde_json::Value;

use super::backend::{self, Backend};
use super::place;
use crate::cli::{AuditCommand, Place, Target};
use crate::config::Config;
use crate::store;

/// How often a log that is not whole, or was written to meanwhile, is read again, and after how long.
const AGAIN: u32 = 2;
const PAUSE: Duration = Duration::from_millis(500);

pub(super) fn run(target: &Target, command: &AuditCommand) -> anyhow::Result<Exit> {
    let AuditCommand::Verify { expect } = command;
    let expected = expect.as_deref().map(positions).transpose()?.unwrap_or_default();
    let found = match &target.server {
        None => verify_here(&target.place, &expected)?,
        Some(_) => backend::on(target, async |backend| verify_there(backend, &expected).await)?,
    };
    for head in &found.writers {
        report::data(format_args!("{head}\n"))?;
    }
    for notice in &found.notices {
        report::note(format_args!("note: {notice}"));
    }
    for problem in &found.problems {
        report::error(problem);
    }
    let verdict = if found.is_sound() { "the log is whole" } else { "the log is NOT whole" };
    report::note(format_args!("{verdict}: entries {}", found.entries));
    Ok(if found.is_sound() { Exit::Fine } else { Exit::Found })
}

/// Verifies the log of a database that is read as it is, all of it as it was at one moment.
fn verify_here(place: &Place, expected: &[Position]) -> anyhow::Result<Verification> {
    let config = Config::read(&place::typed(place))?;
    place::refuse_no_file(&config)?;
    place::runtime()?.block_on(async {
        for _ in 0..=AGAIN {
            let database = store::open_to_read(&config.database).await?;
            let found = verify_table(&database, expected).await;
            let undisturbed = database.is_undisturbed();
            database.close().await;
            if undisturbed {
                return found;
            }
            tokio::time::sleep(PAUSE).await;
        }
        anyhow::bail!("the database was written to whenever it was read: do it again, or verify a copy")
    })
}

async fn verify_table(database: &Database, expected: &[Position]) -> anyhow::Result<Verification> {
    let mut found = TableSource::new(database.clone()).verify(expected).await?;
    // Of each certificate and of each user a line tells: an empty log with its head as at the start was emptied.
    // Who may read the log alone is not told of certificates.
    let any = async || database.optional("SELECT 1 AS one FROM certificate LIMIT 1", &[]).await.is_ok_and(|row| row.is_some());
    if found.entries == 0 && any().await {
        found.problem(Problem::Emptied);
    }
    Ok(found)
}

/// Verifies the log of a server.
async fn verify_there(backend: &Backend, expected: &[Position]) -> anyhow::Result<Verification> {
    let mut found = verify(backend, expected).await?;
    // Pages are read one after the other while servers go on writing: of two lines the later may be seen first, and what seems to be missing is
    // there a moment later. What is wrong stays wrong.
    for _ in 0..AGAIN {
        if found.is_sound() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        found = verify(backend, expected).await?;
    }
    if found.entries == 0 && !backend.get("/certificates?showExpired=1&count=1").await?["items"].as_array().is_none_or(Vec::is_empty) {
        found.problem(Problem::Emptied);
    }
    Ok(found)
}

/// Reads the log's lines page by page, and holds them to each other, to what is expected, and to the end that the database keeps.
async fn verify(backend: &Backend, expected: &[Position]) -> anyhow::Result<Verification> {
    let mut verifier = None;
    let mut query = String::new();
    let mut last = None;
    loop {
        let page = backend.get(&format!("/logs/lines{query}")).await?;
        let head = page["head"].as_str().map(str::parse::<Position>).transpose().context("the end of the log's chain")?;
        let head = Head { last: head, before: page["before"].as_i64().unwrap_or(0), missing: page["headMissing"] == true };
        let checked = verifier.get_or_insert_with(|| TableVerifier::new(expected, head));
        for item in page["items"].as_array().into_iter().flatten() {
            let text = item["line"].as_str().context("a line of the log is no text")?;
            checked.line(item["id"].as_i64().unwrap_or(0), text.as_bytes(), columns(item).as_ref());
        }
        match (page["after"].as_i64(), verifier.take()) {
            // A server that hands the same lines over again and again would never come to an end.
            (Some(after), same) if last.is_none_or(|last| after > last) => (last, verifier) = (Some(after), same),
            (None, Some(verifier)) => return Ok(verifier.finish(head)),
            _ => anyhow::bail!("the log's lines are out of order"),
        }
        query = last.map_or_else(String::new, |last| format!("?after={last}"));
    }
}

/// What stands beside a line. Servers from before do not hand it out.
fn columns(item: &Value) -> Option<Columns> {
    Some(Columns { writer: item["writer"].as_str()?.to_owned(), seq: item["seq"].as_i64()?, time_ms: item["timeMs"].as_i64()? })
}

/// The positions that stand in a file, one a line.
fn positions(path: &Path) -> anyhow::Result<Vec<Position>> {
    let text = menagerie_config::read(path)?;
    text.lines().map(|line| line.parse()).collect::<Result<_, _>>().with_context(|| path.display().to_string())
}
