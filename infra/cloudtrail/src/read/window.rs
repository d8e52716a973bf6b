//! A part of a text in memory that moves on through it, and grows while something that begins in it does not end in it.

use std::io::{ErrorKind, Read};

use super::problems::Problem;

/// How much is read at once.
pub(super) const PIECE: usize = 1 << 20;

/// The part of a text that is in memory.
pub(super) struct Window<'b, R> {
    source: R,
    buffer: &'b mut Vec<u8>,
    start: usize,
    end: usize,
    /// Where the byte at `start` stands in the text.
    position: u64,
    /// How much of the text may be read.
    most: u64,
    piece: usize,
    ended: bool,
    /// Why the text ended too early.
    trouble: Option<Problem>,
}

impl<'b, R: Read> Window<'b, R> {
    /// A text that begins with the first `filled` bytes of the buffer and goes on with what `source` gives, `most` bytes in all, in pieces of
    /// at least `piece`.
    pub(super) fn new(source: R, buffer: &'b mut Vec<u8>, filled: usize, most: u64, piece: usize) -> Self {
        Self { source, buffer, start: 0, end: filled, position: 0, most, piece, ended: false, trouble: None }
    }

    /// What is in memory from here on.
    #[inline]
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Where the first of [`Window::bytes`] stands in the text.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Goes on by `length` bytes, which are in memory.
    #[inline]
    pub(super) fn advance(&mut self, length: usize) {
        self.start += length;
        self.position += length as u64;
    }

    /// Reads on, at least as much as is in memory now, unless the text ends. `false` if there was nothing more.
    pub(super) fn more(&mut self) -> bool {
        if self.ended {
            return false;
        }
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        let wanted = self.end + self.end.max(self.piece);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        let before = self.end;
        while self.end < wanted && !self.ended {
            match self.source.read(&mut self.buffer[self.end..wanted]) {
                Ok(0) => self.ended = true,
                Ok(length) => self.end += length,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.ended = true;
                    self.trouble = Some(match error.kind() {
                        ErrorKind::UnexpectedEof => Problem::CompressedCut,
                        ErrorKind::InvalidData | ErrorKind::InvalidInput => Problem::CompressedDamaged,
                        _ => Problem::Unreadable(error.to_string()),
                    });
                }
            }
            let read = self.position + self.end as u64;
            if read > self.most {
                self.ended = true;
                self.end -= usize::try_from(read - self.most).unwrap_or(self.end).min(self.end);
                self.trouble = Some(Problem::TooMuch(self.most));
            }
        }
        self.end > before
    }

    /// Why the text ended too early, if it did.
    pub(super) fn trouble(&mut self) -> Option<Problem> {
        self.trouble.take()
    }
}
