//! The process that runs programs, and nothing else: `lemur serve` starts it before it reads a key, and it ends with it.
//!
//! It has one socket, its standard input. On it comes which programs there are, once, and then which of them to run for what record.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde::de::DeserializeOwned;

use super::run;
use super::wire::{Answer, End, LONGEST_LINE, Programs, Request};

/// How many programs run at a time. The server asks for fewer.
const MOST: usize = 32;

/// Why the runner ends before its server does.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// It was not started by the server.
    #[error("this is started by `lemur serve` itself: {0}")]
    Socket(std::io::Error),
    /// What came over the socket is not of the server.
    #[error("what came over the socket is not understood: {0}")]
    Form(String),
    /// Descriptors that others left open cannot be closed.
    #[error("cannot close what was left open: {0}")]
    Descriptors(std::io::Error),
}

/// Runs programs until the server ends.
///
/// # Errors
/// [`RunnerError`].
pub fn serve() -> Result<(), RunnerError> {
    close_inherited().map_err(RunnerError::Descriptors)?;
    let socket = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned().map_err(RunnerError::Socket)?);
    let answers = Mutex::new(socket.try_clone().map_err(RunnerError::Socket)?);
    let mut lines = BufReader::new(socket);
    let Some(programs) = line::<Programs>(&mut lines)? else { return Ok(()) };
    let (ending, running) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let served = loop {
            match line::<Request>(&mut lines) {
                Ok(Some(request)) => {
                    let is_free = running.fetch_add(1, Ordering::Relaxed) < MOST;
                    let (programs, ending, running, answers) = (&programs, &ending, &running, &answers);
                    scope.spawn(move || {
                        let answer = done(programs, request, is_free, ending);
                        running.fetch_sub(1, Ordering::Relaxed);
                        tell(answers, &answer);
                    });
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        // The server is gone: so are its programs, soon.
        ending.store(true, Ordering::Relaxed);
        served
    })
}

fn done(programs: &Programs, request: Request, is_free: bool, ending: &AtomicBool) -> Answer {
    let (end, said) = match programs.get(&request.provider) {
        Some(program) if is_free => run::run(program, request.action, &request.name, &request.value, ending),
        Some(_) => (End::NotStarted("too many programs are running".to_owned()), String::new()),
        None => (End::NotStarted("there is no such provider".to_owned()), String::new()),
    };
    Answer { number: request.number, end, said }
}

/// Tells the server. Where it is gone nobody listens.
fn tell(answers: &Mutex<UnixStream>, answer: &Answer) {
    let Ok(mut line) = serde_json::to_vec(answer) else { return };
    line.push(b'\n');
    if let Ok(mut socket) = answers.lock() {
        let _ = socket.write_all(&line);
    }
}

/// The next line, or nothing at the end.
fn line<T: DeserializeOwned>(lines: &mut BufReader<UnixStream>) -> Result<Option<T>, RunnerError> {
    let mut line = Vec::new();
    let length = lines.by_ref().take(LONGEST_LINE as u64).read_until(b'\n', &mut line).map_err(RunnerError::Socket)?;
    if length == 0 || line.last() != Some(&b'\n') && length < LONGEST_LINE {
        return Ok(None);
    }
    serde_json::from_slice(&line).map(Some).map_err(|error| RunnerError::Form(error.to_string()))
}

/// Closes what whoever started the server left open, so that no program gets it. Ours are the first three, and this process has no others yet.
fn close_inherited() -> std::io::Result<()> {
    let folder = ["/proc/self/fd", "/dev/fd"].into_iter().find_map(|path| std::fs::read_dir(path).ok());
    let Some(folder) = folder else { return Ok(()) };
    let open: Vec<i32> = folder.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).filter(|number| *number > 2).collect();
    for number in open {
        // The one by which the folder was read is among them and closed by now.
        match nix::unistd::close(number) {
            Ok(()) | Err(nix::errno::Errno::EBADF) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
