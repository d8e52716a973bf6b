//! The same answer in every way: a history as every version scanned by itself, any number of threads as one, a stream in any pieces as
//! the whole. Cases are random from fixed seeds; `MENAGERIE_SOAK=1` runs more of them.

mod dice;
mod slow;
mod streams;
mod tags;
mod threads;

/// How many cases: few in a test run, many in a soak.
fn cases(few: u64, many: u64) -> std::ops::Range<u64> {
    0..if std::env::var_os("MENAGERIE_SOAK").is_some() { many } else { few }
}
