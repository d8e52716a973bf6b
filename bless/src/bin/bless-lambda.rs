//! The bootstrap of the Lambda function.

use std::process::ExitCode;

use menagerie_config::ProcessEnvironment;

fn main() -> ExitCode {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(bless::lambda::run(&ProcessEnvironment)),
        Err(error) => {
            menagerie_report::error(format_args!("cannot start: {error}"));
            ExitCode::from(1)
        }
    }
}
