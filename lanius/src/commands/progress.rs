//! The line that tells how far a scan has come.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use menagerie_report as output;

use crate::source::{Progress, ahead};

/// Shows how far `progress` has come until what it gives back is dropped. All bytes of `paths` are counted beforehand; a history or
/// standard input cannot be.
pub(super) fn watch(progress: &Arc<Progress>, paths: &[PathBuf], countable: bool) -> output::Progress {
    let (watched, paths) = (Arc::clone(progress), paths.to_vec());
    let reached =
        move || output::Reached { bytes: watched.bytes.load(Ordering::Relaxed), sources: watched.sources.load(Ordering::Relaxed) };
    output::Progress::watch(reached, move || countable.then(|| ahead::bytes(&paths)))
}
