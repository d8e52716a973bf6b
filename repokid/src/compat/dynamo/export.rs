//! The forms of an export, read as a stream: gzip or plain, lines or one document.
//!
//! An item of DynamoDB has at most 400 KB; its JSON is larger, and what has more than 16 MiB is no item. In a file of lines, a broken line
//! is a fault and the next one is read; in a document, what follows a broken place cannot be told, and reading ends there with an error.

use std::cell::Cell;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use jiff::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::item::history;
use crate::state::RoleHistory;

/// The most bytes of JSON that an item has.
const LARGEST: u64 = 16 << 20;

/// How much of the beginning tells the form.
const HEAD: u64 = 64;

/// Something of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A role.
    Role {
        /// It, with its history.
        history: Box<RoleHistory>,
        /// What of the item has no meaning any more.
        notes: Vec<String>,
    },
    /// An item that cannot be used.
    Fault(Fault),
}

/// An item that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it is: `line 7`, `item 7`.
    pub place: String,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// Why an export could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It cannot be read, or its compression is broken.
    #[error("cannot read the export: {0}")]
    Read(#[from] std::io::Error),
    /// It is no export, or is broken.
    #[error("this is no whole export of DynamoDB: {reason}")]
    Form {
        /// What is wrong, and where.
        reason: String,
    },
}

/// Reads an export; shows each entry, until `each` wants no more.
///
/// # Errors
/// [`ExportError`] if it cannot be read to its end.
pub fn read(reader: impl Read, now: Timestamp, each: &mut dyn FnMut(Entry) -> bool) -> Result<(), ExportError> {
    let mut reader = BufReader::new(reader);
    if reader.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        unpacked(BufReader::new(MultiGzDecoder::new(reader)), now, each)
    } else {
        unpacked(reader, now, each)
    }
}

fn unpacked(mut reader: impl BufRead, now: Timestamp, each: &mut dyn FnMut(Entry) -> bool) -> Result<(), ExportError> {
    let number = 1 + skip_white(&mut reader)?;
    let mut head = Vec::new();
    reader.by_ref().take(HEAD).read_to_end(&mut head)?;
    if head.is_empty() {
        return Err(ExportError::Form { reason: "it is empty".to_owned() });
    }
    let is_lines = is_item_line(&head);
    let whole = head.chain(reader);
    if is_lines { lines(whole, number, now, each) } else { document(whole, now, each) }
}

/// Passes over white space; gives how many lines ended in it.
fn skip_white(reader: &mut impl BufRead) -> Result<u64, ExportError> {
    let mut ended = 0;
    loop {
        let buffer = reader.fill_buf()?;
        let white = buffer.len() - buffer.trim_ascii_start().len();
        ended += buffer[..white].iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>();
        let ends = white < buffer.len() || white == 0;
        reader.consume(white);
        if ends {
            return Ok(ended);
        }
    }
}

/// `{"Item"` on one line: a document that is set over several lines has a line end behind its bracket.
fn is_item_line(head: &[u8]) -> bool {
    let rest = head.strip_prefix(b"{").unwrap_or_default();
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    rest[blanks..].starts_with(b"\"Item\"")
}

/// Reads a line, of which no more than an item may have is kept; gives whether there was one.
fn line(reader: &mut impl BufRead, into: &mut Vec<u8>) -> Result<bool, ExportError> {
    let read = reader.by_ref().take(LARGEST + 1).read_until(b'\n', into)?;
    if into.len() as u64 > LARGEST {
        return Err(ExportError::Form { reason: format!("it has a line of more than {LARGEST} bytes") });
    }
    Ok(read > 0)
}

fn lines(mut reader: impl BufRead, first: u64, now: Timestamp, each: &mut dyn FnMut(Entry) -> bool) -> Result<(), ExportError> {
    let mut text = Vec::new();
    for number in first.. {
        text.clear();
        if !line(&mut reader, &mut text)? {
            break;
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let place = || format!("line {number}");
        let entry = match serde_json::from_slice::<Value>(&text) {
            Ok(value) => entry(value, place, now),
            Err(error) => Entry::Fault(Fault { place: place(), reason: format!("this is no JSON: {error}") }),
        };
        if !each(entry) {
            break;
        }
    }
    Ok(())
}

fn document(reader: impl Read, now: Timestamp, each: &mut dyn FnMut(Entry) -> bool) -> Result<(), ExportError> {
    let left = Rc::new(Cell::new(LARGEST));
    let mut deserializer = serde_json::Deserializer::from_reader(BufReader::new(Bounded { reader, left: Rc::clone(&left) }));
    let mut items = Items { left, number: 0, now, each, ended: false };
    // What `scan` prints page by page is one document after the other.
    loop {
        let read = items.deserialize(&mut deserializer);
        if items.ended {
            return Ok(());
        }
        read.map_err(|error| match error.io_error_kind() {
            Some(_) => ExportError::Read(error.into()),
            None => ExportError::Form { reason: error.to_string() },
        })?;
        if deserializer.end().is_ok() {
            return Ok(());
        }
    }
}

fn entry(value: Value, place: impl Fn() -> String, now: Timestamp) -> Entry {
    let item = match value {
        Value::Object(mut map) if !map.contains_key("RoleId") && map.contains_key("Item") => map.remove("Item").unwrap_or_default(),
        value => value,
    };
    match history(&item, now) {
        Ok((history, notes)) => Entry::Role { history: Box::new(history), notes },
        Err(reason) => Entry::Fault(Fault { place: place(), reason }),
    }
}

/// A reader that gives no more than one item's bytes between two items.
#[derive(Debug)]
struct Bounded<R> {
    reader: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.reader.read(buffer)?;
        let left = self.left.get().checked_sub(read as u64);
        self.left.set(left.ok_or_else(|| std::io::Error::other(format!("an item of it has more than {LARGEST} bytes")))?);
        Ok(read)
    }
}

/// A document: an object with `Items` or `Item`, or a list of items.
struct Items<'a> {
    left: Rc<Cell<u64>>,
    number: u64,
    now: Timestamp,
    each: &'a mut dyn FnMut(Entry) -> bool,
    ended: bool,
}

impl Items<'_> {
    fn show(&mut self, value: Value) -> Result<(), &'static str> {
        self.left.set(LARGEST);
        self.number += 1;
        let number = self.number;
        self.ended = !(self.each)(entry(value, || format!("item {number}"), self.now));
        if self.ended { Err("no more is wanted") } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for &mut Items<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Items<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with Items or Item, or a list of items")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut found = false;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "Items" => map.next_value_seed(&mut *self)?,
                "Item" => {
                    let value = map.next_value()?;
                    self.show(value).map_err(A::Error::custom)?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
            found |= matches!(key.as_str(), "Items" | "Item");
        }
        if found { Ok(()) } else { Err(A::Error::custom("an object has neither Items nor Item")) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(value) = list.next_element()? {
            self.show(value).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}
