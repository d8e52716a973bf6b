//! What the verbs that change IAM take, as Repokid takes it.

use std::num::NonZero;
use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use menagerie_aws::AccountId;

use super::{Where, moment};

/// How far a verb goes that narrows.
#[derive(Debug, Clone, Copy, Args)]
pub struct Narrowing {
    /// Make the changes; without it they are only shown
    #[arg(short, long)]
    pub commit: bool,
    /// Narrow resources, too, to those that were used
    #[arg(long)]
    pub resources: bool,
}

/// `repo_role`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    repokid repo_role 111122223333 reader              shows what would change\n  \
    repokid repo_role 111122223333 reader -c           changes it\n  \
    repokid repo_role 111122223333 user/ann -c         a user\n  \
    repokid repo_role 111122223333 group/builders -c   a group, by what all its members use\n\n\
    Users and groups are left alone unless `principals` of the configuration names them.")]
pub struct RepoRole {
    /// The account
    pub account: AccountId,
    /// The role's name; user/NAME or group/NAME; or an ARN
    pub role: String,
    /// How far it goes
    #[command(flatten)]
    pub narrowing: Narrowing,
    /// Where things are
    #[command(flatten)]
    pub place: Where,
}

/// `repo_all_roles`
#[derive(Debug, Args)]
pub struct RepoAllRoles {
    /// The accounts
    #[arg(required_unless_present = "account", value_name = "ACCOUNT")]
    pub accounts: Vec<AccountId>,
    /// One more account
    #[arg(long)]
    pub account: Vec<AccountId>,
    /// How far it goes
    #[command(flatten)]
    pub narrowing: Narrowing,
    /// Where things are
    #[command(flatten)]
    pub place: Where,
}

/// `rollback_role`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    repokid rollback_role 111122223333 reader                      lists versions and changes\n  \
    repokid rollback_role 111122223333 reader -s 0 -c              restores version 0\n  \
    repokid rollback_role 111122223333 user/ann --change 7 -c      undoes change 7\n  \
    repokid rollback_role 111122223333 group/builders -s 0 -c")]
pub struct RollbackRole {
    /// The account
    pub account: AccountId,
    /// The role's name; user/NAME or group/NAME; or an ARN
    pub role: String,
    /// The number of the version to restore; without it versions and changes are listed
    #[arg(short, long, value_name = "N", conflicts_with = "change")]
    pub selection: Option<u64>,
    /// The number of the change to undo
    #[arg(long, value_name = "N")]
    pub change: Option<crate::state::ChangeId>,
    /// Restore it; without it what would change is only shown
    #[arg(short, long)]
    pub commit: bool,
    /// Where things are
    #[command(flatten)]
    pub place: Where,
}

/// `remove_permissions_from_roles`
#[derive(Debug, Args)]
pub struct RemovePermissions {
    /// What goes, such as `s3:PutObject` or `s3:Put*`
    #[arg(required = true, value_name = "PERMISSION")]
    pub permissions: Vec<String>,
    /// A JSON list of ARNs of roles, users and groups, as find_roles_with_permissions writes it
    #[arg(short = 'f', long = "role-file", value_name = "FILE")]
    pub roles: PathBuf,
    /// Remove them; without it what would change is only shown
    #[arg(short, long)]
    pub commit: bool,
    /// Where things are
    #[command(flatten)]
    pub place: Where,
}

/// `find_roles_with_permissions`
#[derive(Debug, Args)]
pub struct FindRoles {
    /// What is looked for, such as `s3:PutObject` or `s3:Put*`
    #[arg(required = true, value_name = "PERMISSION")]
    pub permissions: Vec<String>,
    /// Write the ARNs into this file, as a JSON list
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Where things are
    #[command(flatten)]
    pub place: Where,
}

/// `watch`
#[derive(Debug, Args)]
#[command(
    after_help = "Every denial of a permission that repokid removed is told once, on stdout and to the places of REPOKID_SLACK_WEBHOOK, \
    REPOKID_WEBHOOK and REPOKID_SNS_TOPIC, where they are set; what could not be told everywhere is told again. Exit status: 0 if there is none, 1 if there are some, \
    2 if logs or an account could not be read.\n\n\
    --auto-rollback gives back what was denied, and no more: within 14 days of the change, once for each principal and day, never actions \
    that manage permissions, issue credentials, read data in bulk, are part of a known way to more than is granted, or can switch off logging or \
    detection or delete keys or backups, and only where the denial says that no identity-based policy allows it."
)]
pub struct Watch {
    /// CloudTrail logs: folders as S3 has them, or files; without any, LookupEvents is asked in every Region
    #[arg(value_name = "PATH")]
    pub logs: Vec<PathBuf>,
    /// Only these accounts [default: all that the state knows]
    #[arg(long)]
    pub account: Vec<AccountId>,
    /// Only events from then on [default: two days ago]
    #[arg(long, value_name = "DATE", value_parser = moment)]
    pub since: Option<Timestamp>,
    /// How many pages of fifty events to ask LookupEvents for in each Region: it answers two a second
    #[arg(long, value_name = "N", default_value = "1200")]
    pub pages: NonZero<usize>,
    /// Give back what was removed, within the bounds below
    #[arg(long)]
    pub auto_rollback: bool,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Where things are
    #[command(flatten)]
    pub place: Where,
}
