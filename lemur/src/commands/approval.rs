//! `lemur approval`: changes to authorities that wait for a second person.

use menagerie_report::{self as report, Exit, shown};
use serde_json::{Value, json};

use super::backend::{self, Backend, id, text};
use crate::cli::{ApprovalCommand, Target};

pub(super) fn run(target: &Target, command: &ApprovalCommand) -> anyhow::Result<Exit> {
    backend::on(target, async |backend| match command {
        ApprovalCommand::List { all, json } => list(backend, *all, *json).await,
        ApprovalCommand::Show { number } => show(&backend.get(&format!("/approvals/{number}")).await?),
        ApprovalCommand::Approve { number } => {
            let done = backend.post(&format!("/approvals/{number}/approve"), json!({})).await?;
            report::note(format_args!("done: {}", shown(text(&done, "about"))));
            Ok(Exit::Fine)
        }
        ApprovalCommand::Reject { number, reason } => {
            let done = backend.post(&format!("/approvals/{number}/reject"), json!({"reason": reason})).await?;
            report::note(format_args!("rejected: {}", shown(text(&done, "about"))));
            Ok(Exit::Fine)
        }
    })
}

async fn list(backend: &Backend, all: bool, machine: bool) -> anyhow::Result<Exit> {
    let found = backend.all("/approvals", if all { "&all=1" } else { "" }).await?;
    if machine {
        let version = env!("CARGO_PKG_VERSION");
        let approvals: Vec<_> = found.iter().map(as_json).collect();
        report::json(&json!({"schema": "lemur.approvals/1", "tool_version": version, "approvals": approvals, "errors": []}))?;
        return Ok(Exit::Fine);
    }
    if found.is_empty() {
        report::note(if all { "nothing was proposed" } else { "nothing waits" });
    }
    for one in &found {
        let (by, about) = (shown(text(one, "proposedBy")), shown(text(one, "about")));
        report::data(format_args!("{:<5} {:<9} {:<25} {by:<20} {about}\n", id(one), text(one, "state"), text(one, "expiresAt")))?;
    }
    Ok(Exit::Fine)
}

fn as_json(one: &Value) -> Value {
    json!({
        "id": one["id"], "state": one["state"], "about": one["about"], "proposed": one["proposed"], "proposed_by": one["proposedBy"],
        "api_key": one["keyId"], "proposed_at": one["proposedAt"], "expires_at": one["expiresAt"], "decided_by": one["decidedBy"],
        "decided_at": one["decidedAt"], "reason": one["reason"],
    })
}

/// All that is known of a proposal: what exactly it says, last.
fn show(one: &Value) -> anyhow::Result<Exit> {
    let said = |field: &'static str| shown(text(one, field));
    report::data(format_args!("number:      {}\nstate:       {}\nabout:       {}\n", id(one), said("state"), said("about")))?;
    report::data(format_args!("proposed by: {}\nproposed at: {}\n", said("proposedBy"), said("proposedAt")))?;
    report::data(format_args!("expires at:  {}\n", said("expiresAt")))?;
    if !one["decidedBy"].is_null() {
        report::data(format_args!("decided by:  {}\ndecided at:  {}\n", said("decidedBy"), said("decidedAt")))?;
    }
    if !said("reason").is_empty() {
        report::data(format_args!("reason:      {}\n", said("reason")))?;
    }
    let proposed = report::json_text(&one["proposed"])?;
    for line in proposed.lines() {
        report::data(format_args!("{}\n", shown(line)))?;
    }
    Ok(Exit::Fine)
}

/// What is said where a change waits for a second person; `None` where it was done.
pub(super) fn waits(answer: &Value) -> Option<Exit> {
    let proposal = answer.get("approval")?;
    let number = id(proposal);
    report::note(format_args!(
        "not done yet: another person has to approve it by `lemur approval approve {number}`, or at /api/1/approvals"
    ));
    Some(Exit::Found)
}
