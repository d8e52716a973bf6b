//! Lists of certificates: typed conditions, an order, a page.
//!
//! A list of a million rows is read by its indexes. How many rows meet the conditions is counted up to a bound beyond the page that is asked
//! for, since counting all of them would cost more than the page: a total is exact below that bound and grows as the reader goes on.
//!
//! Part of a name is looked up in an index of all sequences of three letters (FTS5 in SQLite, pg_trgm in PostgreSQL); one of fewer letters
//! among the newest certificates only, and then the total is not exact. Owners and issuers are few: part of one is looked up among them
//! first ([`crate::store::words`]).
//!
//! The rows before a page are walked over in an index that has what is asked of them beside the order, and from the nearest place that is known
//! of the list ([`marks`]).

mod conditions;
pub mod marks;

use std::time::Instant;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use menagerie_store::database::{DatabaseError, Kind, Row, Statement, Transaction};

use self::conditions::Prepared;
use self::marks::{ListId, Mark, Marks, SortKey};
use super::certificates::{Certificate, SELECT, complete, read};
use super::{AuthorityId, CertificateId, RoleId, UserId};

/// How far beyond the page rows are counted.
pub const COUNTED: u64 = 1_000;

/// The most rows of a page.
pub const LONGEST_PAGE: u64 = 1_000;

/// How a text is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// It is this.
    Is(String),
    /// This is a part of it; case does not matter.
    Has(String),
}

/// Which certificates. All conditions that are there must be met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Part of its name, its common name or an alternative name.
    pub text: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// Its common name.
    pub common_name: Option<Match>,
    /// One of its alternative names.
    pub alternative_name: Option<String>,
    /// Who answers for it.
    pub owner: Option<Match>,
    /// Who issued it.
    pub authority: Option<AuthorityId>,
    /// The issuer's name for people.
    pub issuer: Option<Match>,
    /// Who asked for it.
    pub creator: Option<UserId>,
    /// A role that may use it.
    pub role: Option<RoleId>,
    /// Its number.
    pub id: Option<CertificateId>,
    /// Its serial number.
    pub serial: Option<Vec<u8>>,
    /// Whether its owner is told of its end.
    pub notify: Option<bool>,
    /// Whether it is to be replaced before its end.
    pub rotation: Option<bool>,
    /// Whether it was revoked.
    pub revoked: Option<bool>,
    /// Whether another replaces it.
    pub replaced: Option<bool>,
    /// It has not ended by then.
    pub not_ended_by: Option<Timestamp>,
    /// It ends from then.
    pub ends_from: Option<Timestamp>,
    /// It ends before then.
    pub ends_before: Option<Timestamp>,
}

impl Filter {
    /// Whether a text has what no stored text has, and what a database may refuse to look for.
    fn is_impossible(&self) -> bool {
        let of = |condition: &Option<Match>| match condition {
            Some(Match::Is(text) | Match::Has(text)) => text.contains('\0'),
            None => false,
        };
        let plain = [&self.text, &self.name, &self.alternative_name].into_iter().flatten().any(|text| text.contains('\0'));
        plain || of(&self.common_name) || of(&self.owner) || of(&self.issuer)
    }
}

/// By what a list is ordered; the number decides between equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    /// The order in which they were stored.
    #[default]
    Id,
    /// What they are called.
    Name,
    /// The common name.
    CommonName,
    /// Who answers.
    Owner,
    /// The end.
    NotAfter,
}

impl SortBy {
    /// The column that is looked at before the number.
    const fn column(self) -> Option<&'static str> {
        match self {
            Self::Id => None,
            Self::Name => Some("name"),
            Self::CommonName => Some("cn"),
            Self::Owner => Some("owner"),
            Self::NotAfter => Some("not_after"),
        }
    }
}

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// By what.
    pub by: SortBy,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl Default for Order {
    fn default() -> Self {
        Self { by: SortBy::Id, descending: true }
    }
}

