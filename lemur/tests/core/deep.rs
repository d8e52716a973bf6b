//! Pages far into a long list: they meet end to end as near ones do, whether or not the page before was read, and each says how many rows there
//! are, on both databases.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use lemur::engine::Engine;
use lemur::store::list::{Filter, Match, Numbers, Order, Page, SortBy};
use lemur::store::{AuthorityId, CertificateId, RoleId, UserId};
use menagerie_store::database::{Kind, Statement};

use super::support::{House, on_both, their_order, two_authorities, within};

/// More than the near pages have.
const ROWS: i64 = 12_345;

/// So many that a page far into them is found by a survey.
const MANY: i64 = 30_000;

/// A row, as far as lists order it.
struct Row {
    id: i64,
    name: String,
    cn: String,
    owner: String,
    not_after: i64,
}

/// Rows that look like certificates. Their bytes are no certificates.
async fn fill(engine: &Engine, rows: i64, now: Timestamp) {
    let random = match engine.store().database().kind() {
        Kind::Sqlite => "randomblob(32)",
        Kind::Postgres => "decode(md5(CAST(i AS TEXT)) || md5(CAST(i + 1 AS TEXT)), 'hex')",
    };
    let mut sql = Statement::new(
        "INSERT INTO certificate (authority, issuer, issuer_hash, serial, fingerprint, name, cn, owner, creator, description, profile, key_type,
            not_before, not_after, issued_ms, shard, notify, rotation, rotation_policy, has_key, der, search)
        WITH RECURSIVE numbers (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i < ",
    );
    sql.bind(rows).push(") SELECT 2, 'Issuing', ").push(random).push(", ").push(random).push(", ").push(random);
    sql.push(", 'c' || CAST((i * 7919) % 100000 AS TEXT), 'n' || CAST(i % 700 AS TEXT) || '.example.com', ");
    sql.push("'team' || CAST(i % 3 AS TEXT) || '@example.com', 7, '', 'tls-server', 'ECCPRIME256V1', 0, ").bind(now.as_second());
    sql.push(" + 86400 + (i * 31) % 1000, 0, 0, 1, 0, '', 0, ")
        .push(random)
        .push(", 'c' || CAST((i * 7919) % 100000 AS TEXT) || '\nn' || ");
    sql.push("CAST(i % 700 AS TEXT) || '.example.com' FROM numbers");
    let mut transaction = engine.store().write().await.unwrap();
    transaction.execute_of(&sql).await.unwrap();
    transaction
        .execute("INSERT INTO certificate_role (certificate, role) SELECT id, 9 FROM certificate WHERE id % 11 <> 0", &[])
        .await
        .unwrap();
    let words = "INSERT INTO certificate_word (kind, word) SELECT DISTINCT 'owner', owner FROM certificate WHERE creator = 7";
    transaction.execute(words, &[]).await.unwrap();
    transaction.commit().await.unwrap();
}

/// Rows that come later, as others are issued meanwhile.
async fn add(engine: &Engine, rows: i64) {
    let random = match engine.store().database().kind() {
        Kind::Sqlite => "randomblob(32)",
        Kind::Postgres => "decode(md5(CAST(random() AS TEXT)) || md5(CAST(random() AS TEXT)), 'hex')",
    };
    let mut sql = Statement::new(
        "INSERT INTO certificate (authority, issuer, issuer_hash, serial, fingerprint, name, cn, owner, creator, description, profile, key_type,
            not_before, not_after, issued_ms, shard, notify, rotation, rotation_policy, has_key, der, search) SELECT authority, issuer,
            issuer_hash, ",
    );
    sql.push(random).push(", ").push(random);
    sql.push(", name || '-' || CAST((SELECT max(id) FROM certificate) AS TEXT), cn, owner, creator, description, profile, key_type, not_before, ");
    sql.push("not_after, issued_ms, shard, notify, rotation, rotation_policy, has_key, der, search FROM certificate WHERE creator = 7 ");
    sql.push("ORDER BY id LIMIT ").bind(rows);
    let mut transaction = engine.store().write().await.unwrap();
    transaction.execute_of(&sql).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn rows(engine: &Engine) -> Vec<Row> {
    let mut transaction = engine.store().read().await.unwrap();
    let rows = transaction.all("SELECT id, name, cn, owner, not_after FROM certificate", &[]).await.unwrap();
    let row = |row: &menagerie_store::database::Row| Row {
        id: row.integer("id").unwrap(),
        name: row.text("name").unwrap(),
        cn: row.text("cn").unwrap(),
        owner: row.text("owner").unwrap(),
        not_after: row.integer("not_after").unwrap(),
    };
    rows.iter().map(row).collect()
}

