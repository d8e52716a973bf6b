//! The signatures of the digests in a folder.

use std::collections::BTreeMap;
use std::path::Path;

use menagerie_cloudtrail::digest::hash;
use menagerie_cloudtrail::signature::{PublicKeys, Standing};

use super::Observer;
use crate::account::Problem;

/// The most bytes that a digest holds: it names the log files of an hour.
const LARGEST_DIGEST: u64 = 1 << 30;

/// How many digests that fail of one reason are told one by one.
const TOLD: usize = 5;

impl Observer {
    /// Looks who made the digests, by the signatures that they carry of each other. Those that are not CloudTrail's are told as problems.
    pub fn check_signatures(&mut self, keys: &PublicKeys, problems: &mut Vec<Problem>) {
        for seal in self.digests.iter_mut().filter_map(|digest| digest.seal.as_deref_mut()) {
            seal.hash = hash(Path::new(&seal.place), LARGEST_DIGEST).ok();
        }
        keys.judge(&mut self.digests);
        let mut failed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for digest in &self.digests {
            if let Standing::Failed(reason) = &digest.standing {
                let place = digest.seal.as_ref().map_or(digest.object.as_str(), |seal| &seal.place);
                failed.entry(reason).or_default().push(place);
            }
        }
        for (reason, mut places) in failed {
            places.sort_unstable();
            problems.extend(places.iter().take(TOLD).map(|place| Problem::new(*place, reason)));
            if places.len() > TOLD {
                problems.push(Problem::new(format!("{} more digests", places.len() - TOLD), reason));
            }
        }
    }
}
