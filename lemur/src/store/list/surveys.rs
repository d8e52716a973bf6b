//! What is remembered of long lists: how many rows they have, and places in them, each behind how many rows which certificate stands.
//!
//! Whoever goes from page to page goes on from the end of the page before: what a page costs does not grow with how many are before it, and rows
//! that came or went before it since then shift nothing. Whoever jumps goes on from a place of a survey, which goes through a list once and
//! notes each ten-thousandth row; they wait no longer for it than they would have gone themselves. Where no place is wanted rows are counted and no
//! more, since that is the cheaper.
//!
//! Surveys are of lists alone that go on behind what a page counts. There is one at a time of each list, and few at once, each on a connection
//! of its own; who waits for one holds none. Near pages are not found by places at all: they are as the list is.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use menagerie_store::database::{Database, DatabaseError, Kind, Row, Transaction};
use tokio::sync::{Semaphore, watch};

use super::conditions::Prepared;
use super::{Filter, List, ListId, Order, SortBy, bounded, columns, count};
use crate::store::CertificateId;

/// A survey notes each row of this number. Pages that begin before so many rows are found by counting rows, and so are those that begin so few behind
/// a place.
const STEP: u64 = 10_000;

/// A database that takes longer from one place to the next puts the whole list in order each time: it is asked once for all that follow.
const SLOW: Duration = Duration::from_millis(50);

/// How long a place is known, and how long a number of rows is given without counting again.
const LASTS: Duration = Duration::from_mins(1);

/// How long a number of rows is given while it is counted again.
const KEPT: Duration = Duration::from_mins(5);

/// How long a survey may take, and how long a page that is far from all places waits for one.
const LONGEST: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(3);

/// How many surveys there are, with those that wait for others to end.
const MANY: usize = 16;

/// How much memory is for what is remembered, in bytes.
const MOST: usize = 4 * 1024 * 1024;

/// What a list is ordered by, of one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SortKey {
    /// Nothing but the number.
    Id,
    Text(String),
    Seconds(i64),
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) id: CertificateId,
    pub(super) key: SortKey,
}

impl Mark {
    pub(super) fn read(row: &Row, by: SortBy) -> Result<Self, DatabaseError> {
        let key = match by.column() {
            None => SortKey::Id,
            Some(column) if by == SortBy::NotAfter => SortKey::Seconds(row.integer(column)?),
            Some(column) => SortKey::Text(row.text(column)?),
        };
        Ok(Self { id: CertificateId(row.integer("id")?), key })
    }
}

/// Where a page is looked for: behind so many rows, the last of which is known unless there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) rows: u64,
    pub(super) mark: Option<Mark>,
}

impl Place {
    const FIRST: Self = Self { rows: 0, mark: None };
}

/// How many rows a list had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) rows: u64,
    /// Not before this.
    pub(super) at: Instant,
}

/// What a survey is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Depth {
    /// How many rows there are.
    Count,
    /// Where they are, and how many.
    Places,
}

/// What a survey found.
struct Surveyed {
    count: Count,
    /// Each row of a number that is noted, unless it only counted.
    places: Option<Vec<Mark>>,
}

/// Where a survey is that is under way: the places that it has noted. It is closed when it ended.
type Progress = watch::Receiver<Vec<Mark>>;

/// What one process knows of long lists. Clones share it.
#[derive(Debug, Clone)]
pub struct Surveys(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    database: Database,
    at_once: Semaphore,
    table: Mutex<Table>,
}

/// A survey that is under way. Once it is dropped, those who wait look at what was found.
struct UnderWay {
    surveys: Surveys,
    key: (ListId, Depth),
    /// As [`List::rows`].
    rows: ListId,
    progress: watch::Sender<Vec<Mark>>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.surveys.table().under_way.remove(&self.key);
    }
}