fn sorted(rows: &[Row], order: Order, is_in: &dyn Fn(&Row) -> bool) -> Vec<CertificateId> {
    let mut rows: Vec<&Row> = rows.iter().filter(|row| is_in(row)).collect();
    rows.sort_by_key(|row| match order.by {
        SortBy::Id => (String::new(), 0, row.id),
        SortBy::Name => (row.name.clone(), 0, row.id),
        SortBy::CommonName => (row.cn.clone(), 0, row.id),
        SortBy::Owner => (row.owner.clone(), 0, row.id),
        SortBy::NotAfter => (String::new(), row.not_after, row.id),
    });
    if order.descending {
        rows.reverse();
    }
    rows.into_iter().map(|row| CertificateId(row.id)).collect()
}

/// Conditions, and the same said plainly.
type Case = (Filter, Box<dyn Fn(&Row) -> bool>);

const ORDERS: [SortBy; 5] = [SortBy::Id, SortBy::Name, SortBy::CommonName, SortBy::Owner, SortBy::NotAfter];

fn cases(now: Timestamp) -> [Case; 5] {
    let holds = now + SignedDuration::from_secs(86_400 + 100);
    [
        (Filter::default(), Box::new(|_| true)),
        (Filter { not_ended_by: Some(holds), revoked: Some(false), ..Filter::default() }, {
            let holds = holds.as_second();
            Box::new(move |row| row.not_after >= holds)
        }),
        (Filter { owner: Some(Match::Has("team".to_owned())), ..Filter::default() }, Box::new(|row| row.owner.starts_with("team"))),
        (Filter { text: Some("Example.com".to_owned()), ..Filter::default() }, Box::new(|row| row.cn.contains("example.com"))),
        (
            Filter { role: Some(RoleId(9)), authority: Some(AuthorityId(2)), ..Filter::default() },
            Box::new(|row| row.id % 11 != 0 && row.owner.starts_with("team")),
        ),
    ]
}

