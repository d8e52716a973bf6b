//! One file for each verb of the command line.

mod acme;
mod audit;
mod authority;
mod certificate;
mod completions;
mod dns;
mod hook_runner;
mod key;
mod lint;
mod people;
mod place;
mod serve;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;
use menagerie_report as report;

use crate::cli::{Cli, Command};

/// Runs the command line `arguments`, the first of which is the program's name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { report::Exit::Incomplete.into() } else { report::Exit::Fine.into() };
        }
    };
    let done = match cli.command {
        Command::Serve(options) => serve::run(&options),
        Command::Authority { place, command } => authority::run(&place, &command),
        Command::Certificate { place, command } => certificate::run(&place, &command),
        Command::Acme { place, command } => acme::run(&place, &command),
        Command::User { place, command } => people::user(&place, &command),
        Command::Role { place, command } => people::role(&place, &command),
        Command::Key { place, command } => key::run(&place, &command),
        Command::Audit { place, command } => audit::run(&place, &command),
        Command::Dns { place, command } => dns::run(&place, &command),
        Command::HookRunner => hook_runner::run(),
        Command::Completions { shell } => completions::run(shell),
        Command::Lint(options) => lint::run(&options),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(error) => {
            report::error(sentence(&error));
            report::Exit::Incomplete.into()
        }
    }
}

/// An error with its causes, of which those are left out that an error above them repeats.
fn sentence(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.ends_with(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}
