//! `lanius worker`, and the same on Lambda.

use menagerie_report::Exit;

use crate::cli::Worker as Arguments;

/// What a build without AWS says.
#[cfg(not(feature = "aws"))]
pub(super) const LACKING: &str =
    "this build of lanius has no AWS in it; build one that has: cargo build --release -p lanius --features aws";

#[cfg(not(feature = "aws"))]
pub(super) fn run(_: &Arguments) -> anyhow::Result<Exit> {
    anyhow::bail!("no queue can be worked on: {LACKING}")
}

#[cfg(feature = "aws")]
pub use with_aws::function;
#[cfg(feature = "aws")]
pub(super) use with_aws::run;

#[cfg(feature = "aws")]
mod with_aws {
    use std::path::PathBuf;
    use std::process::ExitCode;
    use std::sync::Arc;
    use std::time::{Duration, SystemTime};

    use anyhow::Context as _;
    use menagerie_aws::{Session, SessionOptions};
    use menagerie_aws_s3::S3;
    use menagerie_aws_sqs::Sqs;
    use menagerie_config::{Environment, ProcessEnvironment};
    use menagerie_lambda::RuntimeApi;
    use menagerie_report::{self as output, count};
    use menagerie_telemetry::{Format, Level as LogLevel};

    use super::*;
    use crate::bucket::{Address, Reader};
    use crate::cli::{Policies, ResultFormat, Sources};
    use crate::commands::policy::{self, Prepared};
    use crate::rules::Level;
    use crate::worker::{Batch, Form, Polling, Reporting, Worker, stopping, work};

    /// What a worker is told, by arguments or by a function's environment.
    struct Settings {
        results: Address,
        form: Form,
        inventory: Option<Address>,
        confidence: Option<Level>,
        rules: Vec<PathBuf>,
        policies: Policies,
        at_once: usize,
        requester_pays: bool,
        archives: bool,
        queue: Option<String>,
    }

    impl Settings {
        fn worker(self, session: &Session) -> anyhow::Result<Worker> {
            let sources = Sources { rules: self.rules, confidence: self.confidence, ..Sources::default() };
            let mut prepared = policy::prepare(&sources, &self.policies, None)?;
            anyhow::ensure!(
                prepared.config.scan.exclude.is_empty(),
                "`exclude` is not for a worker: leave objects out by the filters of the bucket's events, or allow what is found by [[allow]]"
            );
            let engine = Arc::new(crate::commands::sources::engine(&sources, &mut prepared)?);
            let level = sources.confidence.or(prepared.config.scan.confidence).unwrap_or(Level::Medium);
            let settings = format!("{level:?} {} {} {:?}", self.archives, prepared.fingerprints.keyed(), prepared.texts);
            let version = crate::rules::version(engine.rules(), &settings);
            let Prepared { policy, fingerprints, .. } = prepared;
            let reporting = Reporting { version, level, fingerprints, policy, today: crate::commands::today };
            let archives = self.archives.then(|| crate::archive::Limits::new(std::env::temp_dir()));
            let queue = self.queue.map(|url| (Sqs::new(session), url));
            let reader = Reader::new(S3::new(session, self.requester_pays), engine, self.at_once, archives);
            Ok(Worker { reader, reporting, results: self.results, form: self.form, inventory: self.inventory, queue })
        }
    }

    /// What the caller says; what is scanned decides nothing.
    fn callers(config: Option<PathBuf>, baseline: Vec<PathBuf>, key_file: Option<PathBuf>) -> Policies {
        Policies { config, baseline, key_file, untrusted: true, no_config: true }
    }

