//! Sessions of a token: a bounded number, each on a thread that is made when it is needed. Whoever calls waits for as long as was set and no
//! longer, since a call into a module cannot be broken off; what nobody waits for any more is not begun.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::object::ObjectHandle;
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use menagerie_secret::Secret;

use crate::error::Pkcs11Error;
use crate::module::Module;
use crate::uri::{KeyUri, TokenName};

/// How many calls may wait for a session.
const MOST_WAITING: usize = 1024;
/// How long a thread that has nothing to do keeps its session.
const IDLE: Duration = Duration::from_secs(120);

/// How long the end of a token waits for its threads.
const FAREWELL: Duration = Duration::from_secs(2);

/// How a token is used.
pub struct TokenSettings {
    /// The user's PIN; none for a token that lets anybody in.
    pub pin: Option<Secret<String>>,
    /// How many sessions there may be at most.
    pub sessions: usize,
    /// How long a call may take.
    pub patience: Duration,
}

impl fmt::Debug for TokenSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSettings").field("sessions", &self.sessions).field("patience", &self.patience).finish_non_exhaustive()
    }
}

/// A token. Clones share its sessions.
#[derive(Clone)]
pub struct Token {
    shared: Arc<Shared>,
    /// Tells the threads when the last clone is gone.
    _open: Arc<Open>,
}

struct Shared {
    module: Module,
    name: TokenName,
    settings: TokenSettings,
    waiting: Mutex<Waiting>,
    told: Condvar,
    /// What the token said to the PIN, if it did not take it.
    refused: Mutex<Option<String>>,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    threads: usize,
    handles: Vec<JoinHandle<()>>,
    idle: usize,
    ended: bool,
}

type Job = Box<dyn FnOnce(&mut Worker) + Send>;

struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        let mut waiting = lock(&self.0.waiting);
        waiting.ended = true;
        self.0.told.notify_all();
        // Sessions are closed before the process ends: a module takes itself down then, whoever is still in it. One that hangs is left.
        let until = Instant::now() + FAREWELL;
        while waiting.threads > 0 {
            let Some(left) = until.checked_duration_since(Instant::now()) else { break };
            (waiting, _) = self.0.told.wait_timeout(waiting, left).unwrap_or_else(PoisonError::into_inner);
        }
        // What a library keeps for each thread is taken down when the thread ends: that is waited for, too.
        if waiting.threads == 0 {
            let handles = std::mem::take(&mut waiting.handles);
            drop(waiting);
            let me = std::thread::current().id();
            for handle in handles.into_iter().filter(|handle| handle.thread().id() != me) {
                // A thread that panicked has ended as well.
                let _ = handle.join();
            }
        }
    }
}

/// A session, logged in.
pub(crate) struct LoggedIn {
    pub(crate) session: Session,
    pub(crate) context: Pkcs11,
    pub(crate) slot: Slot,
    handles: RefCell<HashMap<KeyUri, ObjectHandle>>,
}

impl LoggedIn {
    /// The handle of a key, which is looked for once. A key that is destroyed takes its handle with it.
    pub(crate) fn handle_of(
        &self,
        key: &KeyUri,
        look: impl FnOnce() -> Result<ObjectHandle, Pkcs11Error>,
    ) -> Result<ObjectHandle, Pkcs11Error> {
        if let Some(handle) = self.handles.borrow().get(key) {
            return Ok(*handle);
        }
        let handle = look()?;
        self.handles.borrow_mut().insert(key.clone(), handle);
        Ok(handle)
    }
}

