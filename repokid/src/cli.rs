//! The command line as it is typed.

mod cache;
#[cfg(feature = "aws")]
mod change;
mod place;
mod usage;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

use crate::iac::TagRule;

pub use cache::{
    CancelScheduled, DisplayRole, DisplayRoleCache, Import, OfAccount, OptOutArgs, RepoScheduled, RepoStats, UpdateRoleCache, WriteConfig,
};
#[cfg(feature = "aws")]
pub use change::{FindRoles, Narrowing, RemovePermissions, RepoAllRoles, RepoRole, RollbackRole, Watch};
pub use place::{ListFormat, Where};
#[cfg(feature = "aws")]
pub use usage::Run;
pub use usage::{Distinct, UsageAdd, UsageCommand};

/// Narrows AWS IAM policies to what usage proves is needed, with proof and a way back
#[derive(Debug, Parser)]
#[command(
    name = "repokid",
    version,
    max_term_width = 110,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Try it, without any access to AWS but two saved answers and the logs:\n  \
        aws iam get-account-authorization-details > details.json\n  \
        repokid analyze --authorization-details details.json --cloudtrail logs/ --assume-complete\n\n\
        Users and groups are looked at and changed if `principals` of the configuration names them. Where a command takes a role's name, it \
        takes user/NAME, group/NAME or an ARN, too."
)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say of saved files what each principal uses, what is proved unused, and what would change
    Analyze(Box<Analyze>),
    /// Look into the tables of actions and events
    Data {
        /// What to do with them
        #[command(subcommand)]
        command: DataCommand,
    },
    /// Print what completes commands in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print a configuration with every key and its default
    Config(WriteConfig),
    /// Bring what Repokid's table has into the state
    Import(Import),
    /// Bring what is known of an account's roles up to date, of its users and groups, too, where the configuration names them
    #[command(alias = "update_role_cache")]
    UpdateRoleCache(UpdateRoleCache),
    /// List an account's roles, users and groups with what could go from each
    #[command(alias = "display_role_cache")]
    DisplayRoleCache(DisplayRoleCache),
    /// Show all that is known of a role, a user or a group
    #[command(alias = "display_role")]
    DisplayRole(DisplayRole),
    /// Schedule what could go from an account's roles, users and groups
    #[command(alias = "schedule_repo")]
    ScheduleRepo(OfAccount),
    /// List those that something is scheduled for
    #[command(alias = "show_scheduled_roles")]
    ShowScheduledRoles(OfAccount),
    /// Cancel what was scheduled
    #[command(alias = "cancel_scheduled_repo")]
    CancelScheduledRepo(CancelScheduled),
    /// Execute what is due: what was repoable when it was scheduled, and is now
    #[cfg(feature = "aws")]
    #[command(alias = "repo_scheduled_roles")]
    RepoScheduledRoles(RepoScheduled),
    /// Write the counts of permissions over time as CSV
    #[command(alias = "repo_stats")]
    RepoStats(RepoStats),
    /// List, set and take back owners' wishes that a role, a user or a group is not changed
    #[command(alias = "opt_out")]
    OptOut(OptOutArgs),
    /// Take in and ask what principals were seen to do
    Usage {
        /// What to do with it
        #[command(subcommand)]
        command: UsageCommand,
    },
    /// Do one whole round: refresh, filter, schedule, and execute what is due
    #[cfg(feature = "aws")]
    Run(Run),
    /// Narrow a role, user or group to what is not proved unused
    #[cfg(feature = "aws")]
    #[command(alias = "repo_role")]
    RepoRole(RepoRole),
    /// Narrow all roles of an account, all users and groups, too, where the configuration names them
    #[cfg(feature = "aws")]
    #[command(alias = "repo_all_roles")]
    RepoAllRoles(RepoAllRoles),
    /// List the versions of a role, a user or a group, and restore one to the letter
    #[cfg(feature = "aws")]
    #[command(alias = "rollback_role")]
    RollbackRole(RollbackRole),
    /// Remove permissions by name from roles, users and groups
    #[cfg(feature = "aws")]
    #[command(alias = "remove_permissions_from_roles")]
    RemovePermissionsFromRoles(RemovePermissions),
    /// Find the roles, users and groups that have one of some permissions
    #[cfg(feature = "aws")]
    #[command(alias = "find_roles_with_permissions")]
    FindRolesWithPermissions(FindRoles),
    /// Tell of denials of what was removed, and give it back within bounds
    #[cfg(feature = "aws")]
    Watch(Watch),
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Human,
    /// One JSON object (schema repokid.analysis/1)
    Json,
    /// One page with everything in it
    Html,
}