impl Surveys {
    /// None yet, of the lists of this database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        // The others have to read as well, and SQLite has fewer connections.
        let at_once = match database.kind() {
            Kind::Sqlite => 1,
            Kind::Postgres => 2,
        };
        Self(Arc::new(Shared { database, at_once: Semaphore::new(at_once), table: Mutex::default() }))
    }

    /// The database whose lists they are.
    pub(super) fn database(&self) -> &Database {
        &self.0.database
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a row is the last of so many of a list.
    pub(super) fn note(&self, list: &List<'_>, rows: u64, mark: Mark) {
        self.table().note(list.id, rows, mark, Instant::now());
    }

    /// The place from which a page is found that begins behind so many rows. It waits for a survey if all are far from it.
    pub(super) async fn place(&self, list: &List<'_>, offset: u64) -> Place {
        if offset < STEP {
            return Place::FIRST;
        }
        let now = Instant::now();
        let Nearest { place, goes_on, surveyed } = self.table().nearest(&list.id, offset, now);
        // One that is made use of is made anew before it is forgotten.
        let is_enough = surveyed.map_or(offset - place.rows < STEP, |at| is_fresh(at, LASTS / 2, now));
        if goes_on || is_enough {
            return place;
        }
        let under_way = self.begin(list, Depth::Places, now);
        let (None, Some(mut progress)) = (surveyed, under_way) else { return place };
        let wanted = usize::try_from(offset / STEP).unwrap_or(usize::MAX);
        if let Ok(Ok(places)) = tokio::time::timeout(PATIENCE, progress.wait_for(|places| places.len() >= wanted)).await {
            return Place { rows: offset / STEP * STEP, mark: places.get(wanted - 1).cloned() };
        }
        self.table().nearest(&list.id, offset, Instant::now()).place
    }

    /// How many rows a list had minutes ago at the most, if that is known.
    pub(super) fn known(&self, list: &List<'_>) -> Option<Count> {
        self.table().count(&list.rows, Instant::now())
    }

    /// How many rows a list has, or had minutes ago at the most. If that is not known, or they were fewer than were `seen` since, it is waited for
    /// so long.
    pub(super) async fn count(&self, list: &List<'_>, seen: u64, patience: Duration) -> Option<Count> {
        let now = Instant::now();
        let known = || self.known(list).filter(|count| count.rows >= seen);
        let before = known();
        if before.is_some_and(|count| is_fresh(count.at, LASTS, now)) {
            return before;
        }
        match self.begin(list, Depth::Count, now) {
            Some(mut progress) if before.is_none() => {
                let _ = tokio::time::timeout(patience, progress.wait_for(|_| false)).await;
                known()
            }
            _ => before,
        }
    }

    /// Begins a survey, unless one is under way that finds as much: where it is. None if it was given up lately, or too many are under way.
    fn begin(&self, list: &List<'_>, depth: Depth, now: Instant) -> Option<Progress> {
        let mut table = self.table();
        let key = if depth == Depth::Count { list.rows } else { list.id };
        let enough = [(key, depth), (list.id, Depth::Places)].into_iter().find_map(|key| table.under_way.get(&key));
        if let Some(under_way) = enough {
            return Some(under_way.clone());
        }
        if table.under_way.len() >= MANY || table.gave_up(&key, now) {
            return None;
        }
        let (progress, places) = watch::channel(Vec::new());
        table.under_way.insert((key, depth), places.clone());
        drop(table);
        let under_way = UnderWay { surveys: self.clone(), key: (key, depth), rows: list.rows, progress };
        let (filter, order) = (list.filter.clone(), list.order);
        tokio::spawn(async move { under_way.go(&filter, order).await });
        Some(places)
    }
}

impl UnderWay {
    async fn go(&self, filter: &Filter, order: Order) {
        let Ok(_one) = self.surveys.0.at_once.acquire().await else { return };
        let found = tokio::time::timeout(LONGEST, self.survey(filter, order)).await;
        let mut table = self.surveys.table();
        match found {
            Ok(Ok(surveyed)) => return table.learn(self.key.0, self.rows, surveyed, Instant::now()),
            Ok(Err(error)) => tracing::warn!(%error, "a long list of certificates was not counted"),
            Err(_) => tracing::warn!(seconds = LONGEST.as_secs(), "a long list of certificates was not counted in time"),
        }
        table.give_up(self.key.0, Instant::now());
    }

