//! One run of a program: as another user where that is set, in a process group of its own, with an environment that was made for it, and for
//! so long. What it leaves running is killed with it.

use std::io::{PipeReader, Read as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::fs::{OFlags, fcntl_setfl};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use super::wire::{Action, End, Program};

/// How much of what a program writes is kept, in bytes.
const KEPT: usize = 1024;

/// How often a program is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// How long a killed program may take to be gone. One that is stuck inside the system stays.
const DYING: Duration = Duration::from_secs(5);

/// Runs a program to its end, or to its time, or to that of the server, which `ending` tells. Gives the end and the beginning of what it wrote.
pub(super) fn run(program: &Program, action: Action, name: &str, value: &str, ending: &AtomicBool) -> (End, String) {
    let (child, mut output) = match start(program, action, name, value) {
        Ok(started) => started,
        Err(error) => return (End::NotStarted(error.to_string()), String::new()),
    };
    let mut kept = Vec::new();
    let end = wait(child, &mut output, &mut kept, Duration::from_millis(program.timeout), ending);
    drain(&mut output, &mut kept);
    (end, shown(&kept))
}

fn start(program: &Program, action: Action, name: &str, value: &str) -> std::io::Result<(Child, PipeReader)> {
    let (reader, writer) = std::io::pipe()?;
    fcntl_setfl(&reader, OFlags::NONBLOCK)?;
    let mut command = Command::new(&program.path);
    command.args(&program.arguments).args([action.word(), name, value]);
    command.env_clear().envs(&program.environment).current_dir("/");
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer).process_group(0);
    if let Some((user, group)) = program.run_as {
        // From root, this takes the supplementary groups away as well.
        command.gid(group).uid(user);
    }
    Ok((command.spawn()?, reader))
}

fn wait(mut child: Child, output: &mut PipeReader, kept: &mut Vec<u8>, timeout: Duration, ending: &AtomicBool) -> End {
    let group = Pid::from_child(&child);
    let start = Instant::now();
    let mut killed: Option<(End, Instant)> = None;
    // Its number stays its own until it is waited for, so that no other process is killed in its place.
    while !has_ended(group) {
        drain(output, kept);
        match &killed {
            Some((end, since)) if since.elapsed() > DYING => return end.clone(),
            Some(_) => {}
            None => {
                let cause = ending.load(Ordering::Relaxed).then_some(End::Ending).or((start.elapsed() >= timeout).then_some(End::Late));
                if let Some(end) = cause {
                    kill(group);
                    killed = Some((end, Instant::now()));
                }
            }
        }
        std::thread::sleep(LOOK);
    }
    kill(group);
    match (child.wait(), killed) {
        (_, Some((end, _))) => end,
        (Err(error), None) => End::NotStarted(error.to_string()),
        (Ok(status), None) => match (status.code(), status.signal()) {
            (Some(code), _) => End::Status(code),
            (None, signal) => End::Signal(signal.unwrap_or_default()),
        },
    }
}

/// Whether it has ended, which does not free its number.
fn has_ended(process: Pid) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(waitid(WaitId::Pid(process), options), Ok(None))
}

fn kill(group: Pid) {
    // Fails where nobody of the group is left.
    let _ = kill_process_group(group, Signal::KILL);
}

/// Reads what is there now. What is not kept is read too, so that the program does not wait for it.
fn drain(output: &mut PipeReader, kept: &mut Vec<u8>) {
    let mut some = [0; 4096];
    // As much as a pipe holds: one who writes without end is not listened to without end.
    for _ in 0..64 {
        match output.read(&mut some) {
            Ok(length @ 1..) => kept.extend_from_slice(&some[..length.min(KEPT - kept.len())]),
            _ => return,
        }
    }
}

/// A program's output as one line that can be logged.
fn shown(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join(" / ").chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_logged_is_one_line() {
        assert_eq!(shown(b"a\n\n b\x1b[31m\r\nc\0"), "a / b\u{fffd}[31m / c\u{fffd}");
    }
}
