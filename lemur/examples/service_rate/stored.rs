//! What is kept at scale, without a network before it: how long filtered pages of many certificates take, and how long all parts of a long
//! revocation list take to be made anew. PostgreSQL writes to the disk (`fsync=on`).

use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use lemur::audit::Actor;
use lemur::authority::{AuthorityOrder, Parent};
use lemur::engine::{Clock, Engine, Settings};
use lemur::name::Subject;
use lemur::store::list::{self, Filter, Match, Page, SortBy};
use lemur::store::{AuthorityId, UserId};
use menagerie_secret::RingFile;
use menagerie_store::database::Kind;
use menagerie_tests::Postgres;

use crate::process::peak_memory;
use crate::{Outcome, say};

/// Measures `lists` or `revoked` on a database of this kind, with so many rows.
pub(crate) async fn measure(what: &str, database: &str, rows: u64) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let server = (database == "postgres").then(|| Postgres::start_with(&["shared_buffers=128MB", "max_wal_size=4GB"]));
    let url = server.as_ref().map_or_else(|| format!("sqlite:{}", folder.path().join("lemur.db").display()), Postgres::url);
    let engine = start(&url, folder.path()).await?;
    match what {
        "lists" => lists(&engine, rows).await?,
        _ => revoked(&engine, rows).await?,
    }
    say(&format!("peak memory of this process: {} MiB", peak_memory(std::process::id())?));
    engine.close().await;
    Ok(())
}

async fn start(url: &str, folder: &Path) -> Outcome<Engine> {
    let settings = Settings::new(Clock::new(Timestamp::now), "http://ca.example.test")?;
    Ok(Engine::start(url, RingFile::new(folder.join("keys")), settings).await?)
}

async fn authority(engine: &Engine, name: &str, parent: Parent) -> Outcome<AuthorityId> {
    let order = AuthorityOrder::new(name, "pki@example.com", Subject::of_common_name(name)?, parent, Actor::cli("rate"));
    Ok(engine.create_authority(order).await?.id)
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
        for (label, make) in filters(&authorities, &name, rows, now) {
            let (mut times, mut first, mut told) = (Vec::new(), Duration::ZERO, (0, false));
            for number in 0..200_u64 {
                let (filter, order, page) = make((number * 7_919 + round * 104_729) % rows + 1);
                let start = Instant::now();
                let listing = engine.certificates(&filter, order, page).await?;
                times.push(start.elapsed());
                if number == 0 {
                    first = times[0];
                    told = (listing.total, listing.exact);
                }
                std::hint::black_box(listing);
            }
            times.sort_unstable();
            // In the first round no page was read before.
            if round == 0 {
                say(&format!("{label}: the first {first:?}, of {}{}", told.0, if told.1 { "" } else { " or so" }));
            } else {
                say(&format!("{label}: median {:?}, p99 {:?}", times[times.len() / 2], times[times.len() * 99 / 100]));
            }
        }
    }
    combined(engine, &authorities, rows, now).await
}

/// Conditions by two and three, in every order, each list for the first time: the slowest are told.
async fn combined(engine: &Engine, authorities: &[AuthorityId], rows: u64, now: Timestamp) -> Outcome<()> {
    let mut times = Vec::new();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = |below: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % below
    };
    for _ in 0..1_000 {
        let mut filter = Filter::default();
        for _ in 0..=draw(3) {
            let n = draw(rows) + 1;
            match draw(12) {
                0 => filter.not_ended_by = Some(now),
                1 => filter.authority = Some(authorities[usize::try_from(draw(4))?]),
                2 => filter.owner = Some(Match::Is(format!("team{}@example.com", n % 1000))),
                3 => filter.owner = Some(Match::Has(format!("team{}", n % 100))),
                4 => filter.text = Some(format!("t{}", n % 5000)),
                5 => filter.text = Some(format!("n{}", n % 10_000)),
                6 => filter.common_name = Some(Match::Has(format!("{}.exa", n % 1000))),
                7 if filter.authority.is_none() => filter.issuer = Some(Match::Has(format!("{}", n % 4))),
                8 => filter.creator = Some(UserId(i64::try_from(n % 50)?)),
                9 => filter.revoked = Some(draw(4) > 0),
                10 => filter.notify = Some(draw(4) > 0),
                _ => filter.ends_before = Some(now + jiff::SignedDuration::from_hours(i64::try_from(draw(1_000))? - 400)),
            }
        }
        let by = [SortBy::Id, SortBy::Id, SortBy::Id, SortBy::Name, SortBy::CommonName, SortBy::Owner, SortBy::NotAfter]
            [usize::try_from(draw(7))?];
        let order = list::Order { by, descending: draw(2) == 0 };
        let start = Instant::now();
        let listing = engine.certificates(&filter, order, Page::Offset { offset: 0, limit: 10 }).await?;
        times.push((start.elapsed(), listing.total, format!("{filter:?} {order:?}")));
    }
    times.sort_by_key(|one| one.0);
    say(&format!("conditions combined: median {:?}, p99 {:?}", times[times.len() / 2].0, times[times.len() * 99 / 100].0));
    for (time, total, what) in times.iter().rev().take(5) {
        say(&format!("  {time:?} of {total}: {what}"));
    }
    Ok(())
}

