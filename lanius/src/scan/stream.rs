//! Texts of any size, a block at a time: memory is that of one block, and the answer is the same however the bytes arrive.

use std::io::{self, Read};

use super::engine::newlines;
use super::kind::is_program;
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
    let first = found.len();
    let mut going = Going::default();
    let ended = going.on(engine, scratch, buffer, reader, path, u64::MAX, found)?;
    debug_assert!(ended, "no text is that long");
    engine.doubt_crowds(Kind::of(path), going.is_program(), &mut found[first..]);
    Ok(going.done())
}

/// How far a scan of a text has come, of all of it or of a part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Going {
    /// Where what the buffer holds begins in the text.
    offset: u64,
    /// How many lines end before that, from where this scan began.
    lines: u64,
    /// Where the next block begins in the buffer.
    begin: usize,
    going: bool,
    program: bool,
}

impl Going {
    /// A scan that begins with the block at `start`, a multiple of [`BLOCK`] and not the first. Its reader stands [`CONTEXT`] bytes
    /// before.
    #[must_use]
    pub fn at(start: u64) -> Self {
        Self { offset: start - CONTEXT as u64, begin: CONTEXT, ..Self::default() }
    }

    /// Up to where the text was scanned.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.offset + self.begin as u64
    }

    /// How many lines end between where the reader stood at first and [`CONTEXT`] bytes before where the scan is.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Whether the text is a compiled program, if the scan began with its first block.
    #[must_use]
    pub fn is_program(&self) -> bool {
        self.program
    }

    /// Scans on to the end of the text, or to `until`, a multiple of [`BLOCK`]; whether it is the end. Lines of what is found count from
    /// where the reader stood at first.
    ///
    /// # Errors
    /// What the reader said.
    #[expect(clippy::too_many_arguments, reason = "memory is handed in, and so is what to do with it")]
    pub fn on(
        &mut self,
        engine: &Engine,
        scratch: &mut Scratch,
        buffer: &mut Buffer,
        reader: &mut dyn Read,
        path: &str,
        until: u64,
        found: &mut Vec<Found>,
    ) -> io::Result<bool> {
        let (kind, fixture) = (Kind::of(path), is_fixture(path));
        if !std::mem::replace(&mut self.going, true) {
            buffer.filled = 0;
        }
        // The buffer holds the context of the block before, the block, and what is read of the next one.
        loop {
            let ended = buffer.fill(reader, self.begin + BLOCK + CONTEXT)?;
            let begin = self.begin.min(buffer.filled);
            let end = buffer.filled.min(begin + BLOCK);
            let bytes = &buffer.bytes[..buffer.filled];
            self.program |= self.offset == 0 && begin == 0 && is_program(bytes);
            let text = Text { bytes, core: begin..end, offset: self.offset, line: self.lines + 1, path, kind, fixture };
            let _ = engine.scan(scratch, &text, found);
            if ended && end == buffer.filled {
                self.begin = end;
                return Ok(true);
            }
            let keep = end.saturating_sub(CONTEXT);
            self.lines += newlines(&buffer.bytes[..keep]);
            self.offset += keep as u64;
            self.begin = end - keep;
            buffer.bytes.copy_within(keep..buffer.filled, 0);
            buffer.filled -= keep;
            if self.done() >= until {
                return Ok(false);
            }
        }
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
