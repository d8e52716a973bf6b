//! A listing is taken a window at a time, in the order of keys; within a window the newest objects come first.
//!
//! A window is as much as may be held in memory, so that buckets of any size can be listed. Of each "folder" (what stands before a key's
//! last `/`) a sample may be taken, of the newest.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use menagerie_aws::CallError;
use menagerie_aws_s3::{Listed, S3};

use super::Address;

/// How many objects a window holds.
const OBJECTS: usize = 250_000;
/// How many bytes their names hold.
const NAMES: usize = 32 << 20;

/// How many objects of each folder were taken already. Only folders that the listing is still in are kept.
pub(super) type Taken = BTreeMap<String, u64>;

/// A part of a listing.
pub(super) struct Window {
    /// The objects, newest first.
    pub(super) objects: Vec<Listed>,
    /// How many were listed, sampled or not.
    pub(super) listed: u64,
    /// The key behind which the next window begins; none at the end.
    pub(super) next: Option<String>,
}

/// Lists from behind `after`.
pub(super) async fn list(s3: &S3, address: &Address, after: Option<&str>) -> Result<Window, CallError> {
    let (mut objects, mut names, mut page) = (Vec::new(), 0, None::<String>);
    loop {
        // A page is asked for by key or by token, not by both.
        let from = after.filter(|_| page.is_none());
        let answer = s3.list(&address.bucket, &address.prefix, from, page.as_deref()).await?;
        names += answer.objects.iter().map(|object| object.key.len() + object.etag.len()).sum::<usize>();
        objects.extend(answer.objects);
        page = answer.next;
        let full = objects.len() >= OBJECTS || names >= NAMES;
        if page.is_none() || full {
            let next = objects.last().filter(|_| page.is_some()).map(|object: &Listed| object.key.clone());
            let listed = objects.len() as u64;
            // What ends in a slash and holds nothing is a folder made by hand.
            objects.retain(|object| !(object.size == 0 && object.key.ends_with('/')));
            objects.sort_by(|a, b| (Reverse(a.modified), &a.key).cmp(&(Reverse(b.modified), &b.key)));
            return Ok(Window { objects, listed, next });
        }
    }
}

/// Keeps `most` objects of each folder, the newest; `taken` counts those of the windows before.
pub(super) fn sample(window: &mut Window, most: u64, taken: &mut Taken) {
    window.objects.retain(|object| {
        let count = taken.entry(folder(&object.key).to_owned()).or_default();
        *count += 1;
        *count <= most
    });
    let next = window.next.as_deref();
    taken.retain(|folder, _| next.is_some_and(|next| next.starts_with(folder.as_str())));
}

fn folder(key: &str) -> &str {
    key.rfind('/').map_or("", |slash| &key[..=slash])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(key: &str, modified: i64) -> Listed {
        Listed { key: key.to_owned(), etag: "e".to_owned(), size: 1, modified, archived: None }
    }

    #[test]
    fn a_sample_is_of_each_folder_over_all_windows() {
        let mut taken = Taken::new();
        let objects = vec![listed("a/3", 9), listed("b", 8), listed("a/b/1", 7), listed("a/2", 6), listed("a/1", 5)];
        let mut first = Window { objects, listed: 5, next: Some("a/3".to_owned()) };
        sample(&mut first, 2, &mut taken);
        assert_eq!(first.objects.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), ["a/3", "b", "a/b/1", "a/2"]);
        assert_eq!(taken.keys().collect::<Vec<_>>(), ["", "a/"], "a folder that is behind is forgotten");
        let mut second =
            Window { objects: vec![listed("a/4", 1), listed("c/1", 1), listed("d", 1), listed("e", 1)], listed: 4, next: None };
        sample(&mut second, 2, &mut taken);
        assert_eq!(second.objects.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), ["c/1", "d"]);
    }
}
