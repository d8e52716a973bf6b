//! Tables of each format: columns are told before their cells, cells stay within the bounds, and the summary's counts are those shown.
//! The decoders of Arrow and Parquet panic on some inputs, which lanius catches and takes for damage: that is no finding, a panic that
//! gets through is.
#![no_main]

use std::io::Write as _;
use std::ops::ControlFlow;
use std::panic;
use std::sync::Once;

use lanius::table::{Bounds, Event, Format, Sample, open_file, open_stream, sniff};
use libfuzzer_sys::fuzz_target;

const BOUNDS: Bounds = Bounds { cell: 64, columns: 8, piece: 1 << 20 };

/// Lets panics of others' code unwind to where they are caught; the hook of the fuzzer ends the process at any.
fn let_decoders_panic() {
    static SET: Once = Once::new();
    SET.call_once(|| {
        let fuzzers = panic::take_hook();
        panic::set_hook(Box::new(move |panicked| {
            if panicked.location().is_none_or(|place| place.file().contains("lanius")) {
                fuzzers(panicked);
            }
        }));
    });
}

/// What was seen of one table.
#[derive(Default)]
struct Seen {
    columns: usize,
    values: Vec<u64>,
}

impl Seen {
    fn event(&mut self, event: Event<'_>) -> ControlFlow<()> {
        match event {
            Event::Table(_) => *self = Self::default(),
            Event::Column(number, _) => {
                assert_eq!(number, self.columns);
                self.columns += 1;
                self.values.push(0);
                assert!(self.columns <= BOUNDS.columns + 1);
            }
            Event::Cell(cell) => {
                assert!(cell.column < self.columns && cell.value.len() <= BOUNDS.cell && cell.count > 0);
                self.values[cell.column] = self.values[cell.column].saturating_add(cell.count);
            }
            Event::End(summary) => {
                let told: Vec<u64> = summary.columns.iter().map(|tally| tally.values).collect();
                assert_eq!(told, self.values);
            }
        }
        ControlFlow::Continue(())
    }
}

fuzz_target!(|data: &[u8]| {
    let_decoders_panic();
    let Some((which, bytes)) = data.split_first() else { return };
    let sample = [Sample::All, Sample::First(3), Sample::Spread(5), Sample::Spread(1)][usize::from(which >> 3) % 4];
    let mut seen = Seen::default();
    let formats = [Format::Delimited, Format::JsonLines, Format::Avro, Format::Arrow];
    if let Some(format) = formats.get(usize::from(which & 7)) {
        let _ = open_stream("a.csv", *format, bytes, sample, BOUNDS, &mut |event| seen.event(event));
        return;
    }
    // Parquet and SQLite are read from files, by what they are.
    if sniff("a", bytes).is_some() {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(bytes).expect("it can be written");
        let _ = open_file(file.path(), sample, BOUNDS, &mut |event| seen.event(event));
    }
});
