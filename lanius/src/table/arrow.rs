//! Arrow's IPC streams, and its files, which are a stream between a magic number and a footer. Messages are framed here, so that what they
//! claim is held against the bounds before the crates `arrow-ipc` and `arrow-array` take memory for it. See Arrow's columnar format, "IPC".

use std::io::{BufReader, Read};

use arrow_array::cast::AsArray as _;
use arrow_array::{Array, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_ipc::reader::StreamDecoder;
use arrow_ipc::{Message, RecordBatch as Header, root_as_message};
use arrow_schema::DataType;

use super::sample::Picker;
use super::show::{End, Show, decoding};
use super::{Bounds, Failure, Format, Sample};

/// Rows of one batch, and elements in one batch's lists.
const ROWS: i64 = 16 << 20;

fn damaged() -> End {
    Failure::Damaged(Format::Arrow).into()
}

pub(super) fn read(reader: &mut dyn Read, sample: Sample, bounds: Bounds, show: &mut Show<'_, '_>) -> Result<(), End> {
    let mut reader = BufReader::new(reader);
    let (mut decoder, mut picker, mut row, mut dictionaries) = (StreamDecoder::new(), Picker::new(sample, None), 0, 0);
    let mut first = true;
    while picker.next().is_some() {
        let Some(message) = message(&mut reader, &mut first, bounds, &mut dictionaries)? else {
            show.summary.rows = Some(row);
            return Ok(());
        };
        let mut buffer = message.into();
        if let Some(batch) = decoding(Format::Arrow, || decoder.decode(&mut buffer))? {
            row = self::batch(&batch, sample, &mut picker, row, show)?;
        } else if show.summary.columns.is_empty()
            && let Some(schema) = decoder.schema()
        {
            for field in schema.fields() {
                leaves(field.name(), field.data_type(), show)?;
            }
        }
    }
    Ok(())
}

/// The next message, whole, with its length before it. None at the end.
fn message(reader: &mut dyn Read, first: &mut bool, bounds: Bounds, dictionaries: &mut usize) -> Result<Option<Vec<u8>>, End> {
    let mut word = [0; 4];
    let mut next = |word: &mut [u8; 4]| {
        let mut filled = 0;
        while filled < word.len() {
            match reader.read(&mut word[filled..])? {
                0 if filled == 0 => return Ok(false),
                0 => return Err(damaged()),
                length => filled += length,
            }
        }
        Ok(true)
    };
    if !next(&mut word)? {
        // A stream may end without saying so, but not before its schema.
        return if *first { Err(damaged()) } else { Ok(None) };
    }
    if *first && &word == b"ARRO" && (!next(&mut word)? || !next(&mut word)?) {
        return Err(damaged());
    }
    *first = false;
    if word == [0xff; 4] && !next(&mut word)? {
        return Err(damaged());
    }
    let length = u32::from_le_bytes(word) as usize;
    if length == 0 {
        return Ok(None);
    }
    if length > bounds.piece {
        return Err(Failure::TooLarge.into());
    }
    let mut whole = vec![0xff; 4];
    whole.extend(word);
    append(reader, length, &mut whole)?;
    let metadata = whole.split_off(8);
    let message = root_as_message(&metadata).map_err(|_| damaged())?;
    let body = usize::try_from(message.bodyLength()).map_err(|_| damaged())?;
    if body > bounds.piece {
        return Err(Failure::TooLarge.into());
    }
    whole.extend(&metadata);
    append(reader, body, &mut whole)?;
    bounded(&message, &whole[whole.len() - body..], bounds, dictionaries)?;
    Ok(Some(whole))
}

fn append(reader: &mut dyn Read, length: usize, whole: &mut Vec<u8>) -> Result<(), End> {
    if reader.take(length as u64).read_to_end(whole)? == length { Ok(()) } else { Err(damaged()) }
}

/// Holds what a message claims against the bounds.
fn bounded(message: &Message<'_>, body: &[u8], bounds: Bounds, dictionaries: &mut usize) -> Result<(), End> {
    let dictionary = message.header_as_dictionary_batch();
    let Some(header): Option<Header<'_>> = message.header_as_record_batch().or_else(|| dictionary.and_then(|batch| batch.data())) else {
        return Ok(());
    };
    let too_long = |length: i64| !(0..=ROWS).contains(&length);
    if too_long(header.length()) || header.nodes().is_some_and(|nodes| nodes.iter().any(|node| too_long(node.length()))) {
        return Err(Failure::TooLarge.into());
    }
    let mut expanded = body.len();
    if header.compression().is_some() {
        for buffer in header.buffers().iter().flatten() {
            // A compressed buffer begins with its length before compression, or -1.
            let start = usize::try_from(buffer.offset()).map_err(|_| damaged())?;
            let Some(length) = body.get(start..).and_then(<[u8]>::first_chunk::<8>).filter(|_| buffer.length() >= 8) else { continue };
            expanded = expanded.saturating_add(usize::try_from(i64::from_le_bytes(*length)).unwrap_or(0));
        }
    }
    // Dictionaries are kept while the stream lasts.
    if dictionary.is_some() {
        *dictionaries = dictionaries.saturating_add(expanded);
    }
    if expanded > bounds.piece || *dictionaries > bounds.piece { Err(Failure::TooLarge.into()) } else { Ok(()) }
}

