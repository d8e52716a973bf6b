//! The command `repokid`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(menagerie_report::Exit::Incomplete)
}
