//! Whether all events of a kind were seen in a window: for each account, region and time, whether silence means that nothing was.
//!
//! A trail has seen what its selectors select, where and while it was known to deliver and what it delivered is here:
//! - Digests prove delivery: each names its hour and the log files of it, also none. An hour whose digest is there and all of whose log files
//!   are there, whole, is covered. An event is delivered up to [`LAG`] later, so that it is the digests up to then that count. One that was
//!   looked at and is not signed uncovers its hour, and what it names of others ([`crate::signature`]).
//! - Without digests, hours that have a log file are taken for covered, and the answer says that it stands on names ([`Basis::Names`]). Such a
//!   name does not say which trail's it is: hours count only for events that every trail takes which may have delivered there.
//! - `StopLogging` uncovers until `StartLogging`. A change of a trail or of its selectors within the window uncovers what was before it,
//!   since what was selected then is not known.
//! - Such events are in the trail's home Region, in its own account. Of a trail of another account, an organisation's, what it delivers counts
//!   only if that log has no gap either, or for the time in which the same was told of it again and again ([`Coverage::told`]).
//! - A file that could not be read to its end uncovers its hour.
//!
//! `--assume-complete` stands for a multi-region trail of all management events and no data events that delivered all the time; changes
//! and damage uncover it just as well.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::digest::Digest;
use crate::event::Event;
use crate::layout::{Kind, Name};
use crate::outcome::Outcome;
use crate::selectors::{Category, Logged, Question, Selectors, Trail, Trails};
use crate::signature::Standing;

/// How much later than it happened an event may be delivered.
pub const LAG: SignedDuration = SignedDuration::from_mins(60);

/// From a time on, up to and without another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Window {
    /// Its first moment.
    pub from: Timestamp,
    /// The first moment that is not in it.
    pub to: Timestamp,
}

/// What an answer stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Basis {
    /// What was said with `--assume-complete`.
    Assumed,
    /// The names of log files: each hour has one.
    Names,
    /// Digests.
    Digests,
}

/// Whether all events of a kind were seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// All of them.
    Yes(Basis),
    /// No: no trail logs them.
    No(Reason),
    /// It cannot be told.
    Unknown(Reason),
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// No trail is known.
    NoTrail,
    /// No trail reaches the account and region.
    NotReached,
    /// No selector of a trail has them.
    NotSelected,
    /// The selectors have some of them, or it cannot be told which.
    PartlySelected,
    /// Something is missing in this part of the window.
    Gap(Window, Why),
}

/// Why a part of a window is not covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// No digest covers it, and log files of it may be another trail's.
    NoDigest,
    /// A digest names a log file that is not here, or has changed.
    LogFileMissing,
    /// The digest is not what CloudTrail signed.
    Forged,
    /// The digest's signature is not here.
    Unsigned,
    /// There are no digests, and no log file of this hour.
    NoLogFile,
    /// A file of it could not be read as a whole.
    Damaged,
    /// Logging was stopped.
    Stopped,
    /// The trail or its selectors were changed afterwards.
    Changed,
    /// The trail is another account's, where it may have been changed unseen.
    Unwatched,
}

/// A change of a trail, as the log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub time: Timestamp,
    /// The trail's name or ARN, as it was named.
    pub trail: String,
    /// The account that it was made in.
    pub account: String,
    /// What was done.
    pub kind: ChangeKind,
}

/// What was done to a trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChangeKind {
    /// It stopped logging.
    Stopped,
    /// It began to log again.
    Started,
    /// It, or what it selects, became another.
    Changed,
    /// It was made: before that it logged nothing.
    Created,
}

impl Change {
    /// The change that an event is, if it is one and succeeded.
    #[must_use]
    pub fn of(event: &Event<'_>) -> Option<Self> {
        if event.source() != "cloudtrail.amazonaws.com" {
            return None;
        }
        let kind = match event.name() {
            "StopLogging" => ChangeKind::Stopped,
            "StartLogging" => ChangeKind::Started,
            "PutEventSelectors" | "UpdateTrail" | "DeleteTrail" => ChangeKind::Changed,
            "CreateTrail" => ChangeKind::Created,
            _ => return None,
        };
        if event.error_code().is_some() || Outcome::of(event) != Outcome::Used {
            return None;
        }
        let request = event.request_parameters()?;
        let trail = request.str("name").or_else(|| request.str("trailName"))?.into_owned();
        Some(Self { time: event.time(), trail, account: event.recipient_account()?.into_owned(), kind })
    }

