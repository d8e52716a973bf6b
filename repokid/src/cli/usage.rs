//! What the verbs of the usage store and of the round take.

use std::num::NonZero;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;
#[cfg(feature = "aws")]
use menagerie_aws::AccountId;

use super::{ListFormat, Where, moment};
use crate::feed::FeedPlace;

/// What can be done with the usage store.
#[derive(Debug, Subcommand)]
pub enum UsageCommand {
    /// Take in what was not read before
    Add(UsageAdd),
    /// Say what a principal was seen to do
    Show {
        /// Its ARN, or of a role without its path ACCOUNT/NAME
        principal: String,
        /// How to write the result
        #[arg(long, value_enum, default_value_t = ListFormat::Human)]
        format: ListFormat,
        /// Where things are
        #[command(flatten)]
        place: Where,
    },
    /// List whose use is known
    List {
        /// List what was read instead
        #[arg(long)]
        files: bool,
        /// How to write the result
        #[arg(long, value_enum, default_value_t = ListFormat::Human)]
        format: ListFormat,
        /// Where things are
        #[command(flatten)]
        place: Where,
    },
    /// Forget that files were read, or that files or places could not be read to their end; uses stay. What is still there is read again
    Forget {
        /// Their names, as `usage list --files` and warnings have them
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
        /// Where things are
        #[command(flatten)]
        place: Where,
    },
    /// List what is distinct in logs: principal, event, resource and error, a line each. The store is not asked
    Distinct(Distinct),
    /// List what Access Analyzer finds unused: evidence, on the strength of which nothing is removed
    #[cfg(feature = "aws")]
    Findings {
        /// The accounts [default: that of the credentials]
        #[arg(long)]
        account: Vec<AccountId>,
        /// How to write the result
        #[arg(long, value_enum, default_value_t = ListFormat::Human)]
        format: ListFormat,
        /// Where things are
        #[command(flatten)]
        place: Where,
    },
}

/// `usage distinct`
#[derive(Debug, Args)]
#[command(after_help = "The lines have tabs between what they tell; --format json says when and how often, too.\n\
    Exit status: 0, or 2 if something could not be read.")]
pub struct Distinct {
    /// Folders and files of logs
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How many files to read at once [default: as many as there are processors]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZero<usize>>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
}

/// `usage add`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    repokid usage add logs/\n  \
    repokid usage add s3://trail-bucket/AWSLogs/o-abcdefghij/ --trail trail.json\n  \
    repokid usage add 'athena://default/cloudtrail_logs?workgroup=audit&partition=timestamp' --since 2026-01-01\n  \
    repokid usage add lookup:// --account 111122223333\n\n\
    A file is read once, and an event is counted once, however often this is killed and run again.\n\
    Exit status: 0, or 2 if something could not be read.")]
pub struct UsageAdd {
    /// Folders and files of logs, s3://BUCKET/PREFIX, athena://DATABASE/TABLE, lookup://[REGION]
    #[arg(required_unless_present = "trail", value_name = "PLACE")]
    pub places: Vec<FeedPlace>,
    /// The account whose credentials are used [default: that of the credentials]
    #[cfg(feature = "aws")]
    #[arg(long)]
    pub account: Option<AccountId>,
    /// What the trails log: answers of describe-trails, get-event-selectors and get-trail-status. They count from now on, for logs that were
    /// read before as well, until they are given anew. Without them silence proves nothing
    #[arg(long, value_name = "FILE")]
    pub trail: Vec<PathBuf>,
    /// CloudTrail's public keys: answers of `aws cloudtrail list-public-keys` of each Region. Digests count if they are signed with one. For
    /// s3:// they are asked for where this is not given
    #[arg(long, value_name = "FILE")]
    pub public_keys: Vec<PathBuf>,
    /// Files that were delivered more than an hour before this are not read, and hours before it count as missing [default: as far back as
    /// anything is kept, 400 days]
    #[arg(long, value_name = "DATE", value_parser = moment)]
    pub since: Option<Timestamp>,
    /// How many files to read at once [default: as many as there are processors]
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZero<usize>>,
    /// How many objects of S3 to get at once
    #[arg(long, value_name = "N", default_value = "16")]
    pub objects: NonZero<usize>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
    /// Where things are
    #[command(flatten)]
    pub place: Where,
}

/// `run`
#[cfg(feature = "aws")]
#[derive(Debug, Args)]
#[command(after_help = "Notices go where these say: REPOKID_SLACK_WEBHOOK, REPOKID_WEBHOOK (addresses), REPOKID_SNS_TOPIC (an ARN).\n\
    Aardvark's token, if a gateway asks for one: REPOKID_AARDVARK_TOKEN.\n\n\
    Exit status: 0 if there was nothing to do, 1 if something was done or would be, 2 if something went wrong.")]
pub struct Run {
    /// The accounts
    #[arg(long = "account", required = true, value_name = "ACCOUNT")]
    pub accounts: Vec<AccountId>,
    /// Schedule, and make the changes that are due; without it both are only shown
    #[arg(short, long)]
    pub commit: bool,
    /// Saved rows of Access Advisor, in the place of IAM or Aardvark
    #[arg(long, value_name = "FILE")]
    pub access_advisor: Option<PathBuf>,
    /// How many accounts to work on at once
    #[arg(long, value_name = "N", default_value = "4")]
    pub at_once: NonZero<usize>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    pub format: ListFormat,
    /// Where things are
    #[command(flatten)]
    pub place: Where,
}
