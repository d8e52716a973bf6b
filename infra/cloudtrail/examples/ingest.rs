//! Prints what is distinct in a folder of logs: principal, event, resource and error, a line each. What `tests/bench/repokid` measures.
//! Usage: `ingest THREADS FOLDER…`; it answers to standard output and tells to standard error what was read.

use std::io::Write as _;
use std::num::NonZero;
use std::process::ExitCode;

use menagerie_cloudtrail::identity::Principals;
use menagerie_cloudtrail::read::{self, Limits, Place, Sink};
use menagerie_cloudtrail::tuple::{Bounds, Target, Tuples};
use menagerie_cloudtrail::{Event, Outcome, Principal};

/// What one thread gathers.
struct Distinct {
    tuples: Tuples,
    action: String,
    principals: Principals,
}

impl Sink for Distinct {
    fn event(&mut self, event: &Event<'_>, _: &Place<'_>) {
        let principal = event.identity_json().map_or(&Principal::Unknown, |identity| self.principals.of(identity));
        let error = event.error_code();
        self.action.clear();
        for part in [event.source(), ":", event.name(), "\t", error.as_deref().unwrap_or_default()] {
            self.action.push_str(part);
        }
        let arn = event.resources().and_then(|resources| resources.items().next()).and_then(|resource| resource.str("ARN"));
        let target = arn.as_deref().map_or(Target::Unknown, Target::Arn);
        let outcome = error.map_or(Outcome::Used, |code| Outcome::of_code(&code, || event.error_message()));
        self.tuples.add(principal, &self.action, target, outcome, event.time());
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let threads = arguments.next().and_then(|threads| threads.to_str()?.parse::<NonZero<usize>>().ok());
    let Some(threads) = threads else { return ExitCode::from(2) };
    let files = read::walk(&arguments.map(Into::into).collect::<Vec<_>>());
    let bounds = Bounds { resources: usize::MAX, ..Bounds::default() };
    let (sinks, summary) = read::fold(&files, threads, Limits::default(), || Distinct {
        tuples: Tuples::new(bounds),
        action: String::new(),
        principals: Principals::new(),
    });
    let mut tables = sinks.into_iter().map(|sink| sink.tuples);
    let mut whole = tables.next().expect("there is a thread");
    tables.for_each(|table| whole.merge(&table));

    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for tuple in whole.sorted() {
        let target = if let Target::Arn(arn) = tuple.target { arn } else { "" };
        let (event, error) = tuple.action.split_once('\t').unwrap_or((tuple.action, ""));
        let line = [tuple.principal.arn().unwrap_or_default(), "\t", event, "\t", target, "\t", error, "\n"];
        if line.iter().any(|part| out.write_all(part.as_bytes()).is_err()) {
            return ExitCode::FAILURE;
        }
    }
    let told = format!(
        "{} files, {} events, {} bytes of text, {} problems\n",
        summary.files,
        summary.events,
        summary.text,
        summary.problems.count()
    );
    let told = std::io::stderr().write_all(told.as_bytes()).and_then(|()| out.flush());
    if told.is_ok() && summary.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
