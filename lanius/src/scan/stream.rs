//! Texts of any size, a block at a time: memory is that of one block, and the answer is the same however the bytes arrive.

use std::io::{self, Read};

use super::engine::newlines;
use super::{Engine, Found, Kind, Scratch, Text, is_fixture};

/// What is scanned at once.
pub const BLOCK: usize = 4 << 20;
/// What is seen of a block's neighbours.
pub const CONTEXT: usize = 64 << 10;

/// Memory for reading, used again and again.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    filled: usize,
}

/// Scans all that `reader` gives; says how many bytes that were. What was left out of it, `scratch` tells.
///
/// # Errors
/// What the reader said. What was found before stands in `found`.
pub fn stream(
    engine: &Engine,
    scratch: &mut Scratch,
    buffer: &mut Buffer,
    reader: &mut dyn Read,
    path: &str,
    found: &mut Vec<Found>,
) -> io::Result<u64> {
    let (kind, fixture) = (Kind::of(path), is_fixture(path));
    let first = found.len();
    // The buffer holds the context of the block before, the block, and what is read of the next one.
    buffer.filled = 0;
    let (mut offset, mut line, mut begin) = (0_u64, 1_u64, 0_usize);
    loop {
        let ended = buffer.fill(reader, begin + BLOCK + CONTEXT)?;
        let end = buffer.filled.min(begin + BLOCK);
        let text = Text { bytes: &buffer.bytes[..buffer.filled], core: begin..end, offset, line, path, kind, fixture };
        let _ = engine.scan(scratch, &text, found);
        if ended && end == buffer.filled {
            engine.doubt_crowds(kind, &mut found[first..]);
            return Ok(offset + buffer.filled as u64);
        }
        let keep = end.saturating_sub(CONTEXT);
        line += newlines(&buffer.bytes[..keep]);
        offset += keep as u64;
        begin = end - keep;
        buffer.bytes.copy_within(keep..buffer.filled, 0);
        buffer.filled -= keep;
    }
}

impl Buffer {
    /// Reads until there are `wanted` bytes; whether the reader is at its end. The memory grows as it fills, so that small texts
    /// stay small.
    fn fill(&mut self, reader: &mut dyn Read, wanted: usize) -> io::Result<bool> {
        while self.filled < wanted {
            if self.bytes.len() == self.filled {
                self.bytes.resize((self.filled * 2).max(64 << 10), 0);
            }
            let end = self.bytes.len().min(wanted);
            match reader.read(&mut self.bytes[self.filled..end]) {
                Ok(0) => return Ok(true),
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(false)
    }
}
