//! `lemur hook-runner`: the process that runs the programs of DNS providers. `lemur serve` starts it; people do not.

use std::path::PathBuf;

use anyhow::Context as _;
use menagerie_report::Exit;

use crate::config::dns::Dns;
use crate::dns::hook::{self, Hooks};

pub(super) fn run() -> anyhow::Result<Exit> {
    hook::serve()?;
    Ok(Exit::Fine)
}

/// Starts the process, if the configuration has programs. To be called before a key is read.
pub(super) fn start(dns: &Dns) -> anyhow::Result<Option<Hooks>> {
    Ok(Hooks::start(dns, &executable()?)?)
}

/// This program, also after another version took its place on the disk.
fn executable() -> anyhow::Result<PathBuf> {
    let itself = PathBuf::from("/proc/self/exe");
    if itself.exists() { Ok(itself) } else { std::env::current_exe().context("cannot find lemur's own program") }
}