    fn trail_name(&self) -> &str {
        self.trail.rsplit('/').next().unwrap_or_default()
    }

    /// Whether it was made to this trail. A name without a region may be of a trail of the account in any region.
    #[must_use]
    pub fn is_of(&self, trail: &Trail) -> bool {
        trail.arn.is_empty() || self.trail == trail.arn || (self.account == trail.account() && self.trail == trail.name())
    }
}

type Where = (String, String);

/// What is known of what was delivered.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    trails: Trails,
    assumed: Vec<Trail>,
    digests: BTreeMap<Where, Vec<Digest>>,
    /// The last parts of the keys of the log files that are here.
    logs: BTreeSet<String>,
    /// Of each hour that has a log file, its number since 1970.
    hours: BTreeMap<Where, BTreeSet<i64>>,
    damaged: BTreeMap<Where, Vec<Window>>,
    /// What is damaged of an account or a region that is not known.
    damaged_anywhere: Vec<Window>,
    changes: Vec<Change>,
    /// Of trails, by their ARNs, the times in which the same was told of them.
    told: BTreeMap<String, Window>,
}

impl Coverage {
    /// What these trails have seen.
    #[must_use]
    pub fn new(trails: Trails) -> Self {
        Self { trails, ..Self::default() }
    }

    /// As if there was a multi-region trail of all management events and no data events, and all that it delivered was here.
    #[must_use]
    pub fn assume_complete() -> Self {
        let trail = Trail {
            arn: String::new(),
            multi_region: true,
            organization: true,
            global_services: true,
            digests: false,
            described: true,
            logging: None,
            selectors: Some(Selectors::management()),
        };
        Self { assumed: vec![trail], ..Self::default() }
    }

    /// As if all that these trails delivered was here.
    #[must_use]
    pub fn assume_delivered(trails: &Trails) -> Self {
        Self { assumed: trails.iter().cloned().collect(), ..Self::default() }
    }

    /// A file is here, and was read as a whole if `whole`. One that is not named as CloudTrail names files uncovers everything if it is damaged.
    pub fn file(&mut self, key: &str, whole: bool) {
        let name = Name::parse(key);
        if !whole {
            match &name {
                Some(name) if name.kind == Kind::Log => {
                    let window = Window { from: earlier(name.time, LAG), to: later(name.time, LAG) };
                    self.damaged.entry(place(name)).or_default().push(window);
                }
                Some(_) => {}
                None => self.damaged_anywhere.push(Window { from: Timestamp::MIN, to: Timestamp::MAX }),
            }
        } else if let Some(name) = name.filter(|name| name.kind == Kind::Log) {
            self.logs.insert(last_part(key).to_owned());
            self.hours.entry(place(&name)).or_default().extend(hours_of(&name));
        }
    }

    /// These hours of an account and region, by their numbers since 1970, have a log file that is whole, wherever that is.
    pub fn hours(&mut self, account: &str, region: &str, hours: impl IntoIterator<Item = i64>) {
        self.hours.entry((account.to_owned(), region.to_owned())).or_default().extend(hours);
    }

    /// A log file that a digest names is here, but is not what was delivered.
    pub fn altered(&mut self, key: &str) {
        self.logs.remove(last_part(key));
    }

    /// A digest is here.
    pub fn digest(&mut self, digest: Digest) {
        if let Some(name) = digest.name() {
            let place = place(&name);
            self.digests.entry(place).or_default().push(digest);
        }
    }

