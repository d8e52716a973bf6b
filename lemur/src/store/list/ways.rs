//! The way by which SQLite goes to the rows of a list.
//!
//! Its planner knows how many rows a value of an index has on average, as of the last time it was told, and nothing of how many are wanted. How
//! many rows meet each condition is counted here, in the condition's index and up to a bound: a list whose rarest condition leaves few rows is
//! gathered from them and put in order, and any other is gone through in its order until the page is full. PostgreSQL's planner knows the values
//! that are frequent, and is left alone.

use menagerie_store::database::{DatabaseError, Kind, Statement, Transaction};

use super::conditions::{Choice, Prepared};
use super::{Match, Order, SortBy};

/// So many rows are gathered and put in order for a page.
const GATHERED: i64 = 30_000;

/// What is counted first: most lists have a condition that leaves fewer rows.
const LITTLE: i64 = 1_000;

/// Up to how many rows conditions are told apart that all leave many.
const TOLD_APART: i64 = 80_000;

/// A way to a list's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The one that the database finds.
    Free,
    /// By a value that hardly two certificates share.
    Value,
    /// By the index of all sequences of three letters, in the order of numbers.
    Letters,
    /// By a role's certificates, in the order of numbers.
    Role,
    /// By an index.
    Index(Index),
    /// Through the newest certificates.
    Newest,
    /// Through all in the order of the list.
    Order(SortBy),
}

/// An index of one condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Index {
    Owner,
    Creator,
    Quiet,
    Rotating,
    Replaced,
    Revoked,
    CommonName,
    End,
    Authority,
    /// An authority's certificates, in the order of their ends.
    AuthorityEnd,
}

impl Way {
    /// Whether the index of a condition may be gone by, for which the condition stands as it is.
    pub(super) fn allows(self, index: Index) -> bool {
        match self {
            Self::Free => true,
            Self::Index(Index::AuthorityEnd) => matches!(index, Index::Authority | Index::End),
            Self::Index(chosen) => chosen == index,
            Self::Order(SortBy::NotAfter) => index == Index::End,
            Self::Value | Self::Letters | Self::Role | Self::Newest | Self::Order(_) => false,
        }
    }

    /// The table, and how it is gone through.
    pub(super) const fn table(self) -> &'static str {
        match self {
            Self::Newest => "FROM certificate NOT INDEXED WHERE 1 = 1",
            Self::Order(SortBy::Name) => "FROM certificate INDEXED BY certificate_by_name WHERE 1 = 1",
            Self::Order(SortBy::CommonName) => "FROM certificate INDEXED BY certificate_cn WHERE 1 = 1",
            Self::Order(SortBy::Owner) => "FROM certificate INDEXED BY certificate_owner WHERE 1 = 1",
            Self::Order(SortBy::NotAfter) => "FROM certificate INDEXED BY certificate_not_after WHERE 1 = 1",
            Self::Index(index) => index.table(),
            Self::Free | Self::Value | Self::Letters | Self::Role | Self::Order(SortBy::Id) => "FROM certificate WHERE 1 = 1",
        }
    }
}

impl Index {
    const fn table(self) -> &'static str {
        match self {
            Self::Owner => "FROM certificate INDEXED BY certificate_owner WHERE 1 = 1",
            Self::Creator => "FROM certificate INDEXED BY certificate_creator WHERE 1 = 1",
            Self::Quiet => "FROM certificate INDEXED BY certificate_quiet WHERE 1 = 1",
            Self::Rotating => "FROM certificate INDEXED BY certificate_rotating WHERE 1 = 1",
            Self::Replaced => "FROM certificate INDEXED BY certificate_replaced WHERE 1 = 1",
            Self::Revoked => "FROM certificate INDEXED BY certificate_revoked WHERE 1 = 1",
            Self::CommonName => "FROM certificate INDEXED BY certificate_cn WHERE 1 = 1",
            Self::End => "FROM certificate INDEXED BY certificate_not_after WHERE 1 = 1",
            Self::Authority => "FROM certificate INDEXED BY certificate_authority WHERE 1 = 1",
            Self::AuthorityEnd => "FROM certificate INDEXED BY certificate_authority_end WHERE 1 = 1",
        }
    }
}

