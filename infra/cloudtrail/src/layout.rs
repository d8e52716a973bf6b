//! Where CloudTrail puts what it delivers: the keys of S3, which are the paths of a copy too.
//!
//! `[PREFIX/]AWSLogs/[o-ORGANISATION/]ACCOUNT/CloudTrail/REGION/YYYY/MM/DD/ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_UNIQUE.json.gz`, and
//! with `CloudTrail-Digest` the hourly digests, `…_TRAIL_HOMEREGION_YYYYMMDDTHHmmssZ[_backfill].json.gz`. Only the name is needed to tell
//! what a file is, so that a copy that has lost its folders is understood as well.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Events: management and data.
    Log,
    /// Which log files there are.
    Digest,
    /// Insights.
    Insight,
    /// Network activity events, of VPC endpoints.
    NetworkActivity,
    /// Data events summed up.
    Aggregated,
}

/// The names of the folders, which stand in the files' names too.
const KINDS: &[(&str, Kind)] = &[
    ("CloudTrail", Kind::Log),
    ("CloudTrail-Digest", Kind::Digest),
    ("CloudTrail-Insight", Kind::Insight),
    ("CloudTrail-NetworkActivity", Kind::NetworkActivity),
    ("CloudTrail-Aggregated", Kind::Aggregated),
];

impl Kind {
    /// The folder's name.
    #[must_use]
    pub fn folder(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("", |(name, _)| name)
    }
}

/// What a file's name says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Name<'a> {
    /// What it holds.
    pub kind: Kind,
    /// Whose events.
    pub account: &'a str,
    /// Of which region.
    pub region: &'a str,
    /// When it was delivered, to the minute; of a digest the end of its hour, to the second.
    pub time: Timestamp,
    /// A digest's trail.
    pub trail: Option<&'a str>,
    /// The home region of a digest's trail.
    pub home_region: Option<&'a str>,
    /// Whether a digest was made later, for log files that were late.
    pub backfill: bool,
}

impl<'a> Name<'a> {
    /// Reads the last part of a key or path. `None` if it is no name of CloudTrail's.
    #[must_use]
    pub fn parse(key: &'a str) -> Option<Self> {
        let name = key.rsplit(['/', '\\']).next()?;
        let name = name.strip_suffix(".gz").unwrap_or(name).strip_suffix(".json")?;
        let mut parts = name.splitn(4, '_');
        let (account, kind, region, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let kind = KINDS.iter().find(|(name, _)| *name == kind)?.1;
        let digits = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || !region.contains('-') {
            return None;
        }
        let named = |time, trail, home_region, backfill| Self { kind, account, region, time, trail, home_region, backfill };
        if kind != Kind::Digest {
            let (time, unique) = rest.split_once('_')?;
            return (!unique.is_empty()).then_some(named(moment(time)?, None, None, false));
        }
        let (rest, backfill) = rest.strip_suffix("_backfill").map_or((rest, false), |rest| (rest, true));
        let (rest, time) = rest.rsplit_once('_')?;
        // A trail's name may hold underscores, a region's holds none.
        let (trail, home) = rest.rsplit_once('_')?;
        Some(named(moment(time)?, Some(trail), Some(home), backfill))
    }
}

/// `20260131T2355Z` or `20260131T235501Z`.
fn moment(text: &str) -> Option<Timestamp> {
    let format = if text.len() == 14 { "%Y%m%dT%H%MZ" } else { "%Y%m%dT%H%M%SZ" };
    let time = DateTime::strptime(format, text).ok()?;
    TimeZone::UTC.to_timestamp(time).ok()
}

/// Where a trail delivers to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Layout {
    /// What stands before `AWSLogs/`, without slashes around it.
    pub prefix: Option<String>,
    /// The organisation's identifier, of an organisation's trail.
    pub organization: Option<String>,
}

impl Layout {
    /// The layout that a key follows. `None` if it has no `AWSLogs`.
    #[must_use]
    pub fn of(key: &str) -> Option<Self> {
        let (prefix, rest) = match key.strip_prefix("AWSLogs/") {
            Some(rest) => (None, rest),
            None => key.split_once("/AWSLogs/").map(|(prefix, rest)| (Some(prefix), rest))?,
        };
        let first = rest.split('/').next()?;
        let organization = (first.starts_with("o-") || first.starts_with("O-")).then(|| first.to_owned());
        Some(Self { prefix: prefix.map(|prefix| prefix.trim_matches('/').to_owned()).filter(|prefix| !prefix.is_empty()), organization })
    }

    /// What the keys of all accounts begin with.
    #[must_use]
    pub fn accounts(&self) -> String {
        let mut key = String::new();
        if let Some(prefix) = &self.prefix {
            key.push_str(prefix);
            key.push('/');
        }
        key.push_str("AWSLogs/");
        if let Some(organization) = &self.organization {
            key.push_str(organization);
            key.push('/');
        }
        key
    }

    /// What the keys of an account's files of one kind begin with, behind which are the regions.
    #[must_use]
    pub fn regions(&self, account: &str, kind: Kind) -> String {
        format!("{}{account}/{}/", self.accounts(), kind.folder())
    }

    /// What the keys of one day begin with.
    #[must_use]
    pub fn day(&self, account: &str, kind: Kind, region: &str, day: Date) -> String {
        let base = self.regions(account, kind);
        format!("{base}{region}/{:04}/{:02}/{:02}/", day.year(), day.month(), day.day())
    }
}

#[cfg(test)]
mod tests;
