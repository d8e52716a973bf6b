//! Lists of certificates: typed conditions, an order, a page.
//!
//! A list of a million rows is read by its indexes. How many rows meet the conditions is counted up to a bound beyond the page that is asked
//! for, since counting all of them would cost more than the page: a total is exact below that bound and grows as the reader goes on.
//!
//! Part of a name is looked up in an index of all sequences of three letters (FTS5 in SQLite, pg_trgm in PostgreSQL). Owners and issuers are
//! few: part of one is looked up among them first ([`super::words`]).

use jiff::Timestamp;
use menagerie_store::database::{DatabaseError, Kind, Statement, Transaction};

use super::certificates::{Certificate, SELECT, complete, read};
use super::words::{self, Word};
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

/// A pattern for `LIKE` that finds a text anywhere.
pub(super) fn pattern(text: &str) -> String {
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

/// A part of a name that is looked up in the index of three letters.
struct Part {
    /// For `LIKE`.
    pattern: String,
    /// For FTS5: one phrase, in quotes. None if it is too short for the index.
    phrase: Option<String>,
}

impl Part {
    fn new(text: &str) -> Self {
        let indexed = text.chars().count() >= 3;
        Self { pattern: pattern(text), phrase: indexed.then(|| format!("\"{}\"", text.replace('"', "\"\""))) }
    }
}

/// What a text condition has become.
enum Choice {
    /// One of few values.
    OneOf(Vec<String>),
    /// One of so many values that most rows have one.
    Like(String),
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

/// Conditions with what they borrow from.
struct Prepared<'a> {
    kind: Kind,
    filter: &'a Filter,
    text: Option<Part>,
    common_name: Option<Part>,
    owner: Option<Choice>,
    issuer: Option<Choice>,
}

async fn choice(transaction: &mut Transaction, word: Word, condition: Option<&Match>) -> Result<Option<Choice>, DatabaseError> {
    Ok(match condition {
        None => None,
        Some(Match::Is(text)) => Some(Choice::OneOf(vec![text.clone()])),
        Some(Match::Has(text)) => {
            let pattern = pattern(text);
            Some(words::matching(transaction, word, &pattern).await?.map_or(Choice::Like(pattern), Choice::OneOf))
        }
    })
}

impl<'a> Prepared<'a> {
    async fn new(transaction: &mut Transaction, kind: Kind, filter: &'a Filter) -> Result<Self, DatabaseError> {
        let common_name = match &filter.common_name {
            Some(Match::Has(text)) => Some(Part::new(text)),
            _ => None,
        };
        Ok(Self {
            kind,
            filter,
            text: filter.text.as_deref().map(Part::new),
            common_name,
            owner: choice(transaction, Word::Owner, filter.owner.as_ref()).await?,
            issuer: choice(transaction, Word::Issuer, filter.issuer.as_ref()).await?,
        })
    }

    /// The table, or the index of three letters before it: SQLite reads that one in the order of numbers.
    fn from(&self) -> Statement<'_> {
        let part = self.text.as_ref().or(self.common_name.as_ref());
        match part.and_then(|part| part.phrase.as_deref()) {
            Some(phrase) if self.kind == Kind::Sqlite => {
                let mut sql = Statement::new("FROM certificate_search CROSS JOIN certificate ON id = certificate_search.rowid");
                sql.push(" WHERE certificate_search MATCH ").bind(phrase);
                sql
            }
            _ => Statement::new("FROM certificate WHERE 1 = 1"),
        }
    }

    fn conditions(&self) -> Statement<'_> {
        let filter = self.filter;
        let mut sql = self.from();
        for part in [&self.text, &self.common_name].into_iter().flatten() {
            sql.push(" AND certificate.search LIKE ").bind(&part.pattern).push(" ESCAPE '\\'");
        }
        match (&filter.common_name, &self.common_name) {
            (Some(Match::Is(name)), _) => drop(sql.push(" AND cn = ").bind(name)),
            (_, Some(part)) => drop(sql.push(" AND lower(cn) LIKE ").bind(&part.pattern).push(" ESCAPE '\\'")),
            _ => {}
        }
        for (choice, one_of, like) in
            [(&self.owner, " AND owner IN (", " AND lower(owner) LIKE "), (&self.issuer, " AND issuer IN (", " AND lower(issuer) LIKE ")]
        {
            match choice {
                None => {}
                Some(Choice::OneOf(words)) => drop(sql.push(one_of).bind_all(words).push(")")),
                Some(Choice::Like(pattern)) => drop(sql.push(like).bind(pattern).push(" ESCAPE '\\'")),
            }
        }
        if let Some(name) = &filter.name {
            sql.push(" AND name = ").bind(name);
        }
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
        self.states(&mut sql);
        sql
    }

    /// Conditions that few rows meet have partial indexes, which are used only where the condition is written as they have it.
    fn states(&self, sql: &mut Statement<'_>) {
        let filter = self.filter;
        for (state, yes, no) in [
            (filter.notify, " AND notify = 1", " AND notify = 0"),
            (filter.rotation, " AND rotation = 1", " AND rotation = 0"),
            (filter.replaced, " AND replaced = 1", " AND replaced = 0"),
            (filter.revoked, " AND revoked_ms IS NOT NULL", " AND revoked_ms IS NULL"),
        ] {
            if let Some(state) = state {
                sql.push(if state { yes } else { no });
            }
        }
        // Most of what is listed has not ended: to go by that index and sort would be the slower way, and a plus keeps SQLite from it.
        let from = if self.kind == Kind::Sqlite { " AND +not_after >= " } else { " AND not_after >= " };
        for (column, moment) in [
            (from, filter.not_ended_by),
            (if filter.ends_before.is_some() { " AND not_after >= " } else { from }, filter.ends_from),
            (" AND not_after < ", filter.ends_before),
        ] {
            if let Some(moment) = moment {
                sql.push(column).bind(moment.as_second());
            }
        }
    }

    /// By number, in the words that let SQLite read its index of three letters in that order.
    fn by_number(&self, descending: bool) -> &'static str {
        let part = self.text.as_ref().or(self.common_name.as_ref());
        match (self.kind == Kind::Sqlite && part.is_some_and(|part| part.phrase.is_some()), descending) {
            (true, true) => " ORDER BY certificate_search.rowid DESC",
            (true, false) => " ORDER BY certificate_search.rowid",
            (false, true) => " ORDER BY id DESC",
            (false, false) => " ORDER BY id",
        }
    }

    fn order(&self, order: Order) -> &'static str {
        match (order.by, order.descending) {
            (SortBy::Id, descending) => self.by_number(descending),
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
    kind: Kind,
    filter: &Filter,
    order: Order,
    page: Page,
) -> Result<Listing, DatabaseError> {
    let Numbers { total, exact, ids } = numbers(transaction, kind, filter, order, page).await?;
    Ok(Listing { total, exact, items: by_ids(transaction, &ids).await? })
}

