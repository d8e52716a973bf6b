//! `bless log`: whether the log is whole, and what it holds.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use menagerie_config::Environment;
use menagerie_report::{Exit, shown};
use menagerie_store::log::{Position, Source, Verification};
use serde_json::Value;

use crate::cli::{Format, LineFormat, LogPlace, LogSearch, LogVerify};
use crate::config::{self, AwsSettings, LogTarget};
use crate::issue::AwsClients;

/// Checks every chain.
///
/// # Errors
/// A log that cannot be read to its end.
pub fn verify(args: &LogVerify, environment: &dyn Environment) -> anyhow::Result<Exit> {
    let expected = args.expect.iter().map(|text| text.parse()).collect::<Result<Vec<Position>, _>>().context("--expect")?;
    let found = super::service::runtime()?.block_on(async {
        let mut source = source(&args.place, environment).await?;
        Ok::<_, anyhow::Error>(menagerie_store::log::verify(source.as_mut(), &expected).await?)
    });
    let found = match (found, args.format) {
        (Ok(found), _) => found,
        (Err(error), Format::Human) => return Err(error),
        (Err(error), Format::Json) => {
            report(&Verification::default(), Err((&args.place, &error)))?;
            return Ok(Exit::Incomplete);
        }
    };
    match args.format {
        Format::Json => report(&found, Ok(()))?,
        Format::Human => {
            for head in &found.writers {
                menagerie_report::data(format_args!("{head}\n"))?;
            }
            for notice in &found.notices {
                menagerie_report::note(format_args!("note: {notice}"));
            }
            for problem in &found.problems {
                menagerie_report::error(problem);
            }
            if found.further_problems > 0 {
                menagerie_report::error(format_args!("and {} further problems", found.further_problems));
            }
            let verdict = if found.is_sound() { "the log is whole" } else { "the log is NOT whole" };
            menagerie_report::note(format_args!("{verdict}: entries {}, chains {}", found.entries, found.writers.len()));
            if found.is_sound() && expected.is_empty() && !found.writers.is_empty() {
                menagerie_report::note(
                    "nothing vouches for the last line of each chain: keep the heads above elsewhere, and give them with --expect next time",
                );
            }
        }
    }
    Ok(if found.is_sound() { Exit::Fine } else { Exit::Found })
}

/// The report in JSON. Of a log that could not be read to its end nothing is known, and why is among the errors.
fn report(found: &Verification, read: Result<(), (&LogPlace, &anyhow::Error)>) -> anyhow::Result<()> {
    let mut object = serde_json::to_value(found)?;
    object["schema"] = "bless.log.verify/1".into();
    object["tool_version"] = env!("CARGO_PKG_VERSION").into();
    object["sound"] = (read.is_ok() && found.is_sound()).into();
    let error = |(place, error): (&LogPlace, &anyhow::Error)| {
        let source = place.target.clone().or_else(|| place.config.as_ref().map(|config| config.display().to_string()));
        serde_json::json!({ "source": source, "reason": super::sentence(error) })
    };
    object["errors"] = read.err().map(error).into_iter().collect();
    menagerie_report::json(&object)?;
    Ok(())
}

/// Prints the lines that fit.
///
/// # Errors
/// A time that cannot be read, or a log that cannot be read to its end.
pub fn search(args: &LogSearch, environment: &dyn Environment) -> anyhow::Result<Exit> {
    let wanted = Wanted {
        since: args.since.as_deref().map(time).transpose().context("--since")?,
        until: args.until.as_deref().map(time).transpose().context("--until")?,
        args,
    };
    let mut failed = None;
    let mut unreadable = 0_u64;
    super::service::runtime()?.block_on(async {
        let mut source = source(&args.place, environment).await?;
        source
            .read_lines(&mut |line| {
                let Ok(record) = serde_json::from_slice::<Value>(line.bytes) else {
                    unreadable += 1;
                    return ControlFlow::Continue(());
                };
                if !wanted.fits(line.bytes, &record) {
                    return ControlFlow::Continue(());
                }
                let printed = match args.format {
                    LineFormat::Jsonl => menagerie_report::data(format_args!("{}\n", String::from_utf8_lossy(line.bytes))),
                    LineFormat::Human => menagerie_report::data(format_args!("{}\n", human(&record))),
                };
                match printed {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(error) => {
                        failed = Some(error);
                        ControlFlow::Break(())
                    }
                }
            })
            .await?;
        Ok::<_, anyhow::Error>(())
    })?;
    if let Some(error) = failed {
        return Err(anyhow::Error::new(error).context("cannot write to stdout"));
    }
    if unreadable > 0 {
        menagerie_report::warning(format_args!("{unreadable} lines are no records; `bless log verify` tells what they are"));
        return Ok(Exit::Incomplete);
    }
    Ok(Exit::Fine)
}