type Make<'a> = Box<dyn Fn(u64) -> (Filter, list::Order, Page) + 'a>;

fn filters<'a>(
    authorities: &'a [AuthorityId],
    name: &'a dyn Fn(u64) -> String,
    rows: u64,
    now: Timestamp,
) -> Vec<(&'static str, Make<'a>)> {
    const FIRST: Page = Page::Offset { offset: 0, limit: 10 };
    fn by(filter: Filter) -> (Filter, list::Order, Page) {
        (filter, list::Order::default(), FIRST)
    }
    let deep = |offset: u64| Page::Offset { offset, limit: 10 };
    let one_of = |n: u64| authorities[usize::try_from(n % 4).unwrap_or(0)];
    let sorted = |by: SortBy| list::Order { by, descending: false };
    vec![
        ("no condition", Box::new(|_| by(Filter::default()))),
        ("page 1000", Box::new(|_| (Filter::default(), list::Order::default(), Page::Offset { offset: 10_000, limit: 10 }))),
        ("the last page", Box::new(move |_| (Filter::default(), list::Order::default(), deep(rows - rows / 1000)))),
        ("the last page of those that hold", {
            Box::new(move |_| (Filter { not_ended_by: Some(now), ..Filter::default() }, list::Order::default(), deep(rows / 100 * 65)))
        }),
        ("the last page of an authority's that hold", {
            Box::new(move |n| {
                let of = Filter { not_ended_by: Some(now), authority: Some(one_of(n)), ..Filter::default() };
                (of, list::Order::default(), deep(rows / 400 * 65))
            })
        }),
        ("the last page by name, of those that hold", {
            Box::new(move |_| (Filter { not_ended_by: Some(now), ..Filter::default() }, sorted(SortBy::Name), deep(rows / 100 * 65)))
        }),
        ("the last page by owner", Box::new(move |_| (Filter::default(), sorted(SortBy::Owner), deep(rows - rows / 1000)))),
        ("the last page of a frequent part of a name", {
            Box::new(move |_| {
                (Filter { text: Some("example".to_owned()), ..Filter::default() }, list::Order::default(), deep(rows - rows / 1000))
            })
        }),
        ("any page", Box::new(move |n| (Filter::default(), list::Order::default(), deep(n)))),
        ("any page by name, of an authority's", {
            Box::new(move |n| (Filter { authority: Some(one_of(0)), ..Filter::default() }, sorted(SortBy::Name), deep(n / 4)))
        }),
        ("any page by end, of those that hold", {
            Box::new(move |n| (Filter { not_ended_by: Some(now), ..Filter::default() }, sorted(SortBy::NotAfter), deep(n * 65 / 100)))
        }),
        ("any page of a frequent part of a name", {
            Box::new(move |n| (Filter { text: Some("example".to_owned()), ..Filter::default() }, list::Order::default(), deep(n)))
        }),
        ("one page after the other", {
            let next = std::cell::Cell::new(0);
            Box::new(move |_| {
                next.set((next.get() + 1_000) % rows);
                (
                    Filter { not_ended_by: Some(now), ..Filter::default() },
                    list::Order::default(),
                    Page::Offset { offset: next.get(), limit: 1_000 },
                )
            })
        }),
        ("by common name", Box::new(move |n| by(Filter { common_name: Some(Match::Is(name(n))), ..Filter::default() }))),
        (
            "by part of a common name",
            Box::new(move |n| by(Filter { common_name: Some(Match::Has(name(n)[1..].to_owned())), ..Filter::default() })),
        ),
        ("by part of a name, rare", Box::new(move |n| by(Filter { text: Some(format!("n{n}.t")), ..Filter::default() }))),
        ("by part of a name, frequent", Box::new(move |_| by(Filter { text: Some("example".to_owned()), ..Filter::default() }))),
        ("by part of a name, none", Box::new(move |n| by(Filter { text: Some(format!("zz{n}")), ..Filter::default() }))),
        ("by part of a name, 200", Box::new(move |n| by(Filter { text: Some(format!(".t{}.", n % 5000)), ..Filter::default() }))),
        ("by alternative name", Box::new(move |n| by(Filter { alternative_name: Some(Match::Is(name(n))), ..Filter::default() }))),
        (
            "by part of an alternative name",
            Box::new(move |n| by(Filter { alternative_name: Some(Match::Has(name(n)[1..].to_owned())), ..Filter::default() })),
        ),
        ("by a common name as a whole", Box::new(move |n| by(Filter { common_name: Some(Match::Like(name(n))), ..Filter::default() }))),
        ("by owner", Box::new(|n| by(Filter { owner: Some(Match::Is(format!("team{}@example.com", n % 1000))), ..Filter::default() }))),
        ("by part of an owner", Box::new(|n| by(Filter { owner: Some(Match::Has(format!("team{}@", n % 1000))), ..Filter::default() }))),
        ("by authority", Box::new(move |n| by(Filter { authority: Some(one_of(n)), ..Filter::default() }))),
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
            Box::new(move |n| (Filter { authority: Some(one_of(n)), ..Filter::default() }, sorted(SortBy::NotAfter), FIRST)),
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
    for first in (1..=rows).step_by(usize::try_from(AT_ONCE)?) {
        fill_some(engine, random, (first, rows.min(first + AT_ONCE - 1))).await?;
    }
    let mut transaction = engine.store().write().await?;
    transaction.execute("UPDATE certificate SET revoked_ms = 1, reason = 'superseded' WHERE id % 1000 = 0", &[]).await?;
    transaction.commit().await?;
    let mut transaction = engine.store().write().await?;
    transaction.execute("ANALYZE", &[]).await?;
    transaction.commit().await?;
    say(&format!("{rows} rows in {:?}", start.elapsed()));
    Ok(())
}

/// How many rows a statement makes: the engine takes a server that is silent for long for one that is away.
const AT_ONCE: i64 = 100_000;

async fn fill_some(engine: &Engine, random: &'static str, (first, last): (i64, i64)) -> Outcome<()> {
    let mut transaction = engine.store().write().await?;
    let mut sql = menagerie_store::database::Statement::new(
        "INSERT INTO certificate (authority, issuer, issuer_hash, serial, fingerprint, name, cn, owner, creator, description, profile,
            key_type, not_before, not_after, issued_ms, shard, notify, rotation, rotation_policy, has_key, der, search) ",
    );
    sql.push("WITH RECURSIVE numbers (i) AS (SELECT ")
        .bind(first)
        .push(" UNION ALL SELECT i + 1 FROM numbers WHERE i < ")
        .bind(last)
        .push(") SELECT 2 + i % 4, 'Issuing ' || CAST(i % 4 AS TEXT), ")
        .push(random)
        .push(", ")
        .push(random);
    sql.push(", ").push(random).push(", 'n' || CAST(i AS TEXT) || '.t' || CAST(i % 5000 AS TEXT) || '.example.com-Issuing', ");
    sql.push(
        "'n' || CAST(i AS TEXT) || '.t' || CAST(i % 5000 AS TEXT) || '.example.com', 'team' || CAST(i % 1000 AS TEXT) || '@example.com', ",
    );
    sql.push("i % 50, '', 'tls-server', 'ECCPRIME256V1', ").bind(Timestamp::now().as_second()).push(" - 864000 + i % 1000000, ");
    sql.bind(Timestamp::now().as_second())
        .push(" - 1800000 + (i * 7919) % 5184000, 0, i / 100000, CASE WHEN i % 500 = 0 THEN 0 ELSE 1 END, ");
    sql.push("0, '', 0, ")
        .push(random)
        .push(", 'n' || CAST(i AS TEXT) || '.t' || CAST(i % 5000 AS TEXT) || '.example.com-issuing' || '\n' || ");
    sql.push("'n' || CAST(i AS TEXT) || '.t' || CAST(i % 5000 AS TEXT) || '.example.com' FROM numbers");
    transaction.execute_of(&sql).await?;
    let names =
        "INSERT INTO certificate_name (certificate, position, kind, value) SELECT id, 0, 'dns', cn FROM certificate WHERE cn LIKE 'n%'
            AND id > (SELECT coalesce(max(certificate), 0) FROM certificate_name)";
    transaction.execute(names, &[]).await?;
    let words = "INSERT INTO certificate_word (kind, word) SELECT DISTINCT 'owner', owner FROM certificate
        UNION SELECT DISTINCT 'issuer', issuer FROM certificate WHERE 1 = 1 ON CONFLICT DO NOTHING";
    transaction.execute(words, &[]).await?;
    transaction.commit().await?;
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
