//! Parquet files, a column chunk after another, through the `parquet` crate's column readers. A chunk that has a dictionary shows each of its
//! values once with its count. The crate takes memory as page headers say, so each header is looked at before it: what it claims is held
//! against the bounds. See the format's `README.md` and `parquet.thrift`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use bytes::Bytes;
use parquet::basic::{ConvertedType, TimeUnit};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{AsBytes, DataType, Int96};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::reader::{ChunkReader, FileReader as _, Length, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use super::sample::Picker;
use super::show::{End, Show, decoding};
use super::{Bounds, Failure, Format, Sample};

/// Rows that are decoded at a time.
const BATCH: u64 = 1024;
/// Levels of one row of a repeated column that are decoded.
const LEVELS: u64 = 4 << 20;
/// Distinct values of a chunk, and their bytes, that are kept to be counted.
const DISTINCT: (usize, usize) = (64 << 10, 8 << 20);

pub(super) fn read(mut file: File, sample: Sample, bounds: Bounds, show: &mut Show<'_, '_>) -> Result<(), End> {
    let mut footer = [0; 8];
    file.seek(SeekFrom::End(-8))?;
    file.read_exact(&mut footer)?;
    let length = u32::from_le_bytes([footer[0], footer[1], footer[2], footer[3]]);
    if length as usize > bounds.piece / 2 {
        return Err(Failure::TooLarge.into());
    }
    let (levels, pages) = (Arc::new(AtomicU64::new(u64::MAX)), Arc::new(AtomicBool::new(false)));
    let guarded = Guarded { file, most: bounds.piece as u64, levels: Arc::clone(&levels), pages: Arc::clone(&pages) };
    let reader = decoding(Format::Parquet, || SerializedFileReader::new(guarded))?;
    pages.store(true, Ordering::Relaxed);
    let metadata = reader.metadata();
    let columns = metadata.file_metadata().schema_descr_ptr();
    let total = metadata.row_groups().iter().map(|group| u64::try_from(group.num_rows()).unwrap_or(0)).fold(0, u64::saturating_add);
    show.summary.rows = Some(total);
    for (number, column) in columns.columns().iter().enumerate() {
        let index = show.column(&column.path().string(), &kind(column))?;
        let (mut picker, mut base) = (Picker::new(sample, Some(total)), 0);
        for group in 0..metadata.num_row_groups() {
            let rows = u64::try_from(metadata.row_group(group).num_rows()).unwrap_or(0);
            let Some(chunk) = metadata.row_group(group).columns().get(number) else {
                return Err(Failure::Damaged(Format::Parquet).into());
            };
            let counted = sample == Sample::All && chunk.dictionary_page_offset().is_some();
            let chunk = decoding(Format::Parquet, || reader.get_row_group(group).and_then(|group| group.get_column_reader(number)))?;
            let mut part =
                Part { index, base, rows, picker: &mut picker, counted, levels: &levels, descriptor: column, row: base, cut: bounds.cell };
            match chunk {
                ColumnReader::BoolColumnReader(reader) => part.read(reader, show, |value, text| text.extend(value.to_string().bytes()))?,
                ColumnReader::Int32ColumnReader(reader) => part.read(reader, show, number_text(column))?,
                ColumnReader::Int64ColumnReader(reader) => part.read(reader, show, number_text(column))?,
                ColumnReader::Int96ColumnReader(reader) => part.read(reader, show, int96_text)?,
                ColumnReader::FloatColumnReader(reader) => part.read(reader, show, |value, text| text.extend(value.to_string().bytes()))?,
                ColumnReader::DoubleColumnReader(reader) => {
                    part.read(reader, show, |value, text| text.extend(value.to_string().bytes()))?
                }
                ColumnReader::ByteArrayColumnReader(reader) => part.read(reader, show, |value, text| text.extend(value.as_bytes()))?,
                ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                    part.read(reader, show, |value, text| text.extend(value.as_bytes()))?
                }
            }
            base = base.saturating_add(rows);
        }
    }
    Ok(())
}

/// One column chunk.
struct Part<'a> {
    index: usize,
    base: u64,
    rows: u64,
    picker: &'a mut Picker,
    counted: bool,
    levels: &'a AtomicU64,
    descriptor: &'a ColumnDescriptor,
    row: u64,
    cut: usize,
}

