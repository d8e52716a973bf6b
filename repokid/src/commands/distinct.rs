//! `repokid usage distinct`: what is distinct in logs, as they tell it, without the store: who called what, on what, with which error.

use std::io::{self, BufWriter, Write};
use std::num::NonZero;
use std::{panic, thread};

use anyhow::bail;
use menagerie_cloudtrail::Event;
use menagerie_cloudtrail::identity::{Principal, Principals};
use menagerie_cloudtrail::outcome::Outcome;
use menagerie_cloudtrail::read::{Limits, Place, Sink, fold, walk};
use menagerie_cloudtrail::tuple::{Tuple, Tuples, merged};
use menagerie_report::{self as report, Exit, shown};
use serde::Serialize;

use crate::cli::{Distinct, ListFormat};

/// How many different uses one thread tells apart: a few gigabytes of them.
const MOST: usize = 16_000_000;

/// What one thread gathers.
struct Gathered {
    tuples: Tuples,
    principals: Principals,
    /// The event and its error, as one text.
    call: String,
}

impl Gathered {
    fn new() -> Self {
        Self { tuples: Tuples::new(MOST), principals: Principals::new(), call: String::new() }
    }
}

impl Sink for Gathered {
    fn event(&mut self, event: &Event<'_>, _: &Place<'_>) {
        let principal = event.identity_json().map_or(&Principal::Unknown, |identity| self.principals.of(identity));
        let error = event.error_code();
        self.call.clear();
        for part in [event.source(), ":", event.name(), "\t", error.as_deref().unwrap_or_default()] {
            self.call.push_str(part);
        }
        let arn = event.resources().and_then(|resources| resources.items().next()).and_then(|resource| resource.str("ARN"));
        let outcome = error.map_or(Outcome::Used, |code| Outcome::of_code(&code, || event.error_message()));
        self.tuples.add(principal, &self.call, arn.as_deref(), outcome, event.time());
    }
}

pub(super) fn run(options: &Distinct) -> anyhow::Result<Exit> {
    for path in &options.paths {
        if !path.exists() {
            bail!("{} is not there", path.display());
        }
    }
    let threads = options.threads.or_else(|| thread::available_parallelism().ok()).unwrap_or(NonZero::<usize>::MIN);
    let (gathered, summary) = fold(&walk(&options.paths), threads, Limits::default(), Gathered::new);
    let sorted = thread::scope(|scope| {
        let sorting: Vec<_> = gathered.iter().map(|one| scope.spawn(|| one.tuples.sorted())).collect();
        sorting.into_iter().map(|thread| thread.join().unwrap_or_else(|panicked| panic::resume_unwind(panicked))).collect()
    });
    let dropped: u64 = gathered.iter().map(|one| one.tuples.dropped()).sum();

    match write(merged(sorted), options.format) {
        // A reader that closes the pipe early is no error.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    for trouble in summary.problems.places() {
        report::warning(format_args!("{}: byte {}: {}", shown(&trouble.file.display().to_string()), trouble.at, trouble.problem));
    }
    if dropped > 0 {
        report::warning(format_args!("{} events are of more different uses than are told apart, and are left out", dropped));
    }
    Ok(if summary.problems.is_empty() && dropped == 0 { Exit::Fine } else { Exit::Incomplete })
}

#[derive(Serialize)]
struct JsonUse<'a> {
    principal: String,
    event: &'a str,
    resource: Option<&'a str>,
    error: Option<&'a str>,
    count: u64,
    first: String,
    last: String,
}

/// The event, the resource and the error, each empty if there is none.
fn parts<'a>(tuple: &Tuple<'a>) -> (&'a str, &'a str, &'a str) {
    // `Gathered` puts none together without a tab.
    let (event, error) = tuple.of.action.split_once('\t').unwrap_or((tuple.of.action, ""));
    (event, tuple.of.resource.unwrap_or_default(), error)
}

fn write<'a>(uses: impl Iterator<Item = Tuple<'a>>, format: ListFormat) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match format {
        ListFormat::Human => {
            for tuple in uses {
                let (event, resource, error) = parts(&tuple);
                let fields = [tuple.of.principal.arn().unwrap_or_default(), event, resource, error];
                for (at, field) in fields.into_iter().enumerate() {
                    out.write_all(if at == 0 { b"" } else { b"\t" })?;
                    out.write_all(shown(field).as_bytes())?;
                }
                out.write_all(b"\n")?;
            }
        }
        ListFormat::Json => {
            out.write_all(b"{\"schema\":\"repokid.usage-distinct/1\",\"uses\":[")?;
            for (number, tuple) in uses.enumerate() {
                let (event, resource, error) = parts(&tuple);
                let said = |text| Some(text).filter(|text: &&str| !text.is_empty());
                out.write_all(if number == 0 { b"\n" } else { b",\n" })?;
                let one = JsonUse {
                    principal: tuple.of.principal.to_string(),
                    event,
                    resource: said(resource),
                    error: said(error),
                    count: tuple.tally.count,
                    first: tuple.tally.first.to_string(),
                    last: tuple.tally.last.to_string(),
                };
                serde_json::to_writer(&mut out, &one)?;
            }
            out.write_all(b"\n]}\n")?;
        }
    }
    out.flush()
}
