//! Where the verbs find their configuration and their state.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Where the configuration and the state are.
#[derive(Debug, Clone, Args)]
pub struct Where {
    /// Repokid's configuration [default: $REPOKID_CONFIG_LOCATION, ./config.json, /etc/repokid, /apps/repokid]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The state: a file, or postgres://… [default: `state` of the configuration, or repokid.db]
    #[arg(long, value_name = "URL")]
    pub state: Option<String>,
}

/// How lists are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// A table, for people
    Human,
    /// One JSON object
    Json,
}