    /// A change was seen in the log.
    pub fn change(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// From the first moment to the last the same was told of a trail, by its ARN.
    pub fn told(&mut self, arn: &str, from: Timestamp, to: Timestamp) {
        self.told.insert(arn.to_owned(), Window { from, to });
    }

    /// Whether in a window all events that are asked about, of an account and region, were seen.
    #[must_use]
    pub fn seen(&self, account: &str, region: &str, window: Window, question: &Question<'_>) -> Answer {
        let mut reached = self.reaching(account, region).peekable();
        if reached.peek().is_none() {
            let none = self.assumed.is_empty() && self.trails.iter().next().is_none();
            return Answer::Unknown(if none { Reason::NoTrail } else { Reason::NotReached });
        }
        let (mut best, mut basis, mut gaps) = (Logged::No, Basis::Digests, None::<Vec<(Window, Why)>>);
        for trail in reached {
            let logged = trail.logs(question);
            best = best.max(logged);
            if logged == Logged::Yes {
                let (of_trail, stands_on) = self.gaps_of(trail, account, region, window, Some(question));
                basis = basis.min(stands_on);
                // What one trail missed another may have.
                gaps = Some(match gaps {
                    None => of_trail,
                    Some(gaps) => common(&gaps, &of_trail),
                });
            }
        }
        match (gaps, best) {
            (Some(gaps), _) => match gaps.first() {
                None => Answer::Yes(basis),
                Some((gap, why)) => Answer::Unknown(Reason::Gap(*gap, *why)),
            },
            (None, Logged::No) => Answer::No(Reason::NotSelected),
            (None, _) => Answer::Unknown(Reason::PartlySelected),
        }
    }

    /// Whether all management events of an account and region were seen in a window.
    #[must_use]
    pub fn complete(&self, account: &str, region: &str, window: Window) -> bool {
        self.gaps(account, region, window).is_empty()
    }

    /// The parts of a window of which no trail that reaches an account and region has delivered everything, whatever its selectors say.
    #[must_use]
    pub fn gaps(&self, account: &str, region: &str, window: Window) -> Vec<(Window, Why)> {
        let of_trails = self.reaching(account, region).map(|trail| self.gaps_of(trail, account, region, window, None).0);
        of_trails.reduce(|one, other| common(&one, &other)).unwrap_or_else(|| vec![(window, Why::NoDigest)])
    }

    fn reaching<'c>(&'c self, account: &'c str, region: &'c str) -> impl Iterator<Item = &'c Trail> {
        self.trails.iter().chain(&self.assumed).filter(move |trail| trail.reaches(account, region))
    }

    /// What one trail did not deliver, or is not here of it, in order; and what that stands on.
    fn gaps_of(
        &self,
        trail: &Trail,
        account: &str,
        region: &str,
        window: Window,
        question: Option<&Question<'_>>,
    ) -> (Vec<(Window, Why)>, Basis) {
        let place = (account.to_owned(), region.to_owned());
        let mut gaps = Vec::new();
        let digests = self.digests.get(&place).into_iter().flatten();
        let of_trail: Vec<_> = digests.clone().filter(|digest| is_of(digest, trail)).collect();
        let basis = if self.assumed.contains(trail) {
            // That somebody changed what was delivered speaks against what is assumed, whichever trail's it is.
            gaps.extend(digests.filter(|digest| matches!(digest.standing, Standing::Failed(_))).flat_map(doubtful));
            Basis::Assumed
        } else if of_trail.is_empty() {
            if self.files_vouch(&place, question) {
                self.hours_without(&place, window, &mut gaps);
            } else {
                gaps.push((window, Why::NoDigest));
            }
            Basis::Names
        } else {
            self.undigested(&of_trail, window, &mut gaps);
            Basis::Digests
        };
        let damaged = self.damaged.get(&place).into_iter().flatten().chain(&self.damaged_anywhere);
        gaps.extend(damaged.map(|gap| (*gap, Why::Damaged)));
        self.changed(trail, account, &mut gaps);
        self.unwatched(trail, account, window, &mut gaps);
        gaps.retain_mut(|(gap, _)| {
            *gap = Window { from: gap.from.max(window.from), to: gap.to.min(window.to) };
            gap.from < gap.to
        });
        gaps.sort();
        gaps.dedup();
        (gaps, basis)
    }

    /// Whether any log file that is there, whichever trail's, shows that the events which are asked about were delivered: of all trails that may
    /// have delivered it each takes them, and no digest is there that tells whose it is. Of one that was not described nothing says where it
    /// delivers.
    fn files_vouch(&self, place: &Where, question: Option<&Question<'_>>) -> bool {
        if self.digests.contains_key(place) {
            return false;
        }
        let (account, region) = place;
        let mut may_deliver = self.trails.iter().filter(|trail| !trail.described || trail.reaches(account, region));
        match question {
            Some(question) => may_deliver.all(|trail| trail.logs(question) == Logged::Yes),
            None => may_deliver.count() <= 1,
        }
    }

    fn hours_without(&self, place: &Where, window: Window, gaps: &mut Vec<(Window, Why)>) {
        static NONE: BTreeSet<i64> = BTreeSet::new();
        let hours = self.hours.get(place).unwrap_or(&NONE);
        let (first, last) = (hour(window.from), hour(earlier(window.to, SignedDuration::from_nanos(1))));
        let mut next = first;
        for have in hours.range(first..=last.max(first)).copied().chain([last + 1]) {
            if have > next {
                gaps.push((Window { from: begin(next), to: begin(have) }, Why::NoLogFile));
            }
            next = have + 1;
        }
    }

    /// What no digest covers, and what digests name that is not here.
    fn undigested(&self, digests: &[&Digest], window: Window, gaps: &mut Vec<(Window, Why)>) {
        let mut chain: Vec<_> = digests.iter().filter(|digest| digest.name().is_some_and(|name| !name.backfill)).collect();
        chain.sort_by_key(|digest| (digest.start, digest.end));
        let until = later(window.to, LAG);
        let mut covered = window.from;
        for digest in chain {
            if digest.start > covered && covered < until {
                gaps.push((Window { from: earlier(covered, LAG), to: digest.start.min(until) }, Why::NoDigest));
            }
            covered = covered.max(digest.end);
        }
        if covered < until {
            gaps.push((Window { from: earlier(covered, LAG), to: until }, Why::NoDigest));
        }
        for digest in digests {
            gaps.extend(doubtful(digest));
            for log in digest.log_files.iter().filter(|log| !self.logs.contains(last_part(&log.object))) {
                let from = log.oldest_event_time.unwrap_or_else(|| earlier(digest.start, LAG));
                let to = log.newest_event_time.map_or(digest.end, |newest| later(newest, SignedDuration::from_secs(1)));
                gaps.push((Window { from, to }, Why::LogFileMissing));
            }
        }
    }

    /// What changes of a trail uncover. Of a trail that is merely assumed they are those made in the account.
    fn changed(&self, trail: &Trail, account: &str, gaps: &mut Vec<(Window, Why)>) {
        let assumed = trail.arn.is_empty();
        // A trail that was made while the assumed one logged is another.
        let made = |change: &Change| {
            let is_made =
                |other: &Change| other.kind == ChangeKind::Created && other.account == account && other.trail_name() == change.trail_name();
            self.changes.iter().any(is_made)
        };
        let of_trail = |change: &&Change| change.is_of(trail) && (!assumed || (change.account == account && !made(change)));
        let mut changes: Vec<_> = self.changes.iter().filter(of_trail).collect();
        changes.sort_by_key(|change| change.time);
        let mut stopped = None;
        for change in changes {
            match change.kind {
                ChangeKind::Stopped => stopped = stopped.or(Some(change.time)),
                ChangeKind::Started => {
                    // If when it was stopped is not in the log, it was before the log begins.
                    gaps.push((Window { from: stopped.take().unwrap_or(Timestamp::MIN), to: change.time }, Why::Stopped));
                }
                ChangeKind::Changed | ChangeKind::Created => gaps.push((Window { from: Timestamp::MIN, to: change.time }, Why::Changed)),
            }
        }
        if let Some(from) = stopped {
            gaps.push((Window { from, to: Timestamp::MAX }, Why::Stopped));
        }
    }

    /// Where a trail of another account may have been changed unseen. Its account's own trails show its changes.
    fn unwatched(&self, trail: &Trail, account: &str, window: Window, gaps: &mut Vec<(Window, Why)>) {
        let (owner, home) = (trail.account(), trail.home_region());
        if owner == account || self.assumed.contains(trail) {
            return;
        }
        let own = self.trails.iter().filter(|own| own.account() == owner && own.reaches(owner, home) && own.logs(&CHANGES) == Logged::Yes);
        let missing = own.map(|own| self.gaps_of(own, owner, home, window, Some(&CHANGES)).0).reduce(|one, other| common(&one, &other));
        if missing.is_some_and(|missing| missing.is_empty()) {
            return;
        }
        let told = self.told.get(&trail.arn).copied().unwrap_or(Window { from: Timestamp::MAX, to: Timestamp::MAX });
        gaps.push((Window { from: Timestamp::MIN, to: told.from }, Why::Unwatched));
        gaps.push((Window { from: told.to, to: Timestamp::MAX }, Why::Unwatched));
    }
}

