//! `lemur user` and `lemur role` as they are typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What `lemur user` does.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Add a user
    Add(UserAdd),
    /// List the users
    List,
    /// Set a user's password
    Password {
        /// The user's name
        name: String,
        /// A file whose first line is the password
        #[arg(long, value_name = "FILE")]
        password_file: PathBuf,
    },
    /// Take a user's second factor away, for one who has lost it
    ResetTotp {
        /// The user's name
        name: String,
    },
    /// Let a user in no more; sessions and API keys end
    Disable {
        /// The user's name
        name: String,
    },
    /// Let a user in again
    Enable {
        /// The user's name
        name: String,
    },
}

/// Options of `lemur user add`.
#[derive(Debug, Args)]
pub struct UserAdd {
    /// The user's name
    pub name: String,
    /// The user's e-mail address
    #[arg(long, value_name = "EMAIL")]
    pub email: String,
    /// A role (may be given again)
    #[arg(long = "role", value_name = "NAME")]
    pub roles: Vec<String>,
    /// A file whose first line is the password
    #[arg(long, value_name = "FILE")]
    pub password_file: PathBuf,
}

/// What `lemur role` does.
#[derive(Debug, Subcommand)]
pub enum RoleCommand {
    /// Add a role
    Add {
        /// Its name
        name: String,
        /// What it is for
        #[arg(long, default_value = "")]
        description: String,
    },
    /// List the roles
    List,
}
