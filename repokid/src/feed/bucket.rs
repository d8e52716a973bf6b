//! Logs in S3, as trails of accounts and organisations deliver them, several at once.
//!
//! What lies under a prefix is found without listing it all: from the first key of a group (a layout's account and Region) its place is
//! told, the listing goes on behind the group, and each group is then listed from the first wanted day. Where there are log files that
//! follow no layout of CloudTrail, as in a copy, all is listed.

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::tz::TimeZone;
use menagerie_aws_s3::{Listed, S3, Wanted};
use menagerie_cloudtrail::layout::{Kind, Layout, Name};

use super::gather::{Bytes, Job, Jobs, gather};
use super::{Fed, FeedError, Pace};
use crate::state::{Damage, State};

/// The longest object that is read: CloudTrail's have some megabytes.
const LONGEST: u64 = 512 << 20;

/// The metadata of a digest that is its signature, `x-amz-meta-signature`.
const SIGNATURE: &str = "signature";

/// Takes in the objects of a bucket under a prefix that were not read before.
///
/// # Errors
/// [`FeedError`] if the state fails or the bucket cannot be listed. Objects that cannot be read are problems, and are tried again next time.
pub async fn bucket(state: &State, s3: &S3, bucket: &str, prefix: &str, pace: Pace) -> Result<Fed, FeedError> {
    let place = format!("s3://{bucket}/{prefix}");
    state.begin_place(&place, pace.now).await?;
    let fed = gather(state, pace, async |jobs: Jobs| {
        let mut fetch = Fetch { state, s3, bucket, jobs, pace, fed: Fed::default() };
        for group in groups(s3, bucket, prefix).await? {
            let (within, after) = match &group {
                Group::Region { kind, layout, account, region } => {
                    let first = layout.day(account, *kind, region, pace.first_file().to_zoned(TimeZone::UTC).date());
                    let whole = format!("{}{region}/", layout.regions(account, *kind));
                    // What was asked for may be within the group.
                    (if prefix.len() > whole.len() { prefix.to_owned() } else { whole }, Some(first))
                }
                Group::All => (prefix.to_owned(), None),
            };
            if !fetch.listed(&within, after.as_deref()).await? {
                break;
            }
        }
        Ok(fetch.fed)
    })
    .await?;
    state.end_place(&place).await?;
    Ok(fed)
}

/// What lies under a prefix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Group {
    /// Logs, or digests, of an account and Region.
    Region { kind: Kind, layout: LayoutKey, account: String, region: String },
    /// Everything, since there are files that follow no layout.
    All,
}

/// A layout, ordered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct LayoutKey {
    prefix: Option<String>,
    organization: Option<String>,
}

impl LayoutKey {
    fn layout(&self) -> Layout {
        Layout { prefix: self.prefix.clone(), organization: self.organization.clone() }
    }

    fn regions(&self, account: &str, kind: Kind) -> String {
        self.layout().regions(account, kind)
    }

    fn day(&self, account: &str, kind: Kind, region: &str, day: jiff::civil::Date) -> String {
        self.layout().day(account, kind, region, day)
    }
}

/// Where a key stands: what all keys of its group begin with, and the group if it is one of logs.
fn group_of(key: &str) -> Option<(String, Option<Group>)> {
    let layout = Layout::of(key)?;
    let base = layout.accounts();
    let mut parts = key.strip_prefix(&base)?.split('/');
    let (account, kind) = (parts.next()?, parts.next()?);
    let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    if !is_account {
        return None;
    }
    if !kind.starts_with(Kind::Log.folder()) {
        // Other services deliver beside CloudTrail: load balancers, Config.
        return Some((format!("{base}{account}/{kind}/"), None));
    }
    let (region, year) = (parts.next()?, parts.next()?);
    if year.len() != 4 {
        return None;
    }
    let begin = format!("{base}{account}/{kind}/{region}/");
    let layout = LayoutKey { prefix: layout.prefix, organization: layout.organization };
    let read = [Kind::Log, Kind::Digest].into_iter().find(|read| read.folder() == kind);
    let group = read.map(|kind| Group::Region { kind, layout, account: account.to_owned(), region: region.to_owned() });
    Some((begin, group))
}

async fn groups(s3: &S3, bucket: &str, prefix: &str) -> Result<BTreeSet<Group>, FeedError> {
    let mut groups = BTreeSet::new();
    let mut after: Option<String> = None;
    loop {
        let page = s3.list(bucket, prefix, after.as_deref(), None).await?;
        let mut skipped = None::<String>;
        for object in &page.objects {
            if skipped.as_ref().is_some_and(|begin| object.key.starts_with(begin.as_str())) {
                continue;
            }
            match group_of(&object.key) {
                Some((begin, group)) => {
                    groups.extend(group);
                    skipped = Some(begin);
                }
                None if is_log(object, None) => return Ok(BTreeSet::from([Group::All])),
                None => skipped = None,
            }
        }
        // Behind the group that the page ends in: '0' follows '/'.
        let next = match (skipped, page.objects.last()) {
            (Some(begin), _) => format!("{}0", begin.trim_end_matches('/')),
            (None, Some(object)) => object.key.clone(),
            (None, None) => return Ok(groups),
        };
        if page.next.is_none() {
            return Ok(groups);
        }
        after = Some(next);
    }
}

struct Fetch<'a> {
    state: &'a State,
    s3: &'a S3,
    bucket: &'a str,
    jobs: Jobs,
    pace: Pace,
    fed: Fed,
}

