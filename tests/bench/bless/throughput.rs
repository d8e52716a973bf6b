//! Whole certificates through the handler in one process: `bless handle --jsonl` on one core.

use std::path::{Path, PathBuf};
use std::process::Command;

use menagerie_tests::http::{Request, Response, Server};
use menagerie_tests::{Namespace, credentials, keys};

use crate::events::{self, CaKind};
use crate::table::Figure;

/// Where the log goes.
pub(crate) const LOGS: [&str; 3] = ["bless, log to a loopback sink", "bless, durable file log", "bless, durable SQLite log"];

const PASSPHRASE: &str = "bench";

/// A CA, its requests and the server that takes its log.
pub(crate) struct Stand {
    bless: PathBuf,
    namespace: Namespace,
    kind: CaKind,
    sink: Server,
}

impl Stand {
    pub(crate) fn new(bless: &Path, kind: CaKind) -> Self {
        let namespace = Namespace::new("bench");
        write_ca(&namespace, kind);
        let _ = namespace.write("events.jsonl", events::lines(&namespace, kind.count()));
        let _ = namespace.write("one.jsonl", events::lines(&namespace, 1));
        Self { bless: bless.to_owned(), namespace, kind, sink: Server::start(log_sink) }
    }

    /// Certificates are certificates before it is counted how many.
    pub(crate) fn compare_answers(&self) {
        self.timed("one.jsonl", LOGS[1]);
        let answer: serde_json::Value =
            serde_json::from_slice(&std::fs::read(self.namespace.file("answers.jsonl")).expect("answers")).expect("JSON");
        let certificate = self.namespace.write("bench-cert.pub", answer["certificate"].as_str().expect("a certificate"));
        let shown = keys::ssh_keygen(["-L".as_ref(), "-f".as_ref(), certificate.as_os_str()]).success().text();
        assert!(shown.contains("deploy") && shown.contains("permit-pty") && shown.contains("source-address 10.0.0.1"), "{shown}");
    }

    /// One run. What starting and unlocking the key take is measured apart, with one request, and taken off.
    pub(crate) fn run(&self, log: &str) -> Figure {
        let (start, start_cpu) = self.timed("one.jsonl", log);
        let (wall, cpu) = self.timed("events.jsonl", log);
        let answers = std::fs::read_to_string(self.namespace.file("answers.jsonl")).expect("answers");
        let issued = answers.lines().filter(|line| line.starts_with("{\"certificate\"")).count();
        assert_eq!(issued, self.kind.count(), "every request has its certificate");
        #[expect(clippy::cast_precision_loss, reason = "a count of a benchmark")]
        let count = (issued - 1) as f64;
        Figure::rate(count, wall - start, Some(cpu - start_cpu))
    }

    /// Wall and CPU seconds of one process, by the shell's clock.
    fn timed(&self, events: &str, log: &str) -> (f64, f64) {
        let target = match LOGS.iter().position(|known| *known == log) {
            Some(0) => "cloudwatch:bench".to_owned(),
            Some(1) => "file:log.jsonl".to_owned(),
            _ => "sqlite:log.db".to_owned(),
        };
        for old in ["log.jsonl", "log.db", "log.db-wal", "log.db-shm"] {
            // What is not there need not go.
            let _ = std::fs::remove_file(self.namespace.file(old));
        }
        let script =
            "TIMEFORMAT='%R %U %S'; time taskset -c 0 \"$BLESS\" handle user --jsonl --config bless.toml < \"$EVENTS\" > answers.jsonl";
        let output = Command::new("bash")
            .args(["-c", script])
            .current_dir(self.namespace.path())
            .envs(credentials())
            .envs([("BLESS", self.bless.as_os_str()), ("EVENTS", events.as_ref()), ("BLESS_LOG", target.as_ref())])
            .envs([("AWS_ENDPOINT_URL", self.sink.url().as_str()), ("AWS_REGION", "us-east-1"), ("BLESS_CA_PASSPHRASE", PASSPHRASE)])
            .output()
            .expect("bash runs");
        let said = String::from_utf8_lossy(&output.stderr);
        let figures: Vec<f64> = said.lines().last().unwrap_or_default().split(' ').filter_map(|figure| figure.parse().ok()).collect();
        let [wall, user, system] = figures[..] else { panic!("the run failed: {said}") };
        assert!(output.status.success(), "{said}");
        (wall, user + system)
    }
}

/// A CA whose key is quick to unlock (PBKDF2 of OpenSSL's default count), with everybody let in.
pub(crate) fn write_ca(namespace: &Namespace, kind: CaKind) {
    let mut arguments = vec!["genpkey"];
    arguments.extend(kind.openssl());
    arguments.extend(["-aes256", "-pass", "pass:bench"]);
    let _ = namespace.write("ca_key", keys::openssl(arguments, b"").success().stdout);
    let _ = namespace
        .write("bless.toml", "[ca]\nkey_file = \"ca_key\"\n[authentication]\nrequired = false\n[log]\ntarget = \"file:log.jsonl\"\n");
}

/// CloudWatch Logs as far as the log asks for it: everything is taken.
#[expect(clippy::unnecessary_wraps, reason = "the signature of a handler")]
pub(crate) fn log_sink(_: Request) -> Option<Response> {
    Some(Response::new(200, "{}").header("content-type", "application/x-amz-json-1.1"))
}
