//! Tests of tables: files that real programs made, and hostile ones.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod binary;
mod files;
#[cfg(feature = "postgres")]
mod server;
mod text;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

use menagerie_tests::venv_program;

use super::*;

/// A cell's column, row, line, count and value.
type Shown = (usize, u64, Option<u64>, u64, Vec<u8>);

/// One table as it was shown.
#[derive(Debug, Default)]
struct Table {
    columns: Vec<Column>,
    cells: Vec<Shown>,
    summary: Summary,
}

impl Table {
    fn index(&self, name: &str) -> usize {
        self.columns.iter().position(|column| column.name == name).unwrap_or_else(|| panic!("no {name} in {:?}", self.columns))
    }

    /// The values of a column, with row and count.
    fn counted(&self, name: &str) -> Vec<(u64, u64, String)> {
        let index = self.index(name);
        let of_column = self.cells.iter().filter(|cell| cell.0 == index);
        of_column.map(|cell| (cell.1, cell.3, String::from_utf8_lossy(&cell.4).into_owned())).collect()
    }

    fn values(&self, name: &str) -> Vec<String> {
        self.counted(name).into_iter().map(|(_, _, value)| value).collect()
    }
}

/// Takes what is shown, and holds it against the summaries.
fn collect(read: impl FnOnce(&mut dyn FnMut(Event<'_>) -> ControlFlow<()>)) -> BTreeMap<String, Table> {
    let (mut tables, mut current) = (BTreeMap::new(), Table::default());
    read(&mut |event| {
        match event {
            Event::Table(_) => current = Table::default(),
            Event::Column(index, column) => {
                assert_eq!(index, current.columns.len());
                current.columns.push(column.clone());
            }
            Event::Cell(cell) => current.cells.push((cell.column, cell.row, cell.line, cell.count, cell.value.to_vec())),
            Event::End(summary) => {
                for (index, tally) in summary.columns.iter().enumerate() {
                    let shown: u64 = current.cells.iter().filter(|cell| cell.0 == index).map(|cell| cell.3).sum();
                    assert_eq!(tally.values, shown, "{summary:?}");
                }
                current.summary = summary.clone();
                tables.insert(summary.name.clone(), std::mem::take(&mut current));
            }
        }
        ControlFlow::Continue(())
    });
    tables
}

fn file(path: &Path, sample: Sample) -> BTreeMap<String, Table> {
    let mut result = Ok(ControlFlow::Continue(()));
    let tables = collect(|visit| result = open_file(path, sample, Bounds::default(), visit));
    assert_eq!(result, Ok(ControlFlow::Continue(())), "{tables:?}");
    tables
}

/// The one table of a file.
fn only(path: &Path, sample: Sample) -> Table {
    let tables = file(path, sample);
    assert_eq!(tables.len(), 1);
    tables.into_values().next().unwrap()
}

fn stream_within(name: &str, bytes: &[u8], sample: Sample, bounds: Bounds) -> Table {
    let format = sniff(name, &bytes[..bytes.len().min(HEAD)]).expect("a table");
    let mut tables = collect(|visit| _ = open_stream(name, format, bytes, sample, bounds, visit));
    tables.remove(name).expect("it was shown")
}

fn stream(name: &str, bytes: &[u8], sample: Sample) -> Table {
    stream_within(name, bytes, sample, Bounds::default())
}

/// Runs a Python program of the tests' virtual environment in a folder.
fn python(folder: &Path, program: &str) {
    let output = Command::new(venv_program("python")).args(["-c", program]).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
