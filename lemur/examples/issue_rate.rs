//! What the engine costs, without a network before it: `rate issue|lists|revoked sqlite|postgres [NUMBER]`.
//!
//! `issue` issues for 32 clients for NUMBER seconds (10) and prints certificates a second, and processor time for each, of this process and
//! of PostgreSQL's. `lists` makes NUMBER rows (1,000,000) and prints how long filtered pages take. `revoked` makes NUMBER revocations
//! (1,000,000) and prints how long all parts of the list take to be rebuilt. PostgreSQL writes to the disk (`fsync=on`).

use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use lemur::audit::Actor;
use lemur::authority::{AuthorityKey, AuthorityOrder, Parent};
use lemur::engine::{Clock, Engine, Settings};
use lemur::issue::{Key, Order, Record};
use lemur::name::{NameConstraints, San, Subject};
use lemur::profile::Period;
use lemur::store::list::{self, Filter, Match, Page, SortBy};
use lemur::store::{AuthorityId, UserId};
use menagerie_secret::RingFile;
use menagerie_sign::{KeyType, LocalSigner, Signer};
use menagerie_store::database::Kind;
use menagerie_tests::Postgres;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const CLIENTS: usize = 32;

#[tokio::main]
async fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (what, database) = match arguments.as_slice() {
        [what, database, ..] => (what.as_str(), database.as_str()),
        _ => return Err("rate issue|lists|revoked sqlite|postgres [NUMBER]".into()),
    };
    let number = arguments.get(2).map(|text| text.parse::<u64>()).transpose()?;
    let folder = tempfile::tempdir()?;
    let server = (database == "postgres").then(|| Postgres::start_with(&["shared_buffers=128MB", "max_wal_size=4GB"]));
    let url = server.as_ref().map_or_else(|| format!("sqlite:{}", folder.path().join("lemur.db").display()), Postgres::url);
    let engine = start(&url, folder.path()).await?;
    match what {
        "issue" => issue(&engine, server.as_ref(), Duration::from_secs(number.unwrap_or(10))).await?,
        "lists" => lists(&engine, number.unwrap_or(1_000_000)).await?,
        "revoked" => revoked(&engine, number.unwrap_or(1_000_000)).await?,
        other => return Err(format!("{other}: issue, lists or revoked").into()),
    }
    say(&format!("peak memory of this process: {} MiB", peak_memory()?));
    engine.close().await;
    Ok(())
}

fn say(text: &str) {
    writeln!(std::io::stdout(), "{text}").expect("standard output is open");
}

async fn start(url: &str, folder: &Path) -> Outcome<Engine> {
    let settings = Settings::new(Clock::new(Timestamp::now), "http://ca.example.test")?;
    Ok(Engine::start(url, RingFile::new(folder.join("keys")), settings).await?)
}

async fn authority(engine: &Engine, name: &str, parent: Parent) -> Outcome<AuthorityId> {
    let order = AuthorityOrder {
        name: name.to_owned(),
        owner: "pki@example.com".to_owned(),
        description: String::new(),
        subject: Subject::of_common_name(name)?,
        key: AuthorityKey::Made(KeyType::EcdsaP256),
        parent,
        validity: None,
        path_length: None,
        constraints: NameConstraints::default(),
        extended_key_usages: Vec::new(),
        policies: Vec::new(),
        profiles: Vec::new(),
        options: "{}".to_owned(),
        roles: Vec::new(),
        actor: Actor::cli("rate"),
    };
    Ok(engine.create_authority(order).await?.id)
}

/// User and system time of a process, and of those that it has waited for.
fn processor_time(process: &str, with_children: bool) -> Outcome<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |range: std::ops::Range<usize>| fields[range].iter().map(|ticks| ticks.parse::<u64>()).sum::<Result<u64, _>>();
    // Linux counts in hundredths of a second.
    Ok(Duration::from_millis(10 * ticks(if with_children { 11..15 } else { 11..13 })?))
}

/// The processor time of PostgreSQL's processes.
fn server_time(server: &Postgres) -> Outcome<Duration> {
    let mut time = processor_time(&server.id().to_string(), true)?;
    for entry in std::fs::read_dir("/proc")? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let Ok(stat) = std::fs::read_to_string(format!("/proc/{name}/stat")) else { continue };
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
        if parent == Some(server.id()) {
            time += processor_time(&name, false)?;
        }
    }
    Ok(time)
}

