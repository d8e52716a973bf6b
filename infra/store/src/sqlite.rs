//! Opening an SQLite file that other programs may open at the same moment.
//!
//! The first to open a new file turns write-ahead logging on, for which it must be alone: SQLite then answers "busy" at once instead of
//! waiting for its busy timeout, since two that wait for each other would wait for ever. So whoever opens tries again.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use sqlx::error::Error;

/// How long an opener that is not alone waits before it tries again.
const PAUSE: Duration = Duration::from_millis(20);

/// An empty file is an empty database; SQLite gives the files beside it the same mode.
pub(crate) fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Opens until others leave it a moment alone, for about as long as `busy`.
pub(crate) async fn open<T, F: Future<Output = Result<T, Error>>>(busy: Duration, connect: impl Fn() -> F) -> Result<T, Error> {
    let mut waited = Duration::ZERO;
    loop {
        match connect().await {
            Err(error) if is_busy(&error) && waited < busy => {
                tokio::time::sleep(PAUSE).await;
                waited += PAUSE;
            }
            result => return result,
        }
    }
}

/// `SQLITE_BUSY` (5), with any of its extended codes in the bits above.
fn is_busy(error: &Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code()).and_then(|code| code.parse::<u32>().ok());
    code.is_some_and(|code| code & 0xff == 5)
}
