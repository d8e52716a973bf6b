//! Logs in CloudWatch Logs and DynamoDB: the contract of every log against moto, and against a loopback server what moto does not model:
//! rejected events, lost answers, pages that are empty or many, calls that fail.

#[path = "support/aws.rs"]
mod aws;
mod support;

use std::collections::HashSet;
use std::sync::Mutex;

use aws::{Loopback, configuration};
use menagerie_aws_dynamodb::DynamoDb;
use menagerie_aws_logs::Logs;
use menagerie_store::log::{
    CloudWatchSink, CloudWatchSource, DynamoDbSink, DynamoDbSource, Entry, Log, LogError, Notice, Problem, Sink, SinkError, Source, verify,
};
use menagerie_tests::Moto;
use serde_json::{Value, json};
use support::{Backend, assert_sound, contract, entry, now_ms, read_all};

struct Streams(Logs);

impl Backend for Streams {
    async fn sink(&self, name: &str) -> Box<dyn Sink> {
        Box::new(CloudWatchSink::new(self.0.clone(), "menagerie", format!("{name}/")))
    }
    fn source(&self, name: &str) -> Box<dyn Source> {
        Box::new(CloudWatchSource::new(self.0.clone(), "menagerie", format!("{name}/")))
    }
}

/// Tables of a test's own, each made when it is first asked for.
struct Tables {
    client: DynamoDb,
    prefix: &'static str,
    made: Mutex<HashSet<String>>,
}

impl Tables {
    async fn new(prefix: &'static str) -> Self {
        Self { client: DynamoDb::from_config(&configuration(Moto::shared().endpoint()).await), prefix, made: Mutex::default() }
    }

    fn table(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }
}

impl Backend for Tables {
    async fn sink(&self, name: &str) -> Box<dyn Sink> {
        let table = self.table(name);
        if self.made.lock().expect("no test panics with it").insert(table.clone()) {
            Moto::shared().create_table(&table, &[("writer", "S"), ("seq", "N")]);
        }
        Box::new(DynamoDbSink::new(self.client.clone(), table))
    }
    fn source(&self, name: &str) -> Box<dyn Source> {
        Box::new(DynamoDbSource::new(self.client.clone(), self.table(name)))
    }
}

async fn many_chains_are_read_to_the_last(backend: &impl Backend) {
    let mut expected = Vec::new();
    for number in 0..60 {
        let log = Log::open(backend.sink("many").await);
        expected.extend(log.append(vec![entry(number)]).await.expect("is acknowledged"));
    }
    let found = assert_sound(backend.source("many"), &expected).await;
    assert_eq!((found.entries, found.writers.len()), (60, 60));
}

#[tokio::test]
async fn cloudwatch_logs_is_a_log() {
    let backend = Streams(Logs::from_config(&configuration(Moto::shared().endpoint()).await));
    let error = Log::open(backend.sink("none").await).append(vec![entry(0)]).await.expect_err("there is no group");
    assert!(error.to_string().contains("ResourceNotFoundException"), "{error}");
    Moto::shared().create_log_group("menagerie");
    contract::holds(&backend, 40).await;
    many_chains_are_read_to_the_last(&backend).await;
}

#[tokio::test]
async fn a_table_is_a_log() {
    let backend = Tables::new("contract").await;
    let missing = Log::open(DynamoDbSink::new(backend.client.clone(), "missing"));
    let error = missing.append(vec![entry(0)]).await.expect_err("there is no table");
    assert!(error.to_string().contains("ResourceNotFoundException"), "{error}");
    contract::holds(&backend, 40).await;
    many_chains_are_read_to_the_last(&backend).await;
}

#[tokio::test]
async fn a_foreign_item_is_found_and_hides_nothing() {
    use menagerie_aws_dynamodb::{Item, PutError, Value};
    let backend = Tables::new("foreign").await;
    let (client, table) = (&backend.client, backend.table("log"));
    let log = Log::open(backend.sink("log").await);
    let expected = log.append(vec![entry(0)]).await.expect("is acknowledged");
    let item = |lines| Item::from([("writer".into(), Value::Text("0".into())), ("seq".into(), Value::Number(1)), ("lines".into(), lines)]);
    let foreign = item(Value::Text("no list".into()));
    client.put_new(&table, "writer", foreign.clone()).await.expect("is put");
    let found = verify(&mut *backend.source("log"), &expected).await.expect("reads");
    assert_eq!((found.entries, &found.problems[..]), (1, &[Problem::Garbage { place: 1 }][..]));
    let error = client.put_new(&table, "writer", item(Value::Texts(vec![]))).await.expect_err("is there");
    assert!(matches!(error, PutError::Exists { item: Some(found) } if found == foreign));
}