/// A thread's session, opened when it is needed.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    open: Option<LoggedIn>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever panics while holding one of these locks has changed one field at most.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Token {
    pub(crate) fn new(module: Module, name: TokenName, settings: TokenSettings) -> Self {
        let (waiting, told, refused) = (Mutex::default(), Condvar::new(), Mutex::new(None));
        let shared = Arc::new(Shared { module, name, settings, waiting, told, refused });
        Self { _open: Arc::new(Open(Arc::clone(&shared))), shared }
    }

    /// How long a call may take.
    pub(crate) fn patience(&self) -> Duration {
        self.shared.settings.patience
    }

    /// Has a session do some work.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Worker) -> Result<T, Pkcs11Error> + Send + 'static,
    ) -> Result<T, Pkcs11Error> {
        let (reply, answer) = tokio::sync::oneshot::channel();
        let _wanted = self.submit(work, move |done| drop(reply.send(done)))?;
        match tokio::time::timeout(self.patience(), answer).await {
            Ok(Ok(done)) => done,
            Ok(Err(_)) => Err(Pkcs11Error::Busy),
            Err(_) => Err(Pkcs11Error::Slow { patience: self.patience() }),
        }
    }

    /// As [`Token::call`], and the thread that calls waits.
    pub(crate) fn call_here<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Worker) -> Result<T, Pkcs11Error> + Send + 'static,
    ) -> Result<T, Pkcs11Error> {
        let (reply, answer) = mpsc::sync_channel(1);
        let _wanted = self.submit(work, move |done| drop(reply.send(done)))?;
        match answer.recv_timeout(self.patience()) {
            Ok(done) => done,
            Err(mpsc::RecvTimeoutError::Disconnected) => Err(Pkcs11Error::Busy),
            Err(mpsc::RecvTimeoutError::Timeout) => Err(Pkcs11Error::Slow { patience: self.patience() }),
        }
    }

    /// Hands work to a thread. It is not begun once what is returned is gone.
    fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Worker) -> Result<T, Pkcs11Error> + Send + 'static,
        reply: impl FnOnce(Result<T, Pkcs11Error>) + Send + 'static,
    ) -> Result<Wanted, Pkcs11Error> {
        let wanted = Wanted(Arc::new(AtomicBool::new(true)));
        let still = Arc::clone(&wanted.0);
        let job = move |worker: &mut Worker| {
            if still.load(Ordering::Relaxed) {
                reply(work(worker));
            }
        };
        let mut waiting = lock(&self.shared.waiting);
        if waiting.jobs.len() >= MOST_WAITING {
            return Err(Pkcs11Error::Busy);
        }
        if waiting.idle <= waiting.jobs.len() && waiting.threads < self.shared.settings.sessions.max(1) {
            let shared = Arc::clone(&self.shared);
            let thread = std::thread::Builder::new().name("pkcs11".to_owned()).spawn(move || Worker { shared, open: None }.run());
            match thread {
                Ok(handle) => {
                    waiting.threads += 1;
                    waiting.handles.retain(|handle| !handle.is_finished());
                    waiting.handles.push(handle);
                }
                Err(error) if waiting.threads == 0 => return Err(Pkcs11Error::Thread(error)),
                // Those that there are do it.
                Err(_) => {}
            }
        }
        waiting.jobs.push_back(Box::new(job));
        drop(waiting);
        self.shared.told.notify_one();
        Ok(wanted)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("module", &self.shared.module).field("name", &self.shared.name).finish_non_exhaustive()
    }
}

/// That somebody waits for the answer.
struct Wanted(Arc<AtomicBool>);

impl Drop for Wanted {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// A thread that counts as long as it is there, also if a module's answer brings it down.
struct Counted(Arc<Shared>);

impl Drop for Counted {
    fn drop(&mut self) {
        lock(&self.0.waiting).threads -= 1;
        self.0.told.notify_all();
    }
}

impl Worker {
    fn run(mut self) {
        let _counted = Counted(Arc::clone(&self.shared));
        while let Some(job) = self.next() {
            job(&mut self);
        }
        self.open = None;
    }

    fn next(&self) -> Option<Job> {
        let mut waiting = lock(&self.shared.waiting);
        loop {
            if let Some(job) = waiting.jobs.pop_front() {
                return Some(job);
            }
            if waiting.ended {
                return None;
            }
            waiting.idle += 1;
            let (after, over) = self.shared.told.wait_timeout(waiting, IDLE).unwrap_or_else(PoisonError::into_inner);
            waiting = after;
            waiting.idle -= 1;
            if over.timed_out() && waiting.jobs.is_empty() {
                return None;
            }
        }
    }

    /// Does some work in the session; once more in a new one if the session turned out to be gone.
    pub(crate) fn in_session<T>(&mut self, work: impl Fn(&LoggedIn) -> Result<T, Pkcs11Error>) -> Result<T, Pkcs11Error> {
        match work(self.opened()?) {
            Err(error) if error.is_of_session() => {
                self.open = None;
                work(self.opened()?)
            }
            done => done,
        }
    }

    fn opened(&mut self) -> Result<&LoggedIn, Pkcs11Error> {
        let open = match self.open.take() {
            Some(open) => open,
            None => self.log_in()?,
        };
        Ok(self.open.insert(open))
    }

    fn log_in(&self) -> Result<LoggedIn, Pkcs11Error> {
        let shared = &self.shared;
        // One after the other: of several threads with a wrong PIN only one tries it.
        let mut refused = lock(&shared.refused);
        let refuse = |reason: &str| Pkcs11Error::Pin { token: Box::new(shared.name.clone()), reason: reason.to_owned() };
        if let Some(reason) = &*refused {
            return Err(refuse(reason));
        }
        let (context, slot) = shared.module.slot(&shared.name)?;
        let session = context.open_ro_session(slot)?;
        if let Some(pin) = &shared.settings.pin {
            match session.login(UserType::User, Some(&AuthPin::from(pin.expose().as_str()))) {
                Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {}
                Err(Error::Pkcs11(code, _)) if is_of_pin(code) => {
                    let reason = refused.insert(format!("{code:?}"));
                    return Err(refuse(reason));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(LoggedIn { session, context, slot, handles: RefCell::default() })
    }
}

const fn is_of_pin(code: RvError) -> bool {
    matches!(code, RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange | RvError::PinExpired | RvError::PinLocked)
}
