//! What trails delivered, as the usage store keeps it: how complete the logs are that its uses come from.
//!
//! Of each file that is read stays what completeness is judged by, in the transaction of its uses: the hours that it shows to be there, the
//! log files that a digest names with their hashes until each has come, changes of trails, and that it is damaged. What was told of trails
//! stays with the time when. Nothing is concluded here: [`crate::sight`] judges it as it judges files.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use menagerie_cloudtrail::coverage::{Change, ChangeKind, last_part};
use menagerie_cloudtrail::digest::{Digest, LogFile};
use menagerie_cloudtrail::layout::Name;
use menagerie_cloudtrail::selectors::{Trail, Trails};
use menagerie_cloudtrail::signature::Standing;
use menagerie_store::database::{Transaction, Value};

use super::State;
use super::column::{optional_time, time, to_json};
use super::error::StateError;
use super::signature::{known_by, signed, standing, write_carried};

/// How many bits a day's hours take.
const HOURS: i64 = 24;

/// How a file that is damaged counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Damage {
    /// It is a log, or has events.
    Log,
    /// It may be what is left of a log: it counts where no digest tells what logs there are.
    Perhaps,
}

/// A log file that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveredLog {
    /// The account that its events are of.
    pub account: String,
    /// Their Region.
    pub region: String,
    /// The SHA-256 of what it holds, as a digest has it.
    pub hash: String,
    /// The hours that it shows to be there, by their numbers since 1970.
    pub hours: Vec<i64>,
}

/// What one file tells of what trails delivered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivered {
    /// The log file that it is, if it is one of CloudTrail's and whole.
    pub log: Option<DeliveredLog>,
    /// The digests in it.
    pub digests: Vec<Digest>,
    /// Changes of trails.
    pub changes: Vec<Change>,
    /// Accounts and Regions that its events are of.
    pub places: BTreeSet<(String, String)>,
    /// When its last event was.
    pub last: Option<Timestamp>,
    /// How it counts if it is damaged.
    pub damage: Option<Damage>,
}

/// What is kept of an account's logs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// What was told of trails, and when.
    pub trails: Vec<(Trail, Timestamp)>,
    /// Of trails, by their ARNs, the first time that what was told of them last was told, and nothing else since.
    pub unchanged: BTreeMap<String, Timestamp>,
    /// Changes of trails.
    pub changes: Vec<Change>,
    /// The accounts and Regions that there are logs of, with the last event: the account's own, and those that the trails are of.
    pub places: Vec<(String, String, Timestamp)>,
    /// The hours of each Region that have a log file.
    pub hours: BTreeMap<String, Vec<i64>>,
    /// The digests. Of the log files that they name, those that have not come.
    pub digests: Vec<Digest>,
    /// Files that are damaged.
    pub damaged: Vec<(String, Damage)>,
    /// What there is of the places where changes of other accounts' trails are logged.
    pub homes: Vec<Home>,
}

/// The home Region of a trail, in its own account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Home {
    /// The account that the trail is of.
    pub account: String,
    /// The Region.
    pub region: String,
    /// The hours that have a log file.
    pub hours: Vec<i64>,
    /// The digests, as [`Kept::digests`].
    pub digests: Vec<Digest>,
}

impl Damage {
    const fn code(self) -> i64 {
        match self {
            Self::Log => 1,
            Self::Perhaps => 0,
        }
    }

    const fn of(code: i64) -> Self {
        if code == 0 { Self::Perhaps } else { Self::Log }
    }
}

fn kind_text(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Stopped => "stopped",
        ChangeKind::Started => "started",
        ChangeKind::Changed => "changed",
        ChangeKind::Created => "created",
    }
}

/// What is not known uncovers as much as anything can.
fn kind_of(text: &str) -> ChangeKind {
    match text {
        "stopped" => ChangeKind::Stopped,
        "started" => ChangeKind::Started,
        "created" => ChangeKind::Created,
        _ => ChangeKind::Changed,
    }
}

