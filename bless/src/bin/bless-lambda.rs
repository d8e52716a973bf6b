//! The bootstrap of the Lambda function.

use std::process::ExitCode;

use menagerie_config::ProcessEnvironment;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == "--version" || argument == "-V") {
        return match menagerie_report::data(format_args!("bless-lambda {}\n", env!("CARGO_PKG_VERSION"))) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(2),
        };
    }
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(bless::lambda::run(&ProcessEnvironment)),
        Err(error) => {
            menagerie_report::error(format_args!("cannot start: {error}"));
            ExitCode::from(1)
        }
    }
}
