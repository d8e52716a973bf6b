//! The bootstrap of the Lambda function that does rounds.

use std::process::ExitCode;

fn main() -> ExitCode {
    // What takes time is waiting for AWS; one thread is enough for the rest.
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(repokid::commands::function()),
        Err(error) => {
            menagerie_report::error(format_args!("cannot start: {error}"));
            ExitCode::from(1)
        }
    }
}