/// A way that a condition opens.
struct Candidate<'p> {
    way: Way,
    /// The rows that it leads to.
    rows: Statement<'p>,
    /// Whether it leads to them in the order of numbers.
    by_number: bool,
}

/// Chooses the way to a list.
pub(super) async fn choose(transaction: &mut Transaction, prepared: &Prepared<'_>, order: Order) -> Result<Way, DatabaseError> {
    if prepared.kind == Kind::Postgres {
        return Ok(Way::Free);
    }
    let filter = prepared.filter;
    if !prepared.whole.is_empty() || filter.id.is_some() || filter.serial.is_some() || filter.name.is_some() {
        return Ok(Way::Value);
    }
    let candidates = candidates(prepared);
    let candidates: Vec<_> = candidates.iter().collect();
    let in_order = |candidate: &Candidate<'_>| order.by == SortBy::Id && candidate.by_number;
    if let [only] = *candidates
        && in_order(only)
    {
        return Ok(only.way);
    }
    for bound in [LITTLE, GATHERED] {
        if let Some(way) = rarest(transaction, &candidates, bound, |count| count < bound).await? {
            return Ok(way);
        }
    }
    let ordered: Vec<_> = candidates.into_iter().filter(|candidate| in_order(candidate)).collect();
    match *ordered {
        [] => {}
        [only] => return Ok(only.way),
        _ => {
            if let Some(way) = rarest(transaction, &ordered, TOLD_APART, |_| true).await? {
                return Ok(way);
            }
        }
    }
    Ok(match order.by {
        SortBy::NotAfter if filter.authority.is_some() => Way::Index(Index::AuthorityEnd),
        _ if prepared.older.is_some() => Way::Newest,
        by => Way::Order(by),
    })
}

/// The one that leads to the fewest rows, counted up to a bound; the first of several.
async fn rarest(
    transaction: &mut Transaction,
    candidates: &[&Candidate<'_>],
    bound: i64,
    is_good: impl Fn(i64) -> bool,
) -> Result<Option<Way>, DatabaseError> {
    let (mut sql, mut ways) = (Statement::default(), Vec::new());
    for (place, candidate) in (0_i64..).zip(candidates.iter()) {
        sql.push(if place == 0 { "SELECT " } else { " UNION ALL SELECT " }).bind(place).push(" AS place, count(*) AS n FROM (SELECT 1 ");
        sql.append(&candidate.rows).push(" LIMIT ").bind(bound).push(")");
        ways.push(candidate.way);
    }
    if ways.is_empty() {
        return Ok(None);
    }
    let rows = transaction.all_of(&sql).await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        found.push((row.integer("n")?, row.integer("place")?));
    }
    let least = found.into_iter().min().filter(|(count, _)| is_good(*count));
    Ok(least.and_then(|(_, place)| ways.get(usize::try_from(place).ok()?).copied()))
}

