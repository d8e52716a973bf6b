//! Texts in UTF-16 (RFC 2781), redacted as UTF-8 and written as UTF-16 again. What is not replaced stays as it was, byte for byte: a
//! surrogate that stands alone passes as the three bytes that UTF-8 would have for it (WTF-8), and so does a mark of the byte order.

use std::io::{self, Read, Write};

pub(super) use crate::decode::utf16::{Order, order};

/// How much of a text says whether it is in UTF-16.
pub(super) const HEAD: u64 = 4 << 10;
/// How many code units are decoded at once.
const AT_ONCE: usize = 16 << 10;

/// How many code units a character has in UTF-16, counted at its first byte in UTF-8.
pub(super) fn units(byte: u8) -> usize {
    match byte {
        0x80..0xc0 => 0,
        0xf0.. => 2,
        _ => 1,
    }
}

/// Gives in UTF-8 what a reader gives in UTF-16.
pub(super) struct Decoder<'a> {
    reader: &'a mut dyn Read,
    order: Order,
    /// Bytes that were read and not decoded.
    raw: Vec<u8>,
    out: Vec<u8>,
    given: usize,
    read: u64,
}

impl<'a> Decoder<'a> {
    pub(super) fn new(reader: &'a mut dyn Read, order: Order) -> Self {
        Self { reader, order, raw: Vec::new(), out: Vec::new(), given: 0, read: 0 }
    }

    /// How many bytes were read.
    pub(super) fn read(&self) -> u64 {
        self.read
    }

    /// The last byte, where their number is odd; to be asked at the end.
    pub(super) fn odd(&self) -> Option<u8> {
        self.raw.first().copied()
    }

    /// Decodes more; whether there is any.
    fn more(&mut self) -> io::Result<bool> {
        self.out.clear();
        self.given = 0;
        let wanted = 2 * AT_ONCE - self.raw.len();
        let count = (&mut *self.reader).take(wanted as u64).read_to_end(&mut self.raw)?;
        self.read += count as u64;
        let ended = count < wanted;
        let mut done = 0;
        while let Some(unit) = self.unit(done) {
            done += 2;
            let mut code = u32::from(unit);
            if is_high(unit) {
                match self.unit(done) {
                    Some(low) if is_low(low) => {
                        done += 2;
                        code = 0x1_0000 + ((code & 0x3ff) << 10) + (u32::from(low) & 0x3ff);
                    }
                    None if !ended => {
                        done -= 2;
                        break;
                    }
                    _ => {}
                }
            }
            push(&mut self.out, code);
        }
        self.raw.drain(..done);
        Ok(!self.out.is_empty())
    }

    fn unit(&self, at: usize) -> Option<u16> {
        Some((self.order.unit)(*self.raw.get(at..)?.first_chunk()?))
    }
}

impl Read for Decoder<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.given == self.out.len() && !self.more()? {
            return Ok(0);
        }
        let rest = &self.out[self.given..];
        let count = rest.len().min(out.len());
        out[..count].copy_from_slice(&rest[..count]);
        self.given += count;
        Ok(count)
    }
}

fn is_high(unit: u16) -> bool {
    (0xd800..0xdc00).contains(&unit)
}

fn is_low(unit: u16) -> bool {
    (0xdc00..0xe000).contains(&unit)
}

/// Writes a code point in UTF-8, also that of a surrogate.
fn push(out: &mut Vec<u8>, code: u32) {
    match char::from_u32(code) {
        Some(character) => out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
        None => {
            let six = |shift: u32| u8::try_from(code >> shift & 0x3f).expect("six bits") | 0x80;
            out.extend_from_slice(&[0xed, six(6), six(0)]);
        }
    }
}

/// Writes in UTF-16 what it is given in UTF-8.
pub(super) struct Encoder<'a> {
    writer: &'a mut dyn Write,
    order: Order,
    /// The beginning of a character.
    begun: Vec<u8>,
    out: Vec<u8>,
    written: u64,
}

impl<'a> Encoder<'a> {
    pub(super) fn new(writer: &'a mut dyn Write, order: Order) -> Self {
        Self { writer, order, begun: Vec::new(), out: Vec::new(), written: 0 }
    }

    /// Writes what is left, and a last byte that is no code unit; says how many bytes were written.
    pub(super) fn finish(mut self, odd: Option<u8>) -> io::Result<u64> {
        let rest = std::mem::take(&mut self.begun);
        self.encode(&rest, true);
        self.out.extend(odd);
        self.put()?;
        self.writer.flush()?;
        Ok(self.written)
    }

    fn put(&mut self) -> io::Result<()> {
        self.writer.write_all(&self.out)?;
        self.written += self.out.len() as u64;
        self.out.clear();
        Ok(())
    }

    /// Encodes characters; what may be the beginning of one waits, unless it is the `last`.
    fn encode(&mut self, mut text: &[u8], last: bool) {
        while let Some(byte) = text.first() {
            let length = match byte {
                0..0x80 => 1,
                0xc2..0xe0 => 2,
                0xe0..0xf0 => 3,
                0xf0..0xf5 => 4,
                _ => 0,
            };
            let end = text.iter().take(length).skip(1).take_while(|byte| units(**byte) == 0).count() + 1;
            if end < length && end == text.len() && !last {
                self.begun.extend_from_slice(text);
                return;
            }
            let (character, rest) = text.split_at(end);
            text = rest;
            match *character {
                // A surrogate that stood alone.
                [0xed, high @ 0xa0..=0xbf, low] => self.unit(0xd000 | u16::from(high & 0x3f) << 6 | u16::from(low & 0x3f)),
                _ => {
                    let character = std::str::from_utf8(character).ok().and_then(|text| text.chars().next());
                    let mut units = [0; 2];
                    // A replacement may have cut a character in two.
                    let units = character.unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf16(&mut units);
                    units.iter().for_each(|unit| self.unit(*unit));
                }
            }
        }
    }

    fn unit(&mut self, unit: u16) {
        self.out.extend_from_slice(&(self.order.bytes)(unit));
    }
}

impl Write for Encoder<'_> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        if self.begun.is_empty() {
            self.encode(text, false);
        } else {
            let mut whole = std::mem::take(&mut self.begun);
            whole.extend_from_slice(text);
            self.encode(&whole, false);
        }
        self.put()?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn units_are_counted_in_utf_8(text in any::<String>()) {
            prop_assert_eq!(text.bytes().map(units).sum::<usize>(), text.encode_utf16().count());
        }

        #[test]
        fn any_bytes_come_out_as_they_went_in(mut bytes in proptest::collection::vec(any::<u8>(), 0..600), surrogates: bool, big: bool, piece in 1_usize..40) {
            if surrogates {
                bytes.iter_mut().skip(usize::from(!big)).step_by(2).for_each(|byte| *byte = 0xd8 | *byte & 7);
            }
            let order = order(if big { &[0xfe, 0xff, 0, 65] } else { &[0xff, 0xfe, 65, 0] }).unwrap();
            let mut input = bytes.as_slice();
            let mut decoder = Decoder::new(&mut input, order);
            let mut text = Vec::new();
            decoder.read_to_end(&mut text).unwrap();
            let mut out = Vec::new();
            let mut encoder = Encoder::new(&mut out, order);
            text.chunks(piece).for_each(|piece| encoder.write_all(piece).unwrap());
            prop_assert_eq!(encoder.finish(decoder.odd()).unwrap(), bytes.len() as u64);
            prop_assert_eq!(decoder.read(), bytes.len() as u64);
            prop_assert_eq!(out, bytes);
        }
    }
}
