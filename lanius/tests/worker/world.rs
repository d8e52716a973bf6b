//! What the tests stand on: a bucket, a queue and a place for results of their own, and texts with a secret in them.

use std::process::Command;
use std::time::Duration;

use lanius::rules::examples::{Dice, expand};
use menagerie_tests::process::{Finished, command, run_within};
use menagerie_tests::{Moto, Namespace};
use serde_json::{Value, json};

pub(crate) struct World {
    pub(crate) moto: &'static Moto,
    pub(crate) namespace: Namespace,
    pub(crate) bucket: String,
    pub(crate) queue: String,
}

/// A token that looks real and is not, another for each number.
pub(crate) fn token(number: u64) -> String {
    expand("${crc:ghp_}", &mut Dice::new(number + 1)).expect("tokens of our own can be made")
}

/// A text in which exactly one secret stands.
pub(crate) fn secret(number: u64) -> String {
    format!("Authorization: Bearer {}\n", token(number))
}

impl World {
    pub(crate) fn new(label: &str) -> Self {
        let (moto, namespace) = (Moto::shared(), Namespace::new(label));
        let (bucket, queue) = (namespace.name("data"), moto.create_queue(&namespace.name("queue")));
        moto.create_bucket(&bucket);
        Self { moto, namespace, bucket, queue }
    }

    pub(crate) fn lanius(&self, arguments: &[&str]) -> Command {
        let mut lanius = command(env!("CARGO_BIN_EXE_lanius"));
        lanius.args(arguments).envs(self.moto.environment());
        lanius
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Finished {
        run_within(Duration::from_secs(120), self.lanius(arguments), b"")
    }

    pub(crate) fn put(&self, key: &str, text: &str) -> String {
        self.moto.put_object(&self.bucket, key, text).0
    }

    pub(crate) fn place(&self, prefix: &str) -> String {
        format!("s3://{}/{prefix}", self.bucket)
    }

    /// The notification of S3 that an object was made. Keys of tests need no encoding.
    pub(crate) fn event(&self, key: &str, etag: &str) -> Value {
        let object = json!({"key": key, "eTag": etag});
        json!({"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": self.bucket}, "object": object}}]})
    }

    pub(crate) fn send(&self, message: &Value) {
        self.moto.send_message(&self.queue, &message.to_string());
    }

    /// Works until the queue is empty.
    pub(crate) fn drain(&self, more: &[&str]) -> Finished {
        let results = self.place("results");
        let mut arguments = vec!["worker", "--queue", &self.queue, "--results", &results, "--once"];
        arguments.extend_from_slice(more);
        self.run(&arguments)
    }

    pub(crate) fn result_keys(&self) -> Vec<String> {
        self.moto.keys(&self.bucket, "results/")
    }

    /// All records of all results that are JSON lines.
    pub(crate) fn records(&self) -> Vec<Value> {
        let mut records = Vec::new();
        for key in self.result_keys().iter().filter(|key| key.ends_with(".jsonl")) {
            let text = String::from_utf8(self.moto.object(&self.bucket, key)).expect("results are text");
            records.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON")));
        }
        records
    }

    /// The keys of objects with findings, in order.
    pub(crate) fn found(&self) -> Vec<String> {
        let records = self.records();
        let found = records.iter().filter(|record| record["type"] == "finding");
        let mut keys: Vec<_> = found.map(|record| record["key"].as_str().expect("a finding has a key").to_owned()).collect();
        keys.sort();
        keys.dedup();
        keys
    }
}

/// The JSON lines of a scan.
pub(crate) fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}
