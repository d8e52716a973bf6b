//! The command `lemur`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lemur::commands::main(std::env::args_os())
}
