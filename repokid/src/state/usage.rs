//! Usage that was read from logs: each file once, and of its events the distinct uses with first, last and count.
//!
//! A file's name and its uses are written in one transaction: however often a reader is killed, an event is counted once. A file that is
//! there under its name with another version (an object that was overwritten, a file that has grown) is read again; first and last stay
//! right, and counts are then at least what they should be.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use menagerie_cloudtrail::coverage::last_part;
use menagerie_store::database::{Row, Transaction, Value};

use super::State;
use super::change::stored;
use super::column::{count, number, parsed, time};
use super::delivery::{self, Delivered};
use super::error::StateError;

/// What became of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UsageOutcome {
    /// They were allowed.
    Used,
    /// They were denied.
    Denied,
    /// They failed for another reason, past authorization.
    Error,
}

stored!(UsageOutcome { Used = "used", Denied = "denied", Error = "error" });

/// A file of logs that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageFile {
    /// Its path or `s3://bucket/key`.
    pub name: String,
    /// What changes when its content does: an ETag or a hash.
    pub version: String,
    /// Its size as stored.
    pub bytes: u64,
    /// How many records it had.
    pub records: u64,
    /// How many of them could not be read.
    pub faults: u64,
    /// When it was read.
    pub read: Timestamp,
}

/// Calls of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageTuple {
    /// Who called: an ARN.
    pub principal: String,
    /// What, such as `s3:GetObject`.
    pub action: String,
    /// On what: an ARN, or nothing where that is not known.
    pub resource: String,
    /// What became of it.
    pub outcome: UsageOutcome,
    /// When first.
    pub first: Timestamp,
    /// When last.
    pub last: Timestamp,
    /// How often.
    pub count: u64,
}

/// All that is taken of one file.
#[derive(Debug, Clone, Copy)]
pub struct Taken<'a> {
    /// The file.
    pub file: &'a UsageFile,
    /// The uses in it.
    pub tuples: &'a [UsageTuple],
    /// What it tells of what trails delivered.
    pub delivered: &'a Delivered,
}

/// Somebody whose uses are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsagePrincipal {
    /// An ARN, or of a role whose path is not known `account/name`.
    pub principal: String,
    /// How many actions were used.
    pub actions: u64,
    /// When the last time was.
    pub last: Timestamp,
}

/// What became of a file's uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absorbed {
    /// They were added.
    New,
    /// The file had been read before: nothing was added.
    Known,
    /// The file had been read in another version: they were added.
    Changed,
}

/// How many resources of one principal's action are told apart. Beyond, the action counts as used on any: data events name each object.
pub const MOST_RESOURCES: usize = 4_096;

const UPSERT: &str = "ON CONFLICT (principal, action, resource, outcome) DO UPDATE SET
    first_at = CASE WHEN excluded.first_at < usage.first_at THEN excluded.first_at ELSE usage.first_at END,
    last_at = CASE WHEN excluded.last_at > usage.last_at THEN excluded.last_at ELSE usage.last_at END,
    events = usage.events + excluded.events";

