//! tar files: the format before POSIX, ustar, pax and GNU's, with long names and sparse files. The packed bytes of a sparse file are read
//! and its holes, which are zeros, are not. Links are told and not followed. What follows the end of the archive is read too: it may be
//! another archive, as `tar --concatenate` and `cat` leave it, or something hidden.

use std::io::{self, Read};

use super::budget::{Exact, damaged, fill, pass};
use super::walk::{At, Break, Walk};
use super::{Skip, Status, image, name};

const BLOCK: usize = 512;
/// The longest GNU name record that is read.
const LONG_NAME: u64 = 64 << 10;
/// The longest pax header that is read.
const PAX: u64 = 1 << 20;

/// Whether a file begins with a tar header: its checksum is right.
pub(super) fn is_header(head: &[u8]) -> bool {
    let Some(Ok(block)) = head.get(..BLOCK).map(<&[u8; BLOCK]>::try_from) else { return false };
    block[0] != 0 && checksum_holds(block)
}

/// What a member's headers say.
#[derive(Default)]
struct Extended {
    name: Option<Vec<u8>>,
    size: Option<u64>,
    /// The size with the holes.
    real_size: Option<u64>,
    /// The map of holes stands before the bytes (GNU's pax sparse format 1.0).
    map_first: bool,
}

/// Opens a tar file.
pub(super) fn open(walk: &mut Walk<'_>, at: &At, read: &mut dyn Read) -> Result<(), Break> {
    let container = at.tar_path.as_deref().unwrap_or(&at.path);
    let (mut extended, mut ended, mut waiting) = (Extended::default(), false, None);
    loop {
        let mut block = [0; BLOCK];
        if let Some(next) = waiting.take() {
            block = next;
        } else {
            match fill(read, &mut block)? {
                BLOCK => {}
                0 if ended => return Ok(()),
                filled if ended => return after_end(walk, at, container, &block[..filled], read),
                _ => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
            }
        }
        if block.iter().all(|byte| *byte == 0) {
            ended = true;
            continue;
        }
        if !checksum_holds(&block) {
            return if ended { after_end(walk, at, container, &block, read) } else { Err(damaged().into()) };
        }
        ended = false;
        let size = number(&block[124..136]).ok_or_else(damaged)?;
        let kind = block[156];
        match kind {
            b'L' => {
                let mut name = record(read, size, LONG_NAME)?;
                name.truncate(name.iter().position(|byte| *byte == 0).unwrap_or(name.len()));
                extended.name.get_or_insert(name);
                continue;
            }
            b'x' | b'X' => {
                pax(&record(read, size, PAX)?, &mut extended);
                continue;
            }
            // Where a link leads, and what holds for all members: names nothing that is read.
            b'K' | b'g' => {
                pass(read, size)?;
                pass(read, padding(size))?;
                continue;
            }
            _ => {}
        }
        let Extended { name, size: pax_size, real_size, map_first } = std::mem::take(&mut extended);
        let mut size = pax_size.unwrap_or(size);
        let name = name.unwrap_or_else(|| header_name(&block));
        walk.list()?;
        let mut member = at.member(name::within(container, &name), Some(real_size.unwrap_or(size)));
        match kind {
            b'1' | b'2' => {
                walk.entry(&member, Status::Skipped(Skip::Link), 0)?;
                // A hard link may have its file's bytes (pax), or only its file's size (others).
                let mut next = [0; BLOCK];
                if kind == b'2' || size == 0 {
                    continue;
                }
                if fill(read, &mut next)? < BLOCK {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
                }
                if checksum_holds(&next) || next.iter().all(|byte| *byte == 0) {
                    waiting = Some(next);
                } else {
                    pass(read, (size + padding(size)).saturating_sub(BLOCK as u64))?;
                }
                continue;
            }
            b'3' | b'4' | b'6' => {
                walk.entry(&member, Status::Skipped(Skip::Special), 0)?;
                continue;
            }
            b'5' if size == 0 => continue,
            b'S' => {
                member.listed = number(&block[483..495]);
                let mut more = block[482] != 0;
                while more {
                    let mut map = [0; BLOCK];
                    Exact::new(read, BLOCK as u64).read_exact(&mut map)?;
                    more = map[504] != 0;
                }
            }
            _ => {}
        }
        let pad = padding(size);
        if map_first {
            size = size.checked_sub(sparse_map(read, size)?).ok_or_else(damaged)?;
        }
        let mut content = Exact::new(read, size);
        match image::digest(&name) {
            Some(digest) => image::blob(walk, &blob_at(member, container, &name), digest, &mut content)?,
            None => walk.item(&member, &mut content)?,
        }
        let left = content.left();
        pass(read, left)?;
        pass(read, pad)?;
    }
}

/// A blob of an image is named by its digest.
fn blob_at(mut member: At, container: &str, name: &[u8]) -> At {
    let digest = &name[name.len() - 64..];
    member.path = format!("{container}!sha256:{}", String::from_utf8_lossy(digest));
    member
}

