//! How long the lints of a certificate take: `cargo run --release --example lint_rate -- FILE…` reads each as DER and prints the
//! microseconds of one check, by RFC 5280 alone and with the Baseline Requirements.

use std::hint::black_box;
use std::io::Write as _;
use std::time::Instant;

use lemur::lint::{self, Claims};

const ROUNDS: u32 = 5000;

fn main() -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for file in std::env::args_os().skip(1) {
        let der = std::fs::read(&file)?;
        for baseline in [false, true] {
            let claims = Claims { baseline, ..Claims::default() };
            let start = Instant::now();
            let found: usize = (0..ROUNDS).map(|_| lint::check(black_box(&der), &claims).len()).sum();
            let each = start.elapsed() / ROUNDS;
            let rules = if baseline { "baseline" } else { "pkix" };
            writeln!(out, "{}\t{rules}\t{:.1} µs\t{} findings", file.display(), each.as_secs_f64() * 1e6, found / ROUNDS as usize)?;
        }
    }
    Ok(())
}
