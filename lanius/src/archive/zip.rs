//! zip files, by their central directory (PKWARE's APPNOTE 6.3): stored, deflated, bzip2, xz and zstd members, and zip64. The directory is
//! read piece by piece, so that a million members need no memory; what it says of sizes is not believed, and two members may not share
//! bytes, which is what a bomb without nesting lives on.

use std::collections::BTreeMap;
use std::io::{self, Read, SeekFrom};
use std::rc::Rc;

use super::budget::{Counted, Exact, Expanded, damaged, fill};
use super::walk::{At, Break, ReadSeek, Walk};
use super::{Failure, Format, Skip, Status, compressed, name};

/// The fixed part of an entry of the central directory.
const ENTRY: usize = 46;
/// What of the directory is in memory at a time; an entry has at most 46 and three times 65535 bytes.
const PIECE: usize = 256 << 10;
/// Bits 0 and 13: the member, or the directory, is encrypted.
const ENCRYPTED: u16 = 1 | 1 << 13;

/// An entry of the central directory.
struct Listed {
    name: Vec<u8>,
    flags: u16,
    method: u16,
    crc: u32,
    compressed: u64,
    size: u64,
    offset: u64,
    link: bool,
}

/// Opens a zip file.
pub(super) fn open(walk: &mut Walk<'_>, at: &At, file: &mut dyn ReadSeek) -> Result<(), Break> {
    let length = file.seek(SeekFrom::End(0))?;
    let mut directory = Directory::find(file, length)?;
    let mut taken = Taken::default();
    while let Some(listed) = directory.next(file)? {
        walk.list()?;
        if listed.name.ends_with(b"/") && listed.size == 0 {
            continue;
        }
        let member = at.member(name::within(&at.path, &listed.name), Some(listed.size));
        if let Err(status) = one(walk, &member, &listed, directory.base, file, length, &mut taken)? {
            walk.entry(&member, status, 0)?;
        }
    }
    Ok(())
}

/// Reads one member, or says why not.
fn one(
    walk: &mut Walk<'_>,
    member: &At,
    listed: &Listed,
    base: u64,
    file: &mut dyn ReadSeek,
    length: u64,
    taken: &mut Taken,
) -> Result<Result<(), Status>, Break> {
    if listed.flags & ENCRYPTED != 0 {
        return Ok(Err(Status::Skipped(Skip::Encrypted)));
    }
    if listed.link {
        return Ok(Err(Status::Skipped(Skip::Link)));
    }
    let format = match listed.method {
        0 | 8 => None,
        12 => Some(Format::Bzip2),
        93 => Some(Format::Zstd),
        95 => Some(Format::Xz),
        method => return Ok(Err(Status::Skipped(Skip::Method(method)))),
    };
    let damaged = Ok(Err(Status::Failed(Failure::Damaged)));
    let Some(start) = base.checked_add(listed.offset).filter(|start| *start < length) else { return damaged };
    let mut header = [0; 30];
    file.seek(SeekFrom::Start(start))?;
    if fill(file, &mut header)? < header.len() || !header.starts_with(b"PK\x03\x04") {
        return damaged;
    }
    let data = start + 30 + u64::from(short(&header, 26)) + u64::from(short(&header, 28));
    let Some(end) = data.checked_add(listed.compressed) else { return damaged };
    if !taken.take(start, end) {
        return Ok(Err(Status::Skipped(Skip::Overlap)));
    }
    file.seek(SeekFrom::Start(data))?;
    let mut content: &mut dyn Read = file;
    let (input, consumed) = Counted::new(Exact::new(&mut content, listed.compressed));
    let total = Rc::clone(&walk.total);
    let expanded = match (format, listed.method) {
        (Some(format), _) => match compressed::expand(format, input, consumed, total, walk.limits, member.windows) {
            Ok(expanded) => expanded,
            Err(error) => return Ok(Err(super::budget::status(&error))),
        },
        (None, 8) => boxed(Box::new(flate2::read::DeflateDecoder::new(input)), consumed, walk),
        (None, _) => boxed(Box::new(input), consumed, walk),
    };
    let mut member = member.clone();
    member.windows += u32::from(format.is_some_and(compressed::has_window));
    let mut checked = Checked { inner: expanded, crc: crc32fast::Hasher::new(), count: 0, wanted: (listed.crc, listed.size) };
    walk.item(&member, &mut checked)?;
    Ok(Ok(()))
}