impl State {
    /// Whether a file was read in this version.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn has_read(&self, name: &str, version: &str) -> Result<bool, StateError> {
        let find = "SELECT name FROM usage_file WHERE name = $1 AND version = $2";
        let mut transaction = self.database.read().await?;
        Ok(transaction.optional(find, &[name.into(), version.into()]).await?.is_some())
    }

    /// The files that were read, by name.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn usage_files(&self) -> Result<Vec<UsageFile>, StateError> {
        let mut transaction = self.database.read().await?;
        let rows = transaction.all("SELECT * FROM usage_file ORDER BY name", &[]).await?;
        rows.iter().map(read_file).collect()
    }

    /// Which of these files, by name and version, were read.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn have_read(&self, files: &[(String, String)]) -> Result<Vec<bool>, StateError> {
        let find = "SELECT name FROM usage_file WHERE name = $1 AND version = $2";
        let mut transaction = self.database.read().await?;
        let mut read = Vec::with_capacity(files.len());
        for (name, version) in files {
            read.push(transaction.optional(find, &[Value::from(name), Value::from(version)]).await?.is_some());
        }
        Ok(read)
    }

    /// Adds a file's uses, unless it was read before.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn absorb(&self, taken: Taken<'_>) -> Result<Absorbed, StateError> {
        let absorbed = self.absorb_all(&[taken]).await?;
        Ok(absorbed.into_iter().next().expect("there is an answer for each file"))
    }

    /// Adds the uses of several files and what they tell of what was delivered, of each unless it was read before: all of them, or none.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn absorb_all(&self, files: &[Taken<'_>]) -> Result<Vec<Absorbed>, StateError> {
        // Writers that go in the same order do not block each other for ever.
        let mut order: Vec<usize> = (0..files.len()).collect();
        order.sort_by(|left, right| files[*left].file.name.cmp(&files[*right].file.name));
        let mut transaction = self.database.write().await?;
        let mut absorbed = vec![Absorbed::Known; files.len()];
        let mut new: Vec<&UsageTuple> = Vec::new();
        let mut told = Vec::new();
        for at in order {
            let Taken { file, tuples, delivered } = files[at];
            absorbed[at] = note(&mut transaction, file, delivered).await?;
            if absorbed[at] != Absorbed::Known {
                new.extend(tuples);
                told.push((file.name.as_str(), file.read, delivered));
            }
        }
        delivery::write(&mut transaction, &told).await?;
        let names: BTreeMap<&str, Cow<'_, str>> = new.iter().map(|one| (one.principal.as_str(), known_as(&one.principal))).collect();
        let rows: Vec<Value<'_>> = names.iter().flat_map(|(principal, name)| [(*principal).into(), Value::from(&**name)]).collect();
        let insert = "INSERT INTO usage_name (principal, name) VALUES";
        transaction.insert_rows(insert, 2, "ON CONFLICT (principal) DO NOTHING", &rows).await?;
        let tuples = distinct(&new);
        let rows: Vec<Value<'_>> = tuples.iter().flat_map(|(key, times)| row(key, times)).collect();
        let insert = "INSERT INTO usage (principal, action, resource, outcome, first_at, last_at, events) VALUES";
        transaction.insert_rows(insert, 7, UPSERT, &rows).await?;
        transaction.commit().await?;
        Ok(absorbed)
    }

    /// Whose uses are known, with how many actions each used and when last.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn usage_principals(&self) -> Result<Vec<UsagePrincipal>, StateError> {
        let find = "SELECT principal, count(DISTINCT action) AS actions, max(last_at) AS last_at FROM usage
            WHERE outcome <> 'denied' GROUP BY principal ORDER BY principal";
        let mut transaction = self.database.read().await?;
        let rows = transaction.all(find, &[]).await?;
        let read = |row: &Row| {
            Ok(UsagePrincipal { principal: row.text("principal")?, actions: count(row, "actions")?, last: time(row, "last_at")? })
        };
        rows.iter().map(read).collect()
    }

    /// A principal's uses, by action and resource.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn usage(&self, principal: &str) -> Result<Vec<UsageTuple>, StateError> {
        let find = "SELECT * FROM usage WHERE principal = $1 ORDER BY action, resource, outcome";
        let mut transaction = self.database.read().await?;
        let rows = transaction.all(find, &[principal.into()]).await?;
        rows.iter().map(read).collect()
    }

    /// The uses of whoever is known by a name ([`known_as`]), under whatever path. Of an action on more than [`MOST_RESOURCES`] resources those
    /// that were used last, one more than that.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn usage_under(&self, name: &str) -> Result<Vec<UsageTuple>, StateError> {
        let find = "SELECT * FROM (
                SELECT usage.*, row_number() OVER (PARTITION BY usage.principal, action, outcome ORDER BY last_at DESC, resource) AS place
                FROM usage JOIN usage_name ON usage_name.principal = usage.principal WHERE usage_name.name = $1
            ) AS placed WHERE place <= $2 ORDER BY principal, action, resource, outcome";
        let mut transaction = self.database.read().await?;
        let most = i64::try_from(MOST_RESOURCES).unwrap_or(i64::MAX).saturating_add(1);
        let rows = transaction.all(find, &[name.into(), most.into()]).await?;
        rows.iter().map(read).collect()
    }

    /// Everybody's uses of an action, in any case, by principal and resource.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn users_of(&self, action: &str) -> Result<Vec<UsageTuple>, StateError> {
        let find = "SELECT * FROM usage WHERE lower(action) = $1 ORDER BY principal, resource, outcome";
        let mut transaction = self.database.read().await?;
        let action = action.to_ascii_lowercase();
        let rows = transaction.all(find, &[Value::from(&action)]).await?;
        rows.iter().map(read).collect()
    }
}