impl Part<'_> {
    fn read<T: DataType>(
        &mut self,
        mut reader: ColumnReaderImpl<T>,
        show: &mut Show<'_, '_>,
        render: impl Fn(&T::T, &mut Vec<u8>),
    ) -> Result<(), End> {
        let (end, mut distinct, mut text) = (self.base.saturating_add(self.rows), Distinct::default(), Vec::new());
        let (mut definitions, mut repetitions, mut values) = (Vec::new(), Vec::new(), Vec::new());
        while let Some(next) = self.picker.next().filter(|next| *next < end) {
            let skip = usize::try_from(next - self.row).unwrap_or(usize::MAX);
            self.levels.store(u64::MAX, Ordering::Relaxed);
            if skip > 0 && decoding(Format::Parquet, || reader.skip_records(skip))? < skip {
                return Err(Failure::Damaged(Format::Parquet).into());
            }
            let mut run = 0;
            while run < BATCH && next + run < end && self.picker.takes(next + run) {
                run += 1;
            }
            self.row = next;
            while self.row < next + run {
                definitions.clear();
                repetitions.clear();
                values.clear();
                let repeated = self.descriptor.max_rep_level() > 0;
                self.levels.store(if repeated { LEVELS } else { u64::MAX }, Ordering::Relaxed);
                // A row of a repeated column may be large; such rows are decoded one at a time.
                let wanted = if repeated { 1 } else { usize::try_from(next + run - self.row).unwrap_or(usize::MAX) };
                let (rows, _, levels) =
                    decoding(Format::Parquet, || reader.read_records(wanted, Some(&mut definitions), Some(&mut repetitions), &mut values))?;
                if rows == 0 {
                    return Err(Failure::Damaged(Format::Parquet).into());
                }
                let mut value = values.iter();
                for level in 0..levels {
                    if level > 0 && repetitions.get(level).is_none_or(|repetition| *repetition == 0) {
                        self.row += 1;
                    }
                    if definitions.get(level).is_some_and(|definition| *definition < self.descriptor.max_def_level()) {
                        show.null(self.index);
                        continue;
                    }
                    let Some(value) = value.next() else { return Err(Failure::Damaged(Format::Parquet).into()) };
                    text.clear();
                    render(value, &mut text);
                    if self.counted {
                        // One byte more than is shown tells a cell that is cut.
                        text.truncate(self.cut.saturating_add(1));
                        if distinct.is_full() {
                            distinct.show(self.index, show)?;
                        }
                        distinct.count(&text, self.row);
                    } else {
                        show.cell(self.index, self.row, None, 1, &text)?;
                    }
                }
                self.row += 1;
            }
            show.summary.sampled = show.summary.sampled.max(if self.index == 0 { show.summary.sampled + run } else { 0 });
        }
        // What is not wanted of the rest of this chunk is not decoded.
        self.row = end;
        distinct.show(self.index, show)
    }
}

/// Distinct values in the order in which they came, with the first row and the count of each.
#[derive(Default)]
struct Distinct {
    places: HashMap<Vec<u8>, usize>,
    counts: Vec<(u64, u64)>,
    bytes: usize,
}

impl Distinct {
    fn is_full(&self) -> bool {
        self.counts.len() >= DISTINCT.0 || self.bytes >= DISTINCT.1
    }

    fn count(&mut self, value: &[u8], row: u64) {
        if let Some(place) = self.places.get(value) {
            self.counts[*place].1 += 1;
        } else {
            self.places.insert(value.to_vec(), self.counts.len());
            self.counts.push((row, 1));
            self.bytes += value.len();
        }
    }

    fn show(&mut self, column: usize, show: &mut Show<'_, '_>) -> Result<(), End> {
        let Self { places, counts, .. } = std::mem::take(self);
        let mut values: Vec<_> = places.into_iter().collect();
        values.sort_unstable_by_key(|(_, place)| *place);
        for ((value, _), (row, count)) in values.into_iter().zip(counts) {
            show.cell(column, row, None, count, &value)?;
        }
        Ok(())
    }
}

fn kind(column: &ColumnDescriptor) -> String {
    match column.converted_type() {
        ConvertedType::NONE => column.physical_type().to_string(),
        converted => converted.to_string(),
    }
}

/// How a column's whole numbers are written: dates, times and decimals as what they are.
fn number_text<N: Copy + Into<i64>>(column: &ColumnDescriptor) -> impl Fn(&N, &mut Vec<u8>) + use<N> {
    let (converted, scale) = (column.converted_type(), usize::try_from(column.type_scale()).unwrap_or(0).min(64));
    let nanoseconds =
        matches!(column.logical_type_ref(), Some(parquet::basic::LogicalType::Timestamp(kind)) if kind.unit == TimeUnit::NANOS);
    move |value, text| {
        let value: i64 = (*value).into();
        let shown = match converted {
            ConvertedType::DATE => date(value),
            ConvertedType::TIMESTAMP_MILLIS => jiff::Timestamp::from_millisecond(value).ok().map(|time| time.to_string()),
            ConvertedType::TIMESTAMP_MICROS => jiff::Timestamp::from_microsecond(value).ok().map(|time| time.to_string()),
            ConvertedType::DECIMAL => Some(decimal(value, scale)),
            _ if nanoseconds => jiff::Timestamp::from_nanosecond(i128::from(value)).ok().map(|time| time.to_string()),
            ConvertedType::UINT_64 => Some(value.cast_unsigned().to_string()),
            _ => None,
        };
        text.extend(shown.unwrap_or_else(|| value.to_string()).bytes());
    }
}

fn date(days: i64) -> Option<String> {
    let days = jiff::Span::new().try_days(days).ok()?;
    Some(jiff::civil::date(1970, 1, 1).checked_add(days).ok()?.to_string())
}

