//! What the input could have shown: which hours of which account and Region are there, and what the trail logs.
//!
//! Of an action, silence proves something only if every Region that the account may have used would have shown it. Which Regions an account
//! has enabled is not in the logs: those that AWS enables by default count, and those that anything was delivered of. Of services whose
//! events are all logged in one Region, that one counts alone.

mod stored;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use menagerie_cloudtrail::coverage::{Answer, Basis, Coverage, Reason, Why, Window as Span, last_part};
use menagerie_cloudtrail::data_events::{Visibility, visibility};
use menagerie_cloudtrail::digest::hash;
use menagerie_cloudtrail::layout::Name;
use menagerie_cloudtrail::read::{Found, Problem as Trouble, Summary};
use menagerie_cloudtrail::selectors::{Category, Logged, Question, Trail, Trails};
use menagerie_cloudtrail::signature::Standing;
use menagerie_policy::data::{AccessLevel, Action, Catalogue};

use crate::account::{Inventory, Problem};
use crate::usage::{Observer, may_be_log};
use crate::verdict::{Sight, Sights, Universe, Window};

/// The Regions of partitions of their own, by how they begin: China, the American government's.
const PARTITIONS: [(&str, [&str; 2]); 2] = [("cn-", ["cn-north-1", "cn-northwest-1"]), ("us-gov-", ["us-gov-west-1", "us-gov-east-1"])];

/// Services whose events are all logged in the first Region of a partition: in `us-east-1` of the largest.
const GLOBAL: [&str; 4] = ["cloudfront", "iam", "organizations", "route53"];

/// The Regions that AWS enables for every account.
const DEFAULT_REGIONS: [&str; 17] = [
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
];

/// The most bytes that a log file holds when its digest is checked.
const LARGEST_LOG: u64 = 8 << 30;

/// How the completeness of the logs is judged.
#[derive(Debug)]
pub enum Trust {
    /// There are no logs.
    NoLogs,
    /// There are logs, and nothing says what was logged.
    NoTrail,
    /// They are all there is; trails, if any are told of, say what was logged.
    Assumed(Trails),
    /// By what the trails log, and by the digests or the names of the files.
    Judged(Trails),
    /// The logs that are kept end there, too long ago to prove anything of today.
    Ended(Timestamp),
}

/// How much the logs show.
#[derive(Debug)]
pub struct Observation {
    trust: Trust,
    coverage: Coverage,
    /// By account, the Regions that must have been seen.
    regions: BTreeMap<String, BTreeSet<String>>,
    /// Up to when the logs reach, if that says up to when an analysis can be made.
    reach: Option<Timestamp>,
    has_digests: bool,
    notes: Vec<String>,
}

impl Observation {
    /// Judges what was read. Log files that a digest names with another hash than they have are told as problems.
    pub fn new(trust: Trust, observer: &Observer, summary: &Summary, files: &[Found], problems: &mut Vec<Problem>) -> Self {
        let mut coverage = match &trust {
            Trust::NoLogs | Trust::NoTrail | Trust::Ended(_) => Coverage::default(),
            Trust::Assumed(trails) if trails.iter().next().is_none() => Coverage::assume_complete(),
            Trust::Assumed(trails) => Coverage::assume_delivered(trails),
            Trust::Judged(trails) => Coverage::new(trails.clone()),
        };
        let mut regions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (account, region) in &observer.places {
            regions.entry(account.to_string()).or_default().insert(region.to_string());
        }
        let has_digests = !observer.digests.is_empty();
        let hides = |path: &Path| Name::parse(&path.to_string_lossy()).is_some() || (!has_digests && may_be_log(path));
        let damage = summary.problems.places().filter(|trouble| trouble.problem != Trouble::NotALog || hides(&trouble.file));
        let damaged: BTreeSet<&Path> = damage.map(|trouble| trouble.file.as_path()).collect();
        if summary.problems.count() > u64::try_from(summary.problems.places().count()).unwrap_or(u64::MAX) {
            // More is damaged than is told by place: it may be any file.
            coverage.file("", false);
        }
        for file in files {
            let key = file.path.to_string_lossy();
            if let Some(name) = Name::parse(&key) {
                regions.entry(name.account.to_owned()).or_default().insert(name.region.to_owned());
            }
            coverage.file(&key, file.problem.is_none() && !damaged.contains(file.path.as_path()));
        }
        for digest in &observer.digests {
            coverage.digest(digest.clone());
        }
        check_digests(observer, files, &mut coverage, problems);
        problems.extend(observer.bad_digests.iter().map(|(file, reason)| Problem::new(file.display().to_string(), reason.as_str())));
        for change in &observer.trails {
            coverage.change(change.clone());
        }
        let notes = notes(&trust, observer, summary, has_digests);
        Self { trust, coverage, regions, reach: observer.seen_up_to(), has_digests, notes }
    }