    pub(in crate::commands) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
        let settings = Settings {
            results: arguments.results.parse()?,
            form: match arguments.format {
                ResultFormat::Jsonl => Form::Jsonl,
                ResultFormat::Parquet => Form::Parquet,
            },
            inventory: arguments.inventory.as_deref().map(str::parse).transpose()?,
            confidence: arguments.confidence,
            rules: arguments.rules.clone(),
            policies: callers(arguments.config.clone(), arguments.baseline.clone(), arguments.key_file.clone()),
            at_once: usize::from(arguments.at_once),
            requester_pays: arguments.requester_pays,
            archives: arguments.archives,
            queue: Some(arguments.queue.clone()),
        };
        let polling = Polling { hidden: Duration::from_secs(u64::from(arguments.visibility)), once: arguments.once };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.context("the program cannot start")?;
        menagerie_telemetry::start(Format::Json, LogLevel::Info);
        let drained = runtime.block_on(async {
            let session = Session::load(SessionOptions::default()).await?;
            let (sqs, worker) = (Sqs::new(&session), Arc::new(settings.worker(&session)?));
            let (sender, stop) = stopping();
            tokio::spawn(async move {
                told_to_end().await;
                // Nobody listens once the work is over.
                let _ = sender.send(true);
            });
            work(worker, sqs, arguments.queue.clone(), polling, stop).await.map_err(anyhow::Error::from)
        })?;
        let tally = drained.tally;
        output::note(format_args!(
            "{} done, {} left in the queue; {} scanned, {} known, {} left out; {}",
            count(drained.done, "message", "messages"),
            drained.left,
            count(tally.scanned, "object", "objects"),
            tally.known,
            tally.left,
            count(tally.places, "place", "places")
        ));
        Ok(if arguments.once && drained.left > 0 { Exit::Incomplete } else { Exit::Fine })
    }

    /// Waits for the signal by which service managers and containers end a process, or for Ctrl-C.
    async fn told_to_end() {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = tokio::signal::ctrl_c() => {}
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the signal to end cannot be waited for");
                std::future::pending::<()>().await;
            }
        }
    }

    /// The worker as the bootstrap of a Lambda function, by what its environment says.
    pub async fn function() -> ExitCode {
        let environment = &ProcessEnvironment;
        menagerie_telemetry::start(Format::Json, LogLevel::Info);
        let Some(api) = environment.var("AWS_LAMBDA_RUNTIME_API") else {
            output::error("AWS_LAMBDA_RUNTIME_API is not set: this is the bootstrap of an AWS Lambda function");
            output::hint("off Lambda, `lanius worker` takes the same messages from the queue");
            return Exit::Incomplete.into();
        };
        let mut api = RuntimeApi::new(api, "lanius-lambda");
        let made = settings(environment).and_then(|settings| {
            let session = Session::in_function(SessionOptions::default(), |name| ProcessEnvironment.var(name))?;
            settings.worker(&session)
        });
        let worker = match made {
            Ok(worker) => Arc::new(worker),
            Err(error) => {
                let message = format!("{error:#}");
                tracing::error!(error = message, "the function cannot start");
                if let Err(error) = api.init_error("Configuration.Invalid", &message).await {
                    tracing::error!(%error, "the Runtime API was not told");
                }
                return ExitCode::from(1);
            }
        };
        // The sender lives as long as the function does, and never sends.
        let (_sender, stop) = stopping();
        let batch = Batch { worker, deadline: |invocation| invocation.time_left(SystemTime::now()), stop };
        menagerie_lambda::serve(&mut api, &batch).await;
        ExitCode::from(1)
    }

    fn settings(environment: &dyn Environment) -> anyhow::Result<Settings> {
        let var = |name: &str| environment.var(name).filter(|value| !value.is_empty());
        let root = var("LAMBDA_TASK_ROOT").map_or_else(|| PathBuf::from("."), PathBuf::from);
        let results = var("LANIUS_RESULTS").context("LANIUS_RESULTS is not set: it says where results go, s3://bucket/prefix")?;
        Ok(Settings {
            results: results.parse()?,
            form: match var("LANIUS_FORMAT").as_deref() {
                None | Some("jsonl") => Form::Jsonl,
                Some("parquet") => Form::Parquet,
                Some(other) => anyhow::bail!("LANIUS_FORMAT is {other:?}: jsonl and parquet are known"),
            },
            inventory: var("LANIUS_INVENTORY").map(|text| text.parse()).transpose()?,
            confidence: match var("LANIUS_CONFIDENCE").as_deref() {
                None => None,
                Some("low") => Some(Level::Low),
                Some("medium") => Some(Level::Medium),
                Some("high") => Some(Level::High),
                Some(other) => anyhow::bail!("LANIUS_CONFIDENCE is {other:?}: low, medium and high are known"),
            },
            rules: var("LANIUS_RULES").into_iter().map(|file| root.join(file)).collect(),
            policies: callers(
                var("LANIUS_CONFIG").map(|file| root.join(file)),
                var("LANIUS_BASELINE").into_iter().map(|file| root.join(file)).collect(),
                var("LANIUS_KEY_FILE").map(|file| root.join(file)),
            ),
            at_once: match var("LANIUS_AT_ONCE") {
                None => 16,
                Some(text) => {
                    text.parse().ok().filter(|count| (1..=256).contains(count)).context("LANIUS_AT_ONCE is a number from 1 to 256")?
                }
            },
            requester_pays: var("LANIUS_REQUESTER_PAYS").as_deref() == Some("true"),
            archives: var("LANIUS_ARCHIVES").as_deref() == Some("true"),
            queue: var("LANIUS_QUEUE_URL"),
        })
    }
}