fn decimal(value: i64, scale: usize) -> String {
    let (sign, digits) = (if value < 0 { "-" } else { "" }, format!("{:0>1$}", value.unsigned_abs(), scale + 1));
    let (whole, part) = digits.split_at(digits.len() - scale);
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") }
}

/// The time that Impala and old Spark write: nanoseconds of a Julian day.
fn int96_text(value: &Int96, text: &mut Vec<u8>) {
    let nanoseconds = i128::from(value.to_nanos());
    text.extend(jiff::Timestamp::from_nanosecond(nanoseconds).map_or_else(|_| nanoseconds.to_string(), |time| time.to_string()).bytes());
}

/// The file, read no further than page headers may be believed.
struct Guarded {
    file: File,
    most: u64,
    levels: Arc<AtomicU64>,
    /// Whether what is read now are pages, the footer having been read.
    pages: Arc<AtomicBool>,
}

impl Length for Guarded {
    fn len(&self) -> u64 {
        Length::len(&self.file)
    }
}

impl ChunkReader for Guarded {
    type T = Start;

    fn get_read(&self, start: u64) -> ParquetResult<Start> {
        let unseen = self.pages.load(Ordering::Relaxed);
        Ok(Start { inner: self.file.get_read(start)?, most: self.most, levels: Arc::clone(&self.levels), unseen })
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        if length as u64 > self.most {
            return Err(ParquetError::General("a range beyond the bounds".to_owned()));
        }
        self.file.get_bytes(start, length)
    }
}

/// A reader that the crate reads a page header from, if anything.
struct Start {
    inner: BufReader<File>,
    most: u64,
    levels: Arc<AtomicU64>,
    /// A page header that was not looked at.
    unseen: bool,
}

impl Start {
    fn look(&mut self) -> io::Result<()> {
        self.unseen = false;
        let header = page_header(self.inner.fill_buf()?).ok_or(io::ErrorKind::InvalidData)?;
        let levels = self.levels.load(Ordering::Relaxed);
        // Each value of a dictionary has at least a byte.
        let dictionary_fits = !header.dictionary || header.values <= header.expanded;
        if header.expanded > self.most || header.packed > self.most || header.values > levels || !dictionary_fits {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.levels.store(levels - header.values, Ordering::Relaxed);
        Ok(())
    }
}

impl Read for Start {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.unseen {
            self.look()?;
        }
        self.inner.read(buffer)
    }
}

/// What a page header claims.
#[derive(Debug, Eq, PartialEq)]
struct PageHeader {
    expanded: u64,
    packed: u64,
    values: u64,
    dictionary: bool,
}

/// Reads the start of a page header, in Thrift's compact protocol: type, sizes, perhaps a checksum, and the number of values that stands
/// first in the header of each kind of page.
fn page_header(bytes: &[u8]) -> Option<PageHeader> {
    let (mut at, mut field, mut header) = (0, 0, PageHeader { expanded: 0, packed: 0, values: 0, dictionary: false });
    let number = |at: &mut usize| -> Option<i64> {
        let (mut number, mut shift) = (0_u64, 0);
        loop {
            let byte = *bytes.get(*at)?;
            *at += 1;
            number |= u64::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte & 0x80 == 0 {
                return Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
            }
        }
    };
    loop {
        let start = *bytes.get(at)?;
        at += 1;
        if start == 0 || start >> 4 == 0 {
            return None;
        }
        field += start >> 4;
        match (field, start & 0xf) {
            (1 | 4, 5) => _ = number(&mut at)?,
            (2, 5) => header.expanded = u64::try_from(number(&mut at)?).ok()?,
            (3, 5) => header.packed = u64::try_from(number(&mut at)?).ok()?,
            (5 | 7 | 8, 12) => {
                if *bytes.get(at)? != 0x15 {
                    return None;
                }
                at += 1;
                header.values = u64::try_from(number(&mut at)?).ok()?;
                header.dictionary = field == 7;
                return Some(header);
            }
            // An index page has no values.
            (6, 12) => return Some(header),
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_written_as_what_they_are() {
        assert_eq!(date(20_000).as_deref(), Some("2024-10-04"));
        assert_eq!(date(i64::MAX), None);
        for (value, scale, text) in [(12345, 2, "123.45"), (-5, 2, "-0.05"), (7, 0, "7"), (i64::MIN, 1, "-922337203685477580.8")] {
            assert_eq!(decimal(value, scale), text);
        }
    }

    #[test]
    fn page_headers_are_read_as_far_as_needed() {
        // A dictionary page: type 2, 20 and 12 bytes, 5 values.
        let header = page_header(b"\x15\x04\x15\x28\x15\x18\x4c\x15\x0a\x15\x00\x00\x00");
        assert_eq!(header, Some(PageHeader { expanded: 20, packed: 12, values: 5, dictionary: true }));
        assert_eq!(page_header(b"\x15\x04\x15\x01"), None, "a size below nothing");
        assert_eq!(page_header(b"\x15\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"), None);
        assert_eq!(page_header(b""), None);
    }
}
