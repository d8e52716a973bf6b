//! The refs that a server lists (git's `protocol-v2`, "ls-refs"): a line a ref, and what HEAD stands for.

use crate::error::{ProtocolError, cut};
use crate::packet::{Packet, PacketReader};
use menagerie_git::{HashKind, ObjectId};
use std::collections::BTreeMap;
use std::io::Read;

/// How many refs are read.
const MOST_REFS: usize = 4_000_000;
/// How many bytes of names are kept.
const MOST_BYTES: usize = 512 << 20;
/// The longest name of a ref.
const LONGEST_NAME: usize = 1024;

/// A line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteRef<'a> {
    /// The object; none for a HEAD whose branch has no commit yet.
    pub oid: Option<ObjectId>,
    /// The name, as it was sent.
    pub name: &'a [u8],
    /// The ref that it stands for.
    pub symbolic: Option<&'a [u8]>,
}

/// The refs of a repository elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// By name. HEAD is not among them.
    pub refs: BTreeMap<String, ObjectId>,
    /// The object of HEAD.
    pub head: Option<ObjectId>,
    /// The ref that HEAD stands for.
    pub head_ref: Option<String>,
    /// How many were left out, since their names are none.
    pub misnamed: usize,
}

/// Reads a line of the list: the object or `unborn`, the name, attributes.
#[must_use]
pub fn parse_ref_line(line: &[u8], hash: HashKind) -> Option<RemoteRef<'_>> {
    let mut words = line.split(|byte| *byte == b' ');
    let oid = match words.next()? {
        b"unborn" => None,
        hex => Some(ObjectId::from_hex(hex).filter(|oid| oid.hash_kind() == hash)?),
    };
    let name = words.next().filter(|name| !name.is_empty())?;
    let symbolic = words.filter_map(|word| word.strip_prefix(b"symref-target:")).next();
    Some(RemoteRef { oid, name, symbolic })
}

/// Whether a name is one that a ref may have (git's `git-check-ref-format`), below `refs/`. It is never used as a path all the same.
#[must_use]
pub fn is_ref_name(name: &[u8]) -> bool {
    let plain = |byte: &u8| *byte > b' ' && *byte != 0x7f && !b"~^:?*[\\".contains(byte);
    let part = |part: &[u8]| !part.is_empty() && !part.starts_with(b".") && !part.ends_with(b".lock");
    name.starts_with(b"refs/")
        && name.len() <= LONGEST_NAME
        && std::str::from_utf8(name).is_ok()
        && name.iter().all(plain)
        && name.split(|byte| *byte == b'/').all(part)
        && !name.ends_with(b".")
        && !name.windows(2).any(|pair| pair == b".." || pair == b"@{")
}

impl Listing {
    /// Reads the answer to `ls-refs`.
    ///
    /// # Errors
    /// If it is none, or longer than is read.
    pub fn read(input: impl Read, hash: HashKind) -> Result<Self, ProtocolError> {
        let (mut packets, mut listing, mut bytes) = (PacketReader::new(input), Self::default(), 0);
        for _ in 0..MOST_REFS {
            let packet = packets.packet()?;
            let Some(line) = packet.line() else {
                return if packet == Packet::Flush { Ok(listing) } else { Err(ProtocolError::Lacks("end")) };
            };
            let parsed = parse_ref_line(line, hash).ok_or_else(|| ProtocolError::Line(cut(line)))?;
            bytes += line.len();
            if bytes > MOST_BYTES {
                return Err(ProtocolError::TooMany { what: "bytes of refs", limit: MOST_BYTES });
            }
            listing.add(&parsed);
        }
        Err(ProtocolError::TooMany { what: "refs", limit: MOST_REFS })
    }

    fn add(&mut self, found: &RemoteRef<'_>) {
        let text = |name: &[u8]| is_ref_name(name).then(|| String::from_utf8_lossy(name).into_owned());
        if found.name == b"HEAD" {
            self.head = found.oid;
            self.head_ref = found.symbolic.and_then(text);
        } else if let Some(name) = text(found.name) {
            // What a host would merge is made of what was pushed, and changes with each push to the branch that it would go to.
            let trial =
                name.strip_suffix("/merge").is_some_and(|of| of.starts_with("refs/pull/") || of.starts_with("refs/merge-requests/"));
            if let (Some(oid), false) = (found.oid, trial) {
                self.refs.insert(name, oid);
            }
        } else {
            self.misnamed += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_names() {
        let one = "1".repeat(40);
        let head = format!("{one} HEAD symref-target:refs/heads/main peeled:{one}");
        let parsed = parse_ref_line(head.as_bytes(), HashKind::Sha1).expect("a ref");
        assert_eq!((parsed.name, parsed.symbolic, parsed.oid.is_some()), (&b"HEAD"[..], Some(&b"refs/heads/main"[..]), true));
        assert_eq!(parse_ref_line(b"unborn HEAD", HashKind::Sha1).expect("no commit yet").oid, None);
        for none in ["", "1234 refs/heads/x", &one, &format!("{one} "), &format!("{} refs/heads/x", "1".repeat(64))] {
            assert_eq!(parse_ref_line(none.as_bytes(), HashKind::Sha1), None, "{none}");
        }
        for good in ["refs/heads/main", "refs/pull/12/head", "refs/tags/v1.0-ö", "refs/heads/a@b"] {
            assert!(is_ref_name(good.as_bytes()), "{good}");
        }
        for bad in [
            "HEAD",
            "refs/heads/../x",
            "refs/heads//x",
            "refs/heads/x y",
            "refs/heads/x\n",
            "refs/.x",
            "refs/x.lock",
            "refs/x@{1}",
            "refs/x/",
        ] {
            assert!(!is_ref_name(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn trial_merges_and_false_names_are_left_out() {
        let mut answer = Vec::new();
        for name in ["HEAD", "refs/pull/1/head", "refs/pull/1/merge", "refs/heads/merge", "refs/heads/../../x"] {
            crate::packet::put_line(&mut answer, &format!("{} {name}", "2".repeat(40)));
        }
        crate::packet::put_flush(&mut answer);
        let listing = Listing::read(&answer[..], HashKind::Sha1).expect("a list");
        assert_eq!(listing.refs.keys().collect::<Vec<_>>(), ["refs/heads/merge", "refs/pull/1/head"]);
        assert_eq!(listing.misnamed, 1);
        assert!(Listing::read(&answer[..answer.len() - 4], HashKind::Sha1).is_err());
    }
}
