//! Programs that write records.
//!
//! They are run by a process of their own ([`serve`]) that never holds a key: the server starts it before it reads one, gives it the programs of
//! its configuration, and from then on asks it by a provider's name. It ends when the server ends; if it ends before, the next request starts
//! another.

mod link;
mod run;
mod runner;
mod wire;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

pub use runner::{RunnerError, serve};

use super::record::Record;
use super::timed::Writer;
use super::{BoxFuture, DnsError};
use crate::config::dns::{Dns, HookSettings, Way};
use link::Link;
use wire::{Action, End, Program, Programs};

/// How many programs run at a time; more wait.
const AT_A_TIME: usize = 8;

/// How long the runner may take beyond a program's own time.
const GRACE: Duration = Duration::from_secs(10);

/// The verb by which the program starts itself as the runner.
pub const VERB: &str = "hook-runner";

/// Why programs cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// The program is not there, or is no file.
    #[error("dns.{name}.program: {path} {reason}", path = path.display())]
    Program {
        /// The provider.
        name: String,
        /// What is said to be its program.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The system has no such user.
    #[error("dns.{name}.user: the system has no user {user:?}")]
    User {
        /// The provider.
        name: String,
        /// The user.
        user: String,
    },
    /// Only root runs programs as others.
    #[error(
        "dns.{name}.user: lemur runs as the user {own}, and only root runs programs as another user ({user}): start it as root, or leave `user` out"
    )]
    NotRoot {
        /// The provider.
        name: String,
        /// The user that is set.
        user: String,
        /// The number of the user who runs this.
        own: u32,
    },
    /// The runner cannot be started.
    #[error("cannot start the process that runs programs: {0}")]
    Start(std::io::Error),
}

/// Runs the programs of the configuration, elsewhere. Clones share the process.
#[derive(Clone)]
pub struct Hooks(Arc<Inner>);

struct Inner {
    executable: PathBuf,
    /// The first line for a runner: the programs.
    programs: Vec<u8>,
    link: tokio::sync::Mutex<Option<Link>>,
    turns: tokio::sync::Semaphore,
}

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hooks")
    }
}

impl Hooks {
    /// Starts the runner, if the configuration has programs. `executable` is this program, which knows the verb [`VERB`].
    ///
    /// # Errors
    /// [`HookError`] if a program is not there, may not be run as is said, or if the runner cannot be started.
    pub fn start(dns: &Dns, executable: &Path) -> Result<Option<Self>, HookError> {
        let mut programs = Programs::new();
        for (name, provider) in dns {
            if let Way::Hook(settings) = &provider.way {
                programs.insert(name.clone(), program(name, settings, provider.timeout)?);
            }
        }
        if programs.is_empty() {
            return Ok(None);
        }
        let mut line = serde_json::to_vec(&programs).map_err(|error| HookError::Start(error.into()))?;
        line.push(b'\n');
        if line.len() > wire::LONGEST_LINE {
            return Err(HookError::Start(std::io::Error::other("what is said of the programs is too long")));
        }
        let link = Link::start(executable, &line).map_err(HookError::Start)?;
        Ok(Some(Self(Arc::new(Inner {
            executable: executable.to_owned(),
            programs: line,
            link: tokio::sync::Mutex::new(Some(link)),
            turns: tokio::sync::Semaphore::new(AT_A_TIME),
        }))))
    }

    /// The number of the process that runs programs, if it runs.
    pub async fn process(&self) -> Option<u32> {
        self.0.link.lock().await.as_ref().filter(|link| link.is_open()).map(Link::process)
    }

    pub(super) fn writer(&self, provider: &str, timeout: Duration) -> HookWriter {
        HookWriter { hooks: self.clone(), provider: provider.to_owned(), timeout }
    }

