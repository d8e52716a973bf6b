//! Revisions as people type them: a name or an object's name, and then steps back (git's `gitrevisions`, the forms that name by ancestry).

use super::Refs;
use crate::disk;
use crate::error::{ObjectError, RevisionError};
use crate::object::{Commit, Kind, parse_tag_target};
use crate::oid::ObjectId;
use crate::read::ObjectReader;
use crate::repository::Repository;

/// Where a name may be, in git's order.
const PLACES: [(&str, &str); 6] =
    [("", ""), ("refs/", ""), ("refs/tags/", ""), ("refs/heads/", ""), ("refs/remotes/", ""), ("refs/remotes/", "/HEAD")];
/// Files beside HEAD in which git notes what a command came upon.
const NOTES: [&str; 3] = ["FETCH_HEAD", "ORIG_HEAD", "MERGE_HEAD"];
/// The longest of them that is read.
const LONGEST_NOTE: u64 = 1 << 20;
/// How many tags may lead to tags.
pub(crate) const MOST_TAGS: usize = 64;
/// The shortest abbreviation.
const SHORTEST: usize = 4;

impl ObjectReader<'_> {
    /// The commit that a revision names: a ref by git's rules, `HEAD` or `@`, `FETCH_HEAD` and its like, an object's name in full or abbreviated, followed by any of
    /// `~`, `~N`, `^`, `^N`, `^0`, `^{}` and `^{commit}`.
    ///
    /// # Errors
    /// If it names nothing, too much, or no commit.
    pub fn resolve(&mut self, refs: &Refs, revision: &str) -> Result<ObjectId, RevisionError> {
        let name = || revision.to_owned();
        let end = revision.find(['~', '^']).unwrap_or(revision.len());
        let (base, mut steps) = revision.split_at(end);
        if base.is_empty() || base.contains([':', ' ']) || base.contains("@{") || base.contains("..") {
            return Err(RevisionError::Form { name: name() });
        }
        let start = self.base(refs, base).map_err(|error| match error {
            RevisionError::Unknown { .. } => RevisionError::Unknown { name: name() },
            other => other,
        })?;
        let mut at = self.peel(&start).map_err(|(oid, why)| RevisionError::Object { name: name(), oid, why })?;
        while let Some(kind) = steps.chars().next() {
            steps = &steps[1..];
            if kind == '^' && steps.starts_with('{') {
                let (inside, rest) = steps[1..].split_once('}').ok_or_else(|| RevisionError::Form { name: name() })?;
                if !matches!(inside, "" | "commit") {
                    return Err(RevisionError::Form { name: name() });
                }
                steps = rest;
                continue;
            }
            let digits = steps.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(steps.len());
            let number = if digits == 0 { Ok(1) } else { steps[..digits].parse::<usize>() };
            let number = number.map_err(|_| RevisionError::Form { name: name() })?;
            steps = &steps[digits..];
            let (times, parent) = match kind {
                '~' => (number, 0),
                '^' if number == 0 => (0, 0),
                '^' => (1, number - 1),
                _ => return Err(RevisionError::Form { name: name() }),
            };
            for _ in 0..times {
                at = self.parent(&at, parent, revision)?;
            }
        }
        Ok(at)
    }

    fn base(&mut self, refs: &Refs, base: &str) -> Result<ObjectId, RevisionError> {
        let base = if base == "@" { "HEAD" } else { base };
        let repository = self.repository();
        if let Some(oid) = ObjectId::from_hex(base.as_bytes()).filter(|oid| oid.hash_kind() == repository.hash_kind()) {
            return Ok(oid);
        }
        if let Some(oid) = PLACES.iter().find_map(|(before, after)| refs.find(&format!("{before}{base}{after}"))) {
            return Ok(oid);
        }
        if let Some(oid) = repository.last(base) {
            return Ok(oid);
        }
        let is_name = base.len() >= SHORTEST && base.bytes().all(|byte| byte.is_ascii_hexdigit());
        let found = if is_name { repository.abbreviated(base, 16) } else { Default::default() };
        if found.len() < 2 {
            return found.first().copied().ok_or_else(|| RevisionError::Unknown { name: base.to_owned() });
        }
        // Git takes the one commit among objects of other types.
        let commits: Vec<_> = found.iter().filter(|oid| matches!(self.kind(oid), Ok(Kind::Commit | Kind::Tag))).collect();
        match commits[..] {
            [only] => Ok(*only),
            _ => Err(RevisionError::Ambiguous { name: base.to_owned() }),
        }
    }

    /// The commit that an object is, or leads to as a tag.
    ///
    /// # Errors
    /// The object at which it ended, and why.
    pub fn peel(&mut self, oid: &ObjectId) -> Result<ObjectId, (ObjectId, ObjectError)> {
        let mut at = *oid;
        for _ in 0..MOST_TAGS {
            match self.kind(&at).map_err(|why| (at, why))? {
                Kind::Commit => return Ok(at),
                Kind::Tag => {
                    let tag = self.read(&at).map_err(|why| (at, why))?;
                    at = parse_tag_target(&tag.bytes).ok_or((at, ObjectError::Content { expected: Kind::Tag }))?;
                }
                Kind::Tree | Kind::Blob => return Err((at, ObjectError::Kind { expected: Kind::Commit })),
            }
        }
        Err((at, ObjectError::Chain { limit: MOST_TAGS }))
    }

    fn parent(&mut self, oid: &ObjectId, number: usize, revision: &str) -> Result<ObjectId, RevisionError> {
        let name = || revision.to_owned();
        let failed = |why| RevisionError::Object { name: name(), oid: *oid, why };
        let object = self.read_kind(oid, Kind::Commit).map_err(failed)?;
        let commit = Commit::parse(&object.bytes).ok_or_else(|| failed(ObjectError::Content { expected: Kind::Commit }))?;
        if self.repository().shallow().contains(oid) {
            return Err(RevisionError::NoParent { name: name() });
        }
        commit.parents.get(number).copied().ok_or_else(|| RevisionError::NoParent { name: name() })
    }
}

impl Repository {
    /// The first object in a file such as `FETCH_HEAD`.
    fn last(&self, name: &str) -> Option<ObjectId> {
        let text = NOTES.contains(&name).then(|| disk::read(&self.git_dir.join(name), LONGEST_NOTE).ok()).flatten()?;
        let word = text.split(u8::is_ascii_whitespace).next()?;
        ObjectId::from_hex(word).filter(|oid| oid.hash_kind() == self.hash_kind())
    }
}