fn boxed<'a>(decoder: Box<dyn Read + 'a>, consumed: Rc<std::cell::Cell<u64>>, walk: &Walk<'_>) -> Expanded<Box<dyn Read + 'a>> {
    Expanded::new(decoder, consumed, Rc::clone(&walk.total), walk.limits)
}

/// The bytes of the file that members have.
#[derive(Default)]
struct Taken(BTreeMap<u64, u64>);

impl Taken {
    /// Takes a range; false when some of it is taken. Neighbours become one, so that an honest file needs next to no memory.
    fn take(&mut self, start: u64, end: u64) -> bool {
        let before = self.0.range(..=start).next_back().map(|(start, end)| (*start, *end));
        let after = self.0.range(start..).next().map(|(start, end)| (*start, *end));
        if before.is_some_and(|(_, before)| before > start) || after.is_some_and(|(after, _)| after < end) {
            return false;
        }
        let mut range = (start, end);
        if let Some((other, _)) = before.filter(|(_, before)| *before == start) {
            self.0.remove(&other);
            range.0 = other;
        }
        if let Some((other, last)) = after.filter(|(after, _)| *after == end) {
            self.0.remove(&other);
            range.1 = last;
        }
        self.0.insert(range.0, range.1);
        true
    }
}

/// A member's bytes, held against the size and the checksum that the directory has, at their end.
struct Checked<R> {
    inner: R,
    crc: crc32fast::Hasher,
    count: u64,
    wanted: (u32, u64),
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.crc.update(&buffer[..length]);
        self.count += length as u64;
        if length == 0 && !buffer.is_empty() && (self.crc.clone().finalize(), self.count) != self.wanted {
            return Err(damaged());
        }
        Ok(length)
    }
}

/// The central directory, read piece by piece.
struct Directory {
    /// What stands before the first member, which offsets do not count.
    base: u64,
    at: u64,
    end: u64,
    piece: Vec<u8>,
    used: usize,
}

impl Directory {
    fn find(file: &mut dyn ReadSeek, length: u64) -> io::Result<Self> {
        let tail_length = length.min(22 + 65535);
        let mut tail = vec![0; usize::try_from(tail_length).map_err(|_| damaged())?];
        file.seek(SeekFrom::Start(length - tail_length))?;
        file.read_exact(&mut tail)?;
        let fits = |at: &usize| tail[*at..].starts_with(b"PK\x05\x06") && at + 22 + usize::from(short(&tail, at + 20)) <= tail.len();
        let found = (0..=tail.len().saturating_sub(22)).rev().filter(|at| at + 22 <= tail.len()).find(fits);
        // A zip file that was cut has no directory at its end.
        let found = found.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        let mut record_at = length - tail_length + found as u64;
        let record = &tail[found..];
        let (mut size, mut offset) = (u64::from(long(record, 12)), u64::from(long(record, 16)));
        if (short(record, 10) == u16::MAX || size == u64::from(u32::MAX) || offset == u64::from(u32::MAX))
            && let Some((at, zip64_size, zip64_offset)) = zip64(file, record_at)?
        {
            (record_at, size, offset) = (at, zip64_size, zip64_offset);
        }
        let at = record_at.checked_sub(size).ok_or_else(damaged)?;
        let base = at.checked_sub(offset).ok_or_else(damaged)?;
        Ok(Self { base, at, end: record_at, piece: Vec::new(), used: 0 })
    }

