//! `/logs`: the audit log, newest first.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::fault::Fault;
use super::query::Asked;
use super::route::Route;
use super::signed::Signed;
use super::{Api, List};
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

#[derive(Debug, Serialize, ToSchema)]
struct Actor {
    id: Option<i64>,
    username: String,
    email: Option<String>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/logs", list, "The audit log, newest first").paged().lists::<LogOut>()]
}

async fn list(State(api): State<Api>, signed: Signed, asked: Asked) -> Result<Json<List<LogOut>>, Fault> {
    signed.may(&Action::ReadLog)?;
    let mut transaction = api.engine.store().read().await?;
    // The log is never shortened, so that its last number is near its length; counting every line would cost more than reading the page.
    let total = transaction.one("SELECT coalesce(max(id), 0) AS total FROM log_line", &[]).await?.integer("total")?;
    let sql = "SELECT id, line FROM log_line ORDER BY id DESC LIMIT $1 OFFSET $2";
    let rows = transaction.all(sql, &[asked.count.into(), asked.skip().into()]).await?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        items.push(line(row.integer("id")?, &row.text("line")?));
    }
    Ok(List::of(items, total))
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
