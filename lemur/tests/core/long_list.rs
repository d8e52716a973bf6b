//! A revocation list of more entries than are read at once has each of them once, as OpenSSL reads it, on both databases.

use std::collections::BTreeSet;
use std::time::Duration;

use menagerie_store::database::{Kind, Statement};

use super::support::{House, on_both, openssl, two_authorities, within};

/// More than twice what is read at once.
const ENTRIES: i64 = 20_011;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_list_has_every_entry_once() {
    on_both(async |house: House| {
        let engine = house.engine().await;
        let (root, _) = two_authorities(&engine).await;
        // Of three lengths, as serial numbers without their leading zeros are.
        let serial = match engine.store().database().kind() {
            Kind::Sqlite => "substr(randomblob(16), 1, 14 + i % 3)",
            Kind::Postgres => "substr(decode(md5(CAST(i AS TEXT)), 'hex'), 1, CAST(14 + i % 3 AS INTEGER))",
        };
        let mut sql = Statement::new(
            "INSERT INTO revocation (authority, shard, serial, revoked_ms, reason, not_after, certificate)
                WITH RECURSIVE numbers (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i < ",
        );
        sql.bind(ENTRIES).push(") SELECT ").bind(root).push(", 0, ").push(serial);
        sql.push(", 1700000000000 + i, CASE i % 2 WHEN 0 THEN 'superseded' ELSE 'keyCompromise' END, 4102444800, i FROM numbers");
        let mut transaction = engine.store().write().await.unwrap();
        transaction.execute_of(&sql).await.unwrap();
        let wanted = "INSERT INTO crl (authority, shard, wanted, built, number, this_update, next_update, etag, lease, lease_ms)
            SELECT DISTINCT authority, shard, 1, 0, 0, 0, 0, '', '', 0 FROM revocation WHERE true
            ON CONFLICT (authority, shard) DO UPDATE SET wanted = crl.wanted + 1";
        transaction.execute(wanted, &[]).await.unwrap();
        let rows = transaction.all("SELECT serial FROM revocation", &[]).await.unwrap();
        transaction.commit().await.unwrap();
        let written = |serial: &str| serial.trim_start_matches('0').to_owned();
        let stored: BTreeSet<String> = rows.iter().map(|row| written(&hex::encode_upper(row.bytes("serial").unwrap()))).collect();
        assert_eq!(stored.len(), usize::try_from(ENTRIES).unwrap());
        assert!(within(Duration::from_secs(20), async || !engine.unpublished().await.unwrap()).await, "the list is made");
        house.file("list.crl", engine.crl(root, 0).await.unwrap().unwrap().der);
        let text = openssl(&["crl", "-in", "list.crl", "-inform", "DER", "-noout", "-text"], house.folder.path());
        let listed: Vec<String> = text.lines().filter_map(|line| line.trim().strip_prefix("Serial Number: ")).map(written).collect();
        assert_eq!(listed.len(), stored.len());
        assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), stored);
        assert_eq!(text.matches("Key Compromise").count(), stored.len().div_ceil(2));
        engine.close().await;
    })
    .await;
}
