//! The command `lanius`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lanius::commands::main(std::env::args_os())
}