    async fn survey(&self, filter: &Filter, order: Order) -> Result<Surveyed, DatabaseError> {
        let (at, database) = (Instant::now(), self.surveys.database());
        let mut transaction = database.read().await?;
        if database.kind() == Kind::Postgres {
            // A statement that nobody waits for any more ends by itself; and to compile one that runs once takes longer than to run it.
            transaction.execute("SET LOCAL statement_timeout = '30s'", &[]).await?;
            transaction.execute("SET LOCAL jit = off", &[]).await?;
        }
        // To be counted, rows need no order.
        let order = if self.key.1 == Depth::Count { Order::default() } else { order };
        let prepared = Prepared::new(&mut transaction, database.kind(), filter, order).await?;
        let noted = match self.key.1 {
            Depth::Count => Vec::new(),
            Depth::Places => {
                let note = |mark| self.progress.send_modify(|places| places.push(mark));
                places(&mut transaction, &prepared, order, SLOW, note).await?;
                self.progress.borrow().clone()
            }
        };
        let rest = count(&mut transaction, &prepared, order, noted.last(), None).await?;
        transaction.commit().await?;
        let count = Count { rows: u64::try_from(noted.len()).unwrap_or(0) * STEP + rest, at };
        Ok(Surveyed { count, places: (self.key.1 == Depth::Places).then_some(noted) })
    }
}

/// Notes each row of a number that is noted.
async fn places(
    transaction: &mut Transaction,
    prepared: &Prepared<'_>,
    order: Order,
    slow: Duration,
    mut note: impl FnMut(Mark),
) -> Result<(), DatabaseError> {
    let mut last = None;
    loop {
        let began = Instant::now();
        let mut sql = columns(order);
        sql.push(" ").append(&prepared.conditions());
        prepared.beyond(&mut sql, order, last.as_ref());
        sql.push(prepared.order(order)).push(" LIMIT 1 OFFSET ").bind(bounded(STEP - 1));
        let rows = transaction.all_of(&sql).await?;
        let Some(row) = rows.first() else { return Ok(()) };
        let mark = Mark::read(row, order.by)?;
        note(mark.clone());
        last = Some(mark);
        if began.elapsed() >= slow {
            break;
        }
    }
    let mut sql = columns(order);
    sql.push(", n FROM (").append(&columns(order)).push(", row_number() OVER (").push(prepared.order(order)).push(") AS n ");
    sql.append(&prepared.conditions());
    prepared.beyond(&mut sql, order, last.as_ref());
    sql.push(") AS numbered WHERE n % ").bind(bounded(STEP)).push(" = 0 ORDER BY n");
    for row in transaction.all_of(&sql).await? {
        note(Mark::read(&row, order.by)?);
    }
    Ok(())
}

/// What is known, and what is under way.
#[derive(Debug, Default)]
struct Table {
    lists: HashMap<ListId, Known>,
    /// How much memory the lists take, in bytes, or more.
    weight: usize,
    under_way: HashMap<(ListId, Depth), Progress>,
}

/// What is known of a list.
#[derive(Debug, Default)]
struct Known {
    /// Where pages began and ended that were read.
    read: BTreeMap<u64, (Mark, Instant)>,
    /// Each row of a number that is noted, and when.
    surveyed: Option<(Vec<Mark>, Instant)>,
    /// Of the rows in no order.
    count: Option<Count>,
    given_up: Option<Instant>,
}

fn is_fresh(at: Instant, lasts: Duration, now: Instant) -> bool {
    now.saturating_duration_since(at) < lasts
}

/// How much memory a place takes, with what a map takes beside it.
fn weight(mark: &Mark) -> usize {
    let text = if let SortKey::Text(text) = &mark.key { text.len() } else { 0 };
    2 * size_of::<(u64, Mark, Instant)>() + text
}

impl Known {
    /// How much memory it takes without its places.
    const WEIGHT: usize = 2 * size_of::<(ListId, Self)>();

    fn forget(&mut self, now: Instant) {
        self.read.retain(|_, (_, at)| is_fresh(*at, LASTS, now));
        self.surveyed.take_if(|(_, at)| !is_fresh(*at, LASTS, now));
        self.count.take_if(|count| !is_fresh(count.at, KEPT, now));
        self.given_up.take_if(|at| !is_fresh(*at, KEPT, now));
    }

    fn is_empty(&self) -> bool {
        self.read.is_empty() && self.surveyed.is_none() && self.count.is_none() && self.given_up.is_none()
    }

    fn weight(&self) -> usize {
        let surveyed = self.surveyed.iter().flat_map(|(places, _)| places);
        Self::WEIGHT + self.read.values().map(|(mark, _)| mark).chain(surveyed).map(weight).sum::<usize>()
    }
}

