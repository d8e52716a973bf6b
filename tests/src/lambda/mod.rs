//! AWS Lambda on loopback, by AWS's developer guide and API reference: the Invoke API in front (`POST
//! /2015-03-31/functions/NAME/invocations`), the Runtime API behind (`GET /2018-06-01/runtime/invocation/next` and the rest), and
//! between them the function's bootstrap as a process of its own with the environment that Lambda gives it. A function has one
//! execution environment: the first invocation launches it, the next ones find it warm, and one that ended or timed out is
//! launched anew by the next. Past what Lambda does, a test can hand the bootstrap a malformed delivery, and measure it.

mod environment;
mod invoke;

use crate::http::Server;
use crate::moto::{ACCOUNT, REGION, credentials};
use environment::Environment;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A function: the bootstrap, and what Lambda is told about it.
#[derive(Clone, Debug)]
pub struct Function {
    name: String,
    bootstrap: PathBuf,
    handler: String,
    variables: BTreeMap<String, String>,
    task_root: PathBuf,
    timeout: Duration,
    tied: bool,
}

impl Function {
    /// A function of this name (`bless`) with this program as its bootstrap.
    #[must_use]
    pub fn new(name: &str, bootstrap: impl AsRef<Path>) -> Self {
        Self {
            name: name.to_owned(),
            bootstrap: bootstrap.as_ref().to_owned(),
            handler: "bootstrap".to_owned(),
            variables: BTreeMap::new(),
            task_root: std::env::temp_dir(),
            timeout: Duration::from_secs(20),
            tied: true,
        }
    }

    /// The handler setting (`_HANDLER`).
    #[must_use]
    pub fn handler(mut self, handler: &str) -> Self {
        handler.clone_into(&mut self.handler);
        self
    }

    /// One more environment variable of the function's configuration; it wins over Lambda's own.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.variables.insert(name.to_owned(), value.as_ref().to_owned());
        self
    }

    /// Where the function's package is laid out: `LAMBDA_TASK_ROOT`, and the working directory.
    #[must_use]
    pub fn task_root(mut self, folder: impl AsRef<Path>) -> Self {
        folder.as_ref().clone_into(&mut self.task_root);
        self
    }

    /// How long an invocation may take; 20 seconds unless said.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Launched without the program between that ties it to the test process's life, for a cold start that is measured
    /// (`setpriv` costs about a millisecond).
    #[must_use]
    pub fn bare(mut self) -> Self {
        self.tied = false;
        self
    }

    fn environment(&self, runtime_api: &str) -> BTreeMap<String, String> {
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut all: BTreeMap<_, _> = credentials().into_iter().map(own).collect();
        all.remove("AWS_CONFIG_FILE");
        all.remove("AWS_SHARED_CREDENTIALS_FILE");
        let task_root = self.task_root.display().to_string();
        let group = format!("/aws/lambda/{}", self.name);
        let lambdas = [
            ("AWS_LAMBDA_RUNTIME_API", runtime_api),
            ("_HANDLER", &self.handler),
            ("LAMBDA_TASK_ROOT", &task_root),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
            ("AWS_LAMBDA_FUNCTION_NAME", &self.name),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_GROUP_NAME", &group),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]00000000000000000000000000000000"),
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("LANG", "en_US.UTF-8"),
            ("TZ", ":UTC"),
        ];
        all.extend(lambdas.map(own));
        all.extend(self.variables.clone());
        all
    }
}

/// What the Runtime API hands to the bootstrap as the next event: as Lambda would, unless it is changed.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The request ID, which the path of the answer names.
    pub request_id: String,
    /// The status of the answer to `next`.
    pub status: u16,
    /// The header fields.
    pub headers: Vec<(String, String)>,
    /// The event, which need not be JSON here.
    pub body: Vec<u8>,
}

impl Delivery {
    /// Without this header field.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(header, _)| !header.eq_ignore_ascii_case(name));
        self
    }

    /// With this header field in place of the one of that name. `Lambda-Runtime-Deadline-Ms`, which is added as the event is
    /// handed over, is left out when it is set to nothing.
    #[must_use]
    pub fn with(self, name: &str, value: &str) -> Self {
        let mut delivery = self.without(name);
        delivery.headers.push((name.to_owned(), value.to_owned()));
        delivery
    }

    /// With another status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

/// Why an invocation has no answer of the handler's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Trouble {
    /// The bootstrap reported an error of this invocation (`invocation/ID/error`).
    Reported,
    /// The bootstrap reported that it cannot start (`init/error`).
    Init,
    /// The process ended.
    Exit,
    /// The time was over.
    Timeout,
    /// The bootstrap asked for the next event without having answered this one.
    Skipped,
}

/// What came of an invocation.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// What the caller is sent: the handler's answer, or a JSON object that tells the trouble.
    pub payload: Vec<u8>,
    /// The trouble, if there was one.
    pub trouble: Option<Trouble>,
    /// From the hand-over to the bootstrap, or its launch, to its answer.
    pub time: Duration,
}

impl Invocation {
    /// The payload as JSON.
    ///
    /// # Panics
    ///
    /// When it isn't.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let text = String::from_utf8_lossy(&self.payload);
        serde_json::from_slice(&self.payload).unwrap_or_else(|error| panic!("not JSON ({error}): {text}"))
    }
}

