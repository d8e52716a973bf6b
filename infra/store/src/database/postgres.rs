//! PostgreSQL: a server by its URL, over TLS unless it is on this machine or the URL says otherwise.

use std::ops::{Deref, DerefMut};
use std::str::FromStr as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, QueueMode, RecycleError, RecycleResult};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{Connection as _, Error, PgConnection};

use super::error::DatabaseError;

/// How long a connection is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the server may be silent when it was asked something: more than any statement of a tool takes, and than a survey that ends by itself.
/// A connection that is silent for longer leads to nobody any more, though nothing has said so: a machine that vanished, a firewall that forgot.
const SILENCE: Duration = Duration::from_secs(40);

/// How long a step of a schema may take, and the wait for another program that does it.
const STEP: Duration = Duration::from_hours(4);

/// How long the question may take whether a connection is still there.
const PING: Duration = Duration::from_secs(5);

/// How long a connection may have been idle to be used without asking.
const FRESH: Duration = Duration::from_secs(1);

/// How long a connection is kept, so that each process comes to know a server that has taken another's place.
const LIFE: Duration = Duration::from_mins(30);

/// What the server is asked to hold to, so that a client that vanished leaves no statement and no lock behind: a bound on statements above
/// [`SILENCE`], one on transactions in which nothing is done below it, and questions whether the client is there. What is set for the server, the
/// user, the database or in the URL stays.
const SESSION: &str = "SELECT set_config(name, value, false) FROM (VALUES ('statement_timeout', '60s'), \
    ('idle_in_transaction_session_timeout', '30s'), ('tcp_keepalives_idle', '30'), ('tcp_keepalives_interval', '10'), \
    ('tcp_keepalives_count', '3')) AS wanted (name, value) JOIN pg_settings USING (name) WHERE source = 'default'";

/// How many connections a process has at most.
const CONNECTIONS: usize = 8;

/// Connections that are used again. Not the driver's own pool, which asks the server once more whenever a connection is given back: a third of
/// all that was sent.
#[derive(Debug, Clone)]
pub(super) struct Connections(Pool<Opening>);

#[derive(Debug)]
pub(super) struct Opening {
    options: PgConnectOptions,
    /// Whether the server is to let nothing be written on its connections.
    reads: bool,
    /// How many milliseconds the server may be silent.
    silence: AtomicU64,
    /// When a connection was found silent last. Those from before are as doubtful.
    doubted: Mutex<Option<Instant>>,
}

impl Opening {
    fn new(options: PgConnectOptions, reads: bool) -> Self {
        let opening = Self { options, reads, silence: AtomicU64::new(0), doubted: Mutex::default() };
        opening.set_silence(SILENCE);
        opening
    }

    fn set_silence(&self, silence: Duration) {
        self.silence.store(u64::try_from(silence.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn silence(&self) -> Duration {
        Duration::from_millis(self.silence.load(Ordering::Relaxed))
    }

    fn doubt(&self) {
        *self.doubted.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn is_doubtful(&self, made: Instant) -> bool {
        self.doubted.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|doubted| made <= doubted)
    }
}

/// What was asked, if the server answers within the time. It is not known else whether it was done.
pub(super) async fn heard<T>(silence: Duration, asked: impl Future<Output = Result<T, Error>> + Send) -> Result<T, Error> {
    let silent = |_| Err(Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, "the server was silent for too long")));
    tokio::time::timeout(silence, asked).await.unwrap_or_else(silent)
}

impl Manager for Opening {
    type Type = PgConnection;
    type Error = Error;

    async fn create(&self) -> Result<PgConnection, Error> {
        let mut connection = PgConnection::connect_with(&self.options).await?;
        sqlx::raw_sql(SESSION).execute(&mut connection).await?;
        if self.reads {
            sqlx::raw_sql("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY").execute(&mut connection).await?;
        }
        Ok(connection)
    }

