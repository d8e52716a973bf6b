//! Packets (git's `gitprotocol-common`): four hexadecimal digits of length, themselves counted, and the bytes; the lengths 0, 1 and 2 are
//! marks. The parser is a pure function.

use crate::error::{ProtocolError, cut};
use std::io::{self, Read};

/// The longest packet, with its length.
pub const LONGEST_PACKET: usize = 65_520;

/// A packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Bytes.
    Data(&'a [u8]),
    /// `0000`: the end of an answer.
    Flush,
    /// `0001`: the end of a section.
    Delimiter,
    /// `0002`: the end of an answer over a connection without state.
    End,
}

impl<'a> Packet<'a> {
    /// Its bytes as a line, without the newline; none if it is a mark.
    #[must_use]
    pub fn line(self) -> Option<&'a [u8]> {
        match self {
            Self::Data(bytes) => Some(bytes.strip_suffix(b"\n").unwrap_or(bytes)),
            _ => None,
        }
    }
}

/// The length that four digits state, themselves included.
fn length(digits: [u8; 4]) -> Option<usize> {
    digits.iter().try_fold(0, |sum, digit| Some(sum << 4 | usize::try_from(char::from(*digit).to_digit(16)?).ok()?))
}

/// The packet at the start of `bytes`, and how many bytes it takes; `Ok(None)` if it is not all there.
///
/// # Errors
/// If what stands there is no length of a packet.
pub fn parse_packet(bytes: &[u8]) -> Result<Option<(Packet<'_>, usize)>, ProtocolError> {
    let Some(digits) = bytes.first_chunk::<4>() else { return Ok(None) };
    match length(*digits).ok_or(ProtocolError::Length)? {
        0 => Ok(Some((Packet::Flush, 4))),
        1 => Ok(Some((Packet::Delimiter, 4))),
        2 => Ok(Some((Packet::End, 4))),
        3 => Err(ProtocolError::Length),
        len if len > LONGEST_PACKET => Err(ProtocolError::Length),
        len => Ok(bytes.get(4..len).map(|data| (Packet::Data(data), len))),
    }
}

/// Reads packets one after another, each into the same memory.
#[derive(Debug)]
pub struct PacketReader<R> {
    input: R,
    buffer: Vec<u8>,
}

impl<R: Read> PacketReader<R> {
    /// A reader of packets.
    pub fn new(input: R) -> Self {
        Self { input, buffer: Vec::new() }
    }

    /// The next packet.
    ///
    /// # Errors
    /// If the input ends or breaks, it is no packet, or it is one in which the other side says what went wrong.
    pub fn packet(&mut self) -> Result<Packet<'_>, ProtocolError> {
        self.buffer.resize(4, 0);
        self.input.read_exact(&mut self.buffer)?;
        let len = self.buffer.first_chunk::<4>().and_then(|digits| length(*digits)).ok_or(ProtocolError::Length)?;
        if (4..=LONGEST_PACKET).contains(&len) {
            self.buffer.resize(len, 0);
            self.input.read_exact(&mut self.buffer[4..])?;
        }
        match parse_packet(&self.buffer)? {
            Some((Packet::Data(bytes), _)) if bytes.starts_with(b"ERR ") => Err(ProtocolError::Said(cut(&bytes[4..]))),
            Some((packet, _)) => Ok(packet),
            None => Err(ProtocolError::Io(io::ErrorKind::UnexpectedEof.into())),
        }
    }
}

/// Appends a line as a packet.
///
/// # Panics
/// If the line is longer than a packet; those of a request are not.
pub fn put_line(out: &mut Vec<u8>, line: &str) {
    let len = line.len() + 5;
    assert!(len <= LONGEST_PACKET, "lines of requests are short");
    out.extend_from_slice(format!("{len:04x}{line}\n").as_bytes());
}

/// Appends the mark between a command's capabilities and its arguments.
pub fn put_delimiter(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0001");
}

/// Appends the mark at the end of a request.
pub fn put_flush(out: &mut Vec<u8>) {
    out.extend_from_slice(b"0000");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn packets_and_what_is_none() {
        assert_eq!(parse_packet(b"0009ab\ncd").expect("a packet"), Some((Packet::Data(b"ab\ncd"), 9)));
        assert_eq!(parse_packet(b"0004").expect("an empty one"), Some((Packet::Data(b""), 4)));
        assert_eq!(parse_packet(b"00010000").expect("a mark"), Some((Packet::Delimiter, 4)));
        for short in [&b""[..], b"000", b"0005", b"fff0"] {
            assert_eq!(parse_packet(short).expect("not all there"), None);
        }
        for none in [&b"0003"[..], b"fff1", b"ffff", b"+123", b"zzzz"] {
            assert!(matches!(parse_packet(none), Err(ProtocolError::Length)), "{none:?}");
        }
        let said = PacketReader::new(&b"0012ERR not our ref"[..]).packet().expect_err("the server says no").to_string();
        assert_eq!(said, "the server says: \"not our re\"");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(lines in prop::collection::vec("[ -~]{0,300}", 0..20), cut in 0_usize..5000) {
            let mut bytes = Vec::new();
            lines.iter().for_each(|line| put_line(&mut bytes, line));
            put_flush(&mut bytes);
            let mut reader = PacketReader::new(&bytes[..]);
            for line in lines.iter().filter(|line| !line.starts_with("ERR ")) {
                prop_assert_eq!(reader.packet().expect("a line").line(), Some(line.as_bytes()));
            }
            prop_assert_eq!(reader.packet().expect("a mark"), Packet::Flush);
            let len = cut % bytes.len();
            let mut cut_off = PacketReader::new(&bytes[..len]);
            while cut_off.packet().is_ok() {}
        }
    }
}