fn ok() -> (u16, Value) {
    (200, json!({}))
}

fn refused(code: &str) -> (u16, Value) {
    (400, json!({"__type": code, "message": "no"}))
}

async fn streams_at(server: &Loopback) -> Streams {
    Streams(Logs::from_config(&configuration(&server.endpoint).await))
}

#[tokio::test]
async fn events_that_are_not_kept_are_a_failure() {
    for info in [json!({"tooNewLogEventStartIndex": 0}), json!({"tooOldLogEventEndIndex": 1}), json!({"expiredLogEventEndIndex": 1})] {
        let server = Loopback::start(move |call| match call.operation.as_str() {
            "PutLogEvents" => (200, json!({"rejectedLogEventsInfo": info})),
            _ => ok(),
        });
        let log = Log::open(streams_at(&server).await.sink("").await);
        for _ in 0..2 {
            let error = log.append(vec![entry(0)]).await.expect_err("the event is not kept");
            assert!(matches!(&error, LogError::Sink(reason) if matches!(**reason, SinkError::NotKept { .. })), "{error}");
        }
        let made = server.calls("CreateLogStream");
        assert_eq!(made.len(), 2, "each failure ends its stream");
        assert_ne!(made[0].body["logStreamName"], made[1].body["logStreamName"]);
    }
}

#[tokio::test]
async fn an_entity_that_is_rejected_is_a_failure() {
    let server = Loopback::start(|call| match call.operation.as_str() {
        "PutLogEvents" => (200, json!({"rejectedEntityInfo": {"errorType": "InvalidAttributes"}})),
        _ => ok(),
    });
    let error = Log::open(streams_at(&server).await.sink("").await).append(vec![entry(0)]).await.expect_err("was rejected");
    assert!(error.to_string().contains("InvalidAttributes"), "{error}");
}

#[tokio::test]
async fn a_call_that_is_refused_or_not_answered_is_a_failure() {
    let server = Loopback::start(|call| match call.operation.as_str() {
        "PutLogEvents" => refused("AccessDeniedException"),
        _ => ok(),
    });
    let error = Log::open(streams_at(&server).await.sink("").await).append(vec![entry(0)]).await.expect_err("is refused");
    let text = "the log was not written: An error occurred (AccessDeniedException) when calling the PutLogEvents operation: no";
    assert_eq!(error.to_string(), text);
    let nobody = Logs::from_config(&configuration("http://127.0.0.1:1").await);
    let error = Log::open(CloudWatchSink::new(nobody, "g", "")).append(vec![entry(0)]).await.expect_err("nobody answers");
    assert!(error.to_string().contains("could not be reached"), "{error}");
}

#[tokio::test]
async fn a_stream_runs_forward_in_time_and_batches_keep_the_limits() {
    let server = Loopback::start(|_| ok());
    let log = Log::open(streams_at(&server).await.sink("p").await);
    let day = 24 * 60 * 60 * 1000;
    let at = |time_ms| Entry { time_ms, ..entry(0) };
    let now = now_ms();
    log.append(vec![at(now - day), at(now - day - 5), at(now - 1), at(now), at(now - 2)]).await.expect("is acknowledged");
    log.append(vec![at(now - 3), at(now + 1)]).await.expect("is acknowledged");
    let times: Vec<Vec<i64>> = server.calls("PutLogEvents").iter().map(|call| times_of(&call.body)).collect();
    assert_eq!(times, [vec![now - day, now - day, now - 1], vec![now, now], vec![now, now + 1]]);
    log.append(vec![entry(0); 10_001]).await.expect("is acknowledged");
    let counts: Vec<usize> = server.calls("PutLogEvents")[3..].iter().map(|call| times_of(&call.body).len()).collect();
    assert!(counts.iter().sum::<usize>() == 10_001 && counts.len() > 1, "{counts:?}");
}