    /// What a reader must know to weigh the verdicts.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Up to when the logs reach.
    #[must_use]
    pub const fn reach(&self) -> Option<Timestamp> {
        self.reach
    }

    /// For each action of an account, whether its use in a window would have shown. `also` are Regions where IAM knows of use.
    #[must_use]
    pub fn sights(&self, account: &str, window: Window, also: &BTreeSet<String>, universe: &Universe) -> Sights {
        match &self.trust {
            Trust::NoLogs => return Sights::none(universe, "no logs of CloudTrail were read"),
            Trust::NoTrail => {
                return Sights::none(universe, "nothing says what the trail logs: give --trail, or say --assume-complete");
            }
            Trust::Ended(at) => return Sights::none(universe, &format!("the logs of account {account} end at {at}")),
            Trust::Assumed(_) | Trust::Judged(_) => {}
        }
        let Some(seen) = self.regions.get(account) else {
            return Sights::none(universe, &format!("no log of account {account} was read"));
        };
        let seen: BTreeSet<String> = seen.union(also).cloned().collect();
        let own = PARTITIONS.iter().find(|(begin, _)| seen.iter().any(|region| region.starts_with(begin)));
        let enabled: &[&str] = own.map_or(&DEFAULT_REGIONS, |(_, regions)| regions);
        // What was changed of the account's own trails stands in their home Regions: a gap there hides it, wherever a service logs.
        let homes = self.home_regions(account);
        let first = own.map_or("us-east-1", |(_, regions)| regions[0]);
        let home: BTreeSet<String> = homes.iter().map(|region| (*region).to_owned()).chain([first.to_owned()]).collect();
        let regions: BTreeSet<String> =
            seen.into_iter().chain(enabled.iter().map(|region| (*region).to_owned())).chain(home.clone()).collect();
        let (mut answers, mut known) = (HashMap::new(), HashMap::new());
        Sights::new(universe, |action| {
            let (service, name) = (action.service(), action.name());
            let kind = match visibility(&format!("{service}:{name}")) {
                Visibility::Management => None,
                Visibility::Data(kind) => Some(kind),
                Visibility::Nowhere(_) | Visibility::Unknown => return Sight::NotLogged,
            };
            let regions = if GLOBAL.contains(&service) { &home } else { &regions };
            let asked = Asked { service, read_only: only_reads(action), kind };
            let within = Within { account, window, regions };
            let sight = known.entry(asked).or_insert_with(|| self.sight(within, asked, universe.catalogue(), &mut answers));
            sight.clone()
        })
    }

    /// The home Regions of an account's own trails, as far as those were told of.
    fn home_regions(&self, account: &str) -> Vec<&str> {
        match &self.trust {
            Trust::Judged(trails) => trails.iter().filter(|trail| trail.account() == account).map(Trail::home_region).collect(),
            _ => Vec::new(),
        }
    }

