//! Reflogs: what refs led to before. A stash is a ref whose older entries are only here.

use super::files_below;
use crate::disk;
use crate::error::Problem;
use crate::object::Signature;
use crate::oid::ObjectId;
use crate::repository::Repository;

/// The longest reflog that is read.
const LONGEST_LOG: u64 = 256 << 20;

/// One change of a ref.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReflogEntry<'a> {
    /// What it led to before; zeros if it was not there.
    pub old: ObjectId,
    /// What it led to from then on; zeros if it was removed.
    pub new: ObjectId,
    /// Who changed it, and when.
    pub who: Signature<'a>,
    /// What was done.
    pub message: &'a [u8],
}

/// The entries of a reflog's text, oldest first. Lines that are none are passed over.
pub fn parse_reflog(text: &[u8]) -> impl Iterator<Item = ReflogEntry<'_>> {
    text.split(|byte| *byte == b'\n').filter_map(|line| {
        let tab = line.iter().position(|byte| *byte == b'\t').unwrap_or(line.len());
        let mut words = line[..tab].splitn(3, |byte| *byte == b' ');
        let (old, new) = (ObjectId::from_hex(words.next()?)?, ObjectId::from_hex(words.next()?)?);
        let message = line.get(tab + 1..).unwrap_or_default();
        Some(ReflogEntry { old, new, who: Signature::parse(words.next().unwrap_or_default()), message })
    })
}

impl Repository {
    /// Every object that a reflog names, with the ref whose log it is: `HEAD`, `refs/stash`, `refs/heads/main`. Logs that cannot be read
    /// are added to `problems`.
    #[must_use]
    pub fn reflog_objects(&self, problems: &mut Vec<Problem>) -> Vec<(String, ObjectId)> {
        let mut folders = vec![self.common_dir.clone()];
        if self.git_dir != self.common_dir {
            folders.push(self.git_dir.clone());
        }
        let linked = std::fs::read_dir(self.common_dir.join("worktrees")).into_iter().flatten().flatten();
        folders.extend(linked.map(|entry| entry.path()).filter(|folder| *folder != self.git_dir));
        let mut found = Vec::new();
        for folder in folders {
            for name in files_below(&folder, "logs", problems) {
                match disk::read(&folder.join(&name), LONGEST_LOG) {
                    Ok(text) => {
                        let of = name.trim_start_matches("logs/");
                        let named = parse_reflog(&text).flat_map(|entry| [entry.old, entry.new]).filter(|oid| !oid.is_zero());
                        found.extend(named.map(|oid| (of.to_owned(), oid)));
                    }
                    Err(error) => problems.push(Problem::file(folder.join(&name), error)),
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_entries_with_and_without_messages() {
        let (zero, one) = ("0".repeat(40), "1".repeat(40));
        let text = format!("{zero} {one} A <a@b> 5 +0100\tcommit: x\nbroken\n{one} {zero} A <a@b> 6 +0100\n");
        let entries: Vec<_> = parse_reflog(text.as_bytes()).collect();
        assert_eq!(entries.len(), 2);
        assert_eq!((entries[0].message, entries[0].who.seconds, entries[0].who.offset), (&b"commit: x"[..], 5, 60));
        assert!(entries[0].old.is_zero() && entries[1].new.is_zero() && entries[1].message.is_empty());
    }
}