fn times_of(body: &Value) -> Vec<i64> {
    let events = body["logEvents"].as_array().expect("has events");
    events.iter().map(|event| event["timestamp"].as_i64().expect("has a time")).collect()
}

/// A server that keeps what is put, drops the connection instead of its first answer, and hands events out one a page with empty pages
/// between them. The SDK repeats the call: the lines stand twice.
#[tokio::test]
async fn a_lost_answer_leaves_repeated_lines_that_verify() {
    let mut kept: Vec<Value> = Vec::new();
    let mut stream = Value::Null;
    let mut puts = 0;
    let server = Loopback::start(move |call| match call.operation.as_str() {
        "CreateLogStream" => {
            stream = call.body["logStreamName"].clone();
            ok()
        }
        "PutLogEvents" => {
            kept.extend(call.body["logEvents"].as_array().expect("has events").iter().cloned());
            puts += 1;
            if puts == 1 { (500, json!({"__type": "ServiceUnavailableException"})) } else { ok() }
        }
        "DescribeLogStreams" => (200, json!({"logStreams": [{"logStreamName": stream}]})),
        "GetLogEvents" => {
            let at = call.body["nextToken"].as_str().map_or(0, |token| token.parse::<usize>().expect("a token"));
            let event = if at % 2 == 1 { kept.get(at / 2) } else { None };
            let next = (at + 1).min(2 * kept.len() + 1);
            (200, json!({"events": event.into_iter().collect::<Vec<_>>(), "nextForwardToken": next.to_string()}))
        }
        other => panic!("{other} is not expected"),
    });
    let backend = streams_at(&server).await;
    let log = Log::open(backend.sink("p").await);
    let expected = log.append((0..3).map(entry).collect()).await.expect("is acknowledged in the second try");
    let found = assert_sound(backend.source("p"), &expected).await;
    assert_eq!((found.entries, found.notices.len()), (3, 3), "{found:?}");
    assert!(matches!(found.notices[0], Notice::Repeated { seq: 1, .. }));
}

#[tokio::test]
async fn every_page_of_streams_is_read() {
    let server = Loopback::start(|call| match call.operation.as_str() {
        "DescribeLogStreams" => {
            assert_eq!(call.body["logStreamNamePrefix"], "p/");
            match call.body["nextToken"].as_str() {
                None => (200, json!({"logStreams": [{"logStreamName": "p/1"}], "nextToken": "2"})),
                Some("2") => (200, json!({"logStreams": [], "nextToken": "3"})),
                Some(_) => (200, json!({"logStreams": [{"logStreamName": "p/2"}]})),
            }
        }
        _ => (200, json!({"events": [{"message": call.body["logStreamName"]}], "nextForwardToken": "end"})),
    });
    let lines = read_all(streams_at(&server).await.source("p")).await;
    // Each stream is asked once more, with the token "end", and this server answers that with its event again.
    assert_eq!(lines, [b"p/1", b"p/1", b"p/2", b"p/2"]);
}

/// DynamoDB keeps the first put and loses its answer: the repeated put finds its own item.
#[tokio::test]
async fn a_repeated_put_finds_its_own_item() {
    for same in [true, false] {
        let mut kept = Value::Null;
        let server = Loopback::start(move |call| {
            let item = call.body["Item"].clone();
            if kept.is_null() {
                kept = item;
                return (500, json!({"__type": "InternalServerError"}));
            }
            if !same {
                kept["lines"] = json!({"L": []});
            }
            (400, json!({"__type": "ConditionalCheckFailedException", "message": "there", "Item": kept}))
        });
        let client = DynamoDb::from_config(&configuration(&server.endpoint).await);
        let answer = Log::open(DynamoDbSink::new(client, "log")).append(vec![entry(0), entry(1)]).await;
        match answer {
            Ok(positions) => assert!(same && positions.len() == 2),
            Err(error) => assert!(!same && error.to_string().contains("holds other lines"), "{error}"),
        }
        assert_eq!(server.calls("PutItem").len(), 2);
    }
}