    /// The worst that is known of what a service's events may have as their source.
    fn sight(&self, within: Within<'_>, asked: Asked<'_>, catalogue: &'static Catalogue, answers: &mut Answers) -> Sight {
        let category = if asked.kind.is_some() { Category::Data } else { Category::Management };
        let sources = catalogue.sources(asked.service).map(|source| -> &str { source });
        for source in sources.chain([asked.service]) {
            let source = format!("{source}.amazonaws.com");
            let question =
                Question { category, source: &source, name: None, read_only: asked.read_only, resource_type: asked.kind, arn: None };
            // Questions to which every trail gives the same answer have the same answer.
            let key = (self.logged(&question), asked.kind, within.regions.len());
            let sight = answers.entry(key).or_insert_with(|| self.answer(within, &question));
            if *sight != Sight::Seen {
                return sight.clone();
            }
        }
        Sight::Seen
    }

    fn logged(&self, question: &Question<'_>) -> Vec<Logged> {
        match &self.trust {
            Trust::Assumed(trails) | Trust::Judged(trails) => trails.iter().map(|trail| trail.logs(question)).collect(),
            Trust::NoLogs | Trust::NoTrail | Trust::Ended(_) => Vec::new(),
        }
    }

    fn answer(&self, within: Within<'_>, question: &Question<'_>) -> Sight {
        let Within { account, window, regions } = within;
        let window = Span { from: window.from, to: window.to };
        for region in regions {
            match (self.coverage.seen(account, region, window, question), question.resource_type) {
                (Answer::Yes(_), _) => {}
                (Answer::No(Reason::NotSelected), Some(kind)) => {
                    return Sight::DataEvent(kind.into());
                }
                (Answer::No(reason) | Answer::Unknown(reason), _) => return Sight::Gap(said(&reason, account, region)),
            }
        }
        Sight::Seen
    }

    /// Whether the logs were given as something that proves.
    #[must_use]
    pub const fn was_asked(&self) -> bool {
        matches!(self.trust, Trust::Assumed(_) | Trust::Judged(_) | Trust::Ended(_))
    }

    /// What the answers stand on.
    #[must_use]
    pub const fn basis(&self) -> Basis {
        match (&self.trust, self.has_digests) {
            (Trust::Assumed(_), _) => Basis::Assumed,
            (_, true) => Basis::Digests,
            (_, false) => Basis::Names,
        }
    }
}

/// What is looked at: an account's Regions in a window.
#[derive(Debug, Clone, Copy)]
struct Within<'a> {
    account: &'a str,
    window: Window,
    regions: &'a BTreeSet<String>,
}

/// What is asked of the trails for an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Asked<'a> {
    service: &'a str,
    read_only: Option<bool>,
    kind: Option<&'static str>,
}

/// What was found, by what each trail logs, the type of resource and how many Regions count.
type Answers = HashMap<(Vec<Logged>, Option<&'static str>, usize), Sight>;

/// The Regions of the partition that a Region is of which AWS enables for every account; of the largest if it is of no other.
#[must_use]
pub fn enabled_regions(of: &str) -> &'static [&'static str] {
    PARTITIONS.iter().find(|(begin, _)| of.starts_with(begin)).map_or(&DEFAULT_REGIONS, |(_, regions)| regions)
}

/// By account, the Regions where IAM knows that something was used since `from`.
#[must_use]
pub fn regions_of_use(inventory: &Inventory, from: Timestamp) -> BTreeMap<&str, BTreeSet<String>> {
    let mut regions: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for principal in &inventory.principals {
        let of_account = regions.entry(principal.account()).or_default();
        if principal.last_used.is_some_and(|last| last >= from) {
            of_account.extend(principal.last_used_region.clone());
        }
    }
    regions
}

/// Holds the log files that are here against the hashes that their digests have of them.
fn check_digests(observer: &Observer, files: &[Found], coverage: &mut Coverage, problems: &mut Vec<Problem>) {
    let here: HashMap<String, &Found> = files.iter().map(|file| (last_part(&file.path.to_string_lossy()).to_owned(), file)).collect();
    for digest in &observer.digests {
        for log in &digest.log_files {
            let Some(file) = here.get(last_part(&log.object)) else { continue };
            if file.problem.is_none() && hash(&file.path, LARGEST_LOG).is_ok_and(|hash| !hash.eq_ignore_ascii_case(&log.hash_value)) {
                problems.push(Problem::new(file.path.display().to_string(), "is not what was delivered: its digest has another hash"));
                coverage.altered(&log.object);
            }
        }
    }
}

