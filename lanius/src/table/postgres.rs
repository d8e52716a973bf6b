//! Tables of a PostgreSQL server. Each is read in a read-only transaction of its own with a time limit; nothing that its owner wrote is run
//! for us: views and foreign tables are left out, the search path is the catalogue's, row security that would hide rows is an error rather
//! than a silent loss, and values of types that are not PostgreSQL's own are taken as they are sent, without a cast. Large tables are sampled
//! on the server (`TABLESAMPLE SYSTEM … REPEATABLE`), so that only some of their blocks are read.

use std::fmt;
use std::ops::ControlFlow;
use std::str::FromStr as _;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage, SimpleQueryRow};

use super::sample::Picker;
use super::show::{End, Show, Visit};
use super::{Bounds, Failure, Sample};

/// A server to be read.
#[derive(Clone)]
pub struct Server {
    config: Config,
    /// How long one query may take.
    pub timeout: Duration,
    /// From how many rows, as the server estimates, a table is sampled by the server.
    pub large: u64,
}

impl fmt::Debug for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Server").field("hosts", &self.config.get_hosts()).finish_non_exhaustive()
    }
}

impl Server {
    /// The server of a URL, `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`. Nothing is taken from the environment.
    ///
    /// # Errors
    ///
    /// [`Failure::Unknown`] when it is no such URL, and [`Failure::NeedsTls`] when it leads to another machine and does not say
    /// `sslmode=disable`: passwords and rows do not cross a network in the clear unasked.
    pub fn new(url: &str) -> Result<Self, Failure> {
        let mut config = Config::from_str(url).map_err(|_| Failure::Unknown)?;
        let here = |host: &Host| match host {
            Host::Tcp(name) => name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback()),
            Host::Unix(_) => true,
        };
        let all_here = config.get_hosts().iter().all(here);
        match config.get_ssl_mode() {
            SslMode::Disable => {}
            SslMode::Prefer if all_here => {}
            _ => return Err(Failure::NeedsTls),
        }
        config.ssl_mode(SslMode::Disable).application_name("lanius").connect_timeout(Duration::from_secs(10));
        Ok(Self { config, timeout: Duration::from_secs(300), large: 1_000_000 })
    }
}

/// Shows every table of the URL's database, but the server's own. Not to be called where an asynchronous runtime runs.
///
/// # Errors
///
/// When the server cannot be reached. What is wrong with one table is in its [`Summary`](super::Summary).
pub fn open_server(server: &Server, sample: Sample, bounds: Bounds, visit: &mut Visit<'_>) -> Result<ControlFlow<()>, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (client, connection) = server.config.connect(NoTls).await.map_err(|error| failure(&error))?;
        let connection = tokio::spawn(connection);
        let shown = tables(&client, server, sample, bounds, visit).await;
        drop(client);
        connection.abort();
        shown
    })
}

fn failure(error: &tokio_postgres::Error) -> Failure {
    match error.code() {
        Some(&SqlState::QUERY_CANCELED | &SqlState::LOCK_NOT_AVAILABLE) => Failure::TimedOut,
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => Failure::Denied,
        _ => Failure::Server,
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        failure(&error)
    }
}

/// Ordinary tables, partitions among them, and materialised views, with the server's estimate of their rows.
const TABLES: &str = "SELECT c.oid, n.nspname, c.relname, c.reltuples \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE c.relkind IN ('r', 'm') AND n.nspname <> 'pg_catalog' AND n.nspname <> 'information_schema' \
     AND n.nspname !~ '^pg_(toast|temp_|toast_temp_)' ORDER BY n.nspname, c.relname";

/// The stored columns of a table: name, type in words, and number of the type, that of its base for a domain of PostgreSQL's own types.
const COLUMNS: &str = "SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), \
     CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END \
     FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
     WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> 'v' ORDER BY a.attnum";

async fn tables(
    client: &Client,
    server: &Server,
    sample: Sample,
    bounds: Bounds,
    visit: &mut Visit<'_>,
) -> Result<ControlFlow<()>, Failure> {
    begin(client, server).await?;
    let mut tables = Vec::new();
    for row in rows(client, TABLES).await? {
        let (Some(oid), Some(schema), Some(name)) = (text(&row, 0), text(&row, 1), text(&row, 2)) else { return Err(Failure::Server) };
        let estimate = text(&row, 3).and_then(|rows| rows.parse::<f64>().ok()).map_or(0.0, |rows| rows.max(0.0));
        tables.push((oid.to_owned(), schema.to_owned(), name.to_owned(), estimate));
    }
    client.batch_execute("ROLLBACK").await?;
    for (oid, schema, name, estimate) in tables {
        let shown = format!("{schema}.{name}");
        let mut show = match Show::begin(&shown, bounds, visit) {
            ControlFlow::Continue(show) => show,
            ControlFlow::Break(()) => return Ok(ControlFlow::Break(())),
        };
        let from = format!("{}.{}", quoted(&schema), quoted(&name));
        let table = Table { oid, from, estimate };
        let read = table.read(client, server, sample, bounds, &mut show).await;
        if show.finish(read).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        client.batch_execute("ROLLBACK").await?;
    }
    Ok(ControlFlow::Continue(()))
}