    async fn run(&self, provider: &str, action: Action, record: Record<'_>, timeout: Duration) -> Result<(), DnsError> {
        let broken = || DnsError::Unreachable("the process that runs programs ended".to_owned());
        let _turn = self.0.turns.acquire().await.map_err(|_| broken())?;
        let answer = {
            let mut link = self.0.link.lock().await;
            // A runner that ended may do so between the look at it and the request: then a new one is asked.
            match asked(link.as_mut(), provider, action, record).await {
                Some(answer) => answer,
                None => {
                    tracing::warn!("the process that runs programs is started again");
                    let started = Link::start(&self.0.executable, &self.0.programs);
                    *link = Some(started.map_err(|error| DnsError::Unreachable(format!("cannot run programs: {error}")))?);
                    asked(link.as_mut(), provider, action, record).await.ok_or_else(broken)?
                }
            }
        };
        match tokio::time::timeout(timeout + GRACE, answer).await {
            Ok(Ok(answer)) => outcome(provider, answer, timeout),
            Ok(Err(_)) => Err(broken()),
            Err(_) => {
                // It does not even say that a program took too long: the next request has another.
                *self.0.link.lock().await = None;
                Err(DnsError::TimedOut(timeout + GRACE))
            }
        }
    }
}

async fn asked(link: Option<&mut Link>, provider: &str, action: Action, record: Record<'_>) -> Option<link::Waiting> {
    link.filter(|link| link.is_open())?.ask(provider, action, record).await.ok()
}

fn outcome(provider: &str, answer: wire::Answer, timeout: Duration) -> Result<(), DnsError> {
    let said = answer.said;
    match answer.end {
        End::Status(0) => {
            tracing::debug!(provider, said, "the program is done");
            Ok(())
        }
        End::Status(status) => {
            tracing::warn!(provider, status, said, "the program failed");
            Err(DnsError::Refused(format!("the program ended with the status {status}; the log has what it wrote")))
        }
        End::Signal(signal) => {
            tracing::warn!(provider, signal, said, "the program was killed");
            Err(DnsError::Refused(format!("the program was ended by the signal {signal}")))
        }
        End::Late => {
            tracing::warn!(provider, said, "the program took too long and was killed");
            Err(DnsError::TimedOut(timeout))
        }
        End::Ending => Err(DnsError::Unreachable("the process that runs programs ended".to_owned())),
        End::NotStarted(reason) => Err(DnsError::Refused(format!("the program was not started: {reason}"))),
    }
}

pub(super) struct HookWriter {
    hooks: Hooks,
    provider: String,
    timeout: Duration,
}

impl Writer for HookWriter {
    fn publish<'a>(&'a self, record: Record<'a>) -> BoxFuture<'a, Result<(), DnsError>> {
        Box::pin(self.hooks.run(&self.provider, Action::Publish, record, self.timeout))
    }

    fn withdraw<'a>(&'a self, record: Record<'a>) -> BoxFuture<'a, Result<(), DnsError>> {
        Box::pin(self.hooks.run(&self.provider, Action::Withdraw, record, self.timeout))
    }
}

fn program(name: &str, settings: &HookSettings, timeout: Duration) -> Result<Program, HookError> {
    use std::os::unix::fs::PermissionsExt as _;

    let bad = |reason: String| HookError::Program { name: name.to_owned(), path: settings.program.clone(), reason };
    let found = std::fs::metadata(&settings.program).map_err(|error| bad(format!("cannot be run: {error}")))?;
    if !found.is_file() || found.permissions().mode() & 0o111 == 0 {
        return Err(bad("is no program".to_owned()));
    }
    // Whoever may write it would be whoever runs it.
    if found.permissions().mode() & 0o002 != 0 {
        return Err(bad("may be written by everybody".to_owned()));
    }
    let path = std::path::absolute(&settings.program).map_err(|error| bad(error.to_string()))?;
    Ok(Program {
        path,
        arguments: settings.arguments.clone(),
        environment: settings.environment.clone(),
        run_as: settings.user.as_deref().map(|user| identity(name, user)).transpose()?.flatten(),
        timeout: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
    })
}

/// The numbers of a user and of their group; nothing if they run this.
fn identity(name: &str, user: &str) -> Result<Option<(u32, u32)>, HookError> {
    use nix::unistd::{Uid, User};

    let found = match user.parse() {
        Ok(number) => User::from_uid(Uid::from_raw(number)),
        Err(_) => User::from_name(user),
    };
    let found = found.ok().flatten().ok_or_else(|| HookError::User { name: name.to_owned(), user: user.to_owned() })?;
    let own = nix::unistd::geteuid();
    match (own.is_root(), own == found.uid) {
        (true, _) => Ok(Some((found.uid.as_raw(), found.gid.as_raw()))),
        (false, true) => Ok(None),
        (false, false) => Err(HookError::NotRoot { name: name.to_owned(), user: user.to_owned(), own: own.as_raw() }),
    }
}
