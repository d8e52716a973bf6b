//! What a list asks of certificates and how it is ordered, as SQL: with an eye on the index that each database then goes by.

use menagerie_store::database::{DatabaseError, Kind, Statement, Transaction};

use super::super::words::{self, Word};
use super::surveys::{Mark, SortKey};
use super::ways::{self, Index, Way};
use super::{Filter, Match, Order, SortBy};

/// A text as a pattern for `LIKE`, in which `%` stands for anything or for itself.
fn escaped(text: &str, stars: bool) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    for character in text.to_lowercase().chars() {
        if matches!(character, '_' | '\\') || character == '%' && !stars {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

/// A pattern for `LIKE` that finds a text anywhere.
fn pattern(text: &str) -> String {
    format!("%{}%", escaped(text, false))
}

/// A part of a name that is looked up in the index of three letters.
struct Part {
    /// For `LIKE`, in all names.
    pattern: String,
    /// For `LIKE`, in the one name that it is asked of.
    own: String,
    /// For FTS5: one phrase, in quotes. None if it is too short for the index.
    phrase: Option<String>,
}

impl Part {
    /// Of any name.
    fn new(text: &str) -> Self {
        Self { pattern: pattern(text), own: pattern(text), phrase: phrase(text) }
    }

    /// Of a name behind the first, which is what the certificate is called.
    fn behind(text: &str) -> Self {
        Self { pattern: format!("%\n{}", pattern(text)), ..Self::new(text) }
    }

    /// Of one that is like this as a whole, and has a `%`.
    fn like(text: &str) -> Self {
        let own = escaped(text, true);
        let longest = text.split('%').max_by_key(|piece| piece.len()).unwrap_or_default();
        Self { pattern: format!("%\n{own}%"), own, phrase: phrase(longest) }
    }

    fn of(condition: Option<&Match>) -> Option<Self> {
        match condition? {
            Match::Has(text) => Some(Self::behind(text)),
            Match::Like(text) if text.contains('%') => Some(Self::like(text)),
            Match::Like(_) | Match::Is(_) => None,
        }
    }
}

fn phrase(text: &str) -> Option<String> {
    let indexed = text.chars().count() >= 3;
    indexed.then(|| format!("\"{}\"", text.replace('"', "\"\"")))
}

/// A name as a whole.
pub(super) struct Whole<'a> {
    /// As it was written and in lower case.
    spellings: [std::borrow::Cow<'a, str>; 2],
    /// What has it.
    columns: &'static [&'static str],
}

impl<'a> Whole<'a> {
    fn new(text: &'a str, columns: &'static [&'static str]) -> Self {
        Self { spellings: [text.into(), text.to_lowercase().into()], columns }
    }

    /// By the indexes of each.
    fn condition<'s>(&'s self, sql: &mut Statement<'s>) {
        for (place, column) in self.columns.iter().enumerate() {
            sql.push(if place == 0 { " AND id IN (" } else { " UNION " });
            sql.push(match *column {
                "value" => "SELECT certificate FROM certificate_name WHERE value IN (",
                "cn" => "SELECT id FROM certificate WHERE cn IN (",
                _ => "SELECT id FROM certificate WHERE name IN (",
            });
            sql.bind_all(self.spellings.iter().map(|text| &**text)).push(")");
        }
        sql.push(")");
    }
}

/// Among how many of the newest certificates a part is looked for that is too short for the index.
const NEWEST: i64 = 50_000;

/// More values than these are not looked for by an index of theirs: most of a page's rows have one of them.
const FEW: usize = 100;

/// What a text condition has become.
pub(super) enum Choice {
    /// One of few values.
    OneOf(Vec<String>),
    /// One of so many values that most rows have one.
    Like(String),
}

impl Choice {
    /// Whether it is one of so many values that no index leads to their rows.
    pub(super) fn is_of_many(&self) -> bool {
        match self {
            Self::OneOf(words) => words.len() > FEW,
            Self::Like(_) => true,
        }
    }
}

/// Conditions with what they borrow from.
pub(super) struct Prepared<'a> {
    pub(super) kind: Kind,
    pub(super) filter: &'a Filter,
    text: Option<Part>,
    common_name: Option<Part>,
    alternative_name: Option<Part>,
    /// Names that are looked up as a whole, the common name first.
    pub(super) whole: Vec<Whole<'a>>,
    pub(super) owner: Option<Choice>,
    issuer: Option<Choice>,
    /// The last certificate that is not looked at.
    pub(super) older: Option<i64>,
    /// How the rows are come by.
    pub(super) way: Way,
}

async fn choice(transaction: &mut Transaction, word: Word, condition: Option<&Match>) -> Result<Option<Choice>, DatabaseError> {
    Ok(match condition {
        None => None,
        Some(Match::Is(text)) => Some(Choice::OneOf(vec![text.clone()])),
        Some(Match::Has(text) | Match::Like(text)) => {
            let pattern = if matches!(condition, Some(Match::Has(_))) { pattern(text) } else { escaped(text, true) };
            Some(words::matching(transaction, word, &pattern).await?.map_or(Choice::Like(pattern), Choice::OneOf))
        }
    })
}