    fn next(&mut self, file: &mut dyn ReadSeek) -> io::Result<Option<Listed>> {
        let left = self.piece.len() - self.used;
        if left < ENTRY + 3 * usize::from(u16::MAX) && self.at < self.end {
            self.piece.drain(..self.used);
            self.used = 0;
            let more = usize::try_from(self.end - self.at).unwrap_or(usize::MAX).min(PIECE - left);
            self.piece.resize(left + more, 0);
            file.seek(SeekFrom::Start(self.at))?;
            file.read_exact(&mut self.piece[left..])?;
            self.at += more as u64;
        }
        let entry = &self.piece[self.used..];
        if entry.is_empty() {
            return Ok(None);
        }
        if entry.len() < ENTRY || !entry.starts_with(b"PK\x01\x02") {
            // A digital signature may follow the entries.
            return if entry.starts_with(b"PK\x05\x05") { Ok(None) } else { Err(damaged()) };
        }
        let (name, extra, comment) = (usize::from(short(entry, 28)), usize::from(short(entry, 30)), usize::from(short(entry, 32)));
        let whole = ENTRY + name + extra + comment;
        if entry.len() < whole {
            return Err(damaged());
        }
        let mut listed = Listed {
            name: entry[ENTRY..ENTRY + name].to_vec(),
            flags: short(entry, 8),
            method: short(entry, 10),
            crc: long(entry, 16),
            compressed: u64::from(long(entry, 20)),
            size: u64::from(long(entry, 24)),
            offset: u64::from(long(entry, 42)),
            // Made on Unix, with a link's mode.
            link: entry[5] == 3 && long(entry, 38) >> 28 == 0o12,
        };
        listed.widen(&entry[ENTRY + name..ENTRY + name + extra]);
        self.used += whole;
        Ok(Some(listed))
    }
}

impl Listed {
    /// Takes the sizes and the offset that do not fit in 32 bits from the extra field of zip64.
    fn widen(&mut self, mut extra: &[u8]) {
        while extra.len() >= 4 {
            let (id, length) = (short(extra, 0), usize::from(short(extra, 2)));
            let Some((mut field, rest)) = extra[4..].split_at_checked(length) else { return };
            extra = rest;
            if id != 1 {
                continue;
            }
            for value in [&mut self.size, &mut self.compressed, &mut self.offset] {
                if *value != u64::from(u32::MAX) {
                    continue;
                }
                let Some((wide, rest)) = field.split_first_chunk::<8>() else { return };
                *value = u64::from_le_bytes(*wide);
                field = rest;
            }
        }
    }
}

/// Where the zip64 end record stands, and the directory's size and offset as it says.
fn zip64(file: &mut dyn ReadSeek, record_at: u64) -> io::Result<Option<(u64, u64, u64)>> {
    let Some(locator_at) = record_at.checked_sub(20) else { return Ok(None) };
    let mut locator = [0; 20];
    file.seek(SeekFrom::Start(locator_at))?;
    file.read_exact(&mut locator)?;
    if !locator.starts_with(b"PK\x06\x07") {
        return Ok(None);
    }
    // Where it says, or, when something stands before the zip file, just before the locator.
    for at in [Some(quad(&locator, 8)), locator_at.checked_sub(56)].into_iter().flatten().filter(|at| *at < locator_at) {
        let mut record = [0; 56];
        file.seek(SeekFrom::Start(at))?;
        if fill(file, &mut record)? == record.len() && record.starts_with(b"PK\x06\x06") {
            return Ok(Some((at, quad(&record, 40), quad(&record, 48))));
        }
    }
    Err(damaged())
}

fn short(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn long(bytes: &[u8], at: usize) -> u32 {
    u32::from(short(bytes, at)) | u32::from(short(bytes, at + 2)) << 16
}

fn quad(bytes: &[u8], at: usize) -> u64 {
    u64::from(long(bytes, at)) | u64::from(long(bytes, at + 4)) << 32
}
