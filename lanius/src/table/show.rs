//! Showing one table: numbers its columns, cuts its cells, and keeps the tallies that become its summary.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Bounds, Cell, Column, Event, Failure, Format, Summary};

/// Who is shown tables. To break ends it.
pub(super) type Visit<'v> = dyn FnMut(Event<'_>) -> ControlFlow<()> + 'v;

/// What ends the reading of a table before its end.
#[derive(Debug)]
pub(super) enum End {
    /// The visitor wants no more.
    Stopped,
    /// It cannot go on.
    Failed(Failure),
}

impl<F: Into<Failure>> From<F> for End {
    fn from(failure: F) -> Self {
        Self::Failed(failure.into())
    }
}

/// One table being shown.
pub(super) struct Show<'a, 'v> {
    visit: &'a mut Visit<'v>,
    bounds: Bounds,
    by_name: HashMap<String, usize>,
    pub(super) summary: Summary,
}

impl<'a, 'v> Show<'a, 'v> {
    /// Shows a table: its name, what `read` shows of it, and its summary. Breaks only when the visitor wants no more.
    pub(super) fn table(
        name: &str,
        bounds: Bounds,
        visit: &'a mut Visit<'v>,
        read: impl FnOnce(&mut Self) -> Result<(), End>,
    ) -> ControlFlow<(), Option<Failure>> {
        let mut show = Self::begin(name, bounds, visit)?;
        let read = read(&mut show);
        show.finish(read)
    }

    /// Begins a table.
    pub(super) fn begin(name: &str, bounds: Bounds, visit: &'a mut Visit<'v>) -> ControlFlow<(), Self> {
        let name = menagerie_report::shown(name).into_owned();
        visit(Event::Table(&name))?;
        ControlFlow::Continue(Self { visit, bounds, by_name: HashMap::new(), summary: Summary { name, ..Summary::default() } })
    }

    /// Ends it as its reading ended.
    pub(super) fn finish(mut self, read: Result<(), End>) -> ControlFlow<(), Option<Failure>> {
        match read {
            Ok(()) => {}
            Err(End::Stopped) => return ControlFlow::Break(()),
            Err(End::Failed(failure)) => self.summary.failure = Some(failure),
        }
        let failure = self.summary.failure;
        (self.visit)(Event::End(&self.summary))?;
        ControlFlow::Continue(failure)
    }

    /// Adds a column; gives its number.
    pub(super) fn column(&mut self, name: &str, kind: &str) -> Result<usize, End> {
        let mut index = self.summary.columns.len();
        if index >= self.bounds.columns {
            index = self.bounds.columns.saturating_sub(1);
            return Ok(index);
        }
        let last = index + 1 == self.bounds.columns;
        let name = if last { "(more columns)".into() } else { menagerie_report::shown(bounded(name)) };
        let column = Column { name: name.into_owned(), kind: if last { String::new() } else { bounded(kind).to_owned() } };
        self.summary.columns.push(super::Tally::default());
        flow((self.visit)(Event::Column(index, &column)))?;
        Ok(index)
    }

    /// The number of the column of this name, which is added when it is new.
    pub(super) fn column_named(&mut self, name: &str, kind: &str) -> Result<usize, End> {
        if let Some(index) = self.by_name.get(name) {
            return Ok(*index);
        }
        let known = self.summary.columns.len() < self.bounds.columns;
        let index = self.column(name, kind)?;
        if known && name.len() <= NAME {
            self.by_name.insert(name.to_owned(), index);
        }
        Ok(index)
    }

    /// Shows a value that stands in `count` cells.
    pub(super) fn cell(&mut self, column: usize, row: u64, line: Option<u64>, count: u64, value: &[u8]) -> Result<(), End> {
        let tally = &mut self.summary.columns[column];
        tally.values += count;
        tally.cut += if value.len() > self.bounds.cell { count } else { 0 };
        let value = &value[..value.len().min(self.bounds.cell)];
        flow((self.visit)(Event::Cell(Cell { column, row, line, count, value })))
    }

    /// A cell without a value.
    pub(super) fn null(&mut self, column: usize) {
        self.summary.columns[column].nulls += 1;
    }
}

/// The longest name of a column that is shown, in bytes.
const NAME: usize = 1024;

fn bounded(name: &str) -> &str {
    &name[..name.floor_char_boundary(NAME)]
}

fn flow(flow: ControlFlow<()>) -> Result<(), End> {
    if flow.is_break() { Err(End::Stopped) } else { Ok(()) }
}

thread_local! {
    static DECODING: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Whether this thread is in a decoder whose panics are caught, so that a panic hook need not tell of one.
#[must_use]
pub fn is_decoding() -> bool {
    DECODING.get()
}

/// Calls a decoder of another's making: that it panics on hostile bytes is a failure of the file.
pub(super) fn decoding<T, E>(format: Format, decode: impl FnOnce() -> Result<T, E>) -> Result<T, End> {
    let outer = DECODING.replace(true);
    let decoded = catch_unwind(AssertUnwindSafe(decode));
    DECODING.set(outer);
    match decoded {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(_)) | Err(_) => Err(Failure::Damaged(format).into()),
    }
}