#[derive(Debug)]
struct Slot {
    function: Function,
    environment: Option<Environment>,
    launches: u32,
}

#[derive(Debug, Default)]
struct Inner {
    slots: BTreeMap<String, Mutex<Slot>>,
    refusal: Mutex<Option<(u16, String, String)>>,
}

/// A running Lambda with some functions.
#[derive(Debug)]
pub struct LambdaService {
    inner: Arc<Inner>,
    server: Server,
}

impl LambdaService {
    /// Starts a Lambda that has these functions. None is launched yet.
    #[must_use]
    pub fn start(functions: impl IntoIterator<Item = Function>) -> Self {
        let slot = |function: Function| (function.name.clone(), Mutex::new(Slot { function, environment: None, launches: 0 }));
        let inner = Arc::new(Inner { slots: functions.into_iter().map(slot).collect(), refusal: Mutex::new(None) });
        let shared = Arc::clone(&inner);
        let server = Server::start(move |request| Some(invoke::answer(&shared, &request)));
        Self { inner, server }
    }

    /// What `AWS_ENDPOINT_URL_LAMBDA` is set to: the Invoke API.
    #[must_use]
    pub fn endpoint(&self) -> String {
        self.server.url()
    }

    /// The environment of a process that is to invoke functions here.
    #[must_use]
    pub fn environment(&self) -> BTreeMap<&'static str, String> {
        let mut environment: BTreeMap<_, _> = credentials().into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        environment.insert("AWS_ENDPOINT_URL_LAMBDA", self.endpoint());
        environment
    }

    /// From now on the Invoke API answers each call with this status, error type and message (`429`,
    /// `TooManyRequestsException`), or again as ever.
    pub fn refuse(&self, refusal: Option<(u16, &str, &str)>) {
        let refusal = refusal.map(|(status, kind, message)| (status, kind.to_owned(), message.to_owned()));
        *self.inner.refusal.lock().unwrap_or_else(PoisonError::into_inner) = refusal;
    }

    /// Invokes a function with these bytes as the event, JSON or not, past the Invoke API.
    #[must_use]
    pub fn invoke(&self, function: &str, event: impl AsRef<[u8]>) -> Invocation {
        self.deliver(function, &Self::delivery(function, None, event))
    }

    /// What Lambda would deliver for this event, for a test to change before [`LambdaService::deliver`].
    #[must_use]
    pub fn delivery(function: &str, qualifier: Option<&str>, event: impl AsRef<[u8]>) -> Delivery {
        environment::delivery(function, qualifier, event.as_ref())
    }

    /// Hands this to the function's bootstrap, launching it first when it isn't running, and waits for what comes of it.
    ///
    /// # Panics
    ///
    /// When there is no such function, or it cannot be launched.
    #[must_use]
    pub fn deliver(&self, function: &str, delivery: &Delivery) -> Invocation {
        self.inner.deliver(function, delivery)
    }

    /// From the start of the running process to its first answer, in its first invocation.
    #[must_use]
    pub fn cold_start(&self, function: &str) -> Option<Duration> {
        self.inner.slot(function).environment.as_ref()?.cold_start()
    }

    /// The most memory that the running process had resident so far, in KiB.
    #[must_use]
    pub fn peak_resident_kib(&self, function: &str) -> Option<u64> {
        self.inner.slot(function).environment.as_ref()?.peak_resident_kib()
    }

    /// Whether the process that was launched last still runs.
    #[must_use]
    pub fn is_alive(&self, function: &str) -> bool {
        self.inner.slot(function).environment.as_mut().is_some_and(|environment| environment.exit().is_none())
    }

    /// How often the function was launched.
    #[must_use]
    pub fn launches(&self, function: &str) -> u32 {
        self.inner.slot(function).launches
    }

    /// What the process that was launched last has written to standard output and error.
    #[must_use]
    pub fn output(&self, function: &str) -> String {
        self.inner.slot(function).environment.as_ref().map(Environment::output).unwrap_or_default()
    }

    /// Ends the function's process, as Lambda does with an idle one: the next invocation is a cold start.
    pub fn retire(&self, function: &str) {
        self.inner.slot(function).environment = None;
    }

    /// The function's ARN, with a qualifier if there is one.
    #[must_use]
    pub fn arn(function: &str, qualifier: Option<&str>) -> String {
        let suffix = qualifier.map(|qualifier| format!(":{qualifier}")).unwrap_or_default();
        format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}{suffix}")
    }
}

impl Inner {
    fn slot(&self, function: &str) -> MutexGuard<'_, Slot> {
        let slot = self.slots.get(function).unwrap_or_else(|| panic!("this Lambda has no function {function}"));
        slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deliver(&self, function: &str, delivery: &Delivery) -> Invocation {
        let mut slot = self.slot(function);
        if slot.environment.as_mut().is_none_or(|environment| environment.exit().is_some()) {
            slot.launches += 1;
            slot.environment = Some(Environment::new(&slot.function));
        }
        let timeout = slot.function.timeout;
        let environment = slot.environment.as_mut().expect("launched above");
        let invocation = environment.deliver(delivery, timeout);
        if matches!(invocation.trouble, Some(Trouble::Timeout | Trouble::Init)) {
            environment.end();
        }
        invocation
    }
}
