//! Lists of certificates: typed conditions, an order, a page.
//!
//! A list of a million rows is read by its indexes. How many rows meet the conditions is counted up to a bound beyond the page that is asked
//! for, since counting all of them would cost more than the page. A list that goes on behind that is counted once for all who read it, and they
//! wait for it a moment ([`surveys`]).
//!
//! Part of a name is looked up in an index of all sequences of three letters (FTS5 in SQLite, pg_trgm in PostgreSQL); one of fewer letters
//! among the newest certificates only, and then the total is not exact. Owners and issuers are few: part of one is looked up among them
//! first ([`crate::store::words`]).
//!
//! A name that is asked for as a whole is looked up as it was written and in lower case, as names of certificates are: by the index.
//!
//! Which of several conditions leads to the rows is not left to SQLite ([`ways`]).
//!
//! The rows before a page are walked over in an index that has what is asked of them beside the order, and from the nearest place that is known
//! of the list.

mod conditions;
pub mod surveys;
mod ways;

use std::time::{Duration, Instant};

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use menagerie_store::database::{DatabaseError, Statement, Transaction};

use self::conditions::Prepared;
use self::surveys::{Count, Mark, Place, SortKey, Surveys};
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
    /// It is this as a whole, where `%` stands for anything; case does not matter.
    Like(String),
}

impl Match {
    fn text(&self) -> &str {
        let (Self::Is(text) | Self::Has(text) | Self::Like(text)) = self;
        text
    }
}

/// Which certificates. All conditions that are there must be met.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Part of its name, its common name or an alternative name.
    pub text: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// What it is called, its common name or an alternative name, as a whole; case does not matter.
    pub known_as: Option<String>,
    /// Its common name; a part also of an alternative name.
    pub common_name: Option<Match>,
    /// Its common name or an alternative name, as a whole; case does not matter.
    pub stands_for: Option<String>,
    /// One of its alternative names.
    pub alternative_name: Option<Match>,
    /// Who answers for it.
    pub owner: Option<Match>,
    /// Who issued it.
    pub authority: Option<AuthorityId>,
    /// Whether one of these issued it.
    pub authorities: Option<Vec<AuthorityId>>,
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
        let plain = [&self.text, &self.name, &self.known_as, &self.stands_for].into_iter().flatten().map(String::as_str);
        let matched = [&self.common_name, &self.alternative_name, &self.owner, &self.issuer].into_iter().flatten().map(Match::text);
        plain.chain(matched).any(|text| text.contains('\0'))
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
    /// How many rows the whole list has, or had minutes ago at the most; counted up to [`COUNTED`] beyond this page where that is not known in
    /// time. Never fewer than were seen.
    pub total: u64,
    /// Whether that is how many there are, and not where counting ended or how many there were.
    pub exact: bool,
    /// The page.
    pub items: Vec<Certificate>,
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

/// The digest of a list's conditions and order.
type ListId = [u8; 32];

/// A list, whichever page of it is asked for.
struct List<'a> {
    id: ListId,
    /// What lists of the same rows have in common, whatever their order.
    rows: ListId,
    filter: &'a Filter,
    order: Order,
}

impl<'a> List<'a> {
    /// It is the same one whenever it is asked for: times count from now, in minutes.
    fn new(filter: &'a Filter, order: Order, now: Timestamp) -> Self {
        let minutes = |moment: Option<Timestamp>| moment.map(|moment| moment.duration_since(now).as_secs().div_euclid(60));
        let times = [minutes(filter.not_ended_by), minutes(filter.ends_from), minutes(filter.ends_before)];
        let rest = Filter { not_ended_by: None, ends_from: None, ends_before: None, ..filter.clone() };
        let id = |text: String| digest(&SHA256, text.as_bytes()).as_ref().try_into().expect("a SHA-256 has 32 bytes");
        Self { id: id(format!("{times:?} {rest:?} {order:?}")), rows: id(format!("{times:?} {rest:?}")), filter, order }
    }

    /// How long a page waits to be told how many rows there are. A long page is long in the making, and those who read a list by numbers of
    /// pages ask for long ones; and the lists that everybody reads are counted once for all.
    fn patience(&self, limit: u64) -> Duration {
        let is_plain = Filter { not_ended_by: None, revoked: None, ..self.filter.clone() } == Filter::default();
        if is_plain { Duration::from_secs(2) } else { Duration::from_millis(limit.max(25)) }
    }
}

fn bounded(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX / 2)
}

/// Reads a page.
///
/// # Errors
/// [`DatabaseError`] if the database fails.
pub async fn certificates(surveys: &Surveys, now: Timestamp, filter: &Filter, order: Order, page: Page) -> Result<Listing, DatabaseError> {
    let Numbers { total, exact, ids } = numbers(surveys, now, filter, order, page).await?;
    Ok(Listing { total, exact, items: by_ids(&mut surveys.database().read().await?, &ids).await? })
}

