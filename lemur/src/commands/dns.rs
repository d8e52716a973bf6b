//! `lemur dns`: the providers of the configuration, tried without an authority that asks.

use anyhow::Context as _;
use menagerie_report::{self as report, Exit};
use menagerie_telemetry::{Format, Level};

use super::{hook_runner, place};
use crate::cli::{DnsCommand, Place};
use crate::config::Config;
use crate::dns::Providers;

pub(super) fn run(place: &Place, command: &DnsCommand) -> anyhow::Result<Exit> {
    let config = Config::read(&place::typed(place))?;
    let hooks = hook_runner::start(&config.dns)?;
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let providers = Providers::open(&config.dns, hooks.as_ref(), &place::clock())?;
    match command {
        DnsCommand::List => {
            let mut none = true;
            for (name, kind) in providers.list() {
                none = false;
                report::data(format_args!("{name:<24} {}\n", kind.word()))?;
            }
            if none {
                report::note("the configuration has no [dns.NAME]");
            }
        }
        DnsCommand::Try { provider, name, value } => {
            // What a program wrote is told of in the log, and there is no server's here.
            menagerie_telemetry::start(Format::Human, Level::Warning);
            let asked = providers.get(provider).with_context(|| format!("there is no [dns.{provider}] in the configuration"))?;
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start")?;
            runtime.block_on(async {
                let written = asked.publish(name, value).await;
                // Also where writing failed: it may have been done all the same.
                let withdrawn = asked.withdraw(name, value).await;
                written.with_context(|| format!("{provider} did not write {name}"))?;
                report::note(format_args!("{provider} wrote {name}"));
                withdrawn.with_context(|| format!("{provider} did not take {name} away"))?;
                report::note(format_args!("{provider} took {name} away"));
                anyhow::Ok(())
            })?;
        }
    }
    Ok(Exit::Fine)
}
