//! One file for each verb of the command line.

mod acme;
mod approval;
mod audit;
mod authority;
mod backend;
mod certificate;
mod completions;
mod dns;
mod hook_runner;
mod key;
mod lint;
mod login;
mod modes;
mod pending;
mod people;
mod place;
mod serve;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{ArgMatches, CommandFactory as _, FromArgMatches as _};
use menagerie_report as report;

use crate::cli::{Cli, Command};

/// Runs the command line `arguments`, the first of which is the program's name.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let parsed = Cli::command().try_get_matches_from(arguments).and_then(|matches| {
        let mut cli = Cli::from_arg_matches(&matches)?;
        settle(&mut cli, &matches)?;
        Ok(cli)
    });
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { report::Exit::Incomplete.into() } else { report::Exit::Fine.into() };
        }
    };
    let done = match cli.command {
        Command::Serve(options) => serve::run(&options),
        Command::Authority { target, command } => authority::run(&target, &command),
        Command::Certificate { target, command } => certificate::run(&target, &command),
        Command::Acme { target, command } => acme::run(&target, &command),
        Command::User { target, command } => people::user(&target, &command),
        Command::Role { target, command } => people::role(&target, &command),
        Command::Approval { target, command } => approval::run(&target, &command),
        Command::Key { place, command } => key::run(&place, &command),
        Command::Audit { target, command } => audit::run(&target, &command),
        Command::Login(options) => login::login(&options),
        Command::Logout(options) => login::logout(&options),
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

/// Whether the data on this machine are meant or a server, where both are said: what was typed beats the environment, and both typed is refused.
fn settle(cli: &mut Cli, matches: &ArgMatches) -> Result<(), clap::Error> {
    let verb_options = verb_options(matches);
    let Some((_, matches)) = matches.subcommand() else { return Ok(()) };
    let typed = |name: &str| matches.value_source(name) == Some(ValueSource::CommandLine);
    let here = || ["data", "config", "database"].into_iter().any(typed);
    if matches!(cli.command, Command::Key { .. }) && !here() && std::env::var_os("LEMUR_SERVER").is_some_and(|url| !url.is_empty()) {
        let kind = clap::error::ErrorKind::ArgumentConflict;
        let reason = "LEMUR_SERVER names a server, and keys are rotated and protected where the key file is: on the server's own machine, \
            where --data says it";
        return Err(Cli::command().error(kind, reason));
    }
    let Some(target) = cli.command.target_mut() else { return Ok(()) };
    target.verb_options = verb_options;
    if here() {
        if typed("server") {
            let kind = clap::error::ErrorKind::ArgumentConflict;
            return Err(Cli::command().error(kind, "--server is for a server, and --data, --config and --database are for this machine"));
        }
        target.server = None;
    }
    Ok(())
}

/// The long options of the verb that was typed, without those that all verbs have.
fn verb_options(mut matches: &ArgMatches) -> Vec<String> {
    let mut verb = Cli::command();
    while let Some((name, inner)) = matches.subcommand() {
        let Some(found) = verb.find_subcommand(name).cloned() else { break };
        (verb, matches) = (found, inner);
    }
    verb.get_arguments().filter_map(clap::Arg::get_long).map(str::to_owned).collect()
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
