//! Personal data in any bytes: finds lie within the text, what a find holds is judged again alike, and columns take any cell.
#![no_main]

use std::sync::LazyLock;

use lanius::personal::{Column, Finder, Scope, classify};
use libfuzzer_sys::fuzz_target;

static FINDER: LazyLock<Finder> = LazyLock::new(|| Finder::new(Scope::everywhere()));

fuzz_target!(|data: &[u8]| {
    FINDER.find(data, |find| {
        assert!(find.range.start < find.range.end && find.range.end <= data.len() && find.confidence <= 100);
        assert!(!find.value.expose().is_empty());
        let _ = (find.reason(), find.value.masked());
    });
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.lines();
    let mut column = Column::new(&FINDER, lines.next().unwrap_or_default());
    let mut cells = 0;
    for cell in lines {
        column.add(cell);
        let _ = classify(cell).count();
        cells += 1;
    }
    assert!(column.distinct() <= cells);
    let _ = column.verdicts();
});
