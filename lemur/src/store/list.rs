//! Lists of certificates: typed conditions, an order, a page.
//!
//! A list of a million rows is read by its indexes. How many rows meet the conditions is counted up to a bound beyond the page that is asked
//! for, since counting all of them would cost more than the page: a total is exact below that bound and grows as the reader goes on.

use jiff::Timestamp;
use menagerie_store::database::{DatabaseError, Kind, Statement, Transaction};

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

fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for character in text.to_lowercase().chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern.push('%');
    pattern
}

/// Parameters that the conditions borrow from.
struct Prepared<'a> {
    filter: &'a Filter,
    text: Option<String>,
    common_name: Option<String>,
    owner: Option<String>,
    issuer: Option<String>,
}

impl<'a> Prepared<'a> {
    fn new(filter: &'a Filter) -> Self {
        let has = |condition: &Option<Match>| match condition {
            Some(Match::Has(text)) => Some(pattern(text)),
            _ => None,
        };
        Self {
            filter,
            text: filter.text.as_deref().map(pattern),
            common_name: has(&filter.common_name),
            owner: has(&filter.owner),
            issuer: has(&filter.issuer),
        }
    }

    /// The conditions; always at least one.
    fn conditions(&self) -> Statement<'_> {
        let filter = self.filter;
        let mut sql = Statement::new("1 = 1");
        if let Some(text) = &self.text {
            sql.push(" AND search LIKE ").bind(text).push(" ESCAPE '\\'");
        }
        if let Some(name) = &filter.name {
            sql.push(" AND name = ").bind(name);
        }
        text_condition(&mut sql, (" AND cn = ", " AND lower(cn) LIKE "), filter.common_name.as_ref(), self.common_name.as_deref());
        text_condition(&mut sql, (" AND owner = ", " AND lower(owner) LIKE "), filter.owner.as_ref(), self.owner.as_deref());
        text_condition(&mut sql, (" AND issuer = ", " AND lower(issuer) LIKE "), filter.issuer.as_ref(), self.issuer.as_deref());
        if let Some(value) = &filter.alternative_name {
            sql.push(" AND id IN (SELECT certificate FROM certificate_name WHERE value = ").bind(value).push(")");
        }
        if let Some(role) = filter.role {
            sql.push(" AND id IN (SELECT certificate FROM certificate_role WHERE role = ").bind(role).push(")");
        }
        if let Some(id) = filter.authority {
            sql.push(" AND authority = ").bind(id);
        }
        if let Some(id) = filter.creator {
            sql.push(" AND creator = ").bind(id);
        }
        if let Some(id) = filter.id {
            sql.push(" AND id = ").bind(id);
        }
        if let Some(serial) = &filter.serial {
            sql.push(" AND serial = ").bind(serial);
        }
        for (column, flag) in
            [(" AND notify = ", filter.notify), (" AND rotation = ", filter.rotation), (" AND replaced = ", filter.replaced)]
        {
            if let Some(flag) = flag {
                sql.push(column).bind(flag);
            }
        }
        if let Some(revoked) = filter.revoked {
            sql.push(if revoked { " AND revoked_ms IS NOT NULL" } else { " AND revoked_ms IS NULL" });
        }
        for (column, moment) in [
            (" AND not_after >= ", filter.not_ended_by),
            (" AND not_after >= ", filter.ends_from),
            (" AND not_after < ", filter.ends_before),
        ] {
            if let Some(moment) = moment {
                sql.push(column).bind(moment.as_second());
            }
        }
        sql
    }
}

fn text_condition<'a>(
    sql: &mut Statement<'a>,
    (is, has): (&'static str, &'static str),
    condition: Option<&'a Match>,
    pattern: Option<&'a str>,
) {
    match (condition, pattern) {
        (Some(Match::Is(text)), _) => {
            sql.push(is).bind(text);
        }
        (Some(Match::Has(_)), Some(pattern)) => {
            sql.push(has).bind(pattern).push(" ESCAPE '\\'");
        }
        _ => {}
    }
}

const fn order_sql(order: Order) -> &'static str {
    match (order.by, order.descending) {
        (SortBy::Id, true) => " ORDER BY id DESC",
        (SortBy::Id, false) => " ORDER BY id",
        (SortBy::Name, true) => " ORDER BY name DESC",
        (SortBy::Name, false) => " ORDER BY name",
        (SortBy::CommonName, true) => " ORDER BY cn DESC, id DESC",
        (SortBy::CommonName, false) => " ORDER BY cn, id",
        (SortBy::Owner, true) => " ORDER BY owner DESC, id DESC",
        (SortBy::Owner, false) => " ORDER BY owner, id",
        (SortBy::NotAfter, true) => " ORDER BY not_after DESC, id DESC",
        (SortBy::NotAfter, false) => " ORDER BY not_after, id",
    }
}

fn bounded(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX / 2)
}

/// Reads a page.
///
/// # Errors
/// [`DatabaseError`] if the database fails.
pub async fn certificates(
    transaction: &mut Transaction,
    _kind: Kind,
    filter: &Filter,
    order: Order,
    page: Page,
) -> Result<Listing, DatabaseError> {
    let prepared = Prepared::new(filter);
    let mut chosen = Statement::new("SELECT id FROM certificate WHERE ");
    chosen.append(&prepared.conditions());
    let (offset, limit) = match page {
        Page::Offset { offset, limit } => {
            let limit = limit.min(LONGEST_PAGE);
            chosen.push(order_sql(order)).push(" LIMIT ").bind(bounded(limit)).push(" OFFSET ").bind(bounded(offset));
            (offset, limit)
        }
        Page::After { id, limit } => {
            let limit = limit.min(LONGEST_PAGE);
            if let Some(id) = id {
                chosen.push(if order.descending { " AND id < " } else { " AND id > " }).bind(id);
            }
            let by_number = Order { by: SortBy::Id, descending: order.descending };
            chosen.push(order_sql(by_number)).push(" LIMIT ").bind(bounded(limit));
            (0, limit)
        }
    };
    let rows = transaction.all_of(&chosen).await?;
    let ids = rows.iter().map(|row| row.integer("id").map(CertificateId)).collect::<Result<Vec<_>, _>>()?;
    let items = by_ids(transaction, &ids).await?;
    let (total, exact) = count(transaction, &prepared, offset.saturating_add(limit).saturating_add(COUNTED)).await?;
    Ok(Listing { total, exact, items })
}

async fn by_ids(transaction: &mut Transaction, ids: &[CertificateId]) -> Result<Vec<Certificate>, DatabaseError> {
    let mut statement = Statement::new(SELECT);
    statement.push("WHERE id IN (").bind_all(ids.iter().copied()).push(")");
    let rows = transaction.all_of(&statement).await?;
    let mut items = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    items.sort_by_key(|item| ids.iter().position(|id| *id == item.id));
    complete(transaction, &mut items).await?;
    Ok(items)
}

async fn count(transaction: &mut Transaction, prepared: &Prepared<'_>, bound: u64) -> Result<(u64, bool), DatabaseError> {
    let mut statement = Statement::new("SELECT count(*) AS n FROM (SELECT 1 FROM certificate WHERE ");
    statement.append(&prepared.conditions()).push(" LIMIT ").bind(bounded(bound)).push(") AS counted");
    let rows = transaction.all_of(&statement).await?;
    let counted = rows.first().ok_or(DatabaseError::NoRow)?.integer("n")?;
    let counted = u64::try_from(counted).unwrap_or(0);
    Ok((counted, counted < bound))
}