impl<'a> Prepared<'a> {
    /// Of a list in an order.
    pub(super) async fn new(transaction: &mut Transaction, kind: Kind, filter: &'a Filter, order: Order) -> Result<Self, DatabaseError> {
        let (common_name, alternative_name) = (Part::of(filter.common_name.as_ref()), Part::of(filter.alternative_name.as_ref()));
        let mut whole = Vec::new();
        if let (Some(Match::Like(name)), None) = (&filter.common_name, &common_name) {
            whole.push(Whole::new(name, &["cn", "value"]));
        }
        if let (Some(name), None) = (&filter.alternative_name, &alternative_name) {
            whole.push(Whole::new(name.text(), &["value"]));
        }
        whole.extend(filter.known_as.as_deref().map(|name| Whole::new(name, &["name", "cn", "value"])));
        whole.extend(filter.stands_for.as_deref().map(|name| Whole::new(name, &["cn", "value"])));
        let text = filter.text.as_deref().map(Part::new);
        let is_short = [&text, &common_name, &alternative_name].into_iter().flatten().any(|part| part.phrase.is_none());
        let older = if is_short {
            let newest = transaction.one("SELECT coalesce(max(id), 0) AS id FROM certificate", &[]).await?.integer("id")?;
            Some(newest - NEWEST).filter(|older| *older > 0)
        } else {
            None
        };
        let (owner, issuer) = (filter.owner.as_ref(), filter.issuer.as_ref());
        let (owner, issuer) = (choice(transaction, Word::Owner, owner).await?, choice(transaction, Word::Issuer, issuer).await?);
        let prepared = Self { kind, filter, text, common_name, alternative_name, whole, owner, issuer, older, way: Way::Free };
        let way = ways::choose(transaction, &prepared, order).await?;
        Ok(Self { way, ..prepared })
    }

    /// What is looked up in the index of three letters.
    pub(super) fn phrase(&self) -> Option<&str> {
        self.parts().find_map(|part| part.phrase.as_deref())
    }

    fn parts(&self) -> impl Iterator<Item = &Part> {
        [&self.text, &self.common_name, &self.alternative_name].into_iter().flatten()
    }