/// What changes a trail, in its home Region.
const CHANGES: Question<'static> = Question {
    category: Category::Management,
    source: "cloudtrail.amazonaws.com",
    name: None,
    read_only: Some(false),
    resource_type: None,
    arn: None,
};

/// What a digest uncovers of which it is not shown that CloudTrail signed it, though it was looked for: its hour, and what it names of others.
fn doubtful(digest: &Digest) -> Vec<(Window, Why)> {
    let why = match &digest.standing {
        Standing::Unchecked | Standing::Signed => return Vec::new(),
        // It fills no hour, and what is read of it can only add to what is wanted.
        Standing::Unsigned if digest.name().is_some_and(|name| name.backfill) => return Vec::new(),
        Standing::Unsigned => Why::Unsigned,
        Standing::Failed(_) => Why::Forged,
    };
    let times = digest.log_files.iter().filter_map(|log| Some((log.oldest_event_time?, log.newest_event_time?)));
    let named = times.map(|(from, to)| Window { from, to: later(to, SignedDuration::from_secs(1)) });
    let own = Window { from: earlier(digest.start, LAG), to: digest.end };
    named.chain([own]).map(|window| (window, why)).collect()
}

fn is_of(digest: &Digest, trail: &Trail) -> bool {
    digest.name().is_some_and(|name| name.trail == Some(trail.name()) && name.home_region == Some(trail.home_region()))
}

