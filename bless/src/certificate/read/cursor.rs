//! A place in a byte string that knows its offset in the whole.

use super::error::{Field, Problem, ReadError};

#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
    position: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(whole: &'a [u8]) -> Self {
        Self { rest: whole, position: 0 }
    }

    /// The offset in the whole.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    fn take(&mut self, count: usize, field: Field) -> Result<&'a [u8], ReadError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| self.truncated(field))?;
        self.rest = rest;
        self.position += count;
        Ok(taken)
    }

    fn chunk<const N: usize>(&mut self, field: Field) -> Result<[u8; N], ReadError> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or_else(|| self.truncated(field))?;
        self.rest = rest;
        self.position += N;
        Ok(*taken)
    }

    fn truncated(&self, field: Field) -> ReadError {
        ReadError { position: self.position, problem: Problem::Truncated { field } }
    }

    pub(super) fn u8(&mut self, field: Field) -> Result<u8, ReadError> {
        Ok(u8::from_be_bytes(self.chunk(field)?))
    }

    pub(super) fn u32(&mut self, field: Field) -> Result<u32, ReadError> {
        Ok(u32::from_be_bytes(self.chunk(field)?))
    }

    pub(super) fn u64(&mut self, field: Field) -> Result<u64, ReadError> {
        Ok(u64::from_be_bytes(self.chunk(field)?))
    }

    pub(super) fn string(&mut self, field: Field) -> Result<&'a [u8], ReadError> {
        let mut ahead = *self;
        let length = usize::try_from(ahead.u32(field)?).map_err(|_| self.truncated(field))?;
        let bytes = ahead.take(length, field).map_err(|_| self.truncated(field))?;
        *self = ahead;
        Ok(bytes)
    }

    /// A string as a place of its own.
    pub(super) fn nested(&mut self, field: Field) -> Result<Self, ReadError> {
        let rest = self.string(field)?;
        Ok(Self { rest, position: self.position - rest.len() })
    }

    pub(super) fn end(&self, field: Field) -> Result<(), ReadError> {
        match self.rest {
            [] => Ok(()),
            _ => Err(ReadError { position: self.position, problem: Problem::TrailingBytes { field } }),
        }
    }
}
