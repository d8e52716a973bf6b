//! `lemur acme` as it is typed.

use clap::{Args, Subcommand};

/// What `lemur acme` does.
#[derive(Debug, Subcommand)]
pub enum AcmeCommand {
    /// Make a key for an external account binding: who has it may make an ACME account for those names
    AddKey(AcmeKey),
    /// List the keys
    Keys,
    /// Let a key make no more accounts, and its accounts get no more certificates
    RevokeKey {
        /// The key's ID
        id: String,
    },
}

/// Options of `lemur acme add-key`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  lemur acme add-key --owner web@corp.example --name .web.corp.example --name 10.1.0.0/16")]
pub struct AcmeKey {
    /// Who owns what is issued to its accounts, an e-mail address
    #[arg(long, value_name = "EMAIL")]
    pub owner: String,
    /// What it may have: www.corp.example for one name, .corp.example for it and all below, . for every DNS name, 10.1.0.0/16 for addresses
    /// (may be given again)
    #[arg(long = "name", value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// A profile it may ask for (may be given again) [default: all that are offered when something is ordered]
    #[arg(long = "profile", value_name = "NAME")]
    pub profiles: Vec<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub description: String,
    /// For how many days it can be used [default: until it is revoked]
    #[arg(long, value_name = "DAYS")]
    pub days: Option<u32>,
}