async fn page(engine: &Engine, filter: &Filter, order: Order, offset: usize, limit: u64) -> Numbers {
    let page = Page::Offset { offset: u64::try_from(offset).unwrap(), limit };
    engine.certificate_numbers(filter, order, page).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deep_pages_meet_end_to_end() {
    on_both(async |house: House| {
        let engine = house.engine().await;
        two_authorities(&engine).await;
        let now = Timestamp::now();
        fill(&engine, ROWS, now).await;
        let rows = rows(&engine).await;
        for (filter, is_in) in &cases(now) {
            for by in ORDERS {
                for descending in [false, true] {
                    let order = Order { by, descending };
                    let expected = sorted(&rows, order, is_in);
                    assert!(expected.len() > 10_500, "{filter:?} leaves {}", expected.len());
                    // The last page without any before it.
                    let last = page(&engine, filter, order, expected.len() - 7, 10).await;
                    assert_eq!(last.ids, expected[expected.len() - 7..], "{filter:?} {order:?}");
                    assert_eq!((last.total, last.exact), (u64::try_from(expected.len()).unwrap(), true));
                    // The first of many tells how many there are, once they were counted.
                    let counted = async || page(&engine, filter, order, 9_700, 310).await.total == u64::try_from(expected.len()).unwrap();
                    assert!(within(Duration::from_secs(20), counted).await, "{filter:?} {order:?}");
                    // One page after the other.
                    for first in (9_700..expected.len()).step_by(310) {
                        let some = page(&engine, filter, order, first, 310).await;
                        let until = expected.len().min(first + 310);
                        assert_eq!(some.ids, expected[first..until], "{filter:?} {order:?} at {first}");
                        assert_eq!(some.total, u64::try_from(expected.len()).unwrap(), "{filter:?} {order:?} at {first}");
                    }
                    let beyond = page(&engine, filter, order, expected.len() + 500, 10).await;
                    assert_eq!((beyond.total, beyond.exact, beyond.ids.len()), (u64::try_from(expected.len()).unwrap(), true, 0));
                }
            }
        }
        engine.close().await;
    })
    .await;
}

/// Whoever goes through a long list sees each certificate once, also while others are issued.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deep_page_begins_where_the_one_before_it_ended() {
    on_both(async |house: House| {
        let engine = house.engine().await;
        let (_, issuing) = two_authorities(&engine).await;
        fill(&engine, ROWS, Timestamp::now()).await;
        let (filter, order) = (Filter::default(), Order::default());
        let before = sorted(&rows(&engine).await, order, &|_| true);
        let read = page(&engine, &filter, order, 11_000, 10).await;
        assert_eq!(read.ids, before[11_000..11_010]);
        let new = engine.issue(their_order(issuing, "new.example.com")).await.unwrap().id;
        assert_eq!(page(&engine, &filter, order, 0, 1).await.ids, [new], "near pages are as the list is");
        assert_eq!(page(&engine, &filter, order, 11_010, 10).await.ids, before[11_010..11_020]);
        // Another process has read nothing yet.
        let other = house.engine().await;
        assert_eq!(page(&other, &filter, order, 11_010, 10).await.ids, before[11_009..11_019]);
        other.close().await;
        engine.close().await;
    })
    .await;
}