/// What stands behind the end of the archive.
fn after_end(walk: &mut Walk<'_>, at: &At, container: &str, start: &[u8], read: &mut dyn Read) -> Result<(), Break> {
    walk.list()?;
    Ok(walk.item(&at.member(format!("{container}!(after the end)"), None), &mut start.chain(read))?)
}

/// A record about the next member, of bounded length.
fn record(read: &mut dyn Read, size: u64, most: u64) -> io::Result<Vec<u8>> {
    if size > most {
        return Err(damaged());
    }
    let mut record = Vec::new();
    Exact::new(read, size).read_to_end(&mut record)?;
    pass(read, padding(size))?;
    Ok(record)
}

/// The records of a pax header: `LENGTH KEY=VALUE\n`, LENGTH being that of all of it.
fn pax(mut records: &[u8], extended: &mut Extended) {
    while let Some(space) = records.iter().position(|byte| *byte == b' ') {
        let length = std::str::from_utf8(&records[..space]).ok().and_then(|text| text.parse::<usize>().ok());
        let Some((record, rest)) = length.filter(|length| *length > space).and_then(|length| records.split_at_checked(length)) else {
            return;
        };
        let record = record[space + 1..].strip_suffix(b"\n").unwrap_or(&record[space + 1..]);
        records = rest;
        let Some(equals) = record.iter().position(|byte| *byte == b'=') else { continue };
        let (key, value) = (&record[..equals], &record[equals + 1..]);
        let number = || std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()).filter(|size: &u64| *size < 1 << 62);
        match key {
            b"GNU.sparse.name" => extended.name = Some(value.to_vec()),
            b"path" => _ = extended.name.get_or_insert_with(|| value.to_vec()),
            b"size" => extended.size = number(),
            b"GNU.sparse.realsize" | b"GNU.sparse.size" => extended.real_size = number(),
            b"GNU.sparse.major" => extended.map_first = value == b"1",
            _ => {}
        }
    }
}

/// Reads the map of holes before a sparse member's bytes: a count of pairs and the pairs, a decimal number a line, in whole blocks. Gives
/// its length.
fn sparse_map(read: &mut dyn Read, size: u64) -> io::Result<u64> {
    let (mut lines, mut wanted, mut first, mut used) = (0_u64, None, String::new(), 0);
    while wanted.is_none_or(|wanted| lines < wanted) {
        let mut block = [0; BLOCK];
        used += BLOCK as u64;
        if used > size {
            return Err(damaged());
        }
        Exact::new(read, BLOCK as u64).read_exact(&mut block)?;
        for byte in block {
            match byte {
                b'\n' if wanted.is_none() => {
                    wanted = Some(first.parse::<u64>().ok().and_then(|pairs| pairs.checked_mul(2)).ok_or_else(damaged)?);
                }
                b'\n' => lines += 1,
                _ if wanted.is_none() && first.len() < 20 => first.push(char::from(byte)),
                _ => {}
            }
        }
    }
    Ok(used)
}

fn header_name(block: &[u8; BLOCK]) -> Vec<u8> {
    let until_nul = |field: &[u8]| field.iter().position(|byte| *byte == 0).map_or(field.len(), |at| at);
    let name = &block[..100];
    let name = &name[..until_nul(name)];
    let prefix = &block[345..500];
    let prefix = &prefix[..until_nul(prefix)];
    // GNU's own format, whose magic is "ustar " with a space, has times where ustar has the prefix.
    if &block[257..263] == b"ustar\0" && !prefix.is_empty() { [prefix, b"/", name].concat() } else { name.to_vec() }
}

fn checksum_holds(block: &[u8; BLOCK]) -> bool {
    let Some(stored) = number(&block[148..156]) else { return false };
    let byte = |at: usize, byte: u8| if (148..156).contains(&at) { b' ' } else { byte };
    let sum: u64 = block.iter().enumerate().map(|(at, value)| u64::from(byte(at, *value))).sum();
    // Some old writers summed signed bytes.
    let signed: i64 = block.iter().enumerate().map(|(at, value)| i64::from(byte(at, *value).cast_signed())).sum();
    stored == sum || i64::try_from(stored) == Ok(signed)
}

/// A number: octal digits, or GNU's base 256 when the first bit is set. At most 2^62, so that sums do not overflow.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let mut number = u64::from(field[0] & 0x7f);
        for byte in &field[1..] {
            number = number.checked_mul(256)?.checked_add(u64::from(*byte))?;
        }
        return (number < 1 << 62).then_some(number);
    }
    let text = std::str::from_utf8(field).ok()?.trim_matches([' ', '\0']);
    let text = text.split(['\0', ' ']).next().unwrap_or(text);
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok().filter(|number| *number < 1 << 62) }
}

fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}
