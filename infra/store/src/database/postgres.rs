//! PostgreSQL: a server by its URL, over TLS unless it is on this machine or the URL says otherwise.

use std::ops::{Deref, DerefMut};
use std::str::FromStr as _;
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, Object, Pool, PoolError, QueueMode, RecycleError, RecycleResult};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{Connection as _, Error, PgConnection};

use super::error::DatabaseError;

/// How long a connection is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection may have been idle to be used without asking.
const FRESH: Duration = Duration::from_secs(1);

/// How long a connection is kept, so that each process comes to know a server that has taken another's place.
const LIFE: Duration = Duration::from_mins(30);

/// How long a statement may go on that nobody waits for any more.
const UNWANTED: Duration = Duration::from_mins(1);

/// How many connections a process has at most.
const CONNECTIONS: usize = 8;

/// Connections that are used again. Not the driver's own pool, which asks the server once more whenever a connection is given back: a third of
/// all that was sent.
#[derive(Debug, Clone)]
pub(super) struct Connections(Pool<Opening>);

#[derive(Debug)]
pub(super) struct Opening(PgConnectOptions);

impl Manager for Opening {
    type Type = PgConnection;
    type Error = Error;

    async fn create(&self) -> Result<PgConnection, Error> {
        PgConnection::connect_with(&self.0).await
    }

    async fn recycle(&self, connection: &mut PgConnection, metrics: &Metrics) -> RecycleResult<Error> {
        if metrics.age() > LIFE {
            return Err(RecycleError::message("it is old"));
        }
        // One that was used a moment ago needs no question whether it is there: the question would cost as much as a statement.
        if metrics.last_used() > FRESH {
            connection.ping().await?;
        }
        Ok(())
    }
}

pub(super) async fn connect(url: &str) -> Result<Connections, DatabaseError> {
    let options = options(url).map_err(|source| DatabaseError::Connect { source })?;
    let pool = Pool::builder(Opening(options)).max_size(CONNECTIONS).queue_mode(QueueMode::Lifo).build();
    let connections = Connections(pool.map_err(|error| DatabaseError::Connect { source: Error::Configuration(error.into()) })?);
    connections.lend().await.map_err(|source| DatabaseError::Connect { source })?.give_back();
    Ok(connections)
}

impl Connections {
    pub(super) async fn lend(&self) -> Result<Lent, Error> {
        match tokio::time::timeout(PATIENCE, self.0.get()).await {
            Ok(Ok(object)) => Ok(Lent(Some(object))),
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
        let mut transaction = Transaction(Some(self.lend().await?));
        match sqlx::raw_sql(sql).execute(transaction.connection()).await {
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
pub(super) struct Lent(Option<Object<Opening>>);

impl Lent {
    /// Gives it back, with nothing under way.
    pub(super) fn give_back(mut self) {
        drop(self.0.take());
    }

    /// Gives it back if what was asked was answered, be it by a refusal. If the connection broke it is closed, and those with it that nobody
    /// uses: what has closed one has most often closed all.
    pub(super) fn answered<T>(mut self, answer: Result<T, Error>) -> Result<T, Error> {
        let object = self.0.take().expect("taken by what consumes it only");
        if answer.as_ref().err().is_some_and(is_broken) {
            if let Some(pool) = Object::pool(&object) {
                pool.retain(|_, _| false);
            }
            drop(Object::take(object));
        }
        answer
    }
}

/// Whether an error says that the connection is of no more use.
fn is_broken(error: &Error) -> bool {
    match error {
        // Connection exceptions, and what a server says that is being shut down (PostgreSQL, appendix A).
        Error::Database(error) => error.code().is_some_and(|code| code.starts_with("08") || code.starts_with("57P")),
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) => true,
        _ => false,
    }
}

impl Deref for Lent {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.0.as_ref().expect("taken by what consumes it only")
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.0.as_mut().expect("taken by what consumes it only")
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            bring_to_rest(object, false);
        }
    }
}

/// Brings a connection to rest that nobody waits for any more, and gives it back; it is closed if that fails or takes too long. Without a
/// runtime there is nobody to wait for the server: it is closed at once, which ends a transaction as well.
fn bring_to_rest(mut object: Object<Opening>, in_transaction: bool) {
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return drop(Object::take(object)) };
    runtime.spawn(async move {
        let rest = async {
            match in_transaction {
                true => sqlx::raw_sql("ROLLBACK").execute(&mut *object).await.map(drop),
                false => object.ping().await,
            }
        };
        if !matches!(tokio::time::timeout(UNWANTED, rest).await, Ok(Ok(()))) {
            drop(Object::take(object));
        }
    });
}

/// A transaction, which a drop takes back.
#[derive(Debug)]
pub(super) struct Transaction(Option<Lent>);

impl Transaction {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        self.0.as_mut().expect("there until it is committed or dropped")
    }

    pub(super) async fn commit(mut self) -> Result<(), Error> {
        let committed = sqlx::raw_sql("COMMIT").execute(self.connection()).await;
        self.ended(committed.map(drop))
    }

    /// Gives the connection back after a statement that began or ended the transaction, if it was answered.
    fn ended<T>(mut self, answer: Result<T, Error>) -> Result<T, Error> {
        match self.0.take() {
            Some(lent) => lent.answered(answer),
            None => answer,
        }
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(object) = self.0.take().and_then(|mut lent| lent.0.take()) {
            bring_to_rest(object, true);
        }
    }
}

/// What the URL says; where it leaves TLS to chance and leads to another machine, TLS with a verified name.
fn options(url: &str) -> Result<PgConnectOptions, Error> {
    let options = PgConnectOptions::from_str(url)?;
    let by_chance = matches!(options.get_ssl_mode(), PgSslMode::Allow | PgSslMode::Prefer);
    if by_chance && !is_here(&options) { Ok(options.ssl_mode(PgSslMode::VerifyFull)) } else { Ok(options) }
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
    fn no_error_shows_the_password() {
        for url in ["postgres://u:hunter2@h:port/x", "postgres://u:hunter2@h/x?sslmode=odd"] {
            let error = options(url).expect_err("no URL");
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
