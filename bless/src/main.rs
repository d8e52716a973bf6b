//! Stands in for the command line until it is whole: the client's two verbs.

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
#[command(name = "bless", version)]
enum Cli {
    Get(Box<bless::commands::get::Args>),
    SshConfig(Box<bless::commands::ssh_config::Args>),
}

fn main() -> ExitCode {
    let env = menagerie_config::ProcessEnvironment;
    let done = match Cli::parse() {
        Cli::Get(args) => bless::commands::get::run(&args, &env),
        Cli::SshConfig(args) => bless::commands::ssh_config::run(&args, &env),
    };
    done.unwrap_or_else(|error| {
        menagerie_report::error(format_args!("{error:#}"));
        ExitCode::from(2)
    })
}