/// A script that computes from the first answer how many pages there are gets all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_page_tells_how_many_there_are() {
    on_both(async |house: House| {
        let engine = house.engine().await;
        two_authorities(&engine).await;
        let now = Timestamp::now();
        fill(&engine, MANY, now).await;
        let rows = rows(&engine).await;
        for (number, (filter, is_in)) in cases(now).iter().enumerate() {
            let order = Order::default();
            let expected = sorted(&rows, order, is_in);
            let total = u64::try_from(expected.len()).unwrap();
            // Of all, and of those that hold, the first answer; of others, one after they were counted.
            let first = page(&engine, filter, order, 0, 100).await;
            assert_eq!(first.ids, expected[..100]);
            assert!(
                first.total == total && first.exact || number > 1 && first.total == 1_100 && !first.exact,
                "{filter:?} {}",
                first.total
            );
            let known = async || page(&engine, filter, order, 0, 10).await.total == total;
            assert!(within(Duration::from_secs(20), known).await, "{filter:?}");
            let pages = expected.len().div_ceil(1_000);
            let mut read = Vec::new();
            for number in 0..pages {
                read.extend(page(&engine, filter, order, number * 1_000, 1_000).await.ids);
            }
            assert_eq!(read, expected, "{filter:?}");
        }
        // What is counted is counted once for all who ask meanwhile.
        let filter = Filter { creator: Some(UserId(7)), ..Filter::default() };
        let asked = (0..20).map(|_| page(&engine, &filter, Order::default(), 0, 1_000));
        for answer in futures_util::future::join_all(asked).await {
            assert!([2_000, u64::try_from(MANY).unwrap()].contains(&answer.total), "{}", answer.total);
        }
        engine.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_jump_into_a_long_list_finds_what_a_plain_look_finds() {
    on_both(async |house: House| {
        let engine = house.engine().await;
        two_authorities(&engine).await;
        let now = Timestamp::now();
        fill(&engine, MANY, now).await;
        let rows = rows(&engine).await;
        for (filter, is_in) in &cases(now) {
            for by in ORDERS {
                for descending in [false, true] {
                    let order = Order { by, descending };
                    let expected = sorted(&rows, order, is_in);
                    assert!(expected.len() > 26_000, "{filter:?} leaves {}", expected.len());
                    // The first jump waits for the survey until that is there, and another knows how many there are behind it.
                    let total = u64::try_from(expected.len()).unwrap();
                    let first = page(&engine, filter, order, 21_137, 10).await;
                    assert_eq!(first.ids, expected[21_137..21_147], "{filter:?} {order:?}");
                    // In any other order there are as many.
                    let is_new = by == ORDERS[0] && !descending && (first.total, first.exact) == (22_147, false);
                    assert!(first.total == total || is_new, "{filter:?} {order:?} {}", first.total);
                    let counted = async || page(&engine, filter, order, 22_222, 10).await.total == total;
                    assert!(within(Duration::from_secs(20), counted).await, "{filter:?} {order:?}");
                    for jump in 0..25 {
                        let at = 10_000 + jump * 7_919 % (expected.len() - 10_000);
                        let some = page(&engine, filter, order, at, 10).await;
                        assert_eq!(some.ids, expected[at..expected.len().min(at + 10)], "{filter:?} {order:?} at {at}");
                        assert_eq!(some.total, total, "{filter:?} {order:?} at {at}");
                    }
                    for beyond in [expected.len(), 1_000_000] {
                        let beyond = page(&engine, filter, order, beyond, 10).await;
                        assert_eq!((beyond.total, beyond.exact, beyond.ids.len()), (total, true, 0));
                    }
                }
            }
        }
        engine.close().await;
    })
    .await;
}

/// A reader goes through a list that grows, while others have it surveyed: each row that was there is seen once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_grows_is_surveyed_and_read_meanwhile() {
    on_both(async |house: House| {
        let engine = house.engine().await;
        two_authorities(&engine).await;
        fill(&engine, MANY, Timestamp::now()).await;
        let (filter, newest_first) = (Filter::default(), Order::default());
        let oldest_first = Order { by: SortBy::Id, descending: false };
        let before = sorted(&rows(&engine).await, newest_first, &|_| true);
        let (all, later) = (u64::try_from(before.len()).unwrap(), 16 * 50);
        let mut read = page(&engine, &filter, newest_first, 9_000, 1_000).await.ids;
        assert_eq!(read, before[9_000..10_000]);
        for number in 0..16 {
            // Others are issued while others jump, whose survey sees some of them or none.
            let (mark, jump) = (10_000 + number * 1_000, 25_000 + number * 10);
            let other = [newest_first, oldest_first][number % 2];
            let ((), jumped) = futures_util::join!(add(&engine, 50), page(&engine, &filter, other, jump, 10));
            assert!(jumped.ids.len() == 10 && (all..=all + later).contains(&jumped.total), "{}", jumped.total);
            if !other.descending {
                let expected: Vec<_> = before.iter().rev().skip(jump).take(10).copied().collect();
                assert_eq!(jumped.ids, expected, "what comes behind a page shifts nothing");
            }
            let next = page(&engine, &filter, newest_first, mark, 1_000).await;
            assert!(next.total >= all, "{}", next.total);
            read.extend(next.ids);
        }
        assert_eq!(read, before[9_000..26_000], "what comes before a page shifts nothing for who goes on");
        // Another process knows nothing of this, and counts.
        let other = house.engine().await;
        let first = page(&other, &filter, newest_first, 0, 10).await;
        assert_eq!((first.total, first.exact), (all + later, true));
        other.close().await;
        engine.close().await;
    })
    .await;
}