/// Which rows of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// So many rows after so many others.
    Offset {
        /// How many come before.
        offset: u64,
        /// How many.
        limit: u64,
    },
    /// So many rows that follow a certificate in the order of numbers, whatever else the order says.
    After {
        /// The last of the page before, or none for the first page.
        id: Option<CertificateId>,
        /// How many.
        limit: u64,
    },
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// How many rows the whole list has, counted up to [`COUNTED`] beyond this page.
    pub total: u64,
    /// Whether `total` is all, and not where counting ended.
    pub exact: bool,
    /// The page.
    pub items: Vec<Certificate>,
}

/// What a list is read with.
#[derive(Debug, Clone, Copy)]
pub struct Reading<'a> {
    /// Which database it is.
    pub kind: Kind,
    /// The places in long lists that are known.
    pub marks: &'a Marks,
    /// The time.
    pub now: Timestamp,
}

/// The numbers of a page of a list, without the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    /// As [`Listing::total`].
    pub total: u64,
    /// As [`Listing::exact`].
    pub exact: bool,
    /// The page's certificates, in its order.
    pub ids: Vec<CertificateId>,
}

fn bounded(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX / 2)
}

/// Which list it is, whenever it is asked for: times count from now, in minutes.
fn list_id(filter: &Filter, order: Order, now: Timestamp) -> ListId {
    let minutes = |moment: Option<Timestamp>| moment.map(|moment| moment.duration_since(now).as_secs().div_euclid(60));
    let times = [minutes(filter.not_ended_by), minutes(filter.ends_from), minutes(filter.ends_before)];
    let rest = Filter { not_ended_by: None, ends_from: None, ends_before: None, ..filter.clone() };
    let text = format!("{times:?} {order:?} {rest:?}");
    digest(&SHA256, text.as_bytes()).as_ref().try_into().expect("a SHA-256 has 32 bytes")
}

fn mark_of(row: &Row, by: SortBy) -> Result<Mark, DatabaseError> {
    let key = match by.column() {
        None => SortKey::Id,
        Some(column) if by == SortBy::NotAfter => SortKey::Seconds(row.integer(column)?),
        Some(column) => SortKey::Text(row.text(column)?),
    };
    Ok(Mark { id: CertificateId(row.integer("id")?), key })
}

/// Reads a page.
///
/// # Errors
/// [`DatabaseError`] if the database fails.
pub async fn certificates(
    transaction: &mut Transaction,
    reading: Reading<'_>,
    filter: &Filter,
    order: Order,
    page: Page,
) -> Result<Listing, DatabaseError> {
    let Numbers { total, exact, ids } = numbers(transaction, reading, filter, order, page).await?;
    Ok(Listing { total, exact, items: by_ids(transaction, &ids).await? })
}

/// Reads which certificates a page has.
///
/// # Errors
/// [`DatabaseError`] if the database fails.
pub async fn numbers(
    transaction: &mut Transaction,
    reading: Reading<'_>,
    filter: &Filter,
    order: Order,
    page: Page,
) -> Result<Numbers, DatabaseError> {
    if filter.is_impossible() {
        return Ok(Numbers { total: 0, exact: true, ids: Vec::new() });
    }
    let prepared = Prepared::new(transaction, reading.kind, filter).await?;
    match page {
        Page::Offset { offset, limit } => at_offset(transaction, reading, &prepared, order, (offset, limit.min(LONGEST_PAGE))).await,
        Page::After { id, limit } => {
            let order = Order { by: SortBy::Id, descending: order.descending };
            let after = id.map(|id| Mark { id, key: SortKey::Id });
            let found = following(transaction, &prepared, order, after.as_ref(), (0, limit.min(LONGEST_PAGE))).await?;
            Ok(Numbers { total: found.rows, exact: found.is_all && prepared.older.is_none(), ids: found.ids })
        }
    }
}

