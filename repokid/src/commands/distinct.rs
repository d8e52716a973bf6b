//! `repokid usage distinct`: what is distinct in logs, as they tell it, without the store: who called what, on what, with which error.

use std::io::{self, BufWriter, Write};
use std::num::NonZero;

use anyhow::bail;
use menagerie_cloudtrail::Event;
use menagerie_cloudtrail::identity::{Principal, Principals};
use menagerie_cloudtrail::outcome::Outcome;
use menagerie_cloudtrail::read::{Limits, Place, Sink, fold, walk};
use menagerie_cloudtrail::tuple::{Bounds, Target, Tuple, Tuples};
use menagerie_report::{self as report, Exit, shown};
use serde::Serialize;

use crate::cli::{Distinct, ListFormat};

/// What one thread gathers.
struct Gathered {
    tuples: Tuples,
    principals: Principals,
    /// The event and its error, as one text.
    call: String,
}

impl Gathered {
    fn new() -> Self {
        let bounds = Bounds { resources: usize::MAX, ..Bounds::default() };
        Self { tuples: Tuples::new(bounds), principals: Principals::new(), call: String::new() }
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
        let target = arn.as_deref().map_or(Target::Unknown, Target::Arn);
        let outcome = error.map_or(Outcome::Used, |code| Outcome::of_code(&code, || event.error_message()));
        self.tuples.add(principal, &self.call, target, outcome, event.time());
    }
}

pub(super) fn run(options: &Distinct) -> anyhow::Result<Exit> {
    for path in &options.paths {
        if !path.exists() {
            bail!("{} is not there", path.display());
        }
    }
    let threads = options.threads.or_else(|| std::thread::available_parallelism().ok()).unwrap_or(NonZero::<usize>::MIN);
    let (gathered, summary) = fold(&walk(&options.paths), threads, Limits::default(), Gathered::new);
    let mut tables = gathered.into_iter().map(|one| one.tuples);
    let mut whole = tables.next().unwrap_or_else(|| Gathered::new().tuples);
    tables.for_each(|table| whole.merge(&table));

    match write(&whole, options.format) {
        // A reader that closes the pipe early is no error.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error.into()),
        _ => {}
    }
    for trouble in summary.problems.places() {
        report::warning(format_args!("{}: byte {}: {}", shown(&trouble.file.display().to_string()), trouble.at, trouble.problem));
    }
    if whole.dropped() > 0 {
        report::warning(format_args!("{} events are of more principals and calls than are told apart, and are left out", whole.dropped()));
    }
    Ok(if summary.problems.is_empty() && whole.dropped() == 0 { Exit::Fine } else { Exit::Incomplete })
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
    let resource = if let Target::Arn(arn) = tuple.target { arn } else { "" };
    // `Gathered` puts none together without a tab.
    let (event, error) = tuple.action.split_once('\t').unwrap_or((tuple.action, ""));
    (event, resource, error)
}

fn write(whole: &Tuples, format: ListFormat) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match format {
        ListFormat::Human => {
            for tuple in whole.sorted() {
                let (event, resource, error) = parts(&tuple);
                let fields = [tuple.principal.arn().unwrap_or_default(), event, resource, error];
                for (at, field) in fields.into_iter().enumerate() {
                    out.write_all(if at == 0 { b"" } else { b"\t" })?;
                    out.write_all(shown(field).as_bytes())?;
                }
                out.write_all(b"\n")?;
            }
        }
        ListFormat::Json => {
            out.write_all(b"{\"schema\":\"repokid.usage-distinct/1\",\"uses\":[")?;
            for (number, tuple) in whole.sorted().iter().enumerate() {
                let (event, resource, error) = parts(tuple);
                let said = |text| Some(text).filter(|text: &&str| !text.is_empty());
                out.write_all(if number == 0 { b"\n" } else { b",\n" })?;
                let one = JsonUse {
                    principal: tuple.principal.to_string(),
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
