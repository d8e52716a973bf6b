//! Loose objects: one zlib stream a file, `<type> <length>\0` and then the content.

use crate::disk;
use crate::error::ObjectError;
use crate::object::{Kind, Object};
use crate::oid::{HashKind, ObjectId};
use crate::pack::{Inflater, longest_compressed};
use flate2::read::ZlibDecoder;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The most bytes that type and length take.
const LONGEST_HEADER: usize = 32;

/// A loose object whose header was read, and whose content follows as a stream.
pub(crate) struct LooseObject {
    pub(crate) kind: Kind,
    pub(crate) size: u64,
    pub(crate) content: ZlibDecoder<BufReader<File>>,
}

/// Where a store keeps a loose object.
pub(crate) fn path(store: &Path, oid: &ObjectId) -> PathBuf {
    let name = oid.to_string();
    store.join(&name[..2]).join(&name[2..])
}

/// Reads the header of a loose object.
pub(crate) fn open(store: &Path, oid: &ObjectId) -> Result<LooseObject, ObjectError> {
    let (file, _) = disk::open(&path(store, oid))?;
    let mut content = ZlibDecoder::new(BufReader::with_capacity(4 << 10, file));
    let (mut head, mut len) = ([0; LONGEST_HEADER], 0);
    loop {
        let byte = head.get_mut(len..=len).ok_or(ObjectError::Header)?;
        content.read_exact(byte).map_err(|_| ObjectError::Compression)?;
        if byte == [0] {
            break;
        }
        len += 1;
    }
    let (kind, size) = parse_header(&head[..len]).ok_or(ObjectError::Header)?;
    Ok(LooseObject { kind, size, content })
}

/// Reads `<type> <length>`.
pub(crate) fn parse_header(head: &[u8]) -> Option<(Kind, u64)> {
    let space = head.iter().position(|byte| *byte == b' ')?;
    let digits = std::str::from_utf8(&head[space + 1..]).ok().filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))?;
    Some((Kind::from_name(&head[..space])?, digits.parse().ok()?))
}

/// Reads a loose object of at most `largest` bytes.
pub(crate) fn read(store: &Path, oid: &ObjectId, largest: u64, inflater: &mut Inflater) -> Result<Object, ObjectError> {
    let LooseObject { kind, size, content } = open(store, oid)?;
    if size > largest {
        return Err(ObjectError::TooLarge { size });
    }
    let len = usize::try_from(size).map_err(|_| ObjectError::TooLarge { size })?;
    let mut bytes = Vec::new();
    let compressed = disk::read(&path(store, oid), longest_compressed(size + LONGEST_HEADER as u64)).unwrap_or_default();
    let head = kind.name().len() + 2 + size.to_string().len();
    if inflater.inflate(&compressed, head + len, &mut bytes).is_ok() && bytes.get(head - 1) == Some(&0) {
        bytes.drain(..head);
    } else {
        bytes.clear();
        content.take(size + 1).read_to_end(&mut bytes).map_err(|_| ObjectError::Compression)?;
        if bytes.len() != len {
            return Err(ObjectError::Length);
        }
    }
    Ok(Object { kind, bytes: Arc::new(bytes) })
}

/// The names of all loose objects of a store, in their order.
pub(crate) fn names(store: &Path, hash: HashKind) -> std::io::Result<Vec<ObjectId>> {
    let mut found = Vec::new();
    for first in 0..=255_u8 {
        found.extend(names_beginning(store, hash, first)?);
    }
    Ok(found)
}

/// The names of the loose objects that begin with a byte, in their order.
pub(crate) fn names_beginning(store: &Path, hash: HashKind, first: u8) -> std::io::Result<Vec<ObjectId>> {
    let prefix = format!("{first:02x}");
    let entries = match std::fs::read_dir(store.join(&prefix)) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let name = format!("{prefix}{}", name.to_string_lossy());
        found.extend(ObjectId::from_hex(name.as_bytes()).filter(|oid| oid.hash_kind() == hash));
    }
    found.sort_unstable();
    Ok(found)
}