/// Reads which certificates a page has.
///
/// # Errors
/// [`DatabaseError`] if the database fails.
pub async fn numbers(surveys: &Surveys, now: Timestamp, filter: &Filter, order: Order, page: Page) -> Result<Numbers, DatabaseError> {
    if filter.is_impossible() {
        return Ok(Numbers { total: 0, exact: true, ids: Vec::new() });
    }
    match page {
        Page::Offset { offset, limit } => at_offset(surveys, &List::new(filter, order, now), (offset, limit.min(LONGEST_PAGE))).await,
        Page::After { id, limit } => {
            let database = surveys.database();
            let mut transaction = database.read().await?;
            let order = Order { by: SortBy::Id, descending: order.descending };
            let prepared = Prepared::new(&mut transaction, database.kind(), filter, order).await?;
            let after = id.map(|id| Mark { id, key: SortKey::Id });
            let found = following(&mut transaction, &prepared, order, after.as_ref(), (0, limit.min(LONGEST_PAGE)), COUNTED).await?;
            Ok(Numbers { total: found.rows, exact: found.is_all && prepared.older.is_none(), ids: found.ids })
        }
    }
}

async fn at_offset(surveys: &Surveys, list: &List<'_>, (offset, limit): (u64, u64)) -> Result<Numbers, DatabaseError> {
    let asked = Instant::now();
    let Place { rows: before, mark } = surveys.place(list, offset).await;
    let known = surveys.known(list).map(|count| count.rows);
    let counted = if known.is_some() { 1 } else { COUNTED };
    let (found, seen, is_whole) = {
        let database = surveys.database();
        let mut transaction = database.read().await?;
        let prepared = Prepared::new(&mut transaction, database.kind(), list.filter, list.order).await?;
        let found = following(&mut transaction, &prepared, list.order, mark.as_ref(), (offset - before, limit), counted).await?;
        let seen = if found.rows == 0 && offset > 0 {
            before + count(&mut transaction, &prepared, list.order, mark.as_ref(), Some(offset - before)).await?
        } else {
            offset.saturating_add(found.rows)
        };
        (found, seen, prepared.older.is_none())
    };
    for (rows, mark) in found.marks {
        surveys.note(list, offset.saturating_add(rows), mark);
    }
    if found.is_all {
        return Ok(Numbers { total: seen, exact: is_whole, ids: found.ids });
    }
    // The connection was given back: whoever counts may wait for it.
    Ok(match surveys.count(list, seen, list.patience(limit)).await {
        Some(Count { rows, at }) => Numbers { total: rows, exact: at >= asked && is_whole, ids: found.ids },
        None => Numbers { total: seen, exact: false, ids: found.ids },
    })
}

/// What is read of each row: its number, and what it is ordered by.
fn columns(order: Order) -> Statement<'static> {
    let mut sql = Statement::new("SELECT id");
    if let Some(column) = order.by.column() {
        sql.push(", ").push(column);
    }
    sql
}

/// Rows of a list.
struct Found {
    /// The page.
    ids: Vec<CertificateId>,
    /// How many rows there are from the page's first, counted so far beyond the page as was asked.
    rows: u64,
    /// Whether that is all.
    is_all: bool,
    /// The row before the page, and the page's last row, with how many rows of the page there are up to each.
    marks: Vec<(u64, Mark)>,
}

/// The rows that follow a row of the list, or all, without the first `skip`.
async fn following(
    transaction: &mut Transaction,
    prepared: &Prepared<'_>,
    order: Order,
    after: Option<&Mark>,
    (skip, limit): (u64, u64),
    counted: u64,
) -> Result<Found, DatabaseError> {
    let mut chosen = columns(order);
    chosen.push(" ").append(&prepared.conditions());
    prepared.beyond(&mut chosen, order, after);
    // The row before the page, so that the same page is found by it again; the page; and those behind it that are counted.
    let lead = skip.min(1);
    let bound = limit.saturating_add(counted);
    chosen.push(prepared.order(order)).push(" LIMIT ").bind(bounded(bound + lead)).push(" OFFSET ").bind(bounded(skip - lead));
    let mut rows = transaction.all_of(&chosen).await?;
    let mut marks = Vec::new();
    if lead > 0 && !rows.is_empty() {
        marks.push((0, Mark::read(&rows.remove(0), order.by)?));
    }
    let found = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let page = usize::try_from(limit).unwrap_or(usize::MAX).min(rows.len());
    let ids = rows[..page].iter().map(|row| row.integer("id").map(CertificateId)).collect::<Result<Vec<_>, _>>()?;
    if let Some(row) = rows[..page].last() {
        marks.push((u64::try_from(page).unwrap_or(u64::MAX), Mark::read(row, order.by)?));
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

/// How many rows follow a row of the list, or all; no more than `most` are counted.
async fn count(
    transaction: &mut Transaction,
    prepared: &Prepared<'_>,
    order: Order,
    after: Option<&Mark>,
    most: Option<u64>,
) -> Result<u64, DatabaseError> {
    let mut statement = Statement::new("SELECT count(*) AS n ");
    if most.is_some() {
        statement.push("FROM (SELECT 1 ");
    }
    statement.append(&prepared.conditions());
    prepared.beyond(&mut statement, order, after);
    if let Some(most) = most {
        statement.push(" LIMIT ").bind(bounded(most)).push(") AS counted");
    }
    let rows = transaction.all_of(&statement).await?;
    let counted = rows.first().ok_or(DatabaseError::NoRow)?.integer("n")?;
    Ok(u64::try_from(counted).unwrap_or(0))
}