    async fn recycle(&self, connection: &mut PgConnection, metrics: &Metrics) -> RecycleResult<Error> {
        if metrics.age() > LIFE {
            return Err(RecycleError::message("it is old"));
        }
        if self.is_doubtful(metrics.created) {
            return Err(RecycleError::message("others of its time were silent"));
        }
        // One that was used a moment ago needs no question whether it is there: the question would cost as much as a statement.
        if metrics.last_used() > FRESH {
            heard(PING.min(self.silence()), connection.ping()).await.inspect_err(|_| self.doubt())?;
        }
        Ok(())
    }
}

pub(super) async fn connect(url: &str) -> Result<Connections, DatabaseError> {
    open(url, false).await
}

pub(super) async fn open_to_read(url: &str) -> Result<Connections, DatabaseError> {
    open(url, true).await
}

async fn open(url: &str, reads: bool) -> Result<Connections, DatabaseError> {
    let options = options(url).map_err(|source| DatabaseError::Url { source })?;
    let place = place(&options);
    let unopened = |source| DatabaseError::Connect { place, source };
    let pool = Pool::builder(Opening::new(options, reads)).max_size(CONNECTIONS).queue_mode(QueueMode::Lifo).build();
    let connections = Connections(pool.map_err(|error| DatabaseError::Url { source: Error::Configuration(error.into()) })?);
    connections.lend().await.map_err(unopened)?.give_back();
    Ok(connections)
}

impl Connections {
    pub(super) fn set_silence(&self, silence: Duration) {
        self.0.manager().set_silence(silence);
    }

    pub(super) async fn lend(&self) -> Result<Lent, Error> {
        match tokio::time::timeout(PATIENCE, self.0.get()).await {
            Ok(Ok(object)) => Ok(Lent { object: Some(object), silence: self.0.manager().silence() }),
            Ok(Err(PoolError::Backend(error))) => Err(error),
            Ok(Err(_)) => Err(Error::PoolClosed),
            Err(_) => Err(Error::PoolTimedOut),
        }
    }

    /// Begins a transaction by this statement.
    pub(super) async fn begin(&self, sql: &'static str) -> Result<Transaction, Error> {
        match self.begin_on_one(sql).await {
            // Nothing was asked yet: another connection may be there.
            Err(error) if is_broken(&error) => self.begin_on_one(sql).await,
            begun => begun,
        }
    }

    async fn begin_on_one(&self, sql: &'static str) -> Result<Transaction, Error> {
        let mut transaction = Transaction { lent: Some(self.lend().await?), is_broken: false };
        match heard(transaction.silence(), sqlx::raw_sql(sql).execute(transaction.connection())).await {
            Ok(_) => Ok(transaction),
            Err(error) => transaction.ended(Err(error)),
        }
    }

    /// Closes every connection, when its work is done.
    pub(super) async fn close(&self) {
        self.0.close();
        let all = async {
            while self.0.status().size > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let _ = tokio::time::timeout(PATIENCE, all).await;
    }
}

/// A connection for one statement, or for a transaction. One that is dropped keeps its place until the server has answered what is under way
/// on it: whoever asks and goes away does not get the server more connections than the pool has.
#[derive(Debug)]
pub(super) struct Lent {
    object: Option<Object<Opening>>,
    silence: Duration,
}

impl Lent {
    /// How long the server may be silent on it.
    pub(super) const fn silence(&self) -> Duration {
        self.silence
    }

    /// Gives it back, with nothing under way.
    pub(super) fn give_back(mut self) {
        drop(self.object.take());
    }

    /// Gives it back if what was asked was answered, be it by a refusal. If the connection broke it is closed, and those with it that nobody
    /// uses: what has closed one has most often closed all.
    pub(super) fn answered<T>(mut self, answer: Result<T, Error>) -> Result<T, Error> {
        let object = self.object.take().expect("taken by what consumes it only");
        if answer.as_ref().err().is_some_and(is_broken) {
            close(object);
        }
        answer
    }
}

/// Closes a connection that broke, and those that are as old once nobody uses them.
fn close(object: Object<Opening>) {
    if let Some(pool) = Object::pool(&object) {
        pool.manager().doubt();
        pool.retain(|_, _| false);
    }
    drop(Object::take(object));
}

/// Codes of connection exceptions, of a server that is being shut down, and of a transaction that was idle for too long (PostgreSQL, appendix A).
const ENDS: [&str; 3] = ["08", "57P", "25P03"];

/// Whether an error says that the connection is of no more use.
fn is_broken(error: &Error) -> bool {
    match error {
        Error::Database(error) => error.code().is_some_and(|code| ENDS.iter().any(|class| code.starts_with(class))),
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) => true,
        _ => false,
    }
}

impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.object.as_ref().expect("taken by what consumes it only")
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.object.as_mut().expect("taken by what consumes it only")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            bring_to_rest(object, self.silence, false);
        }
    }
}

/// Brings a connection to rest that nobody waits for any more, and gives it back; it is closed if that fails or takes too long. Without a
/// runtime there is nobody to wait for the server: it is closed at once, which ends a transaction as well.
fn bring_to_rest(mut object: Object<Opening>, silence: Duration, in_transaction: bool) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return drop(Object::take(object)) };
    runtime.spawn(async move {
        let rest = async {
            match in_transaction {
                true => sqlx::raw_sql("ROLLBACK").execute(&mut *object).await.map(drop),
                false => object.ping().await,
            }
        };
        if heard(silence, rest).await.is_err() {
            close(object);
        }
    });
}

