//! Tables, column by column: what personal data and which secrets a column holds, in what share of its cells. A finding is a column,
//! with one cell as its example.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;
use std::sync::Arc;

use menagerie_report::count;
use menagerie_secret::Secret;

#[cfg(feature = "postgres")]
use crate::coverage::Ledger;
use crate::coverage::State;
use crate::personal;
use crate::rules::Verdict;
use crate::scan::{ColumnFacts, Engine, Found, Kind, Scratch, Text};
use crate::table::{Cell, Event, Sample, Summary};
use crate::triage::Sighting;

/// How many distinct values of a column are searched for secrets.
const DISTINCT: usize = 65_536;
/// The longest cell that is set beside its column's name.
const BESIDE: usize = 4096;

/// How tables are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tables {
    /// Which rows.
    pub sample: Sample,
}

/// What is known of a column while its table is read.
struct Column<'f> {
    name: String,
    personal: Option<personal::Column<'f>>,
    cells: u64,
    seen: HashSet<u64>,
    /// Cells that were not searched for secrets, as too many before them were distinct.
    unsearched: u64,
    /// For each rule that found secrets: in how many cells, and the best of them.
    secrets: BTreeMap<usize, (u64, Found)>,
    first_line: u64,
}

/// Gathers the columns of the tables of one source.
pub(super) struct Columns<'a, 'f> {
    engine: &'f Engine,
    scratch: &'a mut Scratch,
    source: &'a str,
    table: String,
    columns: Vec<Column<'f>>,
    pub(super) sightings: Vec<Sighting>,
    pub(super) ledger: Vec<(String, u64, State)>,
    text: Vec<u8>,
}

impl<'a, 'f> Columns<'a, 'f> {
    pub(super) fn new(engine: &'f Engine, scratch: &'a mut Scratch, source: &'a str) -> Self {
        let _ = scratch.left_out();
        Self {
            engine,
            scratch,
            source,
            table: String::new(),
            columns: Vec::new(),
            sightings: Vec::new(),
            ledger: Vec::new(),
            text: Vec::new(),
        }
    }

    /// Takes what a table's reader shows.
    pub(super) fn take(&mut self, event: Event<'_>) -> ControlFlow<()> {
        match event {
            Event::Table(name) => {
                self.table = name.to_owned();
                self.columns.clear();
            }
            Event::Column(number, column) => {
                while self.columns.len() <= number {
                    let personal = self.engine.personal().map(|personal| personal::Column::new(personal.finder(), &column.name));
                    self.columns.push(Column {
                        name: column.name.clone(),
                        personal,
                        cells: 0,
                        seen: HashSet::new(),
                        unsearched: 0,
                        secrets: BTreeMap::new(),
                        first_line: 1,
                    });
                }
            }
            Event::Cell(cell) => self.cell(&cell),
            Event::End(summary) => self.end(summary),
        }
        ControlFlow::Continue(())
    }

    fn cell(&mut self, cell: &Cell<'_>) {
        let Some(column) = self.columns.get_mut(cell.column) else { return };
        if column.cells == 0 {
            column.first_line = cell.line.unwrap_or(cell.row + 1);
        }
        column.cells += cell.count;
        if let (Some(personal), Ok(text)) = (&mut column.personal, std::str::from_utf8(cell.value)) {
            personal.add(text);
        }
        let mut hasher = DefaultHasher::new();
        cell.value.hash(&mut hasher);
        if cell.value.len() < 4 {
            return;
        }
        if column.seen.len() >= DISTINCT {
            column.unsearched += if column.seen.contains(&hasher.finish()) { 0 } else { cell.count };
            return;
        }
        if !column.seen.insert(hasher.finish()) {
            return;
        }
        // As in `name = "value"`, so that the name counts.
        let plain = cell.value.len() <= BESIDE && !cell.value.iter().any(|byte| matches!(byte, b'"' | b'\\' | b'\n'));
        let (text, kind) = if plain {
            self.text.clear();
            self.text.extend_from_slice(column.name.as_bytes());
            self.text.extend_from_slice(b" = \"");
            self.text.extend_from_slice(cell.value);
            self.text.extend_from_slice(b"\"\n");
            (self.text.as_slice(), Kind::Source)
        } else {
            (cell.value, Kind::Settings)
        };
        let mut found = Vec::new();
        let whole = Text { kind, fixture: false, ..Text::whole(text, self.source) };
        self.engine.scan_secrets(self.scratch, &whole, &mut found);
        for mut found in found {
            found.line = cell.line.unwrap_or(cell.row + 1);
            (found.end_line, found.column) = (found.line, 1);
            let entry = column.secrets.entry(found.rule);
            let (count, best) = entry.or_insert_with(|| (0, found.again()));
            *count += cell.count;
            if found.confidence > best.confidence {
                *best = found;
            }
        }
    }

