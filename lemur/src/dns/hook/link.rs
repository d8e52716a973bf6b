//! The server's end of the socket to the runner, and the runner's process.

use std::collections::HashMap;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, oneshot};

use super::wire::{Action, Answer, LONGEST_LINE, Request};
use crate::dns::record::Record;

/// How long the runner may take to read a request.
const PATIENCE: Duration = Duration::from_secs(5);

/// An answer to come.
pub(super) type Waiting = oneshot::Receiver<Answer>;

/// Those who wait, by the request's number.
type Waiters = Arc<Mutex<HashMap<u64, oneshot::Sender<Answer>>>>;

/// A runner.
pub(super) struct Link {
    process: u32,
    socket: Socket,
    waiters: Waiters,
    closed: Arc<AtomicBool>,
    unwanted: Arc<Notify>,
    next: u64,
}

/// The runner is started before there is a runtime, in which the socket is used.
enum Socket {
    New(Option<(StdUnixStream, Child)>),
    Used(OwnedWriteHalf),
}

impl Link {
    /// Starts a runner and tells it of its programs.
    pub(super) fn start(executable: &Path, programs: &[u8]) -> std::io::Result<Self> {
        let (mut ours, its) = StdUnixStream::pair()?;
        let mut command = Command::new(executable);
        command.arg0("lemur").arg(super::VERB).env_clear().current_dir("/");
        command.stdin(OwnedFd::from(its)).stdout(Stdio::null()).stderr(Stdio::inherit());
        // A terminal's Ctrl-C is for the server, which then ends it.
        let child = command.process_group(0).spawn()?;
        drop(command);
        ours.write_all(programs)?;
        Ok(Self {
            process: child.id(),
            socket: Socket::New(Some((ours, child))),
            waiters: Arc::default(),
            closed: Arc::default(),
            unwanted: Arc::default(),
            next: 0,
        })
    }

    pub(super) fn process(&self) -> u32 {
        self.process
    }

    pub(super) fn is_open(&self) -> bool {
        !self.closed.load(Ordering::Relaxed)
    }

    /// Asks for a run; the answer comes later, and never if the runner ends first.
    pub(super) async fn ask(&mut self, provider: &str, action: Action, record: Record<'_>) -> std::io::Result<Waiting> {
        self.next += 1;
        let request = Request {
            number: self.next,
            provider: provider.to_owned(),
            action,
            name: record.name().to_owned(),
            value: record.value().to_owned(),
        };
        let mut line = serde_json::to_vec(&request)?;
        line.push(b'\n');
        let (sender, waiting) = oneshot::channel();
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner).insert(request.number, sender);
        let written = match tokio::time::timeout(PATIENCE, self.socket()?.write_all(&line)).await {
            Ok(written) => written,
            Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
        };
        if written.is_err() {
            self.closed.store(true, Ordering::Relaxed);
        }
        written.map(|()| waiting)
    }

    fn socket(&mut self) -> std::io::Result<&mut OwnedWriteHalf> {
        if let Socket::New(new) = &mut self.socket {
            let (socket, child) = new.take().ok_or(std::io::ErrorKind::NotConnected)?;
            socket.set_nonblocking(true)?;
            let (reading, writing) = UnixStream::from_std(socket)?.into_split();
            let heard =
                Heard { waiters: Arc::clone(&self.waiters), closed: Arc::clone(&self.closed), unwanted: Arc::clone(&self.unwanted) };
            tokio::spawn(heard.until_its_end(reading, child));
            self.socket = Socket::Used(writing);
        }
        match &mut self.socket {
            Socket::Used(writing) => Ok(writing),
            Socket::New(_) => Err(std::io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.unwanted.notify_one();
    }
}

/// What is shared with whoever reads the answers.
struct Heard {
    waiters: Waiters,
    closed: Arc<AtomicBool>,
    unwanted: Arc<Notify>,
}

impl Heard {
    /// Passes answers on until the runner ends, or is not wanted any more; then nobody waits for it.
    async fn until_its_end(self, reading: OwnedReadHalf, mut child: Child) {
        let mut reading = BufReader::new(reading);
        tokio::select! {
            () = self.pass_on(&mut reading) => {}
            () = self.unwanted.notified() => {
                // Its socket ended with the link, and it ends its programs.
                let _ = tokio::time::timeout(PATIENCE, self.pass_on(&mut reading)).await;
            }
        }
        self.closed.store(true, Ordering::Relaxed);
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner).clear();
        drop(reading);
        let reaped = tokio::task::spawn_blocking(move || {
            // One that has not ended by itself is stuck.
            let _ = child.kill();
            child.wait()
        });
        let _ = reaped.await;
    }

    async fn pass_on(&self, reading: &mut BufReader<OwnedReadHalf>) {
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = (&mut *reading).take(LONGEST_LINE as u64).read_until(b'\n', &mut line).await;
            if !matches!(read, Ok(1..)) {
                return;
            }
            let Ok(answer) = serde_json::from_slice::<Answer>(&line) else { return };
            let waiter = self.waiters.lock().unwrap_or_else(PoisonError::into_inner).remove(&answer.number);
            if let Some(waiter) = waiter {
                // Whoever asked may have given up.
                let _ = waiter.send(answer);
            }
        }
    }
}
