//! The figures: raw as CSV, medians and ratios for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// One figure. Rates are per second of wall time; `cpu` is user and system seconds for each operation.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    pub value: f64,
    pub unit: &'static str,
    pub cpu: Option<f64>,
}

impl Figure {
    pub fn rate(count: f64, wall: f64, cpu: Option<f64>) -> Self {
        Self { value: count / wall, unit: "1/s", cpu: cpu.map(|seconds| seconds / count) }
    }
}

#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<(String, String, usize, Figure)>,
}

impl Table {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn add(&mut self, subject: &str, what: &str, round: usize, figure: Figure) {
        eprintln!("{subject:12} {what:32} {:12.1} {}", figure.value, figure.unit);
        self.rows.push((subject.to_owned(), what.to_owned(), round, figure));
    }

    pub fn write(&self, folder: &Path) {
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

    pub fn show(&self) {
        let mut groups: BTreeMap<(&str, &str), Vec<Figure>> = BTreeMap::new();
        for (subject, what, _, figure) in &self.rows {
            groups.entry((subject, what)).or_default().push(*figure);
        }
        println!("{:14} {:34} {:>12} {:6} {:>14} {:>12}", "CA", "what", "median", "unit", "CPU us each", "of library");
        for ((subject, what), figures) in &groups {
            let middle = median(figures.iter().map(|figure| figure.value));
            let cpu = figures.iter().filter_map(|figure| figure.cpu).collect::<Vec<_>>();
            let cpu = if cpu.is_empty() { String::new() } else { format!("{:.1}", median(cpu.into_iter()) * 1e6) };
            let library = groups.get(&(*subject, "library")).map(|all| median(all.iter().map(|figure| figure.value)));
            let ratio = library.filter(|_| figures[0].unit == "1/s").map(|library| format!("{:.0} %", 100.0 * middle / library));
            println!("{subject:14} {what:34} {middle:12.1} {:6} {cpu:>14} {:>12}", figures[0].unit, ratio.unwrap_or_default());
        }
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
