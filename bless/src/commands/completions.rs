//! `bless completions`: a script that completes commands and flags.

use clap::CommandFactory as _;
use menagerie_report::Exit;

use crate::cli::Cli;

/// Prints the script.
///
/// # Errors
/// A full disk.
pub fn run(shell: clap_complete::Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "bless", &mut script);
    menagerie_report::data(String::from_utf8_lossy(&script))?;
    Ok(Exit::Fine)
}