/// A transaction, which a drop takes back.
#[derive(Debug)]
pub(super) struct Transaction {
    lent: Option<Lent>,
    is_broken: bool,
}

impl Transaction {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        self.lent.as_mut().expect("there until it is committed or dropped")
    }

    /// How long the server may be silent.
    pub(super) fn silence(&self) -> Duration {
        self.lent.as_ref().map_or(SILENCE, Lent::silence)
    }

    /// What a statement of it came to; if the connection broke, there is nothing to take back.
    pub(super) fn answered<T>(&mut self, answer: Result<T, Error>) -> Result<T, Error> {
        self.is_broken |= answer.as_ref().err().is_some_and(is_broken);
        answer
    }

    /// Does the text of a schema's step, which takes its time.
    pub(super) async fn script(&mut self, sql: &'static str) -> Result<(), Error> {
        let answer = heard(STEP, sqlx::raw_sql(sql).execute(self.connection())).await;
        self.answered(answer).map(drop)
    }

    pub(super) async fn commit(mut self) -> Result<(), Error> {
        let committed = heard(self.silence(), sqlx::raw_sql("COMMIT").execute(self.connection())).await;
        self.ended(committed.map(drop))
    }

    /// Gives the connection back after a statement that began or ended the transaction, if it was answered.
    fn ended<T>(mut self, answer: Result<T, Error>) -> Result<T, Error> {
        match self.lent.take() {
            Some(lent) => lent.answered(answer),
            None => answer,
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let silence = self.silence();
        if let Some(object) = self.lent.take().and_then(|mut lent| lent.object.take()) {
            if self.is_broken { close(object) } else { bring_to_rest(object, silence, true) }
        }
    }
}

/// What the URL says; where it leaves TLS to chance and leads to another machine, TLS with a verified name.
fn options(url: &str) -> Result<PgConnectOptions, Error> {
    let options = PgConnectOptions::from_str(url)?;
    if options.get_database().is_some_and(|name| name.contains('@')) {
        return Err(Error::Configuration("what stands before the @ has a slash, which is written %2F there".into()));
    }
    let by_chance = matches!(options.get_ssl_mode(), PgSslMode::Allow | PgSslMode::Prefer);
    if by_chance && !is_here(&options) { Ok(options.ssl_mode(PgSslMode::VerifyFull)) } else { Ok(options) }
}

/// Which database it is, without what may be secret.
fn place(options: &PgConnectOptions) -> String {
    let name = options.get_database().unwrap_or(options.get_username());
    match options.get_socket() {
        Some(socket) => format!("{name} at {}", socket.display()),
        None => format!("{name} at {}:{}", options.get_host(), options.get_port()),
    }
}

fn is_here(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    options.get_socket().is_some() || host.starts_with('/') || host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> String {
        format!("{:?}", options(url).expect("a URL").get_ssl_mode())
    }

    #[test]
    fn another_machine_is_spoken_to_over_verified_tls_only() {
        assert_eq!(mode("postgres://u@db.example.com/state"), "VerifyFull");
        assert_eq!(mode("postgres://u@10.0.0.1/state?sslmode=prefer"), "VerifyFull");
        assert_eq!(mode("postgres://u@db.example.com/state?sslmode=disable"), "Disable");
        assert_eq!(mode("postgres://u@127.0.0.1/state"), "Prefer");
        assert_eq!(mode("postgres://u@[::1]/state"), "Prefer");
    }

    #[test]
    fn a_server_is_told_by_what_is_no_secret() {
        let told = |url: &str| place(&options(url).expect("a URL"));
        assert_eq!(told("postgres://u:hunter2@db.example.com:6432/state?sslmode=disable"), "state at db.example.com:6432");
        assert_eq!(told("postgresql://u:hunter2@10.0.0.1/"), "u at 10.0.0.1:5432");
        assert!(told("postgres://u:hunter2@%2Frun%2Fpostgresql/state").starts_with("state at /run/postgresql"));
    }

    #[test]
    fn a_slash_in_a_password_is_no_end_of_it() {
        for url in ["postgres://u:12/34hunter2@127.0.0.1:1/x", "postgres://u:/hunter2@127.0.0.1:1/x"] {
            let error = options(url).expect_err("is refused").to_string();
            assert!(error.contains("%2F") && !error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn no_error_shows_the_password() {
        for url in ["postgres://u:hunter2@h:port/x", "postgres://u:hunter2@h/x?sslmode=odd"] {
            let error = options(url).expect_err("no URL");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
