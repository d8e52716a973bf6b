//! `lemur audit verify`: whether the log of what was done is whole. The lines are verified here, also those of a server: its own word is not taken.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use menagerie_report::{self as report, Exit};
use menagerie_store::log::{Each, Position, RawLine, Source, SourceError, SourceFuture};

use super::backend::{self, Backend};
use crate::cli::{AuditCommand, Target};

/// How often a log that is not whole is read again, and after how long.
const AGAIN: u32 = 2;
const PAUSE: Duration = Duration::from_millis(500);

pub(super) fn run(target: &Target, command: &AuditCommand) -> anyhow::Result<Exit> {
    let AuditCommand::Verify { expect } = command;
    let expected = expect.as_deref().map(positions).transpose()?.unwrap_or_default();
    backend::on(target, async |backend| {
        let mut lines = Lines { backend };
        let mut found = menagerie_store::log::verify(&mut lines, &expected).await?;
        // Pages are read one after the other while servers go on writing: of two lines the later may be seen first, and what seems to be missing is
        // there a moment later. What is wrong stays wrong.
        for _ in 0..AGAIN {
            if found.is_sound() {
                break;
            }
            tokio::time::sleep(PAUSE).await;
            found = menagerie_store::log::verify(&mut lines, &expected).await?;
        }
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

/// The log's lines, page by page.
struct Lines<'b> {
    backend: &'b Backend,
}

impl Lines<'_> {
    async fn read(&self, each: &mut Each<'_>) -> Result<(), SourceError> {
        let elsewhere = |reason: String| SourceError::Elsewhere { reason };
        let mut query = String::new();
        let mut last = i64::MIN;
        loop {
            let page = self.backend.get(&format!("/logs/lines{query}")).await.map_err(|refusal| elsewhere(refusal.to_string()))?;
            for item in page["items"].as_array().into_iter().flatten() {
                let line = item["line"].as_str().ok_or_else(|| elsewhere("a line of the log is no text".to_owned()))?;
                if let ControlFlow::Break(()) = each(RawLine { bytes: line.as_bytes(), ended: true }) {
                    return Ok(());
                }
            }
            match page["after"].as_i64() {
                // A server that hands the same lines over again and again would never come to an end.
                Some(after) if after > last => last = after,
                Some(_) => return Err(elsewhere("the log's lines are out of order".to_owned())),
                None => return Ok(()),
            }
            query = format!("?after={last}");
        }
    }
}

impl Source for Lines<'_> {
    fn read_lines<'a>(&'a mut self, each: &'a mut Each<'a>) -> SourceFuture<'a> {
        Box::pin(self.read(each))
    }
}

/// The positions that stand in a file, one a line.
fn positions(path: &Path) -> anyhow::Result<Vec<Position>> {
    let text = menagerie_config::read(path)?;
    text.lines().map(|line| line.parse()).collect::<Result<_, _>>().with_context(|| path.display().to_string())
}
