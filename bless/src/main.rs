//! The command `bless`.

use std::process::ExitCode;

fn main() -> ExitCode {
    bless::commands::main(std::env::args_os())
}
