//! `lemur dns` as it is typed.

use clap::Subcommand;

/// What `lemur dns` does.
#[derive(Debug, Subcommand)]
pub enum DnsCommand {
    /// List the providers of the configuration
    List,
    /// Write a TXT record through a provider and take it away again
    Try {
        /// The provider's name
        provider: String,
        /// The record's name, such as _acme-challenge.www.example.com
        name: String,
        /// The text
        #[arg(long, default_value = "lemur-was-here")]
        value: String,
    },
}
