//! What was looked at: a note in each repository's folder of the cache, with the tips of its history, the times up to which its texts were
//! read, and what was asked for. Notes are written when the report is out.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use menagerie_git_fetch::{Store, StoreError};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const NAME: &str = "lanius.json";
const VERSION: u32 = 1;
/// The longest note that is read.
const LONGEST: u64 = 512 << 20;

/// Up to when texts of one kind were read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// The latest time of change that was seen, as the host writes it.
    pub(super) since: String,
    /// What had that time.
    pub(super) seen: Vec<u64>,
}

/// The note of a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Note {
    version: u32,
    /// Whose repository: a note in a foreign folder is none.
    pub(super) name: String,
    asked: String,
    pub(super) tips: Vec<String>,
    pub(super) marks: BTreeMap<String, Mark>,
}

impl Note {
    /// The note in a folder, if it is of this repository and was asked for the same; else an empty one.
    pub(super) fn read(folder: &Path, name: &str, asked: &str) -> Self {
        let path = folder.join(NAME);
        let sized = fs::metadata(&path).is_ok_and(|about| about.is_file() && about.len() <= LONGEST);
        let note = sized.then(|| fs::read(&path).ok()).flatten().and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        let same = |note: &Self| note.version == VERSION && note.name == name && note.asked == asked;
        let empty = Self { version: VERSION, name: name.to_owned(), asked: asked.to_owned(), ..Self::default() };
        note.filter(same).unwrap_or(empty)
    }
}

/// Notes that are written once the report is out.
#[derive(Debug, Default)]
pub struct Pending {
    notes: Vec<(PathBuf, Note)>,
}

impl Pending {
    pub(super) fn add(&mut self, folder: &Path, note: Note) {
        self.notes.push((folder.to_owned(), note));
    }

    /// Takes over what another target left.
    pub fn merge(&mut self, other: Self) {
        self.notes.extend(other.notes);
    }

    /// Writes the notes down: what they name is not looked at again.
    ///
    /// # Errors
    /// The first that cannot be written, when the others are; the next run looks at that repository again.
    pub fn commit(self) -> Result<(), StoreError> {
        let write = |(folder, note): (PathBuf, Note)| {
            let bytes = serde_json::to_vec(&note).expect("a note has the form of JSON");
            Store::hold(&folder)?.write(NAME, &bytes)
        };
        self.notes.into_iter().map(write).fold(Ok(()), Result::and)
    }
}

/// The folder of a repository in the cache: a name made of its URL's hash, so that no part of it becomes a path.
pub(super) fn folder(cache: &Path, url: &str) -> PathBuf {
    let name = hex::encode(&Sha256::digest(url)[..20]);
    cache.join("repositories").join(&name[..2]).join(&name[2..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_count_for_what_was_asked() {
        let cache = tempfile::tempdir().expect("a folder");
        let folder = folder(cache.path(), "https://example.org/../../etc");
        assert!(folder.starts_with(cache.path().join("repositories")), "{}", folder.display());
        let mut note = Note::read(&folder, "a/b", "rules 1");
        assert_eq!((note.tips.len(), note.marks.len()), (0, 0));
        note.tips.push("1234".to_owned());
        let mut pending = Pending::default();
        pending.add(&folder, note.clone());
        pending.commit().expect("the folder takes it");
        assert_eq!(Note::read(&folder, "a/b", "rules 1"), note);
        assert!(Note::read(&folder, "a/b", "rules 2").tips.is_empty(), "other rules");
        assert!(Note::read(&folder, "a/c", "rules 1").tips.is_empty(), "another repository");
        fs::write(folder.join(NAME), "{").expect("a file");
        assert!(Note::read(&folder, "a/b", "rules 1").tips.is_empty(), "half a note");
    }
}