fn peak_memory() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
}

async fn issue(engine: &Engine, server: Option<&Postgres>, time: Duration) -> Outcome<()> {
    let root = authority(engine, "Root", Parent::Itself).await?;
    let issuing = authority(engine, "Issuing", Parent::Ours(root)).await?;
    let keys: Vec<_> = (0..64).map(|_| Ok(LocalSigner::generate(KeyType::EcdsaP256)?.public_key().clone())).collect::<Outcome<_>>()?;
    let (keys, ending, issued) = (Arc::new(keys), Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CLIENTS {
        let (engine, keys, ending, issued) = (engine.clone(), Arc::clone(&keys), Arc::clone(&ending), Arc::clone(&issued));
        clients.spawn(async move {
            for number in 0_usize.. {
                if ending.load(Ordering::Relaxed) {
                    break;
                }
                let order = Order {
                    authority: issuing,
                    profile: "tls-server".to_owned(),
                    key: Key::Theirs(keys[number % keys.len()].clone()),
                    subject: Subject::new(),
                    names: vec![San::guess(&format!("n{number}.c{client}.example.com"))?],
                    period: Period::Default,
                    csr: None,
                    record: Record::of_owner("team@example.com"),
                    actor: Actor::cli("rate"),
                };
                engine.issue(order).await?;
                issued.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, Box<dyn Error + Send + Sync>>(())
        });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let usage = || Ok::<_, Box<dyn Error + Send + Sync>>((processor_time("self", false)?, server.map(server_time).transpose()?));
    let (before, start, first) = (usage()?, Instant::now(), issued.load(Ordering::Relaxed));
    tokio::time::sleep(time).await;
    let (after, took, last) = (usage()?, start.elapsed(), issued.load(Ordering::Relaxed));
    ending.store(true, Ordering::Relaxed);
    for client in clients.join_all().await {
        client?;
    }
    let count = u32::try_from(last - first)?.max(1);
    say(&format!("{:.0} certificates a second", f64::from(count) / took.as_secs_f64()));
    say(&format!("{:?} of processor time each in this process", (after.0 - before.0) / count));
    if let (Some(before), Some(after)) = (before.1, after.1) {
        say(&format!("{:?} of processor time each in PostgreSQL", (after - before) / count));
    }
    Ok(())
}

const NUMBERS: &str = "WITH RECURSIVE numbers (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i < ";

async fn lists(engine: &Engine, rows: u64) -> Outcome<()> {
    let root = authority(engine, "Root", Parent::Itself).await?;
    let mut authorities = Vec::new();
    for number in 0..4 {
        authorities.push(authority(engine, &format!("Issuing {number}"), Parent::Ours(root)).await?);
    }
    fill(engine, rows).await?;
    let name = |number: u64| format!("n{number}.t{}.example.com", number % 5000);
    let now = Timestamp::now();
    for round in 0..2_u64 {
        for (label, make) in filters(&authorities, &name, now) {
            let mut times = Vec::new();
            for number in 0..200_u64 {
                let (filter, order, page) = make((number * 7_919 + round * 104_729) % rows + 1);
                let start = Instant::now();
                let listing = engine.certificates(&filter, order, page).await?;
                times.push(start.elapsed());
                std::hint::black_box(listing);
            }
            times.sort_unstable();
            if round == 1 {
                say(&format!("{label}: median {:?}, p99 {:?}", times[times.len() / 2], times[times.len() * 99 / 100]));
            }
        }
    }
    Ok(())
}

type Make<'a> = Box<dyn Fn(u64) -> (Filter, list::Order, Page) + 'a>;

fn filters<'a>(authorities: &'a [AuthorityId], name: &'a dyn Fn(u64) -> String, now: Timestamp) -> Vec<(&'static str, Make<'a>)> {
    const FIRST: Page = Page::Offset { offset: 0, limit: 10 };
    fn by(filter: Filter) -> (Filter, list::Order, Page) {
        (filter, list::Order::default(), FIRST)
    }
    let sorted = |by: SortBy| list::Order { by, descending: false };
    vec![
        ("no condition", Box::new(|_| by(Filter::default()))),
        ("page 1000", Box::new(|_| (Filter::default(), list::Order::default(), Page::Offset { offset: 10_000, limit: 10 }))),
        ("the last page", Box::new(|_| (Filter::default(), list::Order::default(), Page::Offset { offset: 999_000, limit: 10 }))),
        ("by common name", Box::new(move |n| by(Filter { common_name: Some(Match::Is(name(n))), ..Filter::default() }))),
        (
            "by part of a common name",
            Box::new(move |n| by(Filter { common_name: Some(Match::Has(name(n)[1..].to_owned())), ..Filter::default() })),
        ),
        ("by part of a name, rare", Box::new(move |n| by(Filter { text: Some(format!("n{n}.t")), ..Filter::default() }))),
        ("by part of a name, frequent", Box::new(move |_| by(Filter { text: Some("example".to_owned()), ..Filter::default() }))),
        ("by part of a name, none", Box::new(move |n| by(Filter { text: Some(format!("zz{n}")), ..Filter::default() }))),
        ("by part of a name, 200", Box::new(move |n| by(Filter { text: Some(format!(".t{}.", n % 5000)), ..Filter::default() }))),
        ("by alternative name", Box::new(move |n| by(Filter { alternative_name: Some(name(n)), ..Filter::default() }))),
        ("by owner", Box::new(|n| by(Filter { owner: Some(Match::Is(format!("team{}@example.com", n % 1000))), ..Filter::default() }))),
        ("by part of an owner", Box::new(|n| by(Filter { owner: Some(Match::Has(format!("team{}@", n % 1000))), ..Filter::default() }))),
        (
            "by authority",
            Box::new(|n| by(Filter { authority: Some(authorities[usize::try_from(n % 4).unwrap_or(0)]), ..Filter::default() })),
        ),
        ("by issuer", Box::new(|n| by(Filter { issuer: Some(Match::Has(format!("issuing {}", n % 4))), ..Filter::default() }))),
        ("by creator", Box::new(|n| by(Filter { creator: Some(UserId(i64::try_from(n % 50).unwrap_or(0))), ..Filter::default() }))),
        ("that hold", Box::new(move |_| by(Filter { not_ended_by: Some(now), ..Filter::default() }))),
        (
            "that end within a window",
            Box::new(move |n| {
                let from = now + jiff::SignedDuration::from_hours(i64::try_from(n % 500).unwrap_or(0));
                by(Filter { ends_from: Some(from), ends_before: Some(from + jiff::SignedDuration::from_hours(1)), ..Filter::default() })
            }),
        ),
        ("that were revoked", Box::new(|_| by(Filter { revoked: Some(true), ..Filter::default() }))),
        (
            "that hold, of an owner",
            Box::new(move |n| {
                by(Filter { not_ended_by: Some(now), owner: Some(Match::Is(format!("team{}@example.com", n % 1000))), ..Filter::default() })
            }),
        ),
        ("that are not told of", Box::new(|_| by(Filter { notify: Some(false), ..Filter::default() }))),
        ("by name, sorted", Box::new(move |_| (Filter::default(), sorted(SortBy::Name), FIRST))),
        ("by end, sorted", Box::new(move |_| (Filter::default(), sorted(SortBy::NotAfter), FIRST))),
        (
            "of an authority, by end",
            Box::new(move |n| {
                (
                    Filter { authority: Some(authorities[usize::try_from(n % 4).unwrap_or(0)]), ..Filter::default() },
                    sorted(SortBy::NotAfter),
                    FIRST,
                )
            }),
        ),
        (
            "that hold, by end",
            Box::new(move |_| (Filter { not_ended_by: Some(now), ..Filter::default() }, sorted(SortBy::NotAfter), FIRST)),
        ),
    ]
}

/// Rows that look like certificates: owners, names, ends and authorities spread out. Their bytes are no certificates.
async fn fill(engine: &Engine, rows: u64) -> Outcome<()> {
    let start = Instant::now();
    let rows = i64::try_from(rows)?;
    let random = match engine.store().database().kind() {
        Kind::Sqlite => "randomblob(32)",
        Kind::Postgres => "decode(md5(CAST(i AS TEXT)) || md5(CAST(i + 1 AS TEXT)), 'hex')",
    };
    let mut transaction = engine.store().write().await?;
    let mut sql = menagerie_store::database::Statement::new(
        "INSERT INTO certificate (authority, issuer, issuer_hash, serial, fingerprint, name, cn, owner, creator, description, profile,
            key_type, not_before, not_after, issued_ms, shard, notify, rotation, rotation_policy, has_key, der, search) ",
    );
    sql.push(NUMBERS).bind(rows).push(") SELECT 2 + i % 4, 'Issuing ' || CAST(i % 4 AS TEXT), ").push(random).push(", ").push(random);
    sql.push(", ").push(random).push(", 'n' || CAST(i AS TEXT) || '.t' || CAST(i % 5000 AS TEXT) || '.example.com-Issuing', ");
    sql.push(
        "'n' || CAST(i AS TEXT) || '.t' || CAST(i % 5000 AS TEXT) || '.example.com', 'team' || CAST(i % 1000 AS TEXT) || '@example.com', ",
    );
    sql.push("i % 50, '', 'tls-server', 'ECCPRIME256V1', ").bind(Timestamp::now().as_second()).push(" - 864000 + i % 1000000, ");
    sql.bind(Timestamp::now().as_second())
        .push(" - 1800000 + (i * 7919) % 5184000, 0, i / 100000, CASE WHEN i % 500 = 0 THEN 0 ELSE 1 END, ");
    sql.push("0, '', 0, ").push(random).push(", 'n' || CAST(i AS TEXT) || '.t' || CAST(i % 5000 AS TEXT) || '.example.com' FROM numbers");
    transaction.execute_of(&sql).await?;
    transaction.execute("UPDATE certificate SET revoked_ms = 1, reason = 'superseded' WHERE id % 1000 = 0", &[]).await?;
    let names =
        "INSERT INTO certificate_name (certificate, position, kind, value) SELECT id, 0, 'dns', cn FROM certificate WHERE cn LIKE 'n%'";
    transaction.execute(names, &[]).await?;
    let words = "INSERT INTO certificate_word (kind, word) SELECT DISTINCT 'owner', owner FROM certificate
        UNION SELECT DISTINCT 'issuer', issuer FROM certificate ON CONFLICT DO NOTHING";
    transaction.execute(words, &[]).await?;
    transaction.commit().await?;
    let mut transaction = engine.store().write().await?;
    transaction.execute("ANALYZE", &[]).await?;
    transaction.commit().await?;
    say(&format!("{rows} rows in {:?}", start.elapsed()));
    Ok(())
}

async fn revoked(engine: &Engine, rows: u64) -> Outcome<()> {
    let id = authority(engine, "Root", Parent::Itself).await?;
    let random = match engine.store().database().kind() {
        Kind::Sqlite => "randomblob(15)",
        Kind::Postgres => "substr(decode(md5(CAST(i AS TEXT)), 'hex'), 1, 15)",
    };
    let start = Instant::now();
    let mut transaction = engine.store().write().await?;
    let mut sql = menagerie_store::database::Statement::new(
        "INSERT INTO revocation (authority, shard, serial, revoked_ms, reason, not_after, certificate) ",
    );
    sql.push(NUMBERS).bind(i64::try_from(rows)?).push(") SELECT ").bind(id).push(", i / 100000, ").push(random);
    sql.push(", ").bind(Timestamp::now().as_millisecond()).push(" - i, 'superseded', ").bind(Timestamp::now().as_second());
    sql.push(" + 8640000, i FROM numbers");
    transaction.execute_of(&sql).await?;
    transaction.commit().await?;
    say(&format!("{rows} revocations in {:?}", start.elapsed()));
    for _ in 0..3 {
        let start = Instant::now();
        let mut transaction = engine.store().write().await?;
        let mut sql = menagerie_store::database::Statement::new(
            "INSERT INTO crl (authority, shard, wanted, built, number, this_update, next_update, etag, lease, lease_ms)
                SELECT DISTINCT authority, shard, 1, 0, 0, 0, 0, '', '', 0 FROM revocation WHERE authority = ",
        );
        sql.bind(id).push(" ON CONFLICT (authority, shard) DO UPDATE SET wanted = crl.wanted + 1");
        transaction.execute_of(&sql).await?;
        transaction.commit().await?;
        let marked = start.elapsed();
        while engine.unpublished().await? {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        say(&format!("all parts of the list in {:?}, {marked:?} of it to say so", start.elapsed()));
    }
    Ok(())
}
