//! What the service costs: `service_rate rest|acme LEMUR [SECONDS]`, `service_rate pebble [SECONDS]`, or, of what it keeps,
//! `service_rate lists|revoked sqlite|postgres [ROWS]`.
//!
//! `rest` has 32 clients issue by `POST /api/1/certificates`, each request with a P-256 CSR of its own, on PostgreSQL that writes to the
//! disk (`fsync=on`). `acme` has clients go whole ACME flows by dns-01 on the same database, each from a new order to the certificate's
//! chain; `pebble` has the same clients do the same at Debian's pebble, which keeps all in memory. Each prints one JSON object: how many a
//! second by the clock, and the processor time of each in the service and in PostgreSQL. The clients' own is in neither.
//!
//! `lists` makes that many certificates (1,000,000) and prints how long filtered pages take; `revoked` as many revocations, and how long all
//! parts of the list take to be made anew.

mod flows;
mod orders;
mod process;
mod service;
mod stored;

use std::error::Error;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::process::Usage;
use crate::service::{Lemur, Pebble};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What clients share: how many they have finished, and whether they are to end.
#[derive(Debug, Clone, Default)]
pub(crate) struct Count {
    done: Arc<AtomicU64>,
    ending: Arc<AtomicBool>,
}

impl Count {
    pub(crate) fn add(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = "service_rate rest|acme LEMUR [SECONDS], pebble [SECONDS], or lists|revoked sqlite|postgres [ROWS]";
    let what = arguments.first().ok_or(usage)?.as_str();
    let seconds = |at: usize| arguments.get(at).map_or(Ok(10), |text| text.parse()).map(Duration::from_secs);
    let lemur = || arguments.get(1).map(PathBuf::from).ok_or(usage);
    let count = Count::default();
    match what {
        "rest" => {
            let service = Lemur::start(&lemur()?)?;
            let clients = orders::begin(&service, &count).await?;
            measure("rest", service.usage(), clients, &count, seconds(2)?).await
        }
        "acme" => {
            let service = Lemur::start(&lemur()?)?;
            let clients = flows::begin(&service.acme()?, &count).await?;
            measure("acme", service.usage(), clients, &count, seconds(2)?).await
        }
        "pebble" => {
            let service = Pebble::start()?;
            let clients = flows::begin(&service.acme(), &count).await?;
            measure("pebble", service.usage(), clients, &count, seconds(1)?).await
        }
        "lists" | "revoked" => {
            let database = arguments.get(1).ok_or(usage)?;
            stored::measure(what, database, arguments.get(2).map_or(Ok(1_000_000), |text| text.parse())?).await
        }
        _ => Err(usage.into()),
    }
}

fn say(text: &str) {
    writeln!(std::io::stdout(), "{text}").expect("standard output is open");
}

type Clients = tokio::task::JoinSet<Outcome<()>>;

/// Watches clients that run for so long, after a second to warm up.
async fn measure(what: &str, usage: Usage<'_>, mut clients: Clients, count: &Count, time: Duration) -> Outcome<()> {
    tokio::time::sleep(Duration::from_secs(1)).await;
    if let Some(ended) = clients.try_join_next() {
        return ended?.and(Err("a client ended before it was told to".into()));
    }
    let (before, start, first) = (usage.now()?, Instant::now(), count.done.load(Ordering::Relaxed));
    tokio::time::sleep(time).await;
    let (after, took, last) = (usage.now()?, start.elapsed(), count.done.load(Ordering::Relaxed));
    count.ending.store(true, Ordering::Relaxed);
    while let Some(client) = clients.join_next().await {
        client??;
    }
    let number = f64::from(u32::try_from(last - first)?.max(1));
    let each = |before: Duration, after: Duration| after.saturating_sub(before).as_secs_f64() * 1000.0 / number;
    let line = json!({
        "what": what,
        "done": last - first,
        "per_second": number / took.as_secs_f64(),
        "service_ms": each(before.service, after.service),
        "database_ms": before.database.zip(after.database).map(|(before, after)| each(before, after)),
        "peak_mib": after.peak_mib,
    });
    say(&line.to_string());
    Ok(())
}
