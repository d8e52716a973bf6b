//! `lemur approval` as it is typed.

use clap::Subcommand;

/// What `lemur approval` does.
#[derive(Debug, Subcommand)]
pub enum ApprovalCommand {
    /// List the changes that wait for another person, the newest first
    List {
        /// Also those that wait no more
        #[arg(long)]
        all: bool,
        /// A JSON object instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Show what exactly is proposed
    Show {
        /// The proposal's number
        number: u32,
    },
    /// Have it done: as another person than who proposed it, signed in to a server
    Approve {
        /// The proposal's number
        number: u32,
    },
    /// Refuse it, or take it back
    Reject {
        /// The proposal's number
        number: u32,
        /// Why
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
}
