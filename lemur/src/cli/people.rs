//! `lemur user` and `lemur role` as they are typed.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};

use super::Emergency;

/// What `lemur user` does.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  \
    lemur user add ann --email ann@corp.example --role internal_operator --password-file password\n  \
    lemur user add ci --email ci@corp.example --role internal_operator --no-password\n  \
    lemur user add-key ci --label pipeline --days 90 > ci.token\n  \
    lemur user roles ann --role internal_operator --role reader")]
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
    /// Show what a user is a member of, or set it by --role or --none
    Roles {
        /// The user's name
        name: String,
        /// From now on the user has this role, and none that is not named (may be given again)
        #[arg(long = "role", value_name = "NAME", conflicts_with = "none")]
        roles: Vec<String>,
        /// From now on the user has no role
        #[arg(long)]
        none: bool,
    },
    /// Make an API key of a user, and print its token: it is not shown again
    AddKey(UserKey),
    /// List the API keys of a user
    Keys {
        /// The user's name
        name: String,
    },
    /// Let an API key in no more: this is not undone
    RevokeKey {
        /// The key's number, as `lemur user keys` shows it
        id: i64,
    },
    /// End every session of a user, and every API key: the user signs in again, and makes new ones
    SignOut {
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
    #[arg(long, value_name = "FILE", required_unless_present = "no_password")]
    pub password_file: Option<PathBuf>,
    /// Without a password: the user comes in by API keys, or by a provider of identities
    #[arg(long, conflicts_with = "password_file")]
    pub no_password: bool,
}

/// Options of `lemur user add-key`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
    (umask 077; lemur user add-key ci --label pipeline --days 90 > ci.token)\n  \
    lemur certificate issue --server https://pki.corp.example --token-file ci.token --authority tls --name www.corp.example --csr www.csr")]
pub struct UserKey {
    /// The user's name
    pub name: String,
    /// What the key is called
    #[arg(long, value_name = "TEXT")]
    pub label: String,
    /// For how many days it lets in
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_650))]
    pub days: u32,
    /// Only this role of the user counts, and nothing else of the user's (may be given again) [default: all that the user may]
    #[arg(long = "role", value_name = "NAME")]
    pub roles: Vec<String>,
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
    /// Let a role's members issue from an authority, for some names or for all that it may certify
    Allow(RoleAllow),
    /// Let a role's members issue from an authority no more
    Deny {
        /// The role's name
        name: String,
        /// The authority
        #[arg(long, value_name = "NAME")]
        authority: String,
        /// In an emergency
        #[command(flatten)]
        emergency: Emergency,
    },
}

impl RoleCommand {
    /// What is said in an emergency.
    #[must_use]
    pub fn emergency(&self) -> Option<&Emergency> {
        match self {
            Self::Allow(options) => Some(&options.emergency),
            Self::Deny { emergency, .. } => Some(emergency),
            Self::Add { .. } | Self::List => None,
        }
    }
}

/// Options of `lemur role allow`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["names", "any_name"]))]
#[command(after_help = "Examples:\n  \
    lemur role allow deploy --authority tls --names '*.deploy.corp.example' --names 10.1.0.0/16\n  \
    lemur role allow ops --authority tls --any-name")]
pub struct RoleAllow {
    /// The role's name
    pub name: String,
    /// The authority
    #[arg(long, value_name = "NAME")]
    pub authority: String,
    /// What they may have certified: www.team.example, *.team.example for all below, .team.example with itself, * for every DNS name,
    /// 10.1.0.0/16, @team.example, spiffe://team.example/* (may be given again)
    #[arg(long, value_name = "PATTERN")]
    pub names: Vec<String>,
    /// Whatever authority and profile allow
    #[arg(long)]
    pub any_name: bool,
    /// In an emergency
    #[command(flatten)]
    pub emergency: Emergency,
}