    /// Tells what the columns of a table hold.
    fn end(&mut self, summary: &Summary) {
        let name = if self.table.trim_start_matches("./") == self.source {
            self.source.to_owned()
        } else {
            format!("{}!{}", self.source, self.table)
        };
        let unsearched: u64 = self.columns.iter().map(|column| column.unsearched).sum();
        for column in self.columns.drain(..) {
            let facts = |rate: f64, values: u64| {
                Some(Arc::new(ColumnFacts { table: self.table.clone(), column: column.name.clone(), rate, values }))
            };
            let path = format!("{name}#{}", column.name);
            #[expect(clippy::cast_precision_loss, reason = "a share needs no more digits")]
            let share = |count: u64| count as f64 / column.cells.max(1) as f64;
            for (_, (count, mut found)) in column.secrets {
                found.facts = facts(share(count), column.cells);
                found.reasons.push(format!("{count} of the column's {} cells that were read hold one", column.cells).into());
                self.sightings.push(Sighting { path: path.clone(), found, lineage: None });
            }
            let personal = column.personal.as_ref().zip(self.engine.personal());
            for (verdict, rules) in
                personal.into_iter().flat_map(|(column, rules)| column.verdicts().into_iter().map(move |verdict| (verdict, rules)))
            {
                let Some(rule) = rules.rule(verdict.meaning) else { continue };
                let found = Found {
                    inline: None,
                    rule,
                    start: 0,
                    end: 0,
                    line: column.first_line,
                    end_line: column.first_line,
                    column: 1,
                    confidence: verdict.confidence,
                    reasons: vec![verdict.reason.into()],
                    verdict: if verdict.valid > 0 { Verdict::Valid } else { Verdict::Unknown },
                    secret: Secret::new(format!("{name}#{}", column.name).into_bytes()),
                    around: (Vec::new(), Vec::new()),
                    encodings: Vec::new(),
                    facts: facts(verdict.rate, verdict.judged),
                };
                self.sightings.push(Sighting { path: path.clone(), found, lineage: None });
            }
        }
        let state = match summary.failure {
            Some(failure) => State::Error { reason: failure.to_string() },
            None if summary.unread > 0 => State::Error { reason: format!("{} could not be read", count(summary.unread, "row", "rows")) },
            None => State::Scanned,
        };
        self.ledger.push((name.clone(), 0, state));
        let cut: u64 = summary.columns.iter().map(|tally| tally.cut).sum();
        let mut leave = |reason: String| self.ledger.push((name.clone(), 0, State::Skipped { reason }));
        if cut > 0 {
            leave(format!("a part: {cut} cells are longer than is read of one; only their beginnings were scanned"));
        }
        if unsearched > 0 {
            leave(format!(
                "a part: {unsearched} cells were not searched for secrets, as {DISTINCT} of their column are distinct before them"
            ));
        }
        for reason in self.scratch.left_out().reasons() {
            leave(reason.to_owned());
        }
    }
}

/// Scans the tables of a PostgreSQL server.
#[cfg(feature = "postgres")]
#[must_use]
pub fn server(engine: &Engine, url: &str, tables: Tables, keep_all: bool) -> (Vec<Sighting>, Ledger) {
    let mut ledger = Ledger::keeping_all(keep_all);
    let shown =
        url.split_once("://").map_or("postgres", |(_, rest)| rest.rsplit('@').next().unwrap_or(rest)).split('?').next().unwrap_or_default();
    let source = format!("postgres://{shown}");
    let mut scratch = Scratch::default();
    let mut columns = Columns::new(engine, &mut scratch, &source);
    let read = crate::table::Server::new(url).and_then(|server| {
        crate::table::open_server(&server, tables.sample, crate::table::Bounds::default(), &mut |event| columns.take(event))
    });
    let Columns { sightings, ledger: lines, .. } = columns;
    for (name, bytes, state) in lines {
        ledger.add(&name, bytes, state);
    }
    if let Err(failure) = read {
        ledger.add(&source, 0, State::Error { reason: failure.to_string() });
    }
    (sightings, ledger)
}