/// What is known before a page.
struct Nearest {
    place: Place,
    /// Whether a page ended there that was read, and this one goes on from it.
    goes_on: bool,
    /// Of when the survey is, if there is one.
    surveyed: Option<Instant>,
}

impl Table {
    /// The nearest place that is known before `offset` rows, or at it. Where a page ended just there that was read, it is that.
    fn nearest(&self, list: &ListId, offset: u64, now: Instant) -> Nearest {
        let Some(known) = self.lists.get(list) else { return Nearest { place: Place::FIRST, goes_on: false, surveyed: None } };
        let read = known.read.range(..=offset).rev().find(|(_, (_, at))| is_fresh(*at, LASTS, now));
        let read = read.map(|(rows, (mark, _))| (*rows, mark));
        let surveyed = known.surveyed.as_ref().filter(|(_, at)| is_fresh(*at, LASTS, now));
        let noted = surveyed.and_then(|(places, _)| {
            let before = usize::try_from(offset / STEP).unwrap_or(usize::MAX).min(places.len());
            Some((u64::try_from(before).ok()? * STEP, places[..before].last()?))
        });
        // Of equals it is the last.
        let nearest = noted.into_iter().chain(read).max_by_key(|(rows, _)| *rows);
        Nearest {
            place: nearest.map_or(Place::FIRST, |(rows, mark)| Place { rows, mark: Some(mark.clone()) }),
            goes_on: read.is_some_and(|(rows, _)| rows == offset),
            surveyed: surveyed.map(|(_, at)| *at),
        }
    }

    fn count(&self, list: &ListId, now: Instant) -> Option<Count> {
        self.lists.get(list)?.count.filter(|count| is_fresh(count.at, KEPT, now))
    }

    fn gave_up(&self, list: &ListId, now: Instant) -> bool {
        self.lists.get(list).and_then(|known| known.given_up).is_some_and(|at| is_fresh(at, KEPT, now))
    }

    fn note(&mut self, list: ListId, rows: u64, mark: Mark, now: Instant) {
        if rows >= STEP {
            self.with(list, weight(&mark), now).read.insert(rows, (mark, now));
        }
    }

    fn learn(&mut self, list: ListId, rows: ListId, Surveyed { count, places }: Surveyed, now: Instant) {
        if let Some(places) = places {
            let added = places.iter().map(weight).sum();
            self.with(list, added, now).surveyed = Some((places, count.at));
        }
        let known = self.with(rows, 0, now);
        if known.count.is_none_or(|before| before.at <= count.at) {
            known.count = Some(count);
        }
    }

    fn give_up(&mut self, list: ListId, now: Instant) {
        self.with(list, 0, now).given_up = Some(now);
    }

