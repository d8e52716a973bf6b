//! The verbs, one file each.

pub mod ca;
pub mod completions;
pub mod get;
pub mod handle;
pub mod inspect;
pub mod log;
pub mod serve;
pub mod sign;
pub mod ssh_config;

mod service;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser as _;
use menagerie_config::ProcessEnvironment;
use menagerie_report::Exit;

use crate::cli::{Ca, Cli, Command, Log};

/// Runs the command that was typed; every failure is one sentence on stderr, and what to do under it.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = Cli::parse_from(args);
    let environment = ProcessEnvironment;
    let result = match &cli.command {
        Command::Get(args) => return finish(get::run(args, &environment)),
        Command::SshConfig(args) => return finish(ssh_config::run(args, &environment)),
        Command::Ca(Ca::Init(args)) => ca::init(args, &environment),
        Command::Ca(Ca::PublicKey(args)) => ca::public_key(args, &environment),
        Command::Sign(args) => sign::run(args, &environment),
        Command::Inspect(args) => inspect::run(args),
        Command::Serve(args) => serve::run(args, &environment),
        Command::Handle(args) => handle::run(args, &environment),
        Command::Log(Log::Verify(args)) => log::verify(args, &environment),
        Command::Log(Log::Search(args)) => log::search(args, &environment),
        Command::Completions { shell } => completions::run(*shell),
    };
    finish(result.map(ExitCode::from))
}

fn finish(result: anyhow::Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        menagerie_report::error(sentence(&error));
        Exit::Incomplete.into()
    })
}

/// An error with its causes; one that an outer error's own text already tells is left out. Lines are kept (a fault in a file is shown
/// with the line), what else could drive a terminal is not.
pub(crate) fn sentence(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text.lines().map(|line| menagerie_report::shown(line).into_owned()).collect::<Vec<_>>().join("\n")
}