    /// The table, or the index of three letters before it, or that of roles: SQLite reads these in the order of numbers.
    fn from(&self) -> Statement<'_> {
        match (self.way, self.phrase(), self.filter.role) {
            (Way::Letters, Some(phrase), _) => {
                let mut sql = Statement::new("FROM certificate_search CROSS JOIN certificate ON id = certificate_search.rowid");
                sql.push(" WHERE certificate_search MATCH ").bind(phrase);
                sql
            }
            (Way::Role, _, Some(role)) => {
                let mut sql = Statement::new("FROM certificate_role CROSS JOIN certificate ON id = certificate_role.certificate");
                sql.push(" WHERE certificate_role.role = ").bind(role);
                sql
            }
            (way, ..) => Statement::new(way.table()),
        }
    }

    /// A condition as it stands if its index may be gone by; and with a plus, which keeps SQLite from that.
    fn term(&self, index: Index, plain: &'static str, kept: &'static str) -> &'static str {
        if self.way.allows(index) { plain } else { kept }
    }

    pub(super) fn conditions(&self) -> Statement<'_> {
        let filter = self.filter;
        let mut sql = self.from();
        for part in self.parts() {
            sql.push(" AND certificate.search LIKE ").bind(&part.pattern).push(" ESCAPE '\\'");
        }
        self.names(&mut sql);
        if let Some(older) = self.older {
            sql.push(" AND id > ").bind(older);
        }
        let owned = self.term(Index::Owner, " AND owner IN (", " AND +owner IN (");
        for (choice, one_of, like) in
            [(&self.owner, owned, " AND lower(owner) LIKE "), (&self.issuer, " AND issuer IN (", " AND lower(issuer) LIKE ")]
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
        if let Some(role) = filter.role.filter(|_| self.way != Way::Role) {
            sql.push(" AND id IN (SELECT certificate FROM certificate_role WHERE role = ").bind(role).push(")");
        }
        if let Some(id) = filter.authority {
            sql.push(self.term(Index::Authority, " AND authority = ", " AND +authority = ")).bind(id);
        }
        if let Some(ids) = &filter.authorities {
            // There are few of them, and together they have most of what there is.
            sql.push(if self.kind == Kind::Sqlite { " AND +authority IN (" } else { " AND authority IN (" });
            sql.bind_all(ids.iter().copied()).push(")");
        }
        if let Some(id) = filter.creator {
            sql.push(self.term(Index::Creator, " AND creator = ", " AND +creator = ")).bind(id);
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

    /// Conditions of names, beside the parts that are looked for among all of them.
    fn names<'s>(&'s self, sql: &mut Statement<'s>) {
        for whole in &self.whole {
            whole.condition(sql);
        }
        match (&self.filter.common_name, &self.common_name) {
            (Some(Match::Is(name)), _) => drop(sql.push(self.term(Index::CommonName, " AND cn = ", " AND +cn = ")).bind(name)),
            (Some(Match::Like(_)), Some(part)) => drop(sql.push(" AND lower(cn) LIKE ").bind(&part.own).push(" ESCAPE '\\'")),
            (Some(Match::Like(_)), None) => {
                if let Some([_, lower]) = self.whole.first().map(|whole| &whole.spellings) {
                    sql.push(" AND lower(cn) = ").bind(&**lower);
                }
            }
            _ => {}
        }
        if let Some(part) = &self.alternative_name {
            // One certificate's at a time: there are more names than certificates.
            sql.push(" AND (SELECT 1 FROM certificate_name WHERE certificate_name.certificate = certificate.id AND lower(value) LIKE ");
            sql.bind(&part.own).push(" ESCAPE '\\' LIMIT 1) IS NOT NULL");
        }
    }

    /// Conditions that few rows meet have partial indexes, which are used only where the condition is written as they have it.
    fn states(&self, sql: &mut Statement<'_>) {
        let filter = self.filter;
        for (state, yes, no) in [
            (filter.notify, " AND notify = 1", self.term(Index::Quiet, " AND notify = 0", " AND +notify = 0")),
            (filter.rotation, self.term(Index::Rotating, " AND rotation = 1", " AND +rotation = 1"), " AND rotation = 0"),
            (filter.replaced, self.term(Index::Replaced, " AND replaced = 1", " AND +replaced = 1"), " AND replaced = 0"),
            (
                filter.revoked,
                self.term(Index::Revoked, " AND revoked_ms IS NOT NULL", " AND +revoked_ms IS NOT NULL"),
                " AND revoked_ms IS NULL",
            ),
        ] {
            if let Some(state) = state {
                sql.push(if state { yes } else { no });
            }
        }
        let from = self.term(Index::End, " AND not_after >= ", " AND +not_after >= ");
        let before = self.term(Index::End, " AND not_after < ", " AND +not_after < ");
        for (column, moment) in [(from, filter.not_ended_by), (from, filter.ends_from), (before, filter.ends_before)] {
            if let Some(moment) = moment {
                sql.push(column).bind(moment.as_second());
            }
        }
    }

    /// The number, in the words that let SQLite read its index of three letters, or that of a role, in that order.
    fn number(&self) -> &'static str {
        match self.way {
            Way::Letters => "certificate_search.rowid",
            Way::Role => "certificate_role.certificate",
            _ => "id",
        }
    }

    fn by_number(&self, descending: bool) -> &'static str {
        match (self.way, descending) {
            (Way::Letters, true) => " ORDER BY certificate_search.rowid DESC",
            (Way::Letters, false) => " ORDER BY certificate_search.rowid",
            (Way::Role, true) => " ORDER BY certificate_role.certificate DESC",
            (Way::Role, false) => " ORDER BY certificate_role.certificate",
            (_, true) => " ORDER BY id DESC",
            (_, false) => " ORDER BY id",
        }
    }

    /// Only what follows a row, in the order of the list.
    pub(super) fn beyond<'s>(&self, sql: &mut Statement<'s>, order: Order, after: Option<&'s Mark>) {
        let Some(Mark { id, key }) = after else { return };
        let than = if order.descending { " < " } else { " > " };
        let Some(column) = order.by.column() else {
            sql.push(" AND ").push(self.number()).push(than).bind(*id);
            return;
        };
        sql.push(" AND (").push(column).push(", id)").push(than).push("(");
        match key {
            SortKey::Text(text) => drop(sql.bind(text)),
            SortKey::Seconds(seconds) => drop(sql.bind(*seconds)),
            SortKey::Id => drop(sql.bind(*id)),
        }
        sql.push(", ").bind(*id).push(")");
    }

    pub(super) fn order(&self, order: Order) -> &'static str {
        match (order.by, order.descending) {
            (SortBy::Id, descending) => self.by_number(descending),
            (SortBy::Name, true) => " ORDER BY name DESC, id DESC",
            (SortBy::Name, false) => " ORDER BY name, id",
            (SortBy::CommonName, true) => " ORDER BY cn DESC, id DESC",
            (SortBy::CommonName, false) => " ORDER BY cn, id",
            (SortBy::Owner, true) => " ORDER BY owner DESC, id DESC",
            (SortBy::Owner, false) => " ORDER BY owner, id",
            (SortBy::NotAfter, true) => " ORDER BY not_after DESC, id DESC",
            (SortBy::NotAfter, false) => " ORDER BY not_after, id",
        }
    }
}