async fn source(place: &LogPlace, environment: &dyn Environment) -> anyhow::Result<Box<dyn Source>> {
    let (target, aws) = match (&place.target, &place.config) {
        (Some(text), config) => {
            let here = std::env::current_dir().context("the current directory is gone")?;
            let target = LogTarget::parse(text, &here).unwrap_or_else(|_| at_path(Path::new(text)));
            let aws = match config {
                Some(config) => config::load(config, environment)?.aws,
                None => AwsSettings { region: environment.var("AWS_REGION"), ..AwsSettings::default() },
            };
            (target, aws)
        }
        (None, Some(config)) => {
            let settings = config::load(config, environment)?;
            (settings.log.unwrap_or_else(|| LogTarget::File(settings.base.join("bless-log.jsonl"))), settings.aws)
        }
        (None, None) => anyhow::bail!("name the log, or the configuration that names it with --config"),
    };
    Ok(crate::record::source(&target, &Arc::new(AwsClients::new(aws))).await?)
}

/// The log at a bare path: SQLite's if the file begins as its databases do.
fn at_path(path: &Path) -> LogTarget {
    let mut head = [0; 16];
    let read = std::fs::File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut head));
    if read.is_ok() && head == *b"SQLite format 3\0" { LogTarget::Sqlite(path.to_owned()) } else { LogTarget::File(path.to_owned()) }
}

/// A day, or a point in time; a day begins at midnight UTC.
fn time(text: &str) -> anyhow::Result<Timestamp> {
    if let Ok(date) = text.parse::<Date>() {
        return Ok(date.to_zoned(TimeZone::UTC)?.timestamp());
    }
    text.parse().with_context(|| format!("{text:?} is no time: 2026-01-31 or 2026-01-31T12:00:00Z is wanted"))
}

struct Wanted<'a> {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    args: &'a LogSearch,
}

impl Wanted<'_> {
    fn fits(&self, line: &[u8], record: &Value) -> bool {
        let is = |path: &str, wanted: &Option<String>| match wanted {
            None => true,
            Some(wanted) => record.pointer(path).and_then(Value::as_str) == Some(wanted),
        };
        let user = self.args.user.as_ref().is_none_or(|user| {
            let at = |path: &str| record.pointer(path).and_then(Value::as_str) == Some(user);
            at("/verified/user") || at("/claimed/user")
        });
        let principal = self.args.principal.as_ref().is_none_or(|principal| {
            record["principals"].as_array().is_some_and(|names| names.iter().any(|name| name.as_str() == Some(principal)))
        });
        let text = self.args.text.as_ref().is_none_or(|text| String::from_utf8_lossy(line).contains(text.as_str()));
        let within = || {
            let time = record["time"].as_str().and_then(|time| time.parse::<Timestamp>().ok());
            time.is_some_and(|time| self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time < until))
        };
        is("/type", &self.args.outcome)
            && is("/kind", &self.args.kind)
            && is("/serial", &self.args.serial)
            && is("/key/fingerprint", &self.args.key)
            && user
            && principal
            && text
            && ((self.since.is_none() && self.until.is_none()) || within())
    }
}

fn human(record: &Value) -> String {
    let text = |path: &str| record.pointer(path).and_then(Value::as_str).unwrap_or("-");
    let principals: Vec<&str> = record["principals"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let who = match record.pointer("/verified/user").and_then(Value::as_str) {
        Some(user) => format!("{user} (verified by {})", text("/verified/method")),
        None => format!("{} (claimed)", text("/claimed/user")),
    };
    let outcome = match text("/type") {
        "issued" => format!("serial {} until {}", text("/serial"), text("/valid_before")),
        _ => format!("{}: {}", text("/error_type"), text("/reason")),
    };
    let line = format!(
        "{} {} {} for {} by {who} from {} key {} {outcome}",
        text("/time"),
        text("/type"),
        text("/kind"),
        if principals.is_empty() { "-".to_owned() } else { principals.join(",") },
        text("/origin"),
        text("/key/fingerprint"),
    );
    shown(&line).into_owned()
}
