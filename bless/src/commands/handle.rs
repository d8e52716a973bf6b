//! `bless handle`: the Lambda function's handler on events from stdin.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::sync::Arc;

use anyhow::Context as _;
use menagerie_config::Environment;
use menagerie_report::Exit;
use menagerie_telemetry::{Format, Level};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::service;
use crate::certificate::Kind;
use crate::cli::{Handle, HandlerKind};
use crate::issue::{Answer, Call, Caller, Issuer};
use crate::request::MAX_EVENT_BYTES;

/// The most events in one task, which is also one entry of the log's queue.
const BATCH: usize = 64;

/// How many tasks may be under way for each thread: enough that signing goes on while the log is written.
const TASKS_PER_THREAD: usize = 8;

/// Answers one event, or each line's.
///
/// # Errors
/// A configuration that cannot be used, or a stdin or stdout that fails.
pub fn run(args: &Handle, environment: &dyn Environment) -> anyhow::Result<Exit> {
    let settings = service::settings(&args.config, environment)?;
    // Answers are what counts here; each stands in the log as well.
    let level = if settings.logging_level == Level::Info { Level::Warning } else { settings.logging_level };
    menagerie_telemetry::start(Format::Human, level);
    let caller = service::this_process(&settings);
    let runtime = service::runtime()?;
    runtime.block_on(async {
        let issuer = Arc::new(service::issuer(&args.config, settings, environment).await?);
        let handler = Arc::new(Handler {
            issuer: Arc::clone(&issuer),
            kind: args.kind.map(|kind| match kind {
                HandlerKind::User => Kind::User,
                HandlerKind::Host => Kind::Host,
            }),
            request_id: args.request_id.clone(),
            function_arn: args.function_arn.clone(),
            caller,
        });
        let exit = if args.jsonl { lines(&handler).await } else { one(&handler).await };
        issuer.log().close().await;
        exit
    })
}

struct Handler {
    issuer: Arc<Issuer>,
    kind: Option<Kind>,
    request_id: Option<String>,
    function_arn: String,
    caller: Caller,
}

impl Handler {
    fn call(&self) -> anyhow::Result<Call> {
        let request_id = match &self.request_id {
            Some(id) => id.clone(),
            None => crate::issue::request_id()?,
        };
        // Given a function's ARN, the handler does what Lambda would: nobody but IAM vouches for the caller.
        let caller = if self.function_arn.starts_with("arn:") { Caller::Lambda } else { self.caller.clone() };
        Ok(Call { request_id, function_arn: self.function_arn.clone(), caller })
    }

    async fn answer_all(&self, events: Vec<Vec<u8>>) -> anyhow::Result<Vec<Answer>> {
        let mut decisions = Vec::with_capacity(events.len());
        for event in events {
            let call = self.call()?;
            decisions.push(self.issuer.decide(self.kind, &event, &call).await);
        }
        Ok(self.issuer.commit(decisions).await)
    }
}

async fn one(handler: &Handler) -> anyhow::Result<Exit> {
    let mut event = Vec::new();
    std::io::stdin().take(MAX_EVENT_BYTES as u64 + 1).read_to_end(&mut event).context("cannot read the event from stdin")?;
    let answer = handler.issuer.answer(handler.kind, &event, &handler.call()?).await;
    menagerie_report::data(format_args!("{}\n", answer.to_json()))?;
    Ok(match answer {
        Answer::Certificate(_) => Exit::Fine,
        Answer::Refused(refusal) if refusal.is_fault() => Exit::Incomplete,
        Answer::Refused(_) => Exit::Found,
    })
}

/// Batches are decided side by side, and answered in the order of their lines.
async fn lines(handler: &Arc<Handler>) -> anyhow::Result<Exit> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (sender, mut batches) = mpsc::channel::<anyhow::Result<Vec<Vec<u8>>>>(2 * threads);
    std::thread::spawn(move || read_batches(&sender));
    let mut under_way: VecDeque<JoinHandle<anyhow::Result<Vec<Answer>>>> = VecDeque::new();
    let mut open = true;
    while open || !under_way.is_empty() {
        let room = open && under_way.len() < threads * TASKS_PER_THREAD;
        tokio::select! {
            batch = batches.recv(), if room => match batch {
                None => open = false,
                Some(batch) => {
                    let (handler, events) = (Arc::clone(handler), batch?);
                    under_way.push_back(tokio::spawn(async move { handler.answer_all(events).await }));
                }
            },
            answers = async { under_way.front_mut().expect("guarded").await }, if !under_way.is_empty() => {
                under_way.pop_front();
                print(&answers.context("a batch failed")??)?;
            }
        }
    }
    Ok(Exit::Fine)
}

fn print(answers: &[Answer]) -> anyhow::Result<()> {
    let mut text = String::with_capacity(answers.len() * 1024);
    for answer in answers {
        text.push_str(&answer.to_json());
        text.push('\n');
    }
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write the answers to stdout")
}

/// Reads lines, and hands over what is there as soon as no whole line waits behind it.
fn read_batches(sender: &mpsc::Sender<anyhow::Result<Vec<Vec<u8>>>>) {
    let mut input = BufReader::with_capacity(1 << 18, std::io::stdin().lock());
    let mut batch = Vec::new();
    loop {
        match read_line(&mut input) {
            Ok(Some(line)) => batch.push(line),
            Ok(None) => {
                if !batch.is_empty() {
                    // A receiver that is gone has said why itself.
                    let _ = sender.blocking_send(Ok(batch));
                }
                return;
            }
            Err(error) => {
                let _ = sender.blocking_send(Ok(batch));
                let _ = sender.blocking_send(Err(anyhow::Error::new(error).context("cannot read events from stdin")));
                return;
            }
        }
        if (batch.len() >= BATCH || !input.buffer().contains(&b'\n')) && sender.blocking_send(Ok(std::mem::take(&mut batch))).is_err() {
            return;
        }
    }
}

/// The next line without its end; of a line over the limit only as much as shows that it is over.
fn read_line(input: &mut impl std::io::BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::with_capacity(2_048);
    let read = input.by_ref().take(MAX_EVENT_BYTES as u64 + 2).read_until(b'\n', &mut line)?;
    if read == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() > MAX_EVENT_BYTES {
        loop {
            let buffer = input.fill_buf()?;
            let (skipped, ended) = match buffer.iter().position(|b| *b == b'\n') {
                Some(at) => (at + 1, true),
                None => (buffer.len(), buffer.is_empty()),
            };
            input.consume(skipped);
            if ended {
                break;
            }
        }
    }
    Ok(Some(line))
}
