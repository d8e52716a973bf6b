//! CSV and its kin: fields between commas, tabs, semicolons or bars, quoted as RFC 4180 says. The delimiter and whether the first row
//! names the columns are told from the file's beginning.

use std::io::{BufRead, BufReader, Read};

use csv_core::{ReadFieldResult, Reader, ReaderBuilder};

use super::sample::Picker;
use super::show::{End, Show};
use super::{Bounds, Failure, Sample};

/// The delimiters that are known.
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];
/// What of the file is looked at to tell them.
const LOOK: usize = 64 << 10;

/// The delimiter of a text that begins so; none when no delimiter stands equally often in each of its lines.
pub(super) fn delimiter(head: &[u8]) -> Option<u8> {
    // What stands after the last line break may be half a line.
    let whole = head.iter().rposition(|byte| *byte == b'\n').map_or(head, |at| &head[..=at]);
    let counts = |delimiter: u8| {
        let (mut counts, mut count, mut quoted) = (Vec::new(), 0_usize, false);
        for byte in whole {
            match byte {
                b'"' => quoted = !quoted,
                b'\n' if !quoted => counts.push(std::mem::take(&mut count)),
                _ => count += usize::from(!quoted && *byte == delimiter),
            }
            if counts.len() == 50 {
                break;
            }
        }
        if count > 0 {
            counts.push(count);
        }
        counts
    };
    let even = |delimiter: &u8| {
        let counts = counts(*delimiter);
        let first = *counts.first()?;
        (first > 0 && counts.iter().all(|count| *count == first)).then_some((first, *delimiter))
    };
    DELIMITERS.iter().filter_map(even).max_by_key(|(count, _)| *count).map(|(_, delimiter)| delimiter)
}

/// Whether a first row names the columns: each a different word, none of them a number or an address.
fn names_columns(row: &[Vec<u8>]) -> bool {
    let is_name = |cell: &Vec<u8>| {
        let letters = cell.iter().filter(|byte| byte.is_ascii_alphabetic() || !byte.is_ascii()).count();
        let digits = cell.iter().filter(|byte| byte.is_ascii_digit()).count();
        letters > 0 && digits <= letters && cell.len() <= 128 && !cell.contains(&b'@')
    };
    let mut seen = std::collections::HashSet::new();
    row.iter().all(|cell| is_name(cell) && seen.insert(cell))
}

pub(super) fn read(reader: &mut dyn Read, sample: Sample, bounds: Bounds, show: &mut Show<'_, '_>) -> Result<(), End> {
    let mut reader = BufReader::with_capacity(LOOK, reader);
    if reader.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
        reader.consume(3);
    }
    let delimiter = delimiter(reader.fill_buf()?).unwrap_or(b',');
    let fields = ReaderBuilder::new().delimiter(delimiter).build();
    let mut rows = Rows { reader, fields, field: vec![0; bounds.cell.saturating_add(1).max(16)], line: 1, unclosed: false };
    // The first row is kept: it may be names. Each of its cells is bounded, and so is their number.
    let (mut first, mut first_line) = (Vec::new(), 1);
    rows.row(&mut |number, line, cell| {
        first_line = line;
        if number < bounds.columns {
            first.push(cell[..cell.len().min(4096)].to_vec());
        }
        Ok(())
    })?;
    let named = names_columns(&first);
    for (number, cell) in first.iter().enumerate() {
        let name = if named { String::from_utf8_lossy(cell).into_owned() } else { format!("column {}", number + 1) };
        show.column(&name, "")?;
    }
    let (mut picker, mut row) = (Picker::new(sample, None), 0);
    if !named && !first.is_empty() && picker.takes(0) {
        for (number, cell) in first.iter().enumerate() {
            shown(show, number, 0, first_line, cell, bounds)?;
        }
        show.summary.sampled = 1;
    }
    row += u64::from(!named && !first.is_empty());
    drop(first);
    while picker.next().is_some() {
        let wanted = picker.takes(row);
        let more = rows.row(&mut |number, line, cell| if wanted { shown(show, number, row, line, cell, bounds) } else { Ok(()) })?;
        if !more {
            show.summary.rows = Some(row);
            break;
        }
        show.summary.sampled += u64::from(wanted);
        row += 1;
    }
    if rows.unclosed { Err(Failure::Unclosed.into()) } else { Ok(()) }
}

fn shown(show: &mut Show<'_, '_>, number: usize, row: u64, line: u64, cell: &[u8], bounds: Bounds) -> Result<(), End> {
    while show.summary.columns.len() <= number.min(bounds.columns.saturating_sub(1)) {
        let name = format!("column {}", show.summary.columns.len() + 1);
        show.column(&name, "")?;
    }
    let column = number.min(bounds.columns.saturating_sub(1));
    if cell.is_empty() {
        show.null(column);
        return Ok(());
    }
    show.cell(column, row, Some(line), 1, cell)
}

type Visit<'a> = dyn FnMut(usize, u64, &[u8]) -> Result<(), End> + 'a;

/// The rows of a file, a field at a time, in a buffer of fixed size.
struct Rows<R> {
    reader: R,
    fields: Reader,
    field: Vec<u8>,
    line: u64,
    /// Whether the file ended before a quote was closed.
    unclosed: bool,
}

impl<R: BufRead> Rows<R> {
    /// Shows the fields of the next row: number, line on which the row begins, bytes, at most one more than are wanted. False at the end.
    fn row(&mut self, visit: &mut Visit<'_>) -> Result<bool, End> {
        let (mut number, mut filled, mut scrap, mut begun, mut touched) = (0, 0, [0; 4096], false, false);
        let mut line = self.line;
        loop {
            let input = self.reader.fill_buf()?;
            if !begun {
                // Empty lines are no rows.
                let empty = input.iter().take_while(|byte| matches!(byte, b'\n' | b'\r')).count();
                if empty > 0 {
                    line += input[..empty].iter().filter(|byte| **byte == b'\n').count() as u64;
                    self.reader.consume(empty);
                    self.line = line;
                    continue;
                }
                begun = true;
            }
            // A line's end, which the file may lack, ends its last row; within quotes it does not.
            let ended = input.is_empty() && std::mem::take(&mut touched);
            touched |= !input.is_empty();
            let full = ended || filled == self.field.len();
            let output = if full { &mut scrap[..] } else { &mut self.field[filled..] };
            let (result, read, written) = self.fields.read_field(if ended { b"\n" } else { input }, output);
            if ended {
                self.unclosed |= result == ReadFieldResult::InputEmpty;
            }
            let read = read.min(input.len());
            self.line += input[..read].iter().filter(|byte| **byte == b'\n').count() as u64;
            self.reader.consume(read);
            filled += if full { 0 } else { written };
            match result {
                ReadFieldResult::InputEmpty | ReadFieldResult::OutputFull => {}
                ReadFieldResult::End => return Ok(false),
                ReadFieldResult::Field { record_end } => {
                    visit(number, line, &self.field[..filled])?;
                    number += 1;
                    filled = 0;
                    if record_end {
                        return Ok(true);
                    }
                }
            }
        }
    }
}
