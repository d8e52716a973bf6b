//! How many lines a second a log takes, and what a line costs: `log_rate SINK [SECONDS] [APPENDERS]`.
//!
//! The sinks are `none` (lines are built, chained and thrown away), `file`, `sqlite`, and `cloudwatch` and `dynamodb`, which call a
//! loopback server that keeps nothing, in a process of its own. Everything but that server, and the threads that wait for the disk, runs on
//! one thread. Printed are lines a second and processor time for each line, the whole process counted.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use menagerie_aws_dynamodb::DynamoDb;
use menagerie_aws_logs::Logs;
use menagerie_store::log::{
    CloudWatchSink, DynamoDbSink, Entry, FileSink, FileSource, Line, Log, Sink, SinkFuture, SqliteSink, WriterId, verify,
};
use menagerie_tests::process::processor_time;

struct Nowhere;

impl Sink for Nowhere {
    fn begin<'a>(&'a mut self, _: &'a WriterId) -> SinkFuture<'a> {
        Box::pin(async { Ok(()) })
    }
    fn append<'a>(&'a mut self, _: &'a [Line]) -> SinkFuture<'a> {
        Box::pin(async { Ok(()) })
    }
}

struct Counted {
    inner: Box<dyn Sink>,
    commits: Arc<AtomicU64>,
}

impl Sink for Counted {
    fn begin<'a>(&'a mut self, writer: &'a WriterId) -> SinkFuture<'a> {
        self.inner.begin(writer)
    }
    fn append<'a>(&'a mut self, batch: &'a [Line]) -> SinkFuture<'a> {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.inner.append(batch)
    }
}

/// About the size of a certificate's line.
fn entry() -> Entry {
    let body =
        format!(r#"{{"type":"issued","key_id":"{}","principals":["alice","admin"],"time":"2026-01-01T00:00:00Z"}}"#, "k".repeat(500));
    Entry { body, unique: None, time_ms: now_ms() }
}

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(0)
}

/// The process's user and system time.
fn used() -> Result<Duration, Box<dyn Error>> {
    Ok(processor_time(std::process::id(), false).ok_or("Linux tells of no processor time")?)
}

fn serve() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    writeln!(std::io::stdout(), "http://{}", listener.local_addr()?)?;
    for stream in listener.incoming() {
        let stream = stream?;
        std::thread::spawn(move || answer(stream));
    }
    Ok(())
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::with_capacity(1 << 20, stream.try_clone()?);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
            if line.trim().is_empty() {
                break;
            }
        }
        std::io::copy(&mut reader.by_ref().take(length), &mut std::io::sink())?;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")?;
    }
}

async fn configuration(endpoint: &str) -> SdkConfig {
    let credentials = aws_credential_types::Credentials::new("test", "test", None, None, "example");
    let loader = aws_config::defaults(BehaviorVersion::latest()).http_client(aws_smithy_http_client::Builder::new().build_http());
    let loader = loader.region(Region::new("us-east-1")).endpoint_url(endpoint).credentials_provider(credentials);
    loader.load().await
}

async fn measure(name: &str, sink: Box<dyn Sink>, time: Duration, appenders: usize) -> Result<(), Box<dyn Error>> {
    let commits = Arc::new(AtomicU64::new(0));
    let log = Log::open(Counted { inner: sink, commits: Arc::clone(&commits) });
    log.append(vec![entry()]).await?;
    let (start, before) = (Instant::now(), used()?);
    let tasks: Vec<_> = (0..appenders)
        .map(|_| {
            let log = log.clone();
            tokio::spawn(async move {
                let mut count = 0_u64;
                while start.elapsed() < time {
                    log.append(vec![entry()]).await?;
                    count += 1;
                }
                Ok::<u64, menagerie_store::log::LogError>(count)
            })
        })
        .collect();
    let mut lines = 0;
    for task in tasks {
        lines += task.await??;
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of lines is far below 2^52")]
    let (count, commits) = (lines as f64, commits.load(Ordering::Relaxed) as f64);
    let cost = (used()? - before).as_secs_f64() * 1e6 / count;
    let rate = count / start.elapsed().as_secs_f64();
    writeln!(std::io::stdout(), "{name}: {rate:.0} lines/s, {cost:.2} us of processor time a line, {:.0} lines a commit", count / commits)?;
    log.close().await;
    Ok(())
}

async fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let name = arguments.first().map_or("none", String::as_str);
    let time = Duration::from_secs(arguments.get(1).map_or(Ok(3), |text| text.parse())?);
    let appenders = arguments.get(2).map_or(Ok(256), |text| text.parse())?;
    let directory = tempfile::tempdir_in(".")?;
    let path = directory.path().join("log");
    match name {
        "file" => {
            measure(name, Box::new(FileSink::open(&path)?), time, appenders).await?;
            let start = Instant::now();
            let found = verify(&mut FileSource::new(&path), &[]).await?;
            let each = start.elapsed().as_secs_f64() * 1e6 / f64::from(u32::try_from(found.entries)?);
            writeln!(std::io::stdout(), "verified {} lines, {each:.2} us a line, {} problems", found.entries, found.problems.len())?;
        }
        "sqlite" => measure(name, Box::new(SqliteSink::open(&path).await?), time, appenders).await?,
        "cloudwatch" | "dynamodb" => {
            let mut server = Command::new(std::env::current_exe()?).arg("serve").stdout(Stdio::piped()).spawn()?;
            let mut endpoint = String::new();
            BufReader::new(server.stdout.take().ok_or("the server's output is piped")?).read_line(&mut endpoint)?;
            let configuration = configuration(endpoint.trim()).await;
            let sink: Box<dyn Sink> = match name {
                "cloudwatch" => Box::new(CloudWatchSink::new(Logs::from_config(&configuration), "group", "")),
                _ => Box::new(DynamoDbSink::new(DynamoDb::from_config(&configuration), "table")),
            };
            let measured = measure(name, sink, time, appenders).await;
            server.kill()?;
            server.wait()?;
            measured?;
        }
        _ => measure("none", Box::new(Nowhere), time, appenders).await?,
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|name| name == "serve") {
        return serve();
    }
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(&arguments))
}