/// Whether an action only reads, as CloudTrail sees it, where its name and its level of access agree.
fn only_reads(action: &Action) -> Option<bool> {
    let begins = |words: &[&str]| words.iter().any(|word| action.name().starts_with(word));
    let looks = matches!(action.access_level(), AccessLevel::List | AccessLevel::Read);
    if looks && begins(&["Get", "List", "Describe", "Head", "BatchGet"]) {
        Some(true)
    } else if !looks && begins(&["Create", "Put", "Delete", "Update", "Modify", "Attach", "Detach", "Add", "Remove", "Tag", "Untag"]) {
        Some(false)
    } else {
        None
    }
}

fn said(reason: &Reason, account: &str, region: &str) -> Arc<str> {
    let of = format!("of account {account} in {region}");
    match reason {
        Reason::NoTrail => format!("no trail {of} is told of"),
        Reason::NotReached => format!("no trail that is told of has events {of}"),
        Reason::NotSelected => format!("the trail's selectors leave such events {of} out"),
        Reason::PartlySelected => format!("the trail's selectors take some of such events {of} only, or are not told"),
        Reason::Gap(window, why) => {
            let what = match why {
                Why::NoDigest => "there is no digest",
                Why::LogFileMissing => "a log file that a digest names is missing or altered",
                Why::Forged => "a digest is not what CloudTrail signed",
                Why::Unsigned => "a digest's signature is not here",
                Why::NoLogFile => "there is no log file, and no digest says that there was none",
                Why::Damaged => "a log file is damaged",
                Why::Stopped => "logging was stopped",
                Why::Changed => "the trail was changed, and what it logged before is not known",
                Why::Unwatched => "the trail is another account's, and may have been changed there: its account's logs have a gap",
            };
            format!("{what} {of}, {} to {}", window.from, window.to)
        }
    }
    .into()
}

fn notes(trust: &Trust, observer: &Observer, summary: &Summary, has_digests: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some((first, last)) = observer.span {
        let files = if summary.files == 1 { "1 file".to_owned() } else { format!("{} files", summary.files) };
        notes.push(format!("{} events of {files}, {first} to {last}", summary.events));
    }
    notes.push(match trust {
        Trust::NoLogs => "no logs of CloudTrail were read: only Access Advisor proves anything".to_owned(),
        Trust::NoTrail => {
            "nothing says what the trail logs, so that silence proves nothing: give --trail, or say --assume-complete".to_owned()
        }
        Trust::Assumed(trails) if trails.iter().next().is_none() => {
            "assumed, not proved: the logs are a multi-Region trail's of all management events and of no data events, and complete"
                .to_owned()
        }
        Trust::Assumed(_) => "assumed, not proved: the logs are all that the trails delivered".to_owned(),
        Trust::Ended(at) => format!("the logs end at {at}"),
        Trust::Judged(_) if has_digests => {
            let count = |standing: &Standing| observer.digests.iter().filter(|digest| digest.standing == *standing).count();
            let unsigned = match (count(&Standing::Unchecked), count(&Standing::Unsigned)) {
                (0, 0) => "; CloudTrail signed them".to_owned(),
                (0, unsigned) => format!(
                    "; CloudTrail signed them, but for {unsigned} that prove nothing: the next digest carries a signature, of the newest it is in S3 alone"
                ),
                _ => ", whose signatures were not checked: give --public-keys".to_owned(),
            };
            format!("completeness is judged by CloudTrail's digest files{unsigned}")
        }
        Trust::Judged(_) => {
            "there are no digest files: an hour of a Region without a log file counts as missing; say --assume-complete if you know that nothing is"
                .to_owned()
        }
    });
    if observer.outside > 0 {
        notes.push(format!("{} events are before the window", observer.outside));
    }
    if observer.later > 0 {
        notes.push(format!("{} events are after the window, and count as use", observer.later));
    }
    notes
}
