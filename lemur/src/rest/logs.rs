//! `/logs`: the audit log, newest first; and its lines as they are, from the first, for those who verify its chains themselves.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use menagerie_store::log::{Columns, NumberedLine};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::fault::Fault;
use super::query::Asked;
use super::route::Route;
use super::signed::Signed;
use super::{Api, List};
use crate::access::UserId;
use crate::access::permit::Action;

/// A line of the log.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Log)]
struct LogOut {
    id: i64,
    /// Who did it.
    user: Actor,
    /// What was done.
    action: String,
    log_type: String,
    /// What it was done to, with all that the line says: in `actor` also by which door, from where, and in which request.
    resource: Value,
    date: String,
    logged_at: String,
}

/// Lines of the log as they are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LogLines)]
struct Lines {
    items: Vec<LineOut>,
    /// What to ask for the next with: none after the last.
    after: Option<i64>,
    /// The chain's last line at that moment, as the database keeps it: `WRITER:NUMBER:HASH`.
    head: Option<String>,
    /// The number of the last line from before the log was one chain, 0 if it has always been.
    before: i64,
    /// Whether the database has lost the row that keeps both.
    head_missing: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LogLine)]
struct LineOut {
    id: i64,
    /// As it is chained: JSON text.
    line: String,
    /// Whose it is, its number there and its time, as they stand beside it.
    writer: String,
    seq: i64,
    time_ms: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct Actor {
    id: Option<i64>,
    username: String,
    /// As it is now, of a user who is still there.
    email: Option<String>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/logs", list, "The audit log, newest first").windowed().sorted().lists::<LogOut>(),
        Route::get("/logs/lines", lines, "The audit log's lines as they are chained, from the first")
            .query(&[("after", "Those after this number")])
            .gives::<Lines>(),
    ]
}

async fn list(State(api): State<Api>, signed: Signed, asked: Asked) -> Result<Json<List<LogOut>>, Fault> {
    signed.may(&Action::ReadLog)?;
    let mut transaction = api.engine.store().read().await?;
    if asked.filter.is_some() {
        return Err(Fault::field("filter", "The log is not filtered: read its lines under /logs/lines and look through them."));
    }
    if !matches!(asked.sort_by.as_deref(), None | Some("id" | "date" | "dateCreated" | "date_created" | "loggedAt" | "logged_at")) {
        return Err(Fault::field("sortBy", "One of id, date and loggedAt is wanted: all of them are the order in which it was written."));
    }
    // The log is never shortened, so that its lines' numbers are their places but for the few that were given and not used: by them a page costs the
    // same however many are before it.
    let total = transaction.one("SELECT coalesce(max(id), 0) AS total FROM log_line", &[]).await?.integer("total")?;
    let (sql, after) = if asked.ascending {
        ("SELECT id, line FROM log_line WHERE id > $1 AND id <= $2 ORDER BY id", asked.skip())
    } else {
        let newest = total.saturating_sub(asked.skip());
        ("SELECT id, line FROM log_line WHERE id > $1 AND id <= $2 ORDER BY id DESC", newest.saturating_sub(asked.count))
    };
    let rows = transaction.all(sql, &[after.into(), after.saturating_add(asked.count).into()]).await?;
    drop(transaction);
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        items.push(line(row.integer("id")?, &row.text("line")?));
    }
    let users: BTreeSet<_> = items.iter().filter_map(|item| item.user.id.map(UserId)).collect();
    let directory = api.access.directory(&Vec::from_iter(users), &[]).await?;
    for user in items.iter_mut().map(|item| &mut item.user) {
        user.email = user.id.and_then(|id| directory.users.get(&UserId(id))).map(|known| known.email.clone());
    }
    Ok(List::of(items, total))
}

async fn lines(State(api): State<Api>, signed: Signed, asked: Asked) -> Result<Json<Lines>, Fault> {
    signed.may(&Action::ReadLog)?;
    let after = asked.parameter("after").map(str::parse::<i64>).transpose().map_err(|_| Fault::field("after", "Not a valid integer."))?;
    let (lines, head) = api.engine.store().audit_lines().page(after).await?;
    let items: Vec<_> = lines
        .into_iter()
        .map(|NumberedLine { id, text, columns: Columns { writer, seq, time_ms } }| LineOut { id, line: text, writer, seq, time_ms })
        .collect();
    let after = items.last().map(|line| line.id);
    Ok(Json(Lines { items, after, head: head.last.map(|last| last.to_string()), before: head.before, head_missing: head.missing }))
}

fn line(id: i64, text: &str) -> LogOut {
    let line: Value = serde_json::from_str(text).unwrap_or_default();
    let actor = line["actor"].clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (action, date) = (text(&line["event"]), text(&line["time"]));
    LogOut {
        id,
        user: Actor { id: actor["user"].as_i64(), username: text(&actor["name"]), email: None },
        log_type: action.clone(),
        action,
        resource: line,
        logged_at: date.clone(),
        date,
    }
}
