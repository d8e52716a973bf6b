//! What the verbs of the role cache and the schedule take, as Repokid takes it.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;
use menagerie_aws::AccountId;

use super::{ListFormat, Where, moment};

/// `config`
#[derive(Debug, Args)]
pub struct WriteConfig {
    /// The file to write; none that is there is written over [default: standard output]
    pub file: Option<PathBuf>,
}

/// `import`
#[derive(Debug, Args)]
pub struct Import {
    /// The export of Repokid's table: what `aws dynamodb scan` prints, or a file of an export to S3, plain or gzip
    pub file: PathBuf,
    /// Where things are
    #[command(flatten)]
    pub place: Where,
}

/// `update_role_cache`
#[derive(Debug, Args)]
pub struct UpdateRoleCache {
    /// The account
    pub account: AccountId,
    /// A saved answer of `aws iam get-account-authorization-details`, in the place of IAM
    #[arg(long, value_name = "FILE")]
    pub authorization_details: Option<PathBuf>,
    /// Saved rows of Access Advisor, in the place of IAM or Aardvark: an object from ARN to an answer, or Aardvark's
    #[arg(long, value_name = "FILE")]
    pub access_advisor: Option<PathBuf>,
    /// Where things are
    #[command(flatten)]
    pub place: Where,
}

/// `display_role_cache`
#[derive(Debug, Args)]
pub struct DisplayRoleCache {
    /// The account
    pub account: AccountId,
    /// Those that IAM has no more, too
    #[arg(long)]
    pub inactive: bool,
    /// How to write the result
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
    /// Where things are
    #[command(flatten)]
    pub place: Where,
}

/// `display_role`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    repokid display_role 111122223333 reader\n  \
    repokid display_role 111122223333 user/ann\n  \
    repokid display_role 111122223333 arn:aws:iam::111122223333:group/team/builders")]
pub struct DisplayRole {
    /// The account
    pub account: AccountId,
    /// The role's name; user/NAME or group/NAME; or an ARN
    pub role: String,
    /// How to write the result
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
    /// Where things are
    #[command(flatten)]
    pub place: Where,
}

/// `schedule_repo` and `show_scheduled_roles`
#[derive(Debug, Args)]
pub struct OfAccount {
    /// The account
    pub account: AccountId,
    /// How to write the result
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
    /// Where things are
    #[command(flatten)]
    pub place: Where,
}

/// `cancel_scheduled_repo`
#[derive(Debug, Args)]
pub struct CancelScheduled {
    /// The account
    pub account: AccountId,
    /// Whose schedule is cancelled: a role's name; user/NAME or group/NAME; or an ARN
    #[arg(short, long, value_name = "ROLE", required_unless_present = "all", conflicts_with = "all")]
    pub role: Option<String>,
    /// Cancel all of the account
    #[arg(short, long)]
    pub all: bool,
    /// Where things are
    #[command(flatten)]
    pub place: Where,
}

/// `repo_scheduled_roles`
#[derive(Debug, Args)]
pub struct RepoScheduled {
    /// The account
    pub account: AccountId,
    /// Make the changes; without it they are only shown
    #[arg(short, long)]
    pub commit: bool,
    /// Where things are
    #[command(flatten)]
    pub place: Where,
}

/// `repo_stats`
#[derive(Debug, Args)]
pub struct RepoStats {
    /// The account [default: all that the state knows]
    pub account: Option<AccountId>,
    /// The file to write, as CSV [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Where things are
    #[command(flatten)]
    pub place: Where,
}

/// `opt_out`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    repokid opt_out 111122223333                                       lists the opt-outs that hold\n  \
    repokid opt_out 111122223333 reader --owner ann --reason audit     for opt_out_period_days\n  \
    repokid opt_out 111122223333 reader --remove\n  \
    repokid opt_out 111122223333 user/ann --owner ann --reason audit   and for ann's groups")]
pub struct OptOutArgs {
    /// The account
    pub account: AccountId,
    /// The role's name; user/NAME or group/NAME; or an ARN; without it opt-outs are listed
    pub role: Option<String>,
    /// Who wishes it
    #[arg(long, requires_all = ["role", "reason"])]
    pub owner: Option<String>,
    /// Why
    #[arg(long, requires = "owner")]
    pub reason: Option<String>,
    /// Until when [default: opt_out_period_days from now]
    #[arg(long, value_name = "DATE", value_parser = moment, requires = "owner")]
    pub expires: Option<Timestamp>,
    /// Take the opt-out back
    #[arg(long, requires = "role", conflicts_with = "owner")]
    pub remove: bool,
    /// How to write the list
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
    /// Where things are
    #[command(flatten)]
    pub place: Where,
}