async fn at_offset(
    transaction: &mut Transaction,
    Reading { marks, now, .. }: Reading<'_>,
    prepared: &Prepared<'_>,
    order: Order,
    (offset, limit): (u64, u64),
) -> Result<Numbers, DatabaseError> {
    let list = list_id(prepared.filter, order, now);
    let began = Instant::now();
    let (before, mark) = marks.before(&list, offset, now).map_or((0, None), |(rows, mark)| (rows, Some(mark)));
    let found = following(transaction, prepared, order, mark.as_ref(), (offset - before, limit)).await?;
    // A place is known for as long when it took long to get there.
    let noted = now.checked_add(began.elapsed()).unwrap_or(now);
    for (rows, mark) in found.marks {
        marks.note(list, offset.saturating_add(rows), mark, noted);
    }
    let total = if found.rows == 0 && offset > 0 {
        before + count(transaction, prepared, order, mark.as_ref(), offset - before).await?
    } else {
        offset.saturating_add(found.rows)
    };
    Ok(Numbers { total, exact: found.is_all && prepared.older.is_none(), ids: found.ids })
}

/// Rows of a list.
struct Found {
    /// The page.
    ids: Vec<CertificateId>,
    /// How many rows there are from the page's first, counted up to [`COUNTED`] beyond the page.
    rows: u64,
    /// Whether that is all.
    is_all: bool,
    /// The row before the page, the page's last row, and the last that was counted, with how many rows of the page and behind it there are up to
    /// each.
    marks: Vec<(u64, Mark)>,
}

/// The rows that follow a row of the list, or all, without the first `skip`.
async fn following(
    transaction: &mut Transaction,
    prepared: &Prepared<'_>,
    order: Order,
    after: Option<&Mark>,
    (skip, limit): (u64, u64),
) -> Result<Found, DatabaseError> {
    let mut chosen = Statement::new("SELECT id");
    if let Some(column) = order.by.column() {
        chosen.push(", ").push(column);
    }
    chosen.push(" ").append(&prepared.conditions());
    prepared.beyond(&mut chosen, order, after);
    // The row before the page, so that the same page is found by it again; the page; and those behind it that are counted.
    let lead = skip.min(1);
    let bound = limit.saturating_add(COUNTED);
    chosen.push(prepared.order(order)).push(" LIMIT ").bind(bounded(bound + lead)).push(" OFFSET ").bind(bounded(skip - lead));
    let mut rows = transaction.all_of(&chosen).await?;
    let mut marks = Vec::new();
    if lead > 0 && !rows.is_empty() {
        marks.push((0, mark_of(&rows.remove(0), order.by)?));
    }
    let found = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let page = usize::try_from(limit).unwrap_or(usize::MAX).min(rows.len());
    let ids = rows[..page].iter().map(|row| row.integer("id").map(CertificateId)).collect::<Result<Vec<_>, _>>()?;
    for last in [page, rows.len()] {
        if let Some(row) = last.checked_sub(1).and_then(|last| rows.get(last)) {
            marks.push((u64::try_from(last).unwrap_or(u64::MAX), mark_of(row, order.by)?));
        }
    }
    Ok(Found { ids, rows: found, is_all: found < bound, marks })
}

/// Certificates by their numbers, in that order; those that are gone are left out.
///
/// # Errors
/// [`DatabaseError`] if the database fails.
pub async fn by_ids(transaction: &mut Transaction, ids: &[CertificateId]) -> Result<Vec<Certificate>, DatabaseError> {
    let mut statement = Statement::new(SELECT);
    statement.push("WHERE id IN (").bind_all(ids.iter().copied()).push(")");
    let rows = transaction.all_of(&statement).await?;
    let mut items = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    items.sort_by_key(|item| ids.iter().position(|id| *id == item.id));
    complete(transaction, &mut items).await?;
    Ok(items)
}

async fn count(
    transaction: &mut Transaction,
    prepared: &Prepared<'_>,
    order: Order,
    after: Option<&Mark>,
    bound: u64,
) -> Result<u64, DatabaseError> {
    let mut statement = Statement::new("SELECT count(*) AS n FROM (SELECT 1 ");
    statement.append(&prepared.conditions());
    prepared.beyond(&mut statement, order, after);
    statement.push(" LIMIT ").bind(bounded(bound)).push(") AS counted");
    let rows = transaction.all_of(&statement).await?;
    let counted = rows.first().ok_or(DatabaseError::NoRow)?.integer("n")?;
    Ok(u64::try_from(counted).unwrap_or(0))
}
