//! Pages far into a long list: they meet end to end as near ones do, whether or not the page before was read, on both databases.

use jiff::{SignedDuration, Timestamp};
use lemur::engine::Engine;
use lemur::store::list::{Filter, Match, Numbers, Order, Page, SortBy};
use lemur::store::{AuthorityId, CertificateId, RoleId};
use menagerie_store::database::{Kind, Statement};

use super::support::{House, on_both, their_order, two_authorities};

/// More than the near pages have.
const ROWS: i64 = 12_345;

/// A row, as far as lists order it.
struct Row {
    id: i64,
    name: String,
    cn: String,
    owner: String,
    not_after: i64,
}

/// Rows that look like certificates. Their bytes are no certificates.
async fn fill(engine: &Engine, now: Timestamp) {
    let random = match engine.store().database().kind() {
        Kind::Sqlite => "randomblob(32)",
        Kind::Postgres => "decode(md5(CAST(i AS TEXT)) || md5(CAST(i + 1 AS TEXT)), 'hex')",
    };
    let mut sql = Statement::new(
        "INSERT INTO certificate (authority, issuer, issuer_hash, serial, fingerprint, name, cn, owner, creator, description, profile, key_type,
            not_before, not_after, issued_ms, shard, notify, rotation, rotation_policy, has_key, der, search)
        WITH RECURSIVE numbers (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i < ",
    );
    sql.bind(ROWS).push(") SELECT 2, 'Issuing', ").push(random).push(", ").push(random).push(", ").push(random);
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
        fill(&engine, now).await;
        let rows = rows(&engine).await;
        let holds = now + SignedDuration::from_secs(86_400 + 100);
        let filters: [Case; 5] = [
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
        ];
        for (filter, is_in) in &filters {
            for by in [SortBy::Id, SortBy::Name, SortBy::CommonName, SortBy::Owner, SortBy::NotAfter] {
                for descending in [false, true] {
                    let order = Order { by, descending };
                    let expected = sorted(&rows, order, is_in);
                    assert!(expected.len() > 10_500, "{filter:?} leaves {}", expected.len());
                    // The last page without any before it.
                    let last = page(&engine, filter, order, expected.len() - 7, 10).await;
                    assert_eq!(last.ids, expected[expected.len() - 7..], "{filter:?} {order:?}");
                    assert_eq!((last.total, last.exact), (u64::try_from(expected.len()).unwrap(), true));
                    // One page after the other.
                    for first in (9_700..expected.len()).step_by(310) {
                        let some = page(&engine, filter, order, first, 310).await;
                        let until = expected.len().min(first + 310);
                        assert_eq!(some.ids, expected[first..until], "{filter:?} {order:?} at {first}");
                        let counted = expected.len().min(first + 310 + 1_000);
                        assert_eq!(some.total, u64::try_from(counted).unwrap(), "{filter:?} {order:?} at {first}");
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
        fill(&engine, Timestamp::now()).await;
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