/// What `analyze` reads, and how far it goes.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    repokid analyze --authorization-details details.json --cloudtrail logs/ --trail trail.json\n  \
    repokid analyze --authorization-details details.json --cloudtrail logs/ --assume-complete --format html > report.html\n  \
    repokid analyze --authorization-details details.json --access-advisor advisor.json -o review/\n\n\
    Exit status: 0 if nothing would change, 1 if something would, 2 if input is missing or broken, which makes verdicts weaker.")]
pub struct Analyze {
    /// The output of `aws iam get-account-authorization-details`; several accounts by several files
    #[arg(long, value_name = "FILE", required = true)]
    pub authorization_details: Vec<PathBuf>,
    /// CloudTrail logs: folders as S3 has them, or files, plain or gzip
    #[arg(long, value_name = "PATH")]
    pub cloudtrail: Vec<PathBuf>,
    /// What the trail logs: the answers of `aws cloudtrail describe-trails` and `get-event-selectors`
    #[arg(long, value_name = "FILE")]
    pub trail: Vec<PathBuf>,
    /// CloudTrail's public keys: answers of `aws cloudtrail list-public-keys` of each Region. Digests count if they are signed with one
    #[arg(long, value_name = "FILE")]
    pub public_keys: Vec<PathBuf>,
    /// What the organisation withholds: answers of `aws organizations list-policies-for-target`, each with TargetId and ParentId, and of
    /// `describe-policy`
    #[arg(long, value_name = "FILE")]
    pub organization: Vec<PathBuf>,
    /// Take the logs for all there is: every management event of every Region, and no data events unless --trail tells of some
    #[arg(long)]
    pub assume_complete: bool,
    /// Access Advisor: an object from ARN to the answer of `aws iam get-service-last-accessed-details`, or Aardvark's
    #[arg(long, value_name = "FILE")]
    pub access_advisor: Vec<PathBuf>,
    /// IAM's credential report, for keys and passwords that nobody uses: its CSV, or `aws iam get-credential-report`
    #[arg(long, value_name = "FILE")]
    pub credential_report: Vec<PathBuf>,
    /// Identity Center's permission sets: a list of {"arn", "name", "inline", "managed"}
    #[arg(long, value_name = "FILE")]
    pub permission_sets: Vec<PathBuf>,
    /// A folder of Terraform's code or CloudFormation's templates: changes of policies that stand there become a patch in it (needs -o)
    #[arg(long, value_name = "DIR", requires = "output")]
    pub iac: Option<PathBuf>,
    /// Which ARNs, or stacks (`stack:GLOB`), stand where in that folder: JSON or TOML from globs to paths
    #[arg(long, value_name = "FILE")]
    pub iac_map: Option<PathBuf>,
    /// Terraform's state, which tells what it made (version 4, as `terraform state pull` prints it)
    #[arg(long, value_name = "FILE")]
    pub terraform_state: Vec<PathBuf>,
    /// A tag by which Terraform's roles and users are known, beside the customary ones
    #[arg(long, value_name = "KEY=GLOB", value_parser = TagRule::parse)]
    pub terraform_tag: Vec<TagRule>,
    /// The moment to analyse for [default: the last event that was read, or now]
    #[arg(long, value_name = "DATE", value_parser = moment)]
    pub as_of: Option<Timestamp>,
    /// How many days back use counts
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub window: u32,
    /// Leave principals alone that are younger than so many days
    #[arg(long, value_name = "DAYS", default_value_t = 14)]
    pub minimum_age: u32,
    /// Narrow resources, too, to those that were used
    #[arg(long)]
    pub resources: bool,
    /// Leave principals alone whose name matches, in any case; `*break-glass*` and `*breakglass*` always are
    #[arg(long, value_name = "GLOB")]
    pub protect: Vec<String>,
    /// Only principals whose ARN or name matches
    #[arg(long, value_name = "GLOB")]
    pub only: Vec<String>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Write each changed principal's policies, before and after, and what differs, under this folder
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// How many files to read at once [default: as many as there are processors]
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

/// What can be asked of the tables.
#[derive(Debug, Subcommand)]
pub enum DataCommand {
    /// Say what is known of an action (`s3:GetObject`), a pattern (`s3:Get*`) or an event (`s3.amazonaws.com GetObject`)
    Explain {
        /// An action or a pattern of actions; or an event's source and name
        #[arg(required = true, num_args = 1..=2, value_name = "ACTION|EVENT")]
        what: Vec<String>,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Say what the tables were made from
    Versions,
}

/// A date, which is its first moment in UTC, or a time.
fn moment(text: &str) -> Result<Timestamp, String> {
    if let Ok(date) = text.parse::<jiff::civil::Date>()
        && text.len() == 10
    {
        return date.to_zoned(jiff::tz::TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(|error| error.to_string());
    }
    text.parse().map_err(|_| "a date is 2026-11-22 or 2026-11-22T10:00:00Z".to_owned())
}