    /// What is known of a list, to have so much added to it. If all is too much, what is old is forgotten, and everything if that is not half of it.
    fn with(&mut self, list: ListId, added: usize, now: Instant) -> &mut Known {
        if self.weight + added > MOST {
            for known in self.lists.values_mut() {
                known.forget(now);
            }
            self.lists.retain(|_, known| !known.is_empty());
            self.weight = self.lists.values().map(Known::weight).sum();
            if self.weight > MOST / 2 {
                self.lists.clear();
                self.weight = 0;
            }
        }
        let known = self.lists.entry(list);
        self.weight += added + if matches!(known, Entry::Vacant(_)) { Known::WEIGHT } else { 0 };
        known.or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store;
    use crate::store::list::Match;

    fn mark(id: i64) -> Mark {
        Mark { id: CertificateId(id), key: SortKey::Id }
    }

    fn surveyed(at: Instant, places: &[i64], rows: u64) -> Surveyed {
        Surveyed { count: Count { rows, at }, places: Some(places.iter().copied().map(mark).collect()) }
    }

    #[test]
    fn the_nearest_place_that_is_not_old_is_found() {
        let (start, mut table) = (Instant::now(), Table::default());
        let at = |seconds| start + Duration::from_secs(seconds);
        let (list, other) = ([1; 32], [2; 32]);
        table.note(list, 20_000, mark(5), at(0));
        table.note(list, 30_000, mark(4), at(30));
        table.note(list, 5_000, mark(9), at(30));
        let found = |table: &Table, list, offset, seconds| {
            let Nearest { place, goes_on, surveyed } = table.nearest(list, offset, at(seconds));
            (place.mark.map(|mark| (place.rows, mark.id.0)), goes_on, surveyed.is_some())
        };
        assert_eq!(found(&table, &list, 19_999, 30), (None, false, false), "near pages are found by counting");
        assert_eq!(found(&table, &list, 20_000, 30), (Some((20_000, 5)), true, false));
        assert_eq!(found(&table, &list, 29_999, 30), (Some((20_000, 5)), false, false));
        assert_eq!(found(&table, &list, 99_999, 30), (Some((30_000, 4)), false, false));
        assert_eq!(found(&table, &list, 29_999, 60), (None, false, false), "it is a minute old");
        assert_eq!(found(&table, &list, 99_999, 60), (Some((30_000, 4)), false, false));
        assert_eq!(found(&table, &other, 99_999, 30), (None, false, false));
        table.learn(list, list, surveyed(at(40), &[11, 12, 13, 14], 40_005), at(41));
        assert_eq!(found(&table, &list, 29_999, 59), (Some((20_000, 5)), false, true), "a page that was read goes before a survey");
        assert_eq!(found(&table, &list, 29_999, 60), (Some((20_000, 12)), false, true));
        assert_eq!(found(&table, &list, 30_000, 41), (Some((30_000, 4)), true, true));
        assert_eq!(found(&table, &list, 99_999, 41), (Some((40_000, 14)), false, true));
        assert_eq!(found(&table, &list, 30_000, 91), (Some((30_000, 13)), false, true));
        assert_eq!(found(&table, &list, 30_000, 100), (None, false, false));
    }

    #[test]
    fn a_number_of_rows_is_kept_for_minutes_and_never_for_an_older_one() {
        let (start, mut table, list, rows) = (Instant::now(), Table::default(), [1; 32], [2; 32]);
        let at = |seconds| start + Duration::from_secs(seconds);
        table.learn(list, rows, surveyed(at(10), &[1], 15_000), at(12));
        let counted = |rows, seconds| Surveyed { count: Count { rows, at: at(seconds) }, places: None };
        table.learn(rows, rows, counted(1_400, 9), at(13));
        assert_eq!(table.count(&rows, at(309)).map(|count| count.rows), Some(15_000));
        assert_eq!(table.count(&rows, at(310)), None);
        table.learn(rows, rows, counted(1_600, 20), at(21));
        assert_eq!(table.count(&rows, at(310)).map(|count| count.rows), Some(1_600));
        assert_eq!(table.nearest(&list, 15_000, at(22)).place.rows, STEP, "its places are those of the survey");
        table.give_up(list, at(30));
        assert!(table.gave_up(&list, at(329)) && !table.gave_up(&list, at(330)));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (start, mut table) = (Instant::now(), Table::default());
        let places = |seed: u64| {
            let text = |place: i64| SortKey::Text(format!("{seed} {place} {}", "x".repeat(200)));
            Some((1..=1_000).map(|place| Mark { id: CertificateId(1), key: text(place) }).collect::<Vec<_>>())
        };
        for number in 0..200_u8 {
            let at = start + Duration::from_millis(u64::from(number) * 700);
            let list = [number; 32];
            table.learn(list, list, Surveyed { count: Count { rows: 1_000_000, at }, places: places(u64::from(number)) }, at);
            for page in 0..1_000 {
                table.note(list, STEP + page, mark(1), at);
            }
            table.give_up([number.wrapping_add(100); 32], at);
            let weight: usize = table.lists.values().map(Known::weight).sum();
            assert!(weight <= table.weight, "{weight} of {}", table.weight);
            assert!(table.weight <= MOST + MOST / 8, "{}", table.weight);
        }
    }

    #[tokio::test]
    async fn a_list_is_surveyed_once_at_a_time_and_few_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("lemur.db").display().to_string()).await.expect("a database");
        let surveys = Surveys::new(store.database().clone());
        let now = Instant::now();
        let filters: Vec<Filter> = (0..=20).map(|number| Filter { name: Some(number.to_string()), ..Filter::default() }).collect();
        let lists: Vec<List<'_>> = filters.iter().map(|filter| List::new(filter, Order::default(), jiff::Timestamp::UNIX_EPOCH)).collect();
        // Nothing that was begun goes on before this test waits.
        let first = surveys.begin(&lists[0], Depth::Places, now).expect("it is begun");
        let second = surveys.begin(&lists[0], Depth::Places, now).expect("it is under way");
        let counted = surveys.begin(&lists[0], Depth::Count, now).expect("it is under way");
        assert!(first.same_channel(&second) && first.same_channel(&counted), "a survey counts as well");
        let other = List::new(&filters[1], Order { by: SortBy::Name, descending: false }, jiff::Timestamp::UNIX_EPOCH);
        let counted = surveys.begin(&other, Depth::Count, now).expect("it is begun");
        assert!(counted.same_channel(&surveys.begin(&lists[1], Depth::Count, now).expect("it is under way")), "an order counts for all");
        let begun: Vec<_> = lists.iter().map_while(|list| surveys.begin(list, Depth::Count, now)).collect();
        assert_eq!((begun.len(), surveys.table().under_way.len()), (MANY, MANY));
        for mut under_way in begun {
            assert!(under_way.changed().await.is_err(), "it ends");
        }
        assert!(surveys.table().under_way.is_empty());
        assert_eq!(surveys.known(&lists[0]).map(|count| count.rows), Some(0));
        assert_eq!(surveys.place(&lists[0], 50_000).await, Place::FIRST);
        assert!(surveys.table().under_way.is_empty(), "the survey is new and says that there is nothing");
        // One that fails is not begun again for some time.
        store.database().close().await;
        let mut under_way = surveys.begin(&lists[20], Depth::Count, now).expect("it is begun");
        assert!(under_way.changed().await.is_err(), "it ends");
        assert!(surveys.begin(&lists[20], Depth::Count, Instant::now()).is_none());
    }

    /// What a database does that is quick, and one that is slow.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn both_ways_to_go_through_a_list_note_the_same() {
        let (folder, server) = (tempfile::tempdir().expect("a folder"), menagerie_tests::Postgres::start());
        for url in [folder.path().join("lemur.db").display().to_string(), server.url()] {
            let store = Store::open(&url).await.expect("a database");
            let insert = "INSERT INTO certificate (issuer, issuer_hash, serial, fingerprint, name, cn, owner, creator, description, profile,
                key_type, not_before, not_after, issued_ms, notify, rotation, rotation_policy, has_key, der, search)
                WITH RECURSIVE numbers (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i < 34567)
                SELECT '', $1, $1, $1, 'n' || CAST((i * 7919) % 100000 AS TEXT), 'n', 'o' || CAST(i % 3 AS TEXT), 1, '', '', '', 0, i % 7, 0, 0,
                0, '', 0, $1, 'n' || CAST(i AS TEXT) || '.example.com' FROM numbers";
            let mut transaction = store.write().await.expect("a transaction");
            transaction.execute("DROP INDEX certificate_serial", &[]).await.expect("rows with the same bytes");
            transaction.execute(insert, &[[0_u8].as_slice().into()]).await.expect("rows");
            let words = "INSERT INTO certificate_word (kind, word) SELECT DISTINCT 'owner', owner FROM certificate";
            transaction.execute(words, &[]).await.expect("owners");
            let creator = Some(crate::store::UserId(1));
            let filters = [
                Filter::default(),
                Filter { text: Some("example".to_owned()), ..Filter::default() },
                Filter { creator, owner: Some(Match::Has("o".to_owned())), ..Filter::default() },
            ];
            for (filter, by) in filters
                .iter()
                .flat_map(|filter| [SortBy::Id, SortBy::Name, SortBy::CommonName, SortBy::Owner, SortBy::NotAfter].map(|by| (filter, by)))
            {
                for descending in [false, true] {
                    let order = Order { by, descending };
                    let prepared = Prepared::new(&mut transaction, store.database().kind(), filter, order).await.expect("conditions");
                    let (mut quick, mut slow) = (Vec::new(), Vec::new());
                    places(&mut transaction, &prepared, order, Duration::MAX, |mark| quick.push(mark)).await.expect("places");
                    places(&mut transaction, &prepared, order, Duration::ZERO, |mark| slow.push(mark)).await.expect("places");
                    assert_eq!(quick.len(), 3, "{order:?}");
                    assert_eq!(quick, slow, "{order:?}");
                }
            }
            drop(transaction);
            store.database().close().await;
        }
    }
}