fn place(name: &Name<'_>) -> Where {
    (name.account.to_owned(), name.region.to_owned())
}

/// The hours, by their numbers since 1970, that a log file of this name shows to be there: it has the events of some minutes before it was
/// delivered.
#[must_use]
pub fn hours_of(name: &Name<'_>) -> [i64; 2] {
    [hour(earlier(name.time, SignedDuration::from_mins(10))), hour(name.time)]
}

/// What a log file is known by, wherever it is: the last part of its key, without the ending of its compressed form.
#[must_use]
pub fn last_part(key: &str) -> &str {
    let name = key.rsplit(['/', '\\']).next().unwrap_or(key);
    // A copy may be decompressed.
    name.strip_suffix(".gz").unwrap_or(name)
}

/// What is missing on both sides. The reason is the first side's.
fn common(one: &[(Window, Why)], other: &[(Window, Why)]) -> Vec<(Window, Why)> {
    let (one, other) = (apart(one), apart(other));
    let (mut both, mut first, mut second) = (Vec::new(), 0, 0);
    while let (Some((a, why)), Some((b, _))) = (one.get(first), other.get(second)) {
        let window = Window { from: a.from.max(b.from), to: a.to.min(b.to) };
        if window.from < window.to {
            both.push((window, *why));
        }
        if a.to < b.to { first += 1 } else { second += 1 }
    }
    both
}

/// Sorted gaps without what is in two of them.
fn apart(gaps: &[(Window, Why)]) -> Vec<(Window, Why)> {
    let mut out: Vec<(Window, Why)> = Vec::with_capacity(gaps.len());
    for (gap, why) in gaps {
        let from = out.last().map_or(gap.from, |(last, _)| gap.from.max(last.to));
        if from < gap.to {
            out.push((Window { from, to: gap.to }, *why));
        }
    }
    out
}

const HOUR: i64 = 3600;

fn hour(time: Timestamp) -> i64 {
    time.as_second().div_euclid(HOUR)
}

fn begin(hour: i64) -> Timestamp {
    Timestamp::from_second(hour.saturating_mul(HOUR)).unwrap_or(Timestamp::MAX)
}

fn earlier(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_sub(by).unwrap_or(Timestamp::MIN)
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
