//! `lanius scan`.

use std::io;

use menagerie_report::{self as report, Exit};
use serde_json::json;

use crate::cli::{Format, Scan};
use crate::coverage::State;
use crate::scan::{Buffer, Engine, Scratch, stream};
use crate::source::files::{self, Progress, Scanned};

pub(super) fn run(scan: &Scan) -> anyhow::Result<Exit> {
    let engine = Engine::new(super::rules::load(&scan.rules)?);
    let threads = scan.threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let (input, paths): (Vec<_>, Vec<_>) = scan.paths.iter().cloned().partition(|path| path.as_os_str() == "-");
    let (mut scanned, mut ledger) = files::scan(&engine, &paths, threads, false, &Progress::default());
    if !input.is_empty() {
        let mut found = Vec::new();
        match stream(&engine, &mut Scratch::default(), &mut Buffer::default(), &mut io::stdin().lock(), "-", &mut found) {
            Ok(bytes) => ledger.add("-", bytes, State::Scanned),
            Err(error) => ledger.add("-", 0, State::Error { reason: error.to_string() }),
        }
        scanned.push(Scanned { path: "-".to_owned(), found });
    }
    let least = match scan.confidence.as_str() {
        "low" => 0,
        "high" => 80,
        _ => 50,
    };
    let mut count = 0;
    let mut text = String::new();
    for place in &scanned {
        for found in place.found.iter().filter(|found| found.confidence >= least) {
            count += 1;
            let definition = &engine.rules()[found.rule].definition;
            let secret = String::from_utf8_lossy(found.secret.expose());
            let secret = if scan.show_secrets { secret.into_owned() } else { "[secret]".to_owned() };
            match scan.format {
                Format::Human => text.push_str(&format!("{}:{}:{} {} {} {:?} {}\n", place.path, found.line, found.column, definition.id, found.confidence, found.reasons, report::shown(&secret))),
                Format::Json | Format::Jsonl => text.push_str(&format!("{}\n", json!({"rule": definition.id, "path": place.path, "line": found.line, "end_line": found.end_line, "confidence": found.confidence}))),
            }
        }
    }
    report::data(text)?;
    for (entry, reason) in ledger.errors() {
        report::error(format_args!("{}: {reason}", report::shown(&entry.source)));
    }
    report::note(format_args!("{count} findings in {} sources, {} bytes", ledger.scanned, ledger.bytes));
    Ok(if ledger.errors().next().is_some() { Exit::Incomplete } else if count > 0 { Exit::Found } else { Exit::Fine })
}
