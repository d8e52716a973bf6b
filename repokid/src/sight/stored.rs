//! The same judgement of what the usage store keeps of an account's logs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use menagerie_cloudtrail::coverage::{ChangeKind, Coverage};
use menagerie_cloudtrail::selectors::{Trail, Trails};
use menagerie_cloudtrail::signature::Standing;

use super::{Observation, Trust};
use crate::state::{Damage, Kept};
use crate::usage::reach;

/// How many damaged files are told by name.
const TOLD: usize = 5;

impl Observation {
    /// Judges what is kept of an account's logs at the moment `now`. Logs that end more than `oldest_days` ago prove nothing of today, and what
    /// was told of a trail that was changed since counts no more.
    #[must_use]
    pub fn stored(account: &str, kept: Kept, now: Timestamp, oldest_days: u32) -> Self {
        let mut notes = Vec::new();
        let (mut trails, mut same) = (Trails::default(), Vec::new());
        let told = !kept.trails.is_empty();
        for (trail, told) in kept.trails {
            let is_news = |kind| matches!(kind, ChangeKind::Changed | ChangeKind::Created);
            let since = kept.changes.iter().filter(|change| change.time > told && is_news(change.kind) && change.is_of(&trail));
            match since.map(|change| change.time).max() {
                Some(at) => {
                    notes.push(format!("{} was changed at {at}, after it was told of: tell of it again", trail.arn));
                    // It delivers still, nobody knows what.
                    trails.insert(Trail { described: false, selectors: None, ..trail });
                }
                None => {
                    same.extend(kept.unchanged.get(&trail.arn).map(|since| (trail.arn.clone(), *since, told)));
                    trails.insert(trail);
                }
            }
        }
        let mut regions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut last = None;
        for (of, region, at) in kept.places {
            if of == account && at > Timestamp::UNIX_EPOCH {
                last = last.max(Some(at));
            }
            regions.entry(of).or_default().insert(region);
        }
        let has_digests = !kept.digests.is_empty();
        // Where the log ends that would show a change of a trail, what is known of the trail ends.
        let digests: Vec<_> = kept.digests.iter().chain(kept.homes.iter().flat_map(|home| &home.digests)).cloned().collect();
        let reach = reach(&digests, last);
        let oldest = now - SignedDuration::from_hours(24 * i64::from(oldest_days));
        for digest in &digests {
            let is_first = told && notes.len() < TOLD;
            if let Standing::Failed(reason) = &digest.standing
                && is_first
            {
                notes.push(format!("{}: {reason}", digest.object));
            }
        }
        let trust = match reach {
            _ if !regions.contains_key(account) => Trust::NoLogs,
            _ if !told => Trust::NoTrail,
            Some(reach) if reach < oldest => Trust::Ended(reach),
            _ => Trust::Judged(trails.clone()),
        };
        let mut coverage = Coverage::new(trails);
        for (region, hours) in kept.hours {
            coverage.hours(account, &region, hours);
        }
        digests.into_iter().for_each(|digest| coverage.digest(digest));
        let all_have_digests = has_digests && kept.homes.iter().all(|home| !home.digests.is_empty() || home.hours.is_empty());
        for home in kept.homes {
            coverage.hours(&home.account, &home.region, home.hours);
        }
        same.into_iter().for_each(|(arn, from, to)| coverage.told(&arn, from, to));
        let counts = kept.damaged.into_iter().filter(|(_, damage)| *damage == Damage::Log || !all_have_digests);
        for (number, (file, _)) in counts.enumerate() {
            coverage.file(&file, false);
            if number < TOLD && matches!(trust, Trust::Judged(_)) {
                notes.push(format!("{file}: damaged, or not read: add it when it is whole, or `repokid usage forget` it"));
            }
        }
        kept.changes.into_iter().for_each(|change| coverage.change(change));
        let reach = matches!(trust, Trust::Judged(_)).then_some(reach).flatten();
        Self { trust, coverage, regions, reach, has_digests, notes }
    }
}
