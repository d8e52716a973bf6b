//! Tracing to stderr: lines for people, or JSON for a machine that collects them.
//!
//! What is traced holds no secret: tools trace facts about a request, never the request.

use std::str::FromStr;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

/// How the lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One line a person reads.
    Human,
    /// One JSON object a line.
    Json,
}

/// The least severe line that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Everything that helps to find a fault.
    Debug,
    /// What a healthy run says.
    Info,
    /// What a person should look at.
    Warning,
    /// What failed.
    Error,
}

/// The text names no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no logging level: DEBUG, INFO, WARNING, ERROR or CRITICAL is wanted")]
pub struct LevelError(pub String);

impl FromStr for Level {
    type Err = LevelError;

    /// Reads the names of Python's `logging`, which BLESS's configuration uses, in any case.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_uppercase().as_str() {
            "DEBUG" | "NOTSET" => Ok(Self::Debug),
            "INFO" => Ok(Self::Info),
            "WARNING" | "WARN" => Ok(Self::Warning),
            "ERROR" | "CRITICAL" | "FATAL" => Ok(Self::Error),
            _ => Err(LevelError(text.to_owned())),
        }
    }
}

/// The target of lines that are written at every level: what a person is told by a line of text, and a machine by an object as all others are.
pub const TOLD: &str = "told";

/// Starts tracing for the whole process; a second call changes nothing.
pub fn start(format: Format, level: Level) {
    let level = match level {
        Level::Debug => LevelFilter::DEBUG,
        Level::Info => LevelFilter::INFO,
        Level::Warning => LevelFilter::WARN,
        Level::Error => LevelFilter::ERROR,
    };
    // What libraries say of themselves is for their authors; below a warning it is left out.
    let libraries = level.min(LevelFilter::WARN);
    let filter = Targets::new().with_default(libraries).with_targets([("bless", level), ("lemur", level), ("menagerie", level)]);
    let filter = filter.with_target(TOLD, LevelFilter::INFO);
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false);
    // An error here means that a subscriber is already there, which is then used.
    let _ = match format {
        Format::Human => tracing_subscriber::registry().with(lines.with_ansi(false).compact().with_filter(filter)).try_init(),
        Format::Json => tracing_subscriber::registry().with(lines.json().flatten_event(true).with_filter(filter)).try_init(),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_of_python() {
        assert_eq!("info".parse(), Ok(Level::Info));
        assert_eq!("CRITICAL".parse(), Ok(Level::Error));
        assert!("LOUD".parse::<Level>().is_err());
    }
}
