//! The command `repokid`.

use std::process::ExitCode;

fn main() -> ExitCode {
    repokid::commands::main(std::env::args_os())
}