impl State {
    /// Notes that files could not be read: what they hold is missing until they are.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn note_damaged(&self, files: &[(String, Damage)], now: Timestamp) -> Result<(), StateError> {
        let mut transaction = self.database.write().await?;
        let named = files.iter().filter_map(|(name, _)| Name::parse(name)).map(|name| ((name.account, name.region), 0)).collect();
        write_places(&mut transaction, &named).await?;
        let damaged = files.iter().map(|(name, damage)| (name.as_str(), (*damage, now))).collect();
        write_damage(&mut transaction, &damaged).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Notes that a place begins to be read: until it was read to its end, what was not read yet of it is missing, where no digest says what
    /// there is. What could not be read of it before stays missing until it is read whole, or forgotten: it may not be looked for this time, or
    /// not be there any more.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn begin_place(&self, place: &str, now: Timestamp) -> Result<(), StateError> {
        let mut transaction = self.database.write().await?;
        let marker = unread(place);
        write_damage(&mut transaction, &Damaged::from([(marker.as_str(), (Damage::Perhaps, now))])).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Notes that a place was read to its end.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn end_place(&self, place: &str) -> Result<(), StateError> {
        let (mut transaction, marker) = (self.database.write().await?, unread(place));
        transaction.execute("DELETE FROM usage_damage WHERE name = $1", &[Value::from(&marker)]).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Forgets that a file was read, or could not be, or a place: what was used stays. Whether there was such a thing.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn forget_file(&self, name: &str) -> Result<bool, StateError> {
        let (mut transaction, marker) = (self.database.write().await?, unread(name));
        let values = [Value::from(name)];
        let mut gone = transaction.execute("DELETE FROM usage_file WHERE name = $1", &values).await?;
        let damage = "DELETE FROM usage_damage WHERE name = $1 OR name = $2";
        gone += transaction.execute(damage, &[Value::from(name), Value::from(&marker)]).await?;
        transaction.commit().await?;
        Ok(gone > 0)
    }

    /// Takes what was told of trails at a moment, in the place of what was told of them before. Where that contradicts it, the trail was changed
    /// in between, at the moment at the latest.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn tell_trails(&self, trails: &Trails, now: Timestamp) -> Result<(), StateError> {
        let mut transaction = self.database.write().await?;
        let known = read_trails(&mut transaction).await?;
        for trail in trails.iter() {
            let is_same = |before: &Trail| {
                before.described && before.selectors.is_some() && before.logging != Some(false) && !trail.contradicts(before)
            };
            let same = known.iter().any(|(before, _)| before.arn == trail.arn && is_same(before));
            if known.iter().any(|(before, _)| before.arn == trail.arn && trail.contradicts(before)) {
                let kind = ChangeKind::Changed;
                let change = Change { time: now, trail: trail.arn.clone(), account: trail.account().to_owned(), kind };
                write_changes(&mut transaction, &BTreeSet::from([changed(&change)])).await?;
            }
            let insert = "INSERT INTO usage_trail (arn, answers, told_at, since_at) VALUES ($1, $2, $3, $3)
                ON CONFLICT (arn) DO UPDATE SET answers = excluded.answers, told_at = excluded.told_at,
                    since_at = CASE WHEN $4 = 1 THEN COALESCE(usage_trail.since_at, usage_trail.told_at) ELSE excluded.since_at END";
            let answers = trail.answers();
            let values = [Value::from(&trail.arn), Value::from(&answers), now.as_microsecond().into(), i64::from(same).into()];
            transaction.execute(insert, &values).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Whether there are logs of an account.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn has_logs(&self, account: &str) -> Result<bool, StateError> {
        let mut transaction = self.database.read().await?;
        Ok(transaction.optional("SELECT region FROM usage_place WHERE account = $1 LIMIT 1", &[account.into()]).await?.is_some())
    }

    /// The Regions that there are logs of an account of.
    ///
    /// # Errors
    /// [`StateError`] if the database fails.
    pub async fn logged_regions(&self, account: &str) -> Result<Vec<String>, StateError> {
        let mut transaction = self.database.read().await?;
        let rows = transaction.all("SELECT region FROM usage_place WHERE account = $1 ORDER BY region", &[account.into()]).await?;
        rows.iter().map(|row| Ok(row.text("region")?)).collect()
    }

    /// What is kept of an account's logs that matters to what was done since `from`.
    ///
    /// # Errors
    /// [`StateError`] if the database fails, or holds no such thing.
    pub async fn deliveries(&self, account: &str, from: Timestamp) -> Result<Kept, StateError> {
        let mut transaction = self.database.read().await?;
        let mut kept = Kept { trails: read_trails(&mut transaction).await?, ..Kept::default() };
        for row in transaction.all("SELECT account, trail, kind, at FROM usage_change ORDER BY at, trail, kind", &[]).await? {
            let (kind, trail, account) = (kind_of(&row.text("kind")?), row.text("trail")?, row.text("account")?);
            kept.changes.push(Change { time: time(&row, "at")?, trail, account, kind });
        }
        for row in transaction.all("SELECT arn, since_at FROM usage_trail WHERE since_at IS NOT NULL", &[]).await? {
            kept.unchanged.insert(row.text("arn")?, time(&row, "since_at")?);
        }
        let owners = kept.trails.iter().map(|(trail, _)| trail.account());
        for account in owners.chain([account]).collect::<BTreeSet<_>>() {
            let find = "SELECT account, region, last_at FROM usage_place WHERE account = $1 ORDER BY region";
            for row in transaction.all(find, &[account.into()]).await? {
                kept.places.push((row.text("account")?, row.text("region")?, time(&row, "last_at")?));
            }
        }
        kept.hours = read_hours(&mut transaction, account, from).await?;
        kept.digests = read_digests(&mut transaction, account, from).await?;
        let find = "SELECT name, damage FROM usage_damage WHERE account = $1 OR account = '' ORDER BY name";
        for row in transaction.all(find, &[account.into()]).await? {
            kept.damaged.push((row.text("name")?, Damage::of(row.integer("damage")?)));
        }
        let others = kept.trails.iter().filter(|(trail, _)| trail.account() != account);
        for (owner, region) in others.map(|(trail, _)| (trail.account(), trail.home_region())).collect::<BTreeSet<_>>() {
            let is_home = |name: Option<Name<'_>>| name.is_some_and(|name| name.region == region);
            let hours = read_hours(&mut transaction, owner, from).await?.remove(region).unwrap_or_default();
            let mut digests = read_digests(&mut transaction, owner, from).await?;
            digests.retain(|digest| is_home(digest.name()));
            let find = "SELECT name, damage FROM usage_damage WHERE account = $1 ORDER BY name";
            for row in transaction.all(find, &[owner.into()]).await? {
                let name = row.text("name")?;
                if is_home(Name::parse(&name)) {
                    kept.damaged.push((name, Damage::of(row.integer("damage")?)));
                }
            }
            kept.homes.push(Home { account: owner.to_owned(), region: region.to_owned(), hours, digests });
        }
        Ok(kept)
    }
}

/// The hours of each Region of an account that have a log file.
async fn read_hours(transaction: &mut Transaction, account: &str, from: Timestamp) -> Result<BTreeMap<String, Vec<i64>>, StateError> {
    let first = from.as_second().div_euclid(3600);
    let find = "SELECT region, day, hours FROM usage_hours WHERE account = $1 AND day >= $2 ORDER BY region, day";
    let mut regions: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for row in transaction.all(find, &[account.into(), first.div_euclid(HOURS).into()]).await? {
        let (begin, mask) = (row.integer("day")?.saturating_mul(HOURS), row.integer("hours")?);
        let hours = regions.entry(row.text("region")?).or_default();
        hours.extend((0..HOURS).filter(|hour| mask >> hour & 1 == 1).map(|hour| begin + hour));
    }
    Ok(regions)
}

async fn read_trails(transaction: &mut Transaction) -> Result<Vec<(Trail, Timestamp)>, StateError> {
    let mut trails = Vec::new();
    for row in transaction.all("SELECT answers, told_at FROM usage_trail ORDER BY arn", &[]).await? {
        let told = time(&row, "told_at")?;
        let read = Trails::parse(&row.text("answers")?);
        let read = read.map_err(|error| StateError::Record { what: "a trail", reason: error.to_string() })?;
        trails.extend(read.iter().map(|trail| (trail.clone(), told)));
    }
    Ok(trails)
}

async fn read_digests(transaction: &mut Transaction, account: &str, from: Timestamp) -> Result<Vec<Digest>, StateError> {
    let values = [Value::from(account), from.as_microsecond().into()];
    let find = "SELECT object, start_at, end_at, checked, fault FROM usage_digest WHERE account = $1 AND end_at >= $2 ORDER BY object";
    let mut digests = BTreeMap::new();
    for row in transaction.all(find, &values).await? {
        let object = row.text("object")?;
        let (start, end) = (time(&row, "start_at")?, time(&row, "end_at")?);
        let digest = Digest {
            account: account.to_owned(),
            start,
            end,
            object: object.clone(),
            previous: None,
            previous_hash: None,
            log_files: Vec::new(),
            seal: None,
            standing: standing(&row)?,
        };
        digests.insert(object, digest);
    }
    let find = "SELECT log, digest, hash, oldest_at, newest_at FROM usage_awaited WHERE account = $1 AND end_at >= $2 AND NOT EXISTS (
        SELECT name FROM usage_file WHERE usage_file.log = usage_awaited.log AND usage_file.hash = usage_awaited.hash
    ) ORDER BY digest, log";
    for row in transaction.all(find, &values).await? {
        let awaited = LogFile {
            object: row.text("log")?,
            hash_value: row.text("hash")?,
            oldest_event_time: optional_time(&row, "oldest_at")?,
            newest_event_time: optional_time(&row, "newest_at")?,
        };
        if let Some(digest) = digests.get_mut(&row.text("digest")?) {
            digest.log_files.push(awaited);
        }
    }
    Ok(digests.into_values().collect())
}

type Changed = (String, String, &'static str, i64);

fn changed(change: &Change) -> Changed {
    (change.account.clone(), change.trail.clone(), kind_text(change.kind), change.time.as_microsecond())
}

async fn write_changes(transaction: &mut Transaction, changes: &BTreeSet<Changed>) -> Result<(), StateError> {
    let rows: Vec<Value<'_>> = changes
        .iter()
        .flat_map(|(account, trail, kind, at)| [Value::from(account), Value::from(trail), (*kind).into(), (*at).into()])
        .collect();
    let insert = "INSERT INTO usage_change (account, trail, kind, at) VALUES";
    transaction.insert_rows(insert, 4, "ON CONFLICT (account, trail, kind, at) DO NOTHING", &rows).await?;
    Ok(())
}

type Damaged<'a> = BTreeMap<&'a str, (Damage, Timestamp)>;

async fn write_damage(transaction: &mut Transaction, damaged: &Damaged<'_>) -> Result<(), StateError> {
    let rows: Vec<Value<'_>> = damaged
        .iter()
        .flat_map(|(name, (damage, seen))| {
            let account = Name::parse(name).map_or("", |name| name.account);
            [Value::from(*name), account.into(), damage.code().into(), seen.as_microsecond().into()]
        })
        .collect();
    let insert = "INSERT INTO usage_damage (name, account, damage, seen_at) VALUES";
    let conflict = "ON CONFLICT (name) DO UPDATE SET damage = excluded.damage, seen_at = excluded.seen_at";
    transaction.insert_rows(insert, 4, conflict, &rows).await?;
    Ok(())
}

/// What a place is noted by that is not read to its end. It is under no place itself, as files are.
fn unread(place: &str) -> String {
    format!("(not read to its end) {place}")
}

/// Accounts and Regions that there are logs of, with when the last event was.
type Places<'a> = BTreeMap<(&'a str, &'a str), i64>;

async fn write_places(transaction: &mut Transaction, places: &Places<'_>) -> Result<(), StateError> {
    let rows: Vec<Value<'_>> =
        places.iter().flat_map(|((account, region), last)| [(*account).into(), (*region).into(), (*last).into()]).collect();
    let conflict = "ON CONFLICT (account, region) DO UPDATE SET
        last_at = CASE WHEN excluded.last_at > usage_place.last_at THEN excluded.last_at ELSE usage_place.last_at END";
    transaction.insert_rows("INSERT INTO usage_place (account, region, last_at) VALUES", 3, conflict, &rows).await?;
    Ok(())
}

/// Writes what files tell, each with its name and the time that it was read. Rows go in one order, so that writers do not block each other
/// for ever.
pub(super) async fn write(transaction: &mut Transaction, files: &[(&str, Timestamp, &Delivered)]) -> Result<(), StateError> {
    let (mut places, mut hours) = (Places::new(), BTreeMap::<(&str, &str, i64), i64>::new());
    let (mut damaged, mut whole) = (Damaged::new(), BTreeSet::new());
    let mut changes = BTreeSet::new();
    let (mut digests, mut here) = (BTreeMap::new(), BTreeSet::new());
    for (name, read, delivered) in files {
        let last = delivered.last.map_or(0, Timestamp::as_microsecond);
        let mut seen = |account, region| {
            let at = places.entry((account, region)).or_insert(last);
            *at = last.max(*at);
        };
        delivered.places.iter().for_each(|(account, region)| seen(account.as_str(), region.as_str()));
        // Whatever became of the file, it was delivered.
        if let Some(named) = Name::parse(name) {
            seen(named.account, named.region);
        }
        if let Some(log) = &delivered.log {
            seen(&log.account, &log.region);
            here.insert((last_part(name), log.hash.as_str()));
            for hour in &log.hours {
                let day = hours.entry((&log.account, &log.region, hour.div_euclid(HOURS))).or_default();
                *day |= 1 << hour.rem_euclid(HOURS);
            }
        }
        for digest in &delivered.digests {
            let Some(named) = digest.name() else { continue };
            seen(named.account, named.region);
            digests.insert(known_by(digest), (named.region, digest));
        }
        changes.extend(delivered.changes.iter().map(changed));
        match delivered.damage {
            Some(damage) => drop(damaged.insert(*name, (damage, *read))),
            None => drop(whole.insert(*name)),
        }
    }
    write_places(transaction, &places).await?;
    let rows: Vec<Value<'_>> = hours
        .iter()
        .flat_map(|((account, region, day), mask)| [(*account).into(), (*region).into(), (*day).into(), (*mask).into()])
        .collect();
    let conflict = "ON CONFLICT (account, region, day) DO UPDATE SET hours = usage_hours.hours | excluded.hours";
    transaction.insert_rows("INSERT INTO usage_hours (account, region, day, hours) VALUES", 4, conflict, &rows).await?;
    // What is shown to be CloudTrail's stays; what came before of a name and is not makes way for what is read now.
    let asked = digests.iter().filter(|(_, (_, digest))| digest.standing != Standing::Unchecked);
    let asked: BTreeSet<_> = asked.map(|(object, _)| *object).collect();
    let signed = signed(transaction, asked.iter().copied()).await?;
    digests.retain(|object, _| !signed.contains(*object));
    for object in asked.iter().filter(|object| !signed.contains(**object)) {
        transaction.execute("DELETE FROM usage_awaited WHERE digest = $1", &[(*object).into()]).await?;
    }
    write_digests(transaction, &digests, &here).await?;
    write_carried(transaction, digests.values().map(|(_, digest)| *digest)).await?;
    write_changes(transaction, &changes).await?;
    write_damage(transaction, &damaged).await?;
    // Mostly nothing is damaged at all.
    if transaction.optional("SELECT name FROM usage_damage LIMIT 1", &[]).await?.is_some() {
        for name in whole {
            transaction.execute("DELETE FROM usage_damage WHERE name = $1", &[name.into()]).await?;
        }
    }
    Ok(())
}

/// Digests, and of the log files that they name those that are not here.
async fn write_digests(
    transaction: &mut Transaction,
    digests: &BTreeMap<&str, (&str, &Digest)>,
    here: &BTreeSet<(&str, &str)>,
) -> Result<(), StateError> {
    let waits = |digest: &Digest| digest.standing != Standing::Unchecked;
    let seal = |digest: &Digest| digest.seal.as_ref().filter(|_| waits(digest)).map(to_json);
    let seals: Vec<Option<String>> = digests.values().map(|(_, digest)| seal(digest)).collect();
    let mut rows: Vec<Value<'_>> = Vec::new();
    let mut awaited: Vec<Value<'_>> = Vec::new();
    for ((object, (region, digest)), seal) in digests.iter().zip(&seals) {
        let (start, end) = (digest.start.as_microsecond(), digest.end.as_microsecond());
        rows.extend([Value::from(*object), Value::from(&digest.account), (*region).into(), start.into(), end.into()]);
        rows.extend([waits(digest).then_some(0_i64).into(), Value::from(seal.as_deref())]);
        let named: BTreeMap<&str, &LogFile> = digest.log_files.iter().map(|log| (last_part(&log.object), log)).collect();
        for (log, file) in named {
            let (oldest, newest) = (file.oldest_event_time.map(micros), file.newest_event_time.map(micros));
            let hash = file.hash_value.as_str();
            awaited.extend([log.into(), Value::from(*object), Value::from(&digest.account), hash.into()]);
            awaited.extend([oldest.into(), newest.into(), Value::from(end)]);
        }
    }
    let insert = "INSERT INTO usage_digest (object, account, region, start_at, end_at, checked, seal) VALUES";
    let conflict = "ON CONFLICT (object) DO UPDATE SET
        start_at = excluded.start_at, end_at = excluded.end_at, checked = excluded.checked, seal = excluded.seal, fault = NULL
        WHERE excluded.checked = 0 AND COALESCE(usage_digest.checked, 0) <> 1";
    transaction.insert_rows(insert, 7, conflict, &rows).await?;
    let insert = "INSERT INTO usage_awaited (log, digest, account, hash, oldest_at, newest_at, end_at) VALUES";
    transaction.insert_rows(insert, 7, "ON CONFLICT (log, digest) DO NOTHING", &awaited).await?;
    // Both ways: the log file may come before its digest, and after.
    for object in digests.keys() {
        let settle = "DELETE FROM usage_awaited WHERE digest = $1 AND EXISTS (
            SELECT name FROM usage_file WHERE usage_file.log = usage_awaited.log AND usage_file.hash = usage_awaited.hash
        )";
        transaction.execute(settle, &[(*object).into()]).await?;
    }
    for (log, hash) in here {
        transaction.execute("DELETE FROM usage_awaited WHERE log = $1 AND hash = $2", &[(*log).into(), (*hash).into()]).await?;
    }
    Ok(())
}

fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}