/// Adds the columns of a field.
fn leaves(path: &str, kind: &DataType, show: &mut Show<'_, '_>) -> Result<(), End> {
    match kind {
        DataType::Struct(fields) => {
            fields.iter().try_for_each(|field| leaves(&format!("{path}.{}", field.name()), field.data_type(), show))
        }
        DataType::List(items) | DataType::LargeList(items) | DataType::FixedSizeList(items, _) | DataType::Map(items, _) => {
            leaves(&format!("{path}[]"), items.data_type(), show)
        }
        DataType::Dictionary(_, values) => leaves(path, values, show),
        kind => show.column_named(path, &kind.to_string()).map(|_| ()),
    }
}

/// Shows the wanted rows of a batch; gives the number of the row after it.
fn batch(batch: &RecordBatch, sample: Sample, picker: &mut Picker, start: u64, show: &mut Show<'_, '_>) -> Result<u64, End> {
    let rows = batch.num_rows();
    let wanted: Vec<(u64, usize)> =
        (0..rows).filter_map(|index| Some(start + index as u64).filter(|row| picker.takes(*row)).map(|row| (row, index))).collect();
    show.summary.sampled += wanted.len() as u64;
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        array(field.name(), column.as_ref(), &wanted, sample == Sample::All, show)?;
    }
    Ok(start + rows as u64)
}