async fn begin(client: &Client, server: &Server) -> Result<(), Failure> {
    let milliseconds = server.timeout.as_millis().max(1);
    let begin = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
         SET LOCAL statement_timeout = {milliseconds}; SET LOCAL lock_timeout = {milliseconds}; \
         SET LOCAL search_path = pg_catalog; SET LOCAL row_security = off; SET LOCAL bytea_output = hex; SET LOCAL DateStyle = ISO"
    );
    Ok(client.batch_execute(&begin).await?)
}

struct Table {
    oid: String,
    from: String,
    estimate: f64,
}

impl Table {
    async fn read(&self, client: &Client, server: &Server, sample: Sample, bounds: Bounds, show: &mut Show<'_, '_>) -> Result<(), End> {
        begin(client, server).await?;
        let (mut values, mut binary) = (Vec::new(), Vec::new());
        for row in rows(client, &COLUMNS.replace("$1", &self.oid)).await? {
            let (Some(name), Some(kind), Some(base)) = (text(&row, 0), text(&row, 1), text(&row, 2)) else {
                return Err(Failure::Server.into());
            };
            show.column(name, kind)?;
            values.push(value(name, base, bounds.cell));
            binary.push(base == "17");
        }
        let select = format!("SELECT {} FROM {}", values.join(", "), self.from);
        let mut picker = Picker::new(Sample::All, None);
        let query = match sample {
            Sample::All => select,
            Sample::First(count) => format!("{select} LIMIT {count}"),
            Sample::Spread(count) if self.estimate >= as_estimate(server.large) && self.estimate > as_estimate(count) => {
                // A quarter more than is wanted, since the estimate is one.
                let percent = (as_estimate(count) * 125.0 / self.estimate).clamp(0.000_001, 100.0);
                format!("{select} TABLESAMPLE SYSTEM ({percent:.6}) REPEATABLE (1) LIMIT {count}")
            }
            Sample::Spread(_) => {
                let counted = rows(client, &format!("SELECT pg_catalog.count(*) FROM {}", self.from)).await?;
                show.summary.rows = counted.first().and_then(|row| text(row, 0)).and_then(|rows| rows.parse().ok());
                picker = Picker::new(sample, show.summary.rows);
                select
            }
        };
        let messages = client.simple_query_raw(&query).await.map_err(Failure::from)?;
        let mut messages = std::pin::pin!(messages);
        let mut number = 0;
        while let Some(message) = messages.next().await {
            let SimpleQueryMessage::Row(row) = message.map_err(Failure::from)? else { continue };
            if picker.takes(number) {
                show.summary.sampled += 1;
                for (column, binary) in binary.iter().enumerate() {
                    cell(&row, column, *binary, number, bounds, show)?;
                }
            }
            number += 1;
        }
        if sample == Sample::All {
            show.summary.rows = Some(number);
        }
        Ok(())
    }
}

fn cell(row: &SimpleQueryRow, at: usize, binary: bool, number: u64, bounds: Bounds, show: &mut Show<'_, '_>) -> Result<(), End> {
    let column = at.min(bounds.columns.saturating_sub(1));
    match row.try_get(at) {
        Ok(None) => show.null(column),
        Ok(Some(text)) => match text.strip_prefix("\\x").filter(|_| binary).and_then(unhex) {
            Some(bytes) => show.cell(column, number, None, 1, &bytes)?,
            None => show.cell(column, number, None, 1, text.as_bytes())?,
        },
        // Bytes that are no UTF-8, from a database without an encoding.
        Err(_) => show.summary.unread += 1,
    }
    Ok(())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.as_bytes().chunks(2).map(|pair| Some(digit(pair[0])? * 16 + digit(*pair.get(1)?)?)).collect()
}

/// A column's value in a query, one byte or character longer than what is shown at most. Casts are of PostgreSQL's own types only: another's
/// cast may be a function that its owner wrote.
fn value(name: &str, base: &str, longest: usize) -> String {
    let (column, longest) = (quoted(name), longest.saturating_add(1));
    match base {
        // text, character, character varying, JSON, binary JSON, XML
        "25" | "1042" | "1043" | "114" | "3802" | "142" => format!("pg_catalog.\"left\"({column}::pg_catalog.text, {longest})"),
        // bytea
        "17" => format!("pg_catalog.substr({column}, 1, {longest})"),
        _ => column,
    }
}

/// A count as the server's estimates are.
#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn as_estimate(count: u64) -> f64 {
    count as f64
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn text(row: &SimpleQueryRow, at: usize) -> Option<&str> {
    row.try_get(at).ok().flatten()
}

async fn rows(client: &Client, query: &str) -> Result<Vec<SimpleQueryRow>, Failure> {
    let messages = client.simple_query(query).await?;
    Ok(messages.into_iter().filter_map(|message| if let SimpleQueryMessage::Row(row) = message { Some(row) } else { None }).collect())
}