/// What somebody's uses are looked for by: of a role `account/name`, of a user `account/user/name`, whatever the path, for there is one of a
/// name in an account; of what is neither's ARN, such as a unique ID, itself.
#[must_use]
pub fn known_as(principal: &str) -> Cow<'_, str> {
    let named = || {
        let mut parts = principal.splitn(6, ':').skip(4);
        let (account, resource) = (parts.next()?, parts.next()?);
        let (kind, path) = resource.split_once('/')?;
        let name = path.rsplit('/').next()?;
        match kind {
            "role" => Some(format!("{account}/{name}")),
            "user" => Some(format!("{account}/user/{name}")),
            _ => None,
        }
    };
    named().map_or(Cow::Borrowed(principal), Cow::Owned)
}

/// Notes that a file was read; says whether it is news.
async fn note(transaction: &mut Transaction, file: &UsageFile, delivered: &Delivered) -> Result<Absorbed, StateError> {
    let insert =
        "INSERT INTO usage_file (name, version, bytes, records, faults, read_at, log, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (name) DO NOTHING";
    let (log, hash) = delivered.log.as_ref().map_or(("", ""), |log| (last_part(&file.name), log.hash.as_str()));
    let values = [
        Value::from(&file.name),
        Value::from(&file.version),
        number(file.bytes).into(),
        number(file.records).into(),
        number(file.faults).into(),
        file.read.as_microsecond().into(),
        log.into(),
        hash.into(),
    ];
    if transaction.execute(insert, &values).await? == 1 {
        return Ok(Absorbed::New);
    }
    let update = "UPDATE usage_file SET version = $2, bytes = $3, records = $4, faults = $5, read_at = $6, log = $7, hash = $8
        WHERE name = $1 AND version <> $2";
    let changed = transaction.execute(update, &values).await? == 1;
    Ok(if changed { Absorbed::Changed } else { Absorbed::Known })
}

type Key<'a> = (&'a str, &'a str, &'a str, UsageOutcome);
type Times = (i64, i64, i64);

/// The tuples with each key once, sorted: one statement may not touch a row twice, and writers that go in the same order do not block
/// each other for ever.
fn distinct<'a>(tuples: &[&'a UsageTuple]) -> BTreeMap<Key<'a>, Times> {
    let mut distinct = BTreeMap::new();
    for tuple in tuples {
        let key = (tuple.principal.as_str(), tuple.action.as_str(), tuple.resource.as_str(), tuple.outcome);
        let (first, last, events) = (tuple.first.as_microsecond(), tuple.last.as_microsecond(), number(tuple.count));
        let times = distinct.entry(key).or_insert((first, last, 0_i64));
        *times = (times.0.min(first), times.1.max(last), times.2.saturating_add(events));
    }
    distinct
}

fn row<'a>(key: &Key<'a>, times: &Times) -> [Value<'a>; 7] {
    let (principal, action, resource, outcome) = *key;
    [principal.into(), action.into(), resource.into(), outcome.as_str().into(), times.0.into(), times.1.into(), times.2.into()]
}

fn read(row: &Row) -> Result<UsageTuple, StateError> {
    Ok(UsageTuple {
        principal: row.text("principal")?,
        action: row.text("action")?,
        resource: row.text("resource")?,
        outcome: parsed(row, "outcome", "an outcome")?,
        first: time(row, "first_at")?,
        last: time(row, "last_at")?,
        count: count(row, "events")?,
    })
}

fn read_file(row: &Row) -> Result<UsageFile, StateError> {
    Ok(UsageFile {
        name: row.text("name")?,
        version: row.text("version")?,
        bytes: count(row, "bytes")?,
        records: count(row, "records")?,
        faults: count(row, "faults")?,
        read: time(row, "read_at")?,
    })
}
