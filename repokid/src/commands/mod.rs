//! One file for each verb of the command line.

mod analyze;
#[cfg(feature = "aws")]
mod blocklist;
mod cache;
mod code;
mod completions;
mod data;
mod distinct;
#[cfg(feature = "aws")]
mod find_roles;
mod office;
mod refresh;
#[cfg(feature = "aws")]
mod remove_permissions;
#[cfg(feature = "aws")]
mod repo;
#[cfg(feature = "aws")]
mod rollback;
#[cfg(feature = "aws")]
mod round;
mod schedule;
mod table;
mod usage;
#[cfg(feature = "aws")]
mod watch;

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::Parser as _;
use menagerie_report as report;

#[cfg(feature = "aws")]
pub use round::function;

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
        Command::Analyze(options) => analyze::run(&options),
        Command::Data { command } => data::run(&command),
        Command::Completions { shell } => completions::run(shell),
        Command::Config(options) => cache::config(&options),
        Command::Import(options) => cache::import(&options),
        Command::UpdateRoleCache(options) => refresh::run(&options),
        Command::DisplayRoleCache(options) => cache::display_all(&options),
        Command::DisplayRole(options) => cache::display_one(&options),
        Command::ScheduleRepo(options) => schedule::schedule(&options),
        Command::ShowScheduledRoles(options) => schedule::show(&options),
        Command::CancelScheduledRepo(options) => schedule::cancel(&options),
        #[cfg(feature = "aws")]
        Command::RepoScheduledRoles(options) => round::scheduled(&options),
        Command::RepoStats(options) => cache::stats(&options),
        Command::OptOut(options) => cache::opt_out(&options),
        Command::Usage { command } => usage::run(&command),
        #[cfg(feature = "aws")]
        Command::Run(options) => round::run(&options),
        #[cfg(feature = "aws")]
        Command::RepoRole(options) => repo::one(&options),
        #[cfg(feature = "aws")]
        Command::RepoAllRoles(options) => repo::all(&options),
        #[cfg(feature = "aws")]
        Command::RollbackRole(options) => rollback::run(&options),
        #[cfg(feature = "aws")]
        Command::RemovePermissionsFromRoles(options) => remove_permissions::run(&options),
        #[cfg(feature = "aws")]
        Command::FindRolesWithPermissions(options) => find_roles::run(&options),
        #[cfg(feature = "aws")]
        Command::Watch(options) => watch::run(&options),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(error) => {
            report::error(format_args!("{error:#}"));
            report::Exit::Incomplete.into()
        }
    }
}

/// Now, for records.
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// What a file says, if it has no more bytes than `most`: of a pipe, too, which has no length.
fn text(path: &Path, most: u64) -> anyhow::Result<String> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(most + 1).read_to_string(&mut text));
    let length = read.with_context(|| format!("{} cannot be read", path.display()))?;
    if u64::try_from(length).unwrap_or(u64::MAX) > most {
        bail!("{} has more than {most} bytes, which no such answer has", path.display());
    }
    Ok(text)
}
