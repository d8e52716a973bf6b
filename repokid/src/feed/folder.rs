//! Folders of log files. A file is known by its whole path, and by its size and the time of its last change.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use menagerie_cloudtrail::layout::Name;
use menagerie_cloudtrail::read::{Found, walk};

use super::gather::{Bytes, Job, Jobs, gather};
use super::{Fed, FeedError, Pace};
use crate::state::{Damage, State};

/// How many files are asked for at once.
const ASKED: usize = 512;

/// Takes in the files under a folder, or one file, that were not read before.
///
/// # Errors
/// [`FeedError`] if the state fails. Files that cannot be read are problems.
pub async fn folder(state: &State, root: &Path, pace: Pace) -> Result<Fed, FeedError> {
    // What a file is called must not depend on the folder that the program runs in.
    let root = std::path::absolute(root)?;
    let place = root.display().to_string();
    state.begin_place(&place, pace.now).await?;
    let mut files = walk(&[root]);
    files.retain(|found| Name::parse(&found.path.to_string_lossy()).is_none_or(|name| pace.wants(&name)));
    let fed = gather(state, pace, async |jobs: Jobs| {
        let mut fed = Fed::default();
        for files in files.chunks(ASKED) {
            let mut lost = Vec::new();
            let named: Vec<_> = files.iter().filter_map(|found| named(found, &mut fed, &mut lost)).collect();
            if !lost.is_empty() {
                state.note_damaged(&lost, pace.now).await?;
            }
            let asked: Vec<_> = named.iter().map(|(_, name, version, _)| (name.clone(), version.clone())).collect();
            let known = state.have_read(&asked).await?;
            for ((path, name, version, size), known) in named.into_iter().zip(known) {
                if known {
                    fed.known += 1;
                } else if jobs.send(Job { name, version, size, bytes: Bytes::File(path), signature: None }).await.is_err() {
                    // Whoever takes in has failed, and says so.
                    return Ok(fed);
                }
            }
        }
        Ok(fed)
    })
    .await?;
    state.end_place(&place).await?;
    Ok(fed)
}

/// A file to read, with what it is known by. What cannot be is lost.
fn named(found: &Found, fed: &mut Fed, lost: &mut Vec<(String, Damage)>) -> Option<(PathBuf, String, String, u64)> {
    let name = found.path.display().to_string();
    let reason = match &found.problem {
        Some(problem) => problem.to_string(),
        None => match std::fs::metadata(&found.path) {
            Ok(metadata) => {
                let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
                let version = format!("{}-{}.{:09}", metadata.len(), changed.as_secs(), changed.subsec_nanos());
                return Some((found.path.clone(), name, version, metadata.len()));
            }
            Err(error) => error.to_string(),
        },
    };
    fed.problem(format!("{name}: {reason}"));
    lost.push((name, Damage::Log));
    None
}
