//! Avro object container files, decoded here: a block at a time within bounds, each value shown as it is passed. (The crate `apache-avro`
//! builds every record as a tree, and recurses without bound where a schema does.) See the Avro specification 1.12.

use std::io::{self, Read};

use super::sample::Picker;
use super::show::{End, Show};
use super::{Bounds, Failure, Format, Sample, avro_schema};
use avro_schema::{Kind, Schema};

/// How deep values may nest.
const DEPTH: usize = 64;
/// The longest name of a column, in bytes.
const NAME: usize = 1024;
/// Entries of the header's metadata.
const ENTRIES: i64 = 10_000;

fn damaged() -> End {
    Failure::Damaged(Format::Avro).into()
}

pub(super) fn read(reader: &mut dyn Read, sample: Sample, bounds: Bounds, show: &mut Show<'_, '_>) -> Result<(), End> {
    let mut reader = io::BufReader::new(reader);
    let mut magic = [0; 4];
    reader.read_exact(&mut magic).map_err(|_| damaged())?;
    if &magic != b"Obj\x01" {
        return Err(damaged());
    }
    let (mut schema, mut codec, mut left) = (Vec::new(), Vec::new(), bounds.piece);
    loop {
        let mut count = long(&mut reader)?.ok_or_else(damaged)?;
        if count == 0 {
            break;
        }
        if count < 0 {
            long(&mut reader)?.ok_or_else(damaged)?;
            count = count.checked_neg().ok_or_else(damaged)?;
        }
        for _ in 0..Some(count).filter(|count| *count <= ENTRIES).ok_or_else(damaged)? {
            let key = bytes(&mut reader, &mut left)?;
            let value = bytes(&mut reader, &mut left)?;
            match key.as_slice() {
                b"avro.schema" => schema = value,
                b"avro.codec" => codec = value,
                _ => {}
            }
        }
    }
    let mut sync = [0; 16];
    reader.read_exact(&mut sync).map_err(|_| damaged())?;
    let schema = std::str::from_utf8(&schema).ok().and_then(Schema::parse).ok_or_else(damaged)?;
    let (mut picker, mut row) = (Picker::new(sample, None), 0_u64);
    while picker.next().is_some() {
        let Some(count) = long(&mut reader)? else {
            show.summary.rows = Some(row);
            return Ok(());
        };
        let size = long(&mut reader)?.and_then(|size| usize::try_from(size).ok()).ok_or_else(damaged)?;
        if size > bounds.piece {
            return Err(Failure::TooLarge.into());
        }
        let packed = exactly(&mut reader, size)?;
        let mut mark = [0; 16];
        reader.read_exact(&mut mark).map_err(|_| damaged())?;
        if mark != sync || count < 0 {
            return Err(damaged());
        }
        let block = expand(&codec, packed, bounds.piece)?;
        // What takes no bytes (null, and arrays and records of it) may be claimed in any number.
        let steps = (block.len() as u64).saturating_mul(4).saturating_add(1 << 20);
        let mut values = Values { schema: &schema, rest: &block, steps, path: String::new(), row, shown: false };
        for _ in 0..count {
            values.row = row;
            values.shown = picker.takes(row);
            show.summary.sampled += u64::from(values.shown);
            values.value(Schema::ROOT, 0, show)?;
            row += 1;
            if picker.next().is_none() {
                return Ok(());
            }
        }
        if !values.rest.is_empty() {
            return Err(damaged());
        }
    }
    Ok(())
}

/// A block as it was before it was compressed, at most `most` bytes.
fn expand(codec: &[u8], packed: Vec<u8>, most: usize) -> Result<Vec<u8>, End> {
    let read = |decoder: &mut dyn Read| {
        let mut block = Vec::new();
        let length = decoder.take(most as u64 + 1).read_to_end(&mut block).map_err(|_| damaged())?;
        if length > most { Err(Failure::TooLarge.into()) } else { Ok(block) }
    };
    match codec {
        b"" | b"null" => Ok(packed),
        b"deflate" => read(&mut flate2::read::DeflateDecoder::new(packed.as_slice())),
        b"bzip2" => read(&mut bzip2::read::MultiBzDecoder::new(packed.as_slice())),
        b"xz" => {
            let stream = liblzma::stream::Stream::new_stream_decoder(128 << 20, 0).map_err(|_| damaged())?;
            read(&mut liblzma::read::XzDecoder::new_stream(packed.as_slice(), stream))
        }
        b"zstandard" => {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(packed.as_slice())?;
            decoder.window_log_max(27)?;
            read(&mut decoder)
        }
        b"snappy" => {
            let (packed, crc) = packed.split_last_chunk::<4>().ok_or_else(damaged)?;
            if snap::raw::decompress_len(packed).map_err(|_| damaged())? > most {
                return Err(Failure::TooLarge.into());
            }
            let block = snap::raw::Decoder::new().decompress_vec(packed).map_err(|_| damaged())?;
            if crc32fast::hash(&block) == u32::from_be_bytes(*crc) { Ok(block) } else { Err(damaged()) }
        }
        _ => Err(damaged()),
    }
}

/// Just so many bytes, with no memory taken for those that are not there.
fn exactly(reader: &mut dyn Read, size: usize) -> Result<Vec<u8>, End> {
    let mut bytes = Vec::new();
    let length = reader.take(size as u64).read_to_end(&mut bytes)?;
    if length == size { Ok(bytes) } else { Err(damaged()) }
}