/// Shows an array's cells at these places, each with its row.
fn array(path: &str, array: &dyn Array, places: &[(u64, usize)], all: bool, show: &mut Show<'_, '_>) -> Result<(), End> {
    let present = || places.iter().copied().filter(|(_, at)| array.is_valid(*at));
    match array.data_type() {
        DataType::Struct(fields) => {
            let places: Vec<_> = present().collect();
            for (field, child) in fields.iter().zip(array.as_struct().columns()) {
                self::array(&format!("{path}.{}", field.name()), child.as_ref(), &places, all, show)?;
            }
            Ok(())
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let ends = list.offsets();
            let range = |at: usize| (index(ends[at].into()), index(ends[at + 1].into()));
            self::array(&format!("{path}[]"), list.values().as_ref(), &inner(present(), range)?, all, show)
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            let ends = list.offsets();
            self::array(
                &format!("{path}[]"),
                list.values().as_ref(),
                &inner(present(), |at| (index(ends[at]), index(ends[at + 1])))?,
                all,
                show,
            )
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let ends = map.offsets();
            let range = |at: usize| (index(ends[at].into()), index(ends[at + 1].into()));
            self::array(&format!("{path}[]"), map.entries(), &inner(present(), range)?, all, show)
        }
        DataType::FixedSizeList(..) => {
            let list = array.as_fixed_size_list();
            let length = index(list.value_length().into());
            self::array(
                &format!("{path}[]"),
                list.values().as_ref(),
                &inner(present(), |at| (at * length, at * length + length))?,
                all,
                show,
            )
        }
        DataType::Dictionary(..) => {
            let (keys, values) = (array.as_any_dictionary().normalized_keys(), array.as_any_dictionary().values());
            if !all {
                let places: Vec<_> = present().map(|(row, at)| (row, keys[at])).collect();
                return cells(path, values.as_ref(), places.into_iter().map(|(row, at)| (row, at, 1)), show);
            }
            // Each value once, with its count.
            let mut counts = vec![(0, 0); values.len()];
            for (row, at) in present() {
                let (first, count) = counts.get_mut(keys[at]).ok_or_else(damaged)?;
                *first = if *count == 0 { row } else { *first };
                *count += 1;
            }
            nulls(path, values.data_type(), places.iter().filter(|(_, at)| array.is_null(*at)).count(), show)?;
            let counted = counts.into_iter().enumerate().filter(|(_, (_, count))| *count > 0);
            cells(path, values.as_ref(), counted.map(|(at, (row, count))| (row, at, count)), show)
        }
        _ => cells(path, array, places.iter().map(|(row, at)| (*row, *at, 1)), show),
    }
}

fn index(offset: i64) -> usize {
    usize::try_from(offset).unwrap_or(0)
}

/// The places of the elements of lists.
fn inner(lists: impl Iterator<Item = (u64, usize)>, range: impl Fn(usize) -> (usize, usize)) -> Result<Vec<(u64, usize)>, End> {
    let mut places = Vec::new();
    for (row, at) in lists {
        let (start, end) = range(at);
        places.extend((start..end).map(|at| (row, at)));
        if i64::try_from(places.len()).is_ok_and(|length| length > ROWS) {
            return Err(Failure::TooLarge.into());
        }
    }
    Ok(places)
}

fn nulls(path: &str, kind: &DataType, count: usize, show: &mut Show<'_, '_>) -> Result<(), End> {
    let column = show.column_named(path, &kind.to_string())?;
    (0..count).for_each(|_| show.null(column));
    Ok(())
}

fn cells(path: &str, array: &dyn Array, places: impl Iterator<Item = (u64, usize, u64)>, show: &mut Show<'_, '_>) -> Result<(), End> {
    let column = show.column_named(path, &array.data_type().to_string())?;
    let options = FormatOptions::default();
    let formatter = decoding(Format::Arrow, || ArrayFormatter::try_new(array, &options))?;
    let logical = array.logical_nulls();
    for (row, at, count) in places {
        if logical.as_ref().is_some_and(|nulls| nulls.is_null(at)) {
            (0..count).for_each(|_| show.null(column));
            continue;
        }
        match array.data_type() {
            DataType::Utf8 => show.cell(column, row, None, count, array.as_string::<i32>().value(at).as_bytes())?,
            DataType::LargeUtf8 => show.cell(column, row, None, count, array.as_string::<i64>().value(at).as_bytes())?,
            DataType::Utf8View => show.cell(column, row, None, count, array.as_string_view().value(at).as_bytes())?,
            DataType::Binary => show.cell(column, row, None, count, array.as_binary::<i32>().value(at))?,
            DataType::LargeBinary => show.cell(column, row, None, count, array.as_binary::<i64>().value(at))?,
            DataType::BinaryView => show.cell(column, row, None, count, array.as_binary_view().value(at))?,
            DataType::FixedSizeBinary(_) => show.cell(column, row, None, count, array.as_fixed_size_binary().value(at))?,
            _ => {
                let text = decoding(Format::Arrow, || formatter.value(at).try_to_string())?;
                show.cell(column, row, None, count, text.as_bytes())?;
            }
        }
    }
    Ok(())
}
