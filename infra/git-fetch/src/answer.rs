//! The answer to `fetch` (git's `protocol-v2`): sections, of which the last is the pack, in packets of three bands: the pack, words for
//! people, what went wrong.

use crate::error::{ProtocolError, cut};
use crate::packet::{Packet, PacketReader};
use menagerie_git::{HashKind, ObjectId};
use std::io::{Read, Write};

/// How many lines the sections before the pack may have.
const MOST_LINES: usize = 1_000_000;

/// What stood before the pack.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Commits whose parents the server does not have.
    pub shallow: Vec<ObjectId>,
    /// Commits that were shallow and are no longer.
    pub unshallow: Vec<ObjectId>,
    /// How many bytes of the pack came.
    pub pack_bytes: u64,
}

/// Reads the answer, and writes the bytes of its pack to `pack`.
///
/// # Errors
/// If the answer is broken, says that something went wrong, has no pack, or `pack` takes no more.
pub fn read_answer(input: impl Read, hash: HashKind, pack: &mut dyn Write) -> Result<Answer, ProtocolError> {
    let (mut packets, mut answer, mut lines) = (PacketReader::new(input), Answer::default(), 0);
    loop {
        let packet = packets.packet()?;
        let Some(section) = packet.line() else {
            return Err(ProtocolError::Lacks("pack"));
        };
        match section {
            b"packfile" => break,
            b"acknowledgments" | b"shallow-info" | b"wanted-refs" => {}
            other => return Err(ProtocolError::Line(cut(other))),
        }
        loop {
            let packet = packets.packet()?;
            let Some(line) = packet.line() else {
                if packet == Packet::Delimiter {
                    break;
                }
                return Err(ProtocolError::Lacks("pack"));
            };
            lines += 1;
            if lines > MOST_LINES {
                return Err(ProtocolError::TooMany { what: "lines before the pack", limit: MOST_LINES });
            }
            let name = |hex: &[u8]| ObjectId::from_hex(hex).filter(|oid| oid.hash_kind() == hash);
            if let Some(hex) = line.strip_prefix(b"shallow ") {
                answer.shallow.push(name(hex).ok_or_else(|| ProtocolError::Line(cut(line)))?);
            } else if let Some(hex) = line.strip_prefix(b"unshallow ") {
                answer.unshallow.push(name(hex).ok_or_else(|| ProtocolError::Line(cut(line)))?);
            }
        }
    }
    loop {
        match packets.packet()? {
            Packet::Data([1, bytes @ ..]) => {
                pack.write_all(bytes)?;
                answer.pack_bytes += bytes.len() as u64;
            }
            // Words for people, and packets that only keep the connection open.
            Packet::Data([2, ..] | []) => {}
            Packet::Data([3, bytes @ ..]) => return Err(ProtocolError::Said(cut(bytes))),
            Packet::Data(other) => return Err(ProtocolError::Line(cut(other))),
            Packet::Flush => return Ok(answer),
            Packet::Delimiter | Packet::End => return Err(ProtocolError::Lacks("end")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(out: &mut Vec<u8>, bytes: &[u8]) {
        out.extend_from_slice(format!("{:04x}", bytes.len() + 4).as_bytes());
        out.extend_from_slice(bytes);
    }

    #[test]
    fn bands_are_told_apart() {
        let mut bytes = Vec::new();
        packet(&mut bytes, b"shallow-info\n");
        packet(&mut bytes, format!("shallow {}", "a".repeat(40)).as_bytes());
        bytes.extend(b"0001");
        packet(&mut bytes, b"packfile\n");
        for band in [&b"\x01PA"[..], b"\x02counting", b"", b"\x01CK"] {
            packet(&mut bytes, band);
        }
        let mut pack = Vec::new();
        assert!(read_answer(&bytes[..], HashKind::Sha1, &mut pack).is_err(), "it has no end");
        bytes.extend(b"0000");
        pack.clear();
        let answer = read_answer(&bytes[..], HashKind::Sha1, &mut pack).expect("an answer");
        assert_eq!((pack.as_slice(), answer.shallow.len(), answer.pack_bytes), (&b"PACK"[..], 1, 4));

        let mut failed = Vec::new();
        packet(&mut failed, b"packfile\n");
        packet(&mut failed, b"\x03out of \x1b[31mmemory");
        let error = read_answer(&failed[..], HashKind::Sha1, &mut pack).expect_err("it says so").to_string();
        assert_eq!(error, "the server says: \"out of  [31mmemory\"");
    }
}