impl Fetch<'_> {
    /// Gets what lies under a prefix behind a key; says whether anybody still takes it.
    async fn listed(&mut self, prefix: &str, after: Option<&str>) -> Result<bool, FeedError> {
        let mut page = None;
        loop {
            let answer = self.s3.list(self.bucket, prefix, after, page.as_deref()).await?;
            let logs = answer.objects.into_iter().filter(|object| is_log(object, Some(self.pace)));
            let asked: Vec<_> = logs.map(|object| ((self.name(&object.key), object.etag.clone()), object)).collect();
            let names: Vec<_> = asked.iter().map(|(name, _)| name.clone()).collect();
            let known = self.state.have_read(&names).await?;
            self.fed.known += known.iter().filter(|known| **known).count() as u64;
            let new = asked.into_iter().zip(known).filter(|(_, known)| !known).map(|((_, object), _)| object);
            if !self.get_all(new.collect()).await? {
                return Ok(false);
            }
            page = answer.next;
            if page.is_none() {
                return Ok(true);
            }
        }
    }

    fn name(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.bucket)
    }

    /// Says whether anybody still takes what is got.
    async fn get_all(&mut self, objects: Vec<Listed>) -> Result<bool, FeedError> {
        let (s3, bucket) = (self.s3, self.bucket);
        let mut waiting = objects.into_iter();
        let mut getting = FuturesUnordered::new();
        let mut lost = Vec::new();
        loop {
            while getting.len() < self.pace.objects.get()
                && let Some(object) = waiting.next()
            {
                getting.push(async move {
                    let got = get(s3, bucket, &object).await;
                    (object, got)
                });
            }
            let Some((object, got)) = getting.next().await else { break };
            let name = self.name(&object.key);
            match got {
                Ok((bytes, signature)) => {
                    let job = Job { name, version: object.etag, size: object.size, bytes: Bytes::Here(bytes), signature };
                    if self.jobs.send(job).await.is_err() {
                        return Ok(false);
                    }
                }
                Err(reason) => {
                    self.fed.problem(format!("{name}: {reason}"));
                    lost.push((name, Damage::Log));
                }
            }
        }
        if !lost.is_empty() {
            self.state.note_damaged(&lost, self.pace.now).await?;
        }
        Ok(true)
    }
}

/// Whether an object may hold events, or say which there are, of the time that is wanted.
fn is_log(object: &Listed, pace: Option<Pace>) -> bool {
    match Name::parse(&object.key) {
        _ if object.size == 0 => false,
        Some(name) => matches!(name.kind, Kind::Log | Kind::Digest) && pace.is_none_or(|pace| pace.wants(&name)),
        None => group_of(&object.key).is_none() && [".json", ".gz"].iter().any(|end| object.key.ends_with(end)),
    }
}

/// What an object holds, and the signature that it has as a digest.
async fn get(s3: &S3, bucket: &str, object: &Listed) -> Result<(Vec<u8>, Option<String>), String> {
    if let Some(class) = &object.archived {
        return Err(format!("it is archived ({class}), and has to be restored first"));
    }
    if object.size > LONGEST {
        return Err(format!("it has {} bytes, more than any log of CloudTrail", object.size));
    }
    let wanted = Wanted { bucket, key: &object.key, version: None, etag: Some(&object.etag) };
    let mut opened = s3.open(wanted).await.map_err(|error| error.to_string())?;
    let mut bytes = Vec::with_capacity(usize::try_from(object.size).unwrap_or_default());
    while let Some(chunk) = opened.body.next().await.map_err(|error| error.to_string())? {
        bytes.extend_from_slice(chunk.as_ref());
        if bytes.len() as u64 > LONGEST {
            return Err("it is longer than S3 said".to_owned());
        }
    }
    Ok((bytes, opened.metadata.remove(SIGNATURE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_every_layout() {
        let name = "2026/01/31/111122223333_CloudTrail_us-east-1_20260131T2355Z_x.json.gz";
        for (base, organization) in [("AWSLogs/", None), ("a/b/AWSLogs/o-1/", Some("o-1")), ("AWSLogs/o-2/", Some("o-2"))] {
            let (begin, group) = group_of(&format!("{base}111122223333/CloudTrail/us-east-1/{name}")).expect("follows a layout");
            assert_eq!(begin, format!("{base}111122223333/CloudTrail/us-east-1/"));
            let Some(Group::Region { kind: Kind::Log, layout, account, region }) = group else { panic!("{base}: {group:?}") };
            assert_eq!((layout.organization.as_deref(), account.as_str(), region.as_str()), (organization, "111122223333", "us-east-1"));
            for (folder, is_read) in [("CloudTrail-Digest", true), ("CloudTrail-Insight", false)] {
                let (_, group) = group_of(&format!("{base}111122223333/{folder}/us-east-1/{name}")).expect("follows a layout");
                assert_eq!(group.is_some(), is_read, "{folder}");
            }
        }
        let other = group_of("AWSLogs/111122223333/elasticloadbalancing/us-east-1/2026/01/31/x.gz");
        assert_eq!(other, Some(("AWSLogs/111122223333/elasticloadbalancing/".to_owned(), None)));
        for key in ["copy/x.json.gz", "AWSLogs/x", "AWSLogs/1/2/3/4", "AWSLogs/111122223333/CloudTrail/"] {
            assert_eq!(group_of(key), None, "{key}");
        }
    }
}
