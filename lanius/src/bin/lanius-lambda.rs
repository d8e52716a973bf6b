//! The bootstrap of the Lambda function that scans objects.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Objects are scanned on threads that may wait; one thread is enough for the rest.
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(lanius::commands::function()),
        Err(error) => {
            menagerie_report::error(format_args!("cannot start: {error}"));
            ExitCode::from(1)
        }
    }
}