fn bytes(reader: &mut dyn Read, left: &mut usize) -> Result<Vec<u8>, End> {
    let size = long(reader)?.and_then(|size| usize::try_from(size).ok()).ok_or_else(damaged)?;
    *left = left.checked_sub(size).ok_or(Failure::TooLarge)?;
    exactly(reader, size)
}

/// A number in zig-zag, seven bits a byte; none at the end of the input.
fn long(reader: &mut dyn Read) -> Result<Option<i64>, End> {
    let mut number = 0_u64;
    for place in 0..10 {
        let mut byte = [0];
        if reader.read(&mut byte)? == 0 {
            return if place == 0 { Ok(None) } else { Err(damaged()) };
        }
        number |= u64::from(byte[0] & 0x7f) << (7 * place);
        if byte[0] & 0x80 == 0 {
            return Ok(Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed()));
        }
    }
    Err(damaged())
}

/// The values of a block, passed one after another.
struct Values<'a> {
    schema: &'a Schema,
    rest: &'a [u8],
    steps: u64,
    path: String,
    row: u64,
    shown: bool,
}

impl<'a> Values<'a> {
    fn value(&mut self, node: usize, depth: usize, show: &mut Show<'_, '_>) -> Result<(), End> {
        self.steps = self.steps.checked_sub(1).ok_or_else(damaged)?;
        if depth > DEPTH {
            return Err(Failure::TooLarge.into());
        }
        let schema = self.schema;
        match schema.kind(node) {
            Kind::Null => {
                if self.shown {
                    let column = show.column_named(&self.path, "")?;
                    show.null(column);
                }
                Ok(())
            }
            Kind::Boolean => {
                let byte = self.take(1)?[0];
                self.cell(node, if byte == 0 { b"false" } else { b"true" }, show)
            }
            Kind::Number(number) => {
                let value = self.long()?;
                self.cell(node, number.text(value).as_bytes(), show)
            }
            Kind::Float => {
                let value = self.take(4)?.first_chunk().map_or(0.0, |bytes| f32::from_le_bytes(*bytes));
                self.cell(node, value.to_string().as_bytes(), show)
            }
            Kind::Double => {
                let value = self.take(8)?.first_chunk().map_or(0.0, |bytes| f64::from_le_bytes(*bytes));
                self.cell(node, value.to_string().as_bytes(), show)
            }
            Kind::Bytes => {
                let size = self.size()?;
                let value = self.take(size)?;
                self.cell(node, value, show)
            }
            Kind::Fixed(size) => {
                let value = self.take(*size)?;
                self.cell(node, value, show)
            }
            Kind::Enum(symbols) => {
                let symbol = self.size()?;
                self.cell(node, symbols.get(symbol).ok_or_else(damaged)?.as_bytes(), show)
            }
            Kind::Union(branches) => {
                let branch = self.size()?;
                self.value(*branches.get(branch).ok_or_else(damaged)?, depth + 1, show)
            }
            Kind::Record(fields) => {
                for (name, field) in fields {
                    self.within(name, *field, depth, show)?;
                }
                Ok(())
            }
            Kind::Array(items) => self.items(None, *items, depth, show),
            Kind::Map(values) => self.items(Some(()), *values, depth, show),
        }
    }

    /// The blocks of an array, or of a map, whose keys are columns.
    fn items(&mut self, keys: Option<()>, items: usize, depth: usize, show: &mut Show<'_, '_>) -> Result<(), End> {
        loop {
            let mut count = self.long()?;
            if count == 0 {
                return Ok(());
            }
            if count < 0 {
                self.long()?;
                count = count.checked_neg().ok_or_else(damaged)?;
            }
            for _ in 0..count {
                if keys.is_some() {
                    let size = self.size()?;
                    let key = String::from_utf8_lossy(self.take(size)?).into_owned();
                    self.within(&key, items, depth, show)?;
                } else {
                    let length = self.path.len();
                    self.path.push_str("[]");
                    self.value(items, depth + 1, show)?;
                    self.path.truncate(length);
                }
            }
        }
    }

    fn within(&mut self, name: &str, node: usize, depth: usize, show: &mut Show<'_, '_>) -> Result<(), End> {
        let length = self.path.len();
        if length < NAME {
            if length > 0 {
                self.path.push('.');
            }
            self.path.push_str(&name[..name.floor_char_boundary(NAME)]);
        }
        self.value(node, depth + 1, show)?;
        self.path.truncate(length);
        Ok(())
    }

    fn cell(&mut self, node: usize, value: &[u8], show: &mut Show<'_, '_>) -> Result<(), End> {
        if !self.shown {
            return Ok(());
        }
        let column = show.column_named(&self.path, self.schema.kind_name(node))?;
        show.cell(column, self.row, None, 1, value)
    }

    fn take(&mut self, size: usize) -> Result<&'a [u8], End> {
        let (taken, rest) = self.rest.split_at_checked(size).ok_or_else(damaged)?;
        self.rest = rest;
        Ok(taken)
    }

    fn long(&mut self) -> Result<i64, End> {
        long(&mut self.rest)?.ok_or_else(damaged)
    }

    fn size(&mut self) -> Result<usize, End> {
        usize::try_from(self.long()?).map_err(|_| damaged())
    }
}
