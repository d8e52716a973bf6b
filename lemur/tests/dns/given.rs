//! Providers as a configuration file says them.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use lemur::config::{Config, Typed};
use lemur::dns::hook::Hooks;
use lemur::dns::{DnsError, DnsProvider, OpenError, Providers};
use lemur::engine::Clock;

/// A value as ACME has it, and another.
pub(crate) const ONE: &str = "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0";
pub(crate) const OTHER: &str = "-_zvT0fUrgqzQ5tYn4m1m7mFQy0c0vYJ3n3kNPGZk9w";

/// The configuration of a text.
pub(crate) fn config(folder: &Path, text: &str) -> Config {
    std::fs::write(folder.join("lemur.toml"), text).unwrap();
    Config::read(&Typed { data: folder.to_owned(), ..Typed::default() }).unwrap()
}

/// The provider `it` of a text, which is the whole of `[dns.it]`.
pub(crate) fn provider(folder: &Path, text: &str) -> Arc<dyn DnsProvider> {
    opened(folder, text).unwrap().get("it").unwrap()
}

pub(crate) fn opened(folder: &Path, text: &str) -> Result<Providers, OpenError> {
    Providers::open(&config(folder, &format!("[dns.it]\n{text}")).dns, None, &Clock::new(Timestamp::now))
}

/// The provider `it` of a text, and what runs its program.
pub(crate) fn hooked(folder: &Path, text: &str) -> (Arc<dyn DnsProvider>, Hooks) {
    let config = config(folder, &format!("[dns.it]\nkind = \"hook\"\n{text}"));
    let hooks = Hooks::start(&config.dns, Path::new(env!("CARGO_BIN_EXE_lemur"))).unwrap().unwrap();
    let providers = Providers::open(&config.dns, Some(&hooks), &Clock::new(Timestamp::now)).unwrap();
    (providers.get("it").unwrap(), hooks)
}

/// Runs on a runtime of its own.
pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(work)
}

/// The text of an error that will not pass.
#[track_caller]
pub(crate) fn refused(done: Result<(), DnsError>) -> String {
    let error = done.unwrap_err();
    assert!(!error.passes(), "{error:?}");
    error.to_string()
}
