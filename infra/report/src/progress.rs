//! A line on stderr that tells how far a run has come: bytes, rate, time left. It is drawn by a thread of its own, on a terminal
//! only; elsewhere nothing is started. It uses no colour, so that it is the same with `NO_COLOR`, and no escape sequence but the
//! carriage return.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A run that is done sooner shows no line.
const PATIENCE: Duration = Duration::from_millis(400);
/// How often the line is drawn.
const PERIOD: Duration = Duration::from_millis(200);
/// How wide it is at most.
const WIDTH: usize = 78;

/// How far a run has come.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reached {
    /// Bytes done.
    pub bytes: u64,
    /// Files, objects, blobs done.
    pub sources: u64,
}

/// The line; it goes away when this is dropped.
#[derive(Debug)]
pub struct Progress {
    worker: Option<(mpsc::Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Draws the line until it is dropped, if stderr is a terminal. `total` counts the bytes to come and is called once, beside the
    /// run, after a while: a short run does not pay for it.
    pub fn watch(reached: impl Fn() -> Reached + Send + 'static, total: impl FnOnce() -> Option<u64> + Send + 'static) -> Self {
        if !io::stderr().is_terminal() {
            return Self { worker: None };
        }
        let (stop, stopped) = mpsc::channel();
        let started = Instant::now();
        let draw = move || {
            if stopped.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            let (known, counted) = mpsc::channel();
            // It ends with the process, should the run be over before all is counted.
            std::thread::spawn(move || known.send(total()));
            let mut all = None;
            while stopped.recv_timeout(PERIOD) == Err(RecvTimeoutError::Timeout) {
                all = counted.try_recv().ok().flatten().or(all);
                let text = line(reached(), all, started.elapsed());
                let mut out = io::stderr().lock();
                // Nothing can be done about a stderr that is gone.
                let _ = write!(out, "\r{text:<WIDTH$}").and_then(|()| out.flush());
            }
            let mut out = io::stderr().lock();
            let _ = write!(out, "\r{:WIDTH$}\r", "").and_then(|()| out.flush());
        };
        Self { worker: Some((stop, std::thread::spawn(draw))) }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, worker)) = self.worker.take() {
            drop(stop);
            // The line is gone before anything else is written.
            let _ = worker.join();
        }
    }
}

#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "for people, to three digits")]
fn line(reached: Reached, total: Option<u64>, elapsed: Duration) -> String {
    let rate = reached.bytes as f64 / elapsed.as_secs_f64().max(0.001);
    let mut text = format!("scanned {}", size(reached.bytes));
    // What archives hold is not counted beforehand: a run may come further than its total.
    let total = total.filter(|total| *total >= reached.bytes && *total > 0);
    if let Some(total) = total {
        text.push_str(&format!(" of {} ({} %)", size(total), reached.bytes.saturating_mul(100) / total));
    }
    text.push_str(&format!(" in {} sources, {}/s", reached.sources, size(rate as u64)));
    if let Some(total) = total
        && rate >= 1.0
    {
        text.push_str(&format!(", {} left", time(((total - reached.bytes) as f64 / rate) as u64)));
    }
    text.truncate(WIDTH);
    text
}

/// A number of bytes for people: three digits and a unit, in powers of 1000.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "for people, to three digits")]
pub fn size(bytes: u64) -> String {
    let (mut value, mut unit) = (bytes as f64, "B");
    for next in ["kB", "MB", "GB", "TB", "PB", "EB"] {
        if value < 999.5 {
            break;
        }
        value /= 1000.0;
        unit = next;
    }
    if unit == "B" || value >= 99.95 { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
}

/// A number of seconds for people.
fn time(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_tells_bytes_rate_and_time_left() {
        let reached = Reached { bytes: 250_000_000, sources: 1200 };
        assert_eq!(
            line(reached, Some(1_000_000_000), Duration::from_secs(1)),
            "scanned 250 MB of 1.0 GB (25 %) in 1200 sources, 250 MB/s, 3 s left"
        );
        assert_eq!(line(reached, Some(1), Duration::from_secs(1)), "scanned 250 MB in 1200 sources, 250 MB/s");
        assert_eq!(line(Reached::default(), None, Duration::ZERO), "scanned 0 B in 0 sources, 0 B/s");
        let longest = Reached { bytes: u64::MAX, sources: u64::MAX };
        assert!(line(longest, Some(u64::MAX), Duration::from_secs(1)).len() <= WIDTH);
    }

    #[test]
    fn numbers_are_for_people() {
        assert_eq!([0, 999, 1000, 999_949, 999_950_000].map(size), ["0 B", "999 B", "1.0 kB", "1.0 MB", "1.0 GB"]);
        assert_eq!([59, 60, 3725].map(time), ["59 s", "1 min 00 s", "1 h 02 min"]);
    }
}
