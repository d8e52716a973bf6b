//! Owners and issuers: a thousand of them for a million certificates, so that part of one is looked for among them, and not among the
//! certificates.

use std::collections::HashSet;

use menagerie_store::database::{DatabaseError, Statement, Transaction, Value};

/// More than so many owners that match are most of them.
const MANY: i64 = 1_000;

/// What is few.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Word {
    Owner,
    Issuer,
}

impl Word {
    const fn kind(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Issuer => "issuer",
        }
    }
}

/// Adds those that are new.
pub(crate) async fn add(transaction: &mut Transaction, words: &HashSet<(Word, &str)>) -> Result<(), DatabaseError> {
    // In one order, so that two processes never wait for each other.
    let mut words: Vec<_> = words.iter().map(|(word, text)| (word.kind(), *text)).collect();
    words.sort_unstable();
    let values: Vec<Value<'_>> = words.into_iter().flat_map(|(kind, text)| [kind.into(), text.into()]).collect();
    if values.is_empty() {
        return Ok(());
    }
    let insert = "INSERT INTO certificate_word (kind, word) VALUES";
    transaction.insert_rows(insert, 2, "ON CONFLICT DO NOTHING", &values).await.map(drop)
}

/// Those that match a pattern, unless they are many.
pub(crate) async fn matching(transaction: &mut Transaction, word: Word, pattern: &str) -> Result<Option<Vec<String>>, DatabaseError> {
    let mut statement = Statement::new("SELECT word FROM certificate_word WHERE kind = ");
    statement.bind(word.kind()).push(" AND lower(word) LIKE ").bind(pattern).push(" ESCAPE '\\' LIMIT ").bind(MANY + 1);
    let rows = transaction.all_of(&statement).await?;
    if i64::try_from(rows.len()).is_ok_and(|found| found > MANY) {
        return Ok(None);
    }
    rows.iter().map(|row| row.text("word")).collect::<Result<_, _>>().map(Some)
}
