//! Measures bless beside what it stands on and what a user would pick instead: the crypto library alone, `openssl speed`, and
//! `ssh-keygen -s`. A program and not a test: what it prints is looked at, and its raw figures stay in `tests/bench/runs`.
//!
//! All of one round runs one after the other on one core, rounds are interleaved, and medians are shown. The loopback server that takes
//! the log runs on the other core. Before anything counts, the certificates are read by `ssh-keygen -L`.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program that prints what it measured")]

mod cold;
mod events;
mod library;
mod peers;
mod table;
mod throughput;

use std::path::PathBuf;
use std::process::ExitCode;

use events::CaKind;
use table::Table;

/// How often each thing is measured.
const ROUNDS: usize = 5;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        // The child that measures the library, so that it can be held to one core.
        ["library", kind] => {
            let (rate, cpu) = library::rate(CaKind::named(kind));
            println!("{rate} {cpu}");
            ExitCode::SUCCESS
        }
        [bless, lambda, runs] => {
            measure(&PathBuf::from(bless), &PathBuf::from(lambda), &PathBuf::from(runs));
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("usage: bench-bless BLESS BLESS-LAMBDA FOLDER");
            ExitCode::from(2)
        }
    }
}

fn measure(bless: &std::path::Path, lambda: &std::path::Path, runs: &std::path::Path) {
    let mut table = Table::new();
    for kind in CaKind::ALL {
        let stand = throughput::Stand::new(bless, kind);
        stand.compare_answers();
        for round in 0..ROUNDS {
            table.add(kind.name(), "library", round, library::on_one_core(kind));
            for log in throughput::LOGS {
                table.add(kind.name(), log, round, stand.run(log));
            }
        }
        table.add(kind.name(), "ssh-keygen -s", 0, peers::ssh_keygen(kind));
        for (name, rate) in peers::openssl(kind) {
            table.add(kind.name(), name, 0, rate);
        }
    }
    cold::measure(lambda, &mut table);
    table.write(runs);
    table.show();
}
