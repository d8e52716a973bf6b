//! The text of a pull request: what goes, why, what was shown, and how to undo it.

use std::fmt::Write as _;

use menagerie_report::shown;

use super::propose::{Change, Fate};

/// How many services are named of a policy.
const SERVICES: usize = 12;

pub(super) fn text(changes: &[Change]) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, changes);
    out
}

fn write(out: &mut String, changes: &[Change]) -> std::fmt::Result {
    let patched = changes.iter().filter(|change| matches!(change.fate, Fate::Patched { .. })).count();
    writeln!(out, "# Take out permissions that are proved unused\n")?;
    if changes.is_empty() {
        return writeln!(out, "No policy that stands in code would change.");
    }
    writeln!(out, "{} in this patch, {} for a person to make.\n", several(patched, "policy", "policies"), changes.len() - patched)?;
    for (title, is_patched) in [("In this patch", true), ("To be made by hand", false)] {
        let list: Vec<_> = changes.iter().filter(|change| matches!(change.fate, Fate::Patched { .. }) == is_patched).collect();
        if list.is_empty() {
            continue;
        }
        writeln!(out, "## {title}\n")?;
        for change in list {
            self::change(out, change)?;
        }
    }
    writeln!(out, "## Why\n")?;
    writeln!(
        out,
        "Each permission that goes is proved unused: the trail would have shown its use in the window and did not, or a fresh row of Access \
         Advisor says so. What is unknown, or would not show, stays. Conditions, denials and resources stay as they are.\n"
    )?;
    writeln!(out, "## How to undo it\n")?;
    writeln!(
        out,
        "Revert this change and apply the code again (`terraform apply`, or an update of the stack): the policies are then what they were. \
         `git apply -R changes.patch` takes it out of a working tree. If a template is deployed as several stacks, or a module is used \
         several times, look at each before merging."
    )
}

fn change(out: &mut String, change: &Change) -> std::fmt::Result {
    writeln!(out, "### {} of {}\n", code(&change.policy), code(&change.principal))?;
    match &change.fate {
        Fate::Patched { path, address } => writeln!(out, "- Where: {} in {}", code(address), code(&path.display().to_string()))?,
        Fate::ByHand { reason, documents } => {
            writeln!(out, "- Not patched: {}", prose(&reason.to_string()))?;
            for (path, _) in documents {
                writeln!(out, "- The new document: {}", code(&path.display().to_string()))?;
            }
            if documents.is_empty() {
                writeln!(out, "- Nothing of it is left: take it out")?;
            }
        }
    }
    if let Some(owner) = &change.owner {
        writeln!(out, "- Owner: {}", prose(&owner.to_string()))?;
    }
    let mut services: Vec<_> = change.removed.iter().collect();
    services.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), **name));
    let listed: Vec<_> = services.iter().take(SERVICES).map(|(name, count)| format!("{name} ({count})")).collect();
    let more = services.len().saturating_sub(SERVICES);
    let more = if more > 0 { format!(", and of {more} more services") } else { String::new() };
    let total: usize = change.removed.values().sum();
    writeln!(out, "- What goes: {}: {}{more}", several(total, "action", "actions"), listed.join(", "))?;
    let proof = &change.proof;
    writeln!(
        out,
        "- Proof, of all changes of this principal: {} granting statements lie within the old ones, {} denials are kept, {} permissions that \
         are not proved unused are still granted, {} uses were decided anew and {} would be denied\n",
        proof.statements_within, proof.denials_kept, proof.permissions_kept, proof.uses_replayed, proof.newly_denied
    )
}

fn several(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A text from outside as code: it ends neither the line nor the code.
fn code(text: &str) -> String {
    format!("`{}`", shown(text).replace('`', "'"))
}

/// A text from outside within a sentence: nothing of it is markup.
fn prose(text: &str) -> String {
    let mut out = String::new();
    for c in shown(text).chars() {
        if matches!(c, '`' | '[' | ']' | '<' | '>' | '*' | '!' | '|' | '#' | '\\' | '@') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
