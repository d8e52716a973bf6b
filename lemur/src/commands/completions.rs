//! `lemur completions`: what completes commands in a shell.

use clap::CommandFactory as _;
use clap_complete::Shell;
use menagerie_report::{self as report, Exit};

use crate::cli::Cli;

pub(super) fn run(shell: Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "lemur", &mut script);
    report::verbatim(&String::from_utf8(script)?)?;
    Ok(Exit::Fine)
}
