//! `lemur audit verify`: whether the log of what was done is whole.

use std::path::Path;

use anyhow::Context as _;
use menagerie_report::{self as report, Exit};
use menagerie_store::log::Position;

use super::place;
use crate::cli::{AuditCommand, Place};

pub(super) fn run(place: &Place, command: &AuditCommand) -> anyhow::Result<Exit> {
    let AuditCommand::Verify { expect } = command;
    let expected = expect.as_deref().map(positions).transpose()?.unwrap_or_default();
    place::on(place, async |opened| {
        let found = opened.engine.store().audit_lines().verify(&expected).await?;
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
    })
}

/// The positions that stand in a file, one a line.
fn positions(path: &Path) -> anyhow::Result<Vec<Position>> {
    let text = menagerie_config::read(path)?;
    text.lines().map(|line| line.parse()).collect::<Result<_, _>>().with_context(|| path.display().to_string())
}