/// Reads which certificates a page has.
///
/// # Errors
/// [`DatabaseError`] if the database fails.
pub async fn numbers(
    transaction: &mut Transaction,
    kind: Kind,
    filter: &Filter,
    order: Order,
    page: Page,
) -> Result<Numbers, DatabaseError> {
    if filter.is_impossible() {
        return Ok(Numbers { total: 0, exact: true, ids: Vec::new() });
    }
    let prepared = Prepared::new(transaction, kind, filter).await?;
    let mut chosen = Statement::new("SELECT id ");
    chosen.append(&prepared.conditions());
    let (offset, limit) = match page {
        Page::Offset { offset, limit } => {
            chosen.push(prepared.order(order));
            (offset, limit.min(LONGEST_PAGE))
        }
        Page::After { id, limit } => {
            if let Some(id) = id {
                chosen.push(if order.descending { " AND id < " } else { " AND id > " }).bind(id);
            }
            chosen.push(prepared.by_number(order.descending));
            (0, limit.min(LONGEST_PAGE))
        }
    };
    // The page, and those behind it that are counted.
    let bound = limit.saturating_add(COUNTED);
    chosen.push(" LIMIT ").bind(bounded(bound)).push(" OFFSET ").bind(bounded(offset));
    let rows = transaction.all_of(&chosen).await?;
    let found = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let ids = rows.iter().take(usize::try_from(limit).unwrap_or(usize::MAX)).map(|row| row.integer("id").map(CertificateId));
    let ids = ids.collect::<Result<Vec<_>, _>>()?;
    let total = if found == 0 && offset > 0 { count(transaction, &prepared, offset).await? } else { offset.saturating_add(found) };
    Ok(Numbers { total, exact: found < bound, ids })
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

async fn count(transaction: &mut Transaction, prepared: &Prepared<'_>, bound: u64) -> Result<u64, DatabaseError> {
    let mut statement = Statement::new("SELECT count(*) AS n FROM (SELECT 1 ");
    statement.append(&prepared.conditions()).push(" LIMIT ").bind(bounded(bound)).push(") AS counted");
    let rows = transaction.all_of(&statement).await?;
    let counted = rows.first().ok_or(DatabaseError::NoRow)?.integer("n")?;
    Ok(u64::try_from(counted).unwrap_or(0))
}
