//! What the verbs that work on accounts stand on: the configuration, the state, the way to the accounts, and who they work for.

use std::future::Future;

use anyhow::Context as _;
use jiff::Timestamp;
use menagerie_config::{Environment as _, ProcessEnvironment};
use menagerie_report as report;

use super::now;
use crate::cli::Where;
use crate::compat::config::{self, Config};
use crate::iac::Code;
use crate::state::State;

/// Where the state is if nothing says.
const STATE: &str = "repokid.db";

pub(super) struct Office {
    pub(super) config: Config,
    pub(super) state: State,
    /// What code owns.
    #[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "what changes accounts asks for it"))]
    pub(super) code: Code,
    /// Who does it, for the record.
    pub(super) actor: String,
    /// What no other run is called.
    #[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "what changes accounts is recorded"))]
    pub(super) run: String,
    #[cfg_attr(not(feature = "aws"), expect(dead_code, reason = "what changes accounts is recorded"))]
    pub(super) clock: fn() -> Timestamp,
}

impl Office {
    pub(super) async fn open(place: &Where) -> anyhow::Result<Self> {
        let environment = ProcessEnvironment;
        let file = match &place.config {
            Some(file) => Some(file.clone()),
            None => config::find(&environment, &std::env::current_dir().context("there is no working folder")?)?,
        };
        let config = file.as_deref().map_or_else(|| Ok(Config::default()), Config::read)?;
        for warning in &config.warnings {
            report::warning(report::shown(&warning.to_string()));
        }
        let url = place.state.as_deref().or(config.state.as_deref()).unwrap_or(STATE);
        let state = State::open(url).await.context("the state cannot be opened")?;
        let code = super::code::of(&config.code)?;
        let actor = environment.var("USER").filter(|user| !user.is_empty()).unwrap_or_else(|| "repokid".to_owned());
        let host = environment.var("HOSTNAME").unwrap_or_default();
        let run = format!("{actor}@{host} process {} of {}", std::process::id(), now());
        Ok(Self { config, state, code, actor, run, clock: now })
    }
}

/// Runs a command that waits for others.
pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().context("no threads can be started")?.block_on(work)
}
