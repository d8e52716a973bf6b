//! A commit's text: `tree`, `parent`…, `author`, `committer`, other headers, an empty line, the message. Nothing of it is checked for
//! its encoding: names and messages are bytes.

use crate::oid::ObjectId;

/// A commit, borrowed from its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit<'a> {
    /// The tree of its files.
    pub tree: ObjectId,
    /// The commits before it.
    pub parents: Vec<ObjectId>,
    /// Who wrote the change.
    pub author: Signature<'a>,
    /// Who made the commit.
    pub committer: Signature<'a>,
    /// What follows the headers.
    pub message: &'a [u8],
}

/// Name, address and time as a commit or a reflog has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signature<'a> {
    /// The name, in no certain encoding.
    pub name: &'a [u8],
    /// What stands between `<` and `>`.
    pub email: &'a [u8],
    /// Seconds since 1970; 0 where there is no number.
    pub seconds: i64,
    /// Minutes east of Greenwich.
    pub offset: i16,
}

impl<'a> Commit<'a> {
    /// Reads a commit. A missing author or committer is empty, as git shows it; a missing tree is no commit.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (line, mut rest) = split_line(bytes);
        let tree = ObjectId::from_hex(line.strip_prefix(b"tree ")?)?;
        let mut commit = Self { tree, parents: Vec::new(), author: Signature::default(), committer: Signature::default(), message: b"" };
        while let (Some(parent), after) = parent_line(rest)? {
            commit.parents.push(parent);
            rest = after;
        }
        loop {
            if rest.is_empty() {
                return Some(commit);
            }
            let (line, after) = split_line(rest);
            rest = after;
            if line.is_empty() {
                commit.message = rest;
                return Some(commit);
            } else if let Some(author) = line.strip_prefix(b"author ") {
                commit.author = Signature::parse(author);
            } else if let Some(committer) = line.strip_prefix(b"committer ") {
                commit.committer = Signature::parse(committer);
            }
        }
    }
}

/// The parent at the start of `rest` and what follows it; `None` outside for a parent that is not an object name.
#[allow(clippy::option_option)]
fn parent_line(rest: &[u8]) -> Option<(Option<ObjectId>, &[u8])> {
    let (line, after) = split_line(rest);
    match line.strip_prefix(b"parent ") {
        Some(parent) => Some((Some(ObjectId::from_hex(parent)?), after)),
        None => Some((None, rest)),
    }
}

impl<'a> Signature<'a> {
    /// Reads `Name <address> seconds +hhmm`, leniently.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Self {
        let Some(open) = text.iter().position(|byte| *byte == b'<') else {
            return Self { name: text.trim_ascii(), ..Self::default() };
        };
        let name = text[..open].trim_ascii();
        let after = &text[open + 1..];
        // Addresses may hold '>' in broken commits: the time stands after the last.
        let close = after.iter().rposition(|byte| *byte == b'>').unwrap_or(after.len());
        let mut words = after.get(close + 1..).unwrap_or_default().split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
        let seconds = words.next().and_then(number).unwrap_or(0);
        let zone = words.next().and_then(number).unwrap_or(0).clamp(-9999, 9999);
        let offset = i16::try_from(zone / 100 * 60 + zone % 100).unwrap_or(0);
        Self { name, email: &after[..close], seconds, offset }
    }
}

fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The first line without its newline, and what follows.
pub(crate) fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, b""),
    }
}

/// What an annotated tag names.
#[must_use]
pub fn parse_tag_target(bytes: &[u8]) -> Option<ObjectId> {
    ObjectId::from_hex(split_line(bytes).0.strip_prefix(b"object ")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_merge_with_a_signature() {
        let text = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nparent 1111111111111111111111111111111111111111\n\
            parent 2222222222222222222222222222222222222222\nauthor A B <a@b> 12 -0130\ncommitter  <> -5 +0000\ngpgsig -----\n x\n\nHello\n\nBody";
        let commit = Commit::parse(text).expect("a commit");
        assert_eq!(commit.parents.len(), 2);
        assert_eq!(commit.author, Signature { name: b"A B", email: b"a@b", seconds: 12, offset: -90 });
        assert_eq!(commit.committer, Signature { name: b"", email: b"", seconds: -5, offset: 0 });
        assert_eq!(commit.message, b"Hello\n\nBody");
    }

    #[test]
    fn broken_commits_are_none_or_lenient() {
        assert_eq!(Commit::parse(b""), None);
        assert_eq!(Commit::parse(b"tree 4b82\n\n"), None);
        assert_eq!(Commit::parse(b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nparent zz\n\n"), None);
        let bare = Commit::parse(b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904").expect("a commit without more");
        assert!(bare.message.is_empty() && bare.parents.is_empty());
        assert_eq!(Signature::parse(b"a <b> c> 7 +9999999").seconds, 7);
        assert_eq!(Signature::parse(b"no address").name, b"no address");
    }
}
