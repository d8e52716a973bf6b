//! One execution environment: a Runtime API of its own and the process that polls it. AWS's rules that stand here: `next` waits
//! until there is an event; the answer's path names the request; `init/error` and `invocation/ID/error` take a JSON report; an
//! accepted answer is 202.

use super::{Delivery, Function, Invocation, LambdaService, Trouble};
use crate::http::{Request, Response, Server};
use crate::process::{Output, Running, command};
use serde_json::json;
use std::collections::VecDeque;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const ROOT: &str = "/2018-06-01/runtime/";

pub(super) fn delivery(function: &str, qualifier: Option<&str>, event: &[u8]) -> Delivery {
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let request_id = format!("00000000-0000-4000-8000-{:012x}", COUNT.fetch_add(1, Ordering::Relaxed));
    let headers = [
        ("Content-Type", "application/json".to_owned()),
        ("Lambda-Runtime-Aws-Request-Id", request_id.clone()),
        ("Lambda-Runtime-Invoked-Function-Arn", LambdaService::arn(function, qualifier)),
        ("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0".to_owned()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    Delivery { request_id, status: 200, headers, body: event.to_vec() }
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Delivery>,
    /// A delivery was handed over, and nothing came back yet.
    in_hand: bool,
    outcome: Option<(Option<Trouble>, Vec<u8>)>,
    stopped: bool,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
pub(super) struct Environment {
    shared: Arc<Shared>,
    function: Function,
    process: Option<(Running, Output)>,
    launched: Instant,
    cold_start: Option<Duration>,
    exit: Option<ExitStatus>,
    server: Server,
}

impl Environment {
    /// An environment whose process the first delivery launches.
    pub(super) fn new(function: &Function) -> Self {
        let shared = Arc::new(Shared::default());
        let handler = Arc::clone(&shared);
        let server = Server::start(move |request| handler.answer(request));
        let (function, launched) = (function.clone(), Instant::now());
        Self { shared, function, process: None, launched, cold_start: None, exit: None, server }
    }

    fn launch(&mut self) {
        let mut command = if self.function.tied { command(&self.function.bootstrap) } else { Command::new(&self.function.bootstrap) };
        command.env_clear().envs(self.function.environment(&self.server.address().to_string())).current_dir(&self.function.task_root);
        self.launched = Instant::now();
        self.process = Some(Running::start_followed(&self.function.name, command));
    }

    pub(super) fn deliver(&mut self, delivery: &Delivery, timeout: Duration) -> Invocation {
        let start = Instant::now();
        let mut delivery = delivery.clone();
        if delivery.status == 200 && !delivery.headers.iter().any(|(name, _)| name == "Lambda-Runtime-Deadline-Ms") {
            let deadline = (SystemTime::now() + timeout).duration_since(UNIX_EPOCH).expect("it is past 1970").as_millis();
            delivery.headers.push(("Lambda-Runtime-Deadline-Ms".to_owned(), deadline.to_string()));
        }
        // Set to nothing by a test: left out.
        delivery.headers.retain(|(name, value)| !(name == "Lambda-Runtime-Deadline-Ms" && value.is_empty()));
        let id = delivery.request_id.clone();
        {
            let mut state = self.shared.lock();
            state.outcome = None;
            state.in_hand = false;
            state.queue.push_back(delivery);
        }
        self.shared.changed.notify_all();
        let first = self.process.is_none();
        if first {
            self.launch();
        }
        let (trouble, payload) = self.wait(start, timeout, &id);
        let time = start.elapsed();
        if first && trouble.is_none() {
            self.cold_start = Some(self.launched.elapsed());
        }
        Invocation { payload, trouble, time }
    }

    fn wait(&mut self, start: Instant, timeout: Duration, id: &str) -> (Option<Trouble>, Vec<u8>) {
        loop {
            let mut state = self.shared.lock();
            if let Some(outcome) = state.outcome.take() {
                return outcome;
            }
            let (mut state, _) = self.shared.changed.wait_timeout(state, Duration::from_millis(5)).unwrap_or_else(PoisonError::into_inner);
            if let Some(outcome) = state.outcome.take() {
                return outcome;
            }
            drop(state);
            if let Some(status) = self.exit() {
                // What it posted before it ended counts.
                if let Some(outcome) = self.shared.lock().outcome.take() {
                    return outcome;
                }
                let message = format!("RequestId: {id} Error: Runtime exited with error: {status}");
                return (Some(Trouble::Exit), json!({"errorType": "Runtime.ExitError", "errorMessage": message}).to_string().into_bytes());
            }
            if start.elapsed() > timeout {
                let message = format!("{id} Task timed out after {:.2} seconds", timeout.as_secs_f64());
                return (Some(Trouble::Timeout), json!({ "errorMessage": message }).to_string().into_bytes());
            }
        }
    }

    pub(super) fn exit(&mut self) -> Option<ExitStatus> {
        if self.exit.is_none() {
            self.exit = self.process.as_mut().and_then(|(process, _)| process.ended());
        }
        self.exit
    }

    pub(super) fn end(&mut self) {
        if let Some((process, _)) = &mut self.process {
            process.kill();
            self.exit = process.ended();
        }
    }

    pub(super) fn cold_start(&self) -> Option<Duration> {
        self.cold_start
    }

    pub(super) fn peak_resident_kib(&self) -> Option<u64> {
        self.process.as_ref()?.0.peak_resident_kib()
    }

    pub(super) fn output(&self) -> String {
        self.process.as_ref().map(|(_, output)| output.text()).unwrap_or_default()
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.shared.lock().stopped = true;
        self.shared.changed.notify_all();
    }
}

impl Shared {
    fn answer(&self, request: Request) -> Option<Response> {
        let path = request.path();
        let Some(what) = path.strip_prefix(ROOT) else { return Some(unknown(&path)) };
        let parts: Vec<_> = what.split('/').collect();
        match (request.method.as_str(), parts.as_slice()) {
            ("GET", ["invocation", "next"]) => self.next(),
            ("POST", ["invocation", _, "response"]) => Some(self.done(None, request.body)),
            ("POST", ["invocation", _, "error"]) => Some(self.done(Some(Trouble::Reported), request.body)),
            ("POST", ["init", "error"]) => Some(self.done(Some(Trouble::Init), request.body)),
            _ => Some(unknown(&path)),
        }
    }

    fn next(&self) -> Option<Response> {
        let mut state = self.lock();
        if state.in_hand && state.outcome.is_none() {
            state.in_hand = false;
            let message = json!({"errorType": "Runtime.Skipped", "errorMessage": "the bootstrap asked for the next event without an answer to this one"});
            state.outcome = Some((Some(Trouble::Skipped), message.to_string().into_bytes()));
            self.changed.notify_all();
        }
        loop {
            if state.stopped {
                return None;
            }
            if let Some(delivery) = state.queue.pop_front() {
                state.in_hand = true;
                return Some(Response { status: delivery.status, headers: delivery.headers, body: delivery.body });
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn done(&self, trouble: Option<Trouble>, body: Vec<u8>) -> Response {
        let mut state = self.lock();
        state.in_hand = false;
        state.outcome = Some((trouble, body));
        self.changed.notify_all();
        Response::new(202, r#"{"status":"OK"}"#).header("Content-Type", "application/json")
    }
}

fn unknown(path: &str) -> Response {
    let report = json!({"errorType": "NotFound", "errorMessage": format!("the Runtime API has no {path}")});
    Response::new(404, report.to_string()).header("Content-Type", "application/json")
}
