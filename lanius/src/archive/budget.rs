//! Counting readers that hold the limits: what an expansion may produce, and what one member may have. A limit that is met is an I/O error
//! that carries its [`Skip`] up through whatever decoders stand above; [`status`] finds it again.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use super::{Failure, HEAD, Limits, Skip, Status};

/// A limit that was met, as an I/O error.
pub(super) fn met(skip: Skip) -> io::Error {
    io::Error::other(skip)
}

/// A structure that is wrong, as an I/O error.
pub(super) fn damaged() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

/// What an I/O error from a decoder says of the thing that was read.
pub(super) fn status(error: &io::Error) -> Status {
    if let Some(skip) = error.get_ref().and_then(|inner| inner.downcast_ref::<Skip>()) {
        return Status::Skipped(*skip);
    }
    Status::Failed(match error.kind() {
        io::ErrorKind::UnexpectedEof => Failure::Truncated,
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => Failure::Damaged,
        kind => Failure::Io(kind),
    })
}

/// Counts what is read through it.
pub(super) struct Counted<R> {
    inner: R,
    count: Rc<Cell<u64>>,
}

impl<R> Counted<R> {
    pub(super) fn new(inner: R) -> (Self, Rc<Cell<u64>>) {
        let count = Rc::new(Cell::new(0));
        (Self { inner, count: Rc::clone(&count) }, count)
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.count.set(self.count.get() + length as u64);
        Ok(length)
    }
}

/// The output of a decoder, held to the ratio and to what all expansions may produce together.
pub(super) struct Expanded<R> {
    decoder: R,
    consumed: Rc<Cell<u64>>,
    produced: u64,
    total: Rc<Cell<u64>>,
    ratio: u64,
    ratio_from: u64,
    failure: Option<Status>,
}

impl<R> Expanded<R> {
    /// `consumed` counts what the decoder reads; `total` is what all expansions may still produce.
    pub(super) fn new(decoder: R, consumed: Rc<Cell<u64>>, total: Rc<Cell<u64>>, limits: &Limits) -> Self {
        Self { decoder, consumed, produced: 0, total, ratio: limits.ratio, ratio_from: limits.ratio_from, failure: None }
    }

    /// What ended it, when that was not its end.
    pub(super) fn failure(&self) -> Option<Status> {
        self.failure
    }
}

impl<R: Read> Expanded<R> {
    fn bounded(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.produced > self.ratio_from && self.produced > self.consumed.get().saturating_mul(self.ratio) {
            return Err(met(Skip::Ratio));
        }
        let left = self.total.get();
        if left == 0 {
            return Err(met(Skip::Total));
        }
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let length = self.decoder.read(&mut buffer[..most])?;
        self.produced += length as u64;
        self.total.set(left - length as u64);
        Ok(length)
    }
}

impl<R: Read> Read for Expanded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bounded(buffer);
        if let Err(error) = &read
            && error.kind() != io::ErrorKind::Interrupted
        {
            self.failure = Some(status(error));
        }
        read
    }
}

/// A member's bytes as its visitor reads them: an error ends them, and is kept for the member's entry.
pub(super) struct Guarded<'a> {
    inner: &'a mut dyn Read,
    left: u64,
    end: Option<Status>,
    count: u64,
}

impl<'a> Guarded<'a> {
    pub(super) fn new(inner: &'a mut dyn Read, limits: &Limits) -> Self {
        Self { inner, left: limits.member, end: None, count: 0 }
    }

    /// The bytes that were read, and what became of the member.
    pub(super) fn finish(mut self) -> (u64, Status) {
        let count = self.count;
        if self.end.is_none() {
            // Did the visitor stop just at the end?
            self.left = self.left.max(1);
            let mut one = [0];
            match self.read(&mut one) {
                Ok(0) | Err(_) => {}
                Ok(_) => return (count, Status::Left),
            }
        }
        (count, self.end.unwrap_or(Status::Left))
    }
}

impl Read for Guarded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.end.is_some() || buffer.is_empty() {
            return Ok(0);
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            // One more byte tells a member of just the limit from a longer one.
            let mut one = [0];
            self.end = Some(match retried(self.inner, &mut one) {
                Ok(0) => Status::Read,
                Ok(_) => Status::Skipped(Skip::TooLarge),
                Err(error) => status(&error),
            });
            return Ok(0);
        }
        match retried(self.inner, &mut buffer[..most]) {
            Ok(0) => self.end = Some(Status::Read),
            Ok(length) => {
                self.count += length as u64;
                self.left -= length as u64;
                return Ok(length);
            }
            Err(error) => self.end = Some(status(&error)),
        }
        Ok(0)
    }
}

fn retried(inner: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match inner.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Reads until the buffer is full or the input ends; gives how much there was.
pub(super) fn fill(input: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Reads `length` bytes and gives them to nobody.
pub(super) fn pass(input: &mut (impl Read + ?Sized), mut length: u64) -> io::Result<()> {
    let mut buffer = [0; 8192];
    while length > 0 {
        let most = usize::try_from(length).unwrap_or(usize::MAX).min(buffer.len());
        let read = fill(input, &mut buffer[..most])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        length -= read as u64;
    }
    Ok(())
}

/// Just so many bytes of a stream; that it ends before them is an error.
pub(super) struct Exact<'a> {
    inner: &'a mut dyn Read,
    left: u64,
}

impl<'a> Exact<'a> {
    pub(super) fn new(inner: &'a mut dyn Read, length: u64) -> Self {
        Self { inner, left: length }
    }

    /// How many of them were not read.
    pub(super) fn left(&self) -> u64 {
        self.left
    }
}

impl Read for Exact<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        if most == 0 {
            return Ok(0);
        }
        let length = self.inner.read(&mut buffer[..most])?;
        if length == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= length as u64;
        Ok(length)
    }
}

/// A stream whose first bytes were looked at.
pub(super) struct Peeked<'a> {
    head: Box<[u8; HEAD]>,
    filled: usize,
    given: usize,
    error: Option<io::Error>,
    inner: &'a mut dyn Read,
}

impl<'a> Peeked<'a> {
    /// Looks. An error is given to who reads as far as it.
    pub(super) fn new(inner: &'a mut dyn Read) -> Self {
        let (mut head, mut filled, mut error) = (Box::new([0; HEAD]), 0, None);
        while filled < HEAD && error.is_none() {
            match retried(inner, &mut head[filled..]) {
                Ok(0) => break,
                Ok(length) => filled += length,
                Err(found) => error = Some(found),
            }
        }
        Self { head, filled, given: 0, error, inner }
    }

    /// The first bytes.
    pub(super) fn head(&self) -> &[u8] {
        &self.head[..self.filled]
    }
}

impl Read for Peeked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given < self.filled {
            let length = buffer.len().min(self.filled - self.given);
            buffer[..length].copy_from_slice(&self.head[self.given..self.given + length]);
            self.given += length;
            return Ok(length);
        }
        match self.error.take() {
            Some(error) => Err(error),
            None if self.filled < HEAD => Ok(0),
            None => self.inner.read(buffer),
        }
    }
}