/// The ways that conditions open, those first that are likely to lead to few rows.
fn candidates<'p>(prepared: &'p Prepared<'_>) -> Vec<Candidate<'p>> {
    let filter = prepared.filter;
    let mut found = Vec::new();
    let mut add = |way: Way, by_number: bool, rows: Statement<'p>| found.push(Candidate { way, rows, by_number });
    let by = |index: Index| Statement::new(index.table());
    if let Some(Match::Is(name)) = &filter.common_name {
        let mut rows = by(Index::CommonName);
        rows.push(" AND cn = ").bind(name);
        add(Way::Index(Index::CommonName), true, rows);
    }
    if let Some(Choice::OneOf(words)) = prepared.owner.as_ref().filter(|owner| !owner.is_of_many()) {
        let mut rows = by(Index::Owner);
        rows.push(" AND owner IN (").bind_all(words).push(")");
        add(Way::Index(Index::Owner), words.len() == 1, rows);
    }
    for (asked, index, condition) in [
        (filter.notify == Some(false), Index::Quiet, " AND notify = 0"),
        (filter.rotation == Some(true), Index::Rotating, " AND rotation = 1"),
        (filter.replaced == Some(true), Index::Replaced, " AND replaced = 1"),
    ] {
        if asked {
            let mut rows = by(index);
            rows.push(condition);
            add(Way::Index(index), true, rows);
        }
    }
    if filter.revoked == Some(true) {
        let mut rows = by(Index::Revoked);
        rows.push(" AND revoked_ms IS NOT NULL");
        add(Way::Index(Index::Revoked), false, rows);
    }
    if let Some(creator) = filter.creator {
        let mut rows = by(Index::Creator);
        rows.push(" AND creator = ").bind(creator);
        add(Way::Index(Index::Creator), true, rows);
    }
    if let Some(role) = filter.role {
        let mut rows = Statement::new("FROM certificate_role WHERE role = ");
        rows.bind(role);
        add(Way::Role, true, rows);
    }
    if let Some(phrase) = prepared.phrase() {
        let mut rows = Statement::new("FROM certificate_search WHERE certificate_search MATCH ");
        rows.bind(phrase);
        add(Way::Letters, true, rows);
    }
    let from = filter.not_ended_by.max(filter.ends_from);
    if from.is_some() || filter.ends_before.is_some() {
        let mut rows = by(Index::End);
        if let Some(from) = from {
            rows.push(" AND not_after >= ").bind(from.as_second());
        }
        if let Some(before) = filter.ends_before {
            rows.push(" AND not_after < ").bind(before.as_second());
        }
        add(Way::Index(Index::End), false, rows);
    }
    if let Some(authority) = filter.authority {
        let mut rows = by(Index::Authority);
        rows.push(" AND authority = ").bind(authority);
        add(Way::Index(Index::Authority), true, rows);
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jiff::{SignedDuration, Timestamp};

    use super::super::{Filter, following};
    use super::*;
    use crate::store::{AuthorityId, RoleId, Store, UserId};

    const ROWS: i64 = 60_000;

    async fn filled(folder: &tempfile::TempDir, now: Timestamp) -> Store {
        let store = Store::open(&folder.path().join("lemur.db").display().to_string()).await.expect("a database");
        let mut sql = Statement::new(
            "INSERT INTO certificate (authority, issuer, issuer_hash, serial, fingerprint, name, cn, owner, creator, description, profile,
                key_type, not_before, not_after, issued_ms, revoked_ms, notify, rotation, rotation_policy, has_key, replaced, der, search)
            WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < ",
        );
        sql.bind(ROWS).push(
            ") SELECT 1 + i % 2, 'Issuer ' || (i % 2), x'00', randomblob(16), randomblob(16), 'n' || (i * 7919 % 100000) || '.example.com',
                'c' || (i % 700) || '.example.com', 'team' || (i % 300), i % 5, '', '', '', 0, ",
        );
        sql.bind(now.as_second()).push(
            " + i * 31 % 90000 - 20000, 0, CASE WHEN i % 40 = 0 THEN 1 END, i % 90 <> 0, i % 110 = 0, '', 0, i % 3 = 0, x'00',
                'n' || (i * 7919 % 100000) || '.example.com' || char(10) || 'c' || (i % 700) || '.example.com' FROM numbers",
        );
        let mut transaction = store.write().await.expect("a transaction");
        transaction.execute_of(&sql).await.expect("rows");
        for more in [
            "INSERT INTO certificate_role (certificate, role) SELECT id, 1 FROM certificate WHERE id % 50 = 0",
            "INSERT INTO certificate_role (certificate, role) SELECT id, 2 FROM certificate WHERE id % 2 = 0",
            "INSERT INTO certificate_word (kind, word) SELECT DISTINCT 'owner', owner FROM certificate",
        ] {
            transaction.execute(more, &[]).await.expect("what belongs to them");
        }
        transaction.commit().await.expect("is kept");
        store
    }

    /// Every pair of conditions, of which some leave few rows and some many, in every order: by the way that is chosen the same rows come as by
    /// SQLite's own.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_way_leads_to_the_same_rows() {
        let (folder, now) = (tempfile::tempdir().expect("a folder"), Timestamp::now());
        let store = filled(&folder, now).await;
        let later = |seconds: i64| Some(now + SignedDuration::from_secs(seconds));
        let has = |text: &str| Some(Match::Has(text.to_owned()));
        type Add<'a> = Box<dyn Fn(&mut Filter) + 'a>;
        let conditions: Vec<Add<'_>> = vec![
            Box::new(|filter| filter.not_ended_by = Some(now)),
            Box::new(|filter| filter.ends_before = later(-19_500)),
            Box::new(|filter| (filter.ends_from, filter.ends_before) = (later(100), later(60_000))),
            Box::new(|filter| filter.authority = Some(AuthorityId(2))),
            Box::new(|filter| filter.owner = Some(Match::Is("team7".to_owned()))),
            Box::new(|filter| filter.owner = has("team29")),
            Box::new(|filter| filter.owner = has("team")),
            Box::new(|filter| filter.creator = Some(UserId(3))),
            Box::new(|filter| filter.role = Some(RoleId(1))),
            Box::new(|filter| filter.role = Some(RoleId(2))),
            Box::new(|filter| filter.text = Some("n77".to_owned())),
            Box::new(|filter| filter.text = Some("example".to_owned())),
            Box::new(|filter| filter.text = Some("c9".to_owned())),
            Box::new(|filter| filter.common_name = Some(Match::Is("c99.example.com".to_owned()))),
            Box::new(|filter| filter.common_name = has("c9")),
            Box::new(|filter| filter.issuer = has("issuer 1")),
            Box::new(|filter| filter.revoked = Some(true)),
            Box::new(|filter| filter.revoked = Some(false)),
            Box::new(|filter| filter.notify = Some(false)),
            Box::new(|filter| filter.rotation = Some(true)),
            Box::new(|filter| filter.replaced = Some(true)),
            Box::new(|filter| filter.name = Some("n7919.example.com".to_owned())),
        ];
        let mut transaction = store.read().await.expect("a transaction");
        let mut ways = HashSet::new();
        for (first, one) in conditions.iter().enumerate() {
            for (second, other) in conditions.iter().enumerate().skip(first) {
                let mut filter = Filter::default();
                one(&mut filter);
                other(&mut filter);
                let by = [SortBy::Id, SortBy::Name, SortBy::CommonName, SortBy::Owner, SortBy::NotAfter][(first + 3 * second) % 5];
                for by in [SortBy::Id, by] {
                    let order = Order { by, descending: (first + second) % 2 == 0 };
                    let mut prepared = Prepared::new(&mut transaction, Kind::Sqlite, &filter, order).await.expect("a way");
                    let chosen = prepared.way;
                    ways.insert(format!("{chosen:?}"));
                    let found = following(&mut transaction, &prepared, order, None, (30, 20), 100).await.expect("rows");
                    prepared.way = Way::Free;
                    let own = following(&mut transaction, &prepared, order, None, (30, 20), 100).await.expect("rows");
                    assert_eq!((found.ids, found.rows), (own.ids, own.rows), "{chosen:?} {filter:?} {order:?}");
                    assert_eq!(found.marks, own.marks);
                }
            }
        }
        assert!(ways.len() >= 16, "nearly every way is gone: {ways:?}");
        drop(transaction);
        store.database().close().await;
    }
}
