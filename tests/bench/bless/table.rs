//! The figures: raw as CSV, medians and ratios for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// One figure. Rates are per second of wall time; `cpu` is user and system seconds for each operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Figure {
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) cpu: Option<f64>,
}

impl Figure {
    pub(crate) fn rate(count: f64, wall: f64, cpu: Option<f64>) -> Self {
        Self { value: count / wall, unit: "1/s", cpu: cpu.map(|seconds| seconds / count) }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: Vec<(String, String, usize, Figure)>,
}

impl Table {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn add(&mut self, subject: &str, what: &str, round: usize, figure: Figure) {
        eprintln!("{subject:12} {what:32} {:12.1} {}", figure.value, figure.unit);
        self.rows.push((subject.to_owned(), what.to_owned(), round, figure));
    }

    pub(crate) fn write(&self, folder: &Path) {
        let mut csv = "subject,what,round,value,unit,cpu_seconds_each\n".to_owned();
        for (subject, what, round, figure) in &self.rows {
            let cpu = figure.cpu.map(|cpu| format!("{cpu:.9}")).unwrap_or_default();
            let _ = writeln!(csv, "{subject},{what},{round},{:.3},{},{cpu}", figure.value, figure.unit);
        }
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock past 1970").as_secs();
        std::fs::create_dir_all(folder).expect("the folder of runs can be made");
        let path = folder.join(format!("bless-{seconds}.csv"));
        std::fs::write(&path, csv).expect("the figures can be written");
        eprintln!("raw figures: {}", path.display());
    }

    pub(crate) fn show(&self) {
        let mut groups: BTreeMap<(&str, &str), Vec<Figure>> = BTreeMap::new();
        for (subject, what, _, figure) in &self.rows {
            groups.entry((subject, what)).or_default().push(*figure);
        }
        println!("{:14} {:38} {:>12} {:5} {:>12} {:>10} {:>10}", "CA", "what", "median", "unit", "CPU us each", "of library", "by CPU");
        for ((subject, what), figures) in &groups {
            let middle = median(figures.iter().map(|figure| figure.value));
            let cpu = each(figures).map(|cpu| format!("{:.1}", cpu * 1e6)).unwrap_or_default();
            let library = groups.get(&(*subject, "library")).filter(|_| figures[0].unit == "1/s");
            let of = |ours: Option<f64>, theirs: Option<f64>| {
                ours.zip(theirs).map(|(ours, theirs)| format!("{:.0} %", 100.0 * ours / theirs)).unwrap_or_default()
            };
            let by_wall = of(Some(middle), library.map(|all| median(all.iter().map(|figure| figure.value))));
            let by_cpu = of(library.and_then(|all| each(all)), each(figures));
            println!("{subject:14} {what:38} {middle:12.1} {:5} {cpu:>12} {by_wall:>10} {by_cpu:>10}", figures[0].unit);
        }
    }
}

/// The median of the CPU seconds of each operation.
fn each(figures: &[Figure]) -> Option<f64> {
    let cpu: Vec<f64> = figures.iter().filter_map(|figure| figure.cpu).collect();
    (!cpu.is_empty()).then(|| median(cpu.into_iter()))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
