//! A cold start: from the start of the bootstrap's process to its first answer over the Runtime API, with a local key.

use std::path::Path;
use std::time::Instant;

use menagerie_secret::Secret;
use menagerie_sign::KeyFile;
use menagerie_tests::http::Server;
use menagerie_tests::{Function, LambdaService, Namespace};

use crate::events::{self, CaKind};
use crate::table::{Figure, Table};
use crate::throughput::{log_sink, write_ca};

const STARTS: usize = 20;

pub(crate) fn measure(lambda: &Path, table: &mut Table) {
    let namespace = Namespace::new("bench-cold");
    write_ca(&namespace, CaKind::Ed25519);
    let sink = Server::start(log_sink);
    let event = events::lines(&namespace, 1);
    for (what, target) in [("cold start, log to a loopback sink", "cloudwatch:bench"), ("cold start, durable file log", "file:log.jsonl")] {
        let function = Function::new("bless", lambda)
            .task_root(namespace.path())
            .variable("BLESS_LOG", target)
            .variable("BLESS_CONFIG", "bless.toml")
            .variable("BLESS_CA_PASSPHRASE", "bench")
            .variable("AWS_ENDPOINT_URL", sink.url())
            .bare();
        let service = LambdaService::start([function]);
        for round in 0..STARTS {
            let answer = service.invoke("bless", &event).json();
            assert!(answer["certificate"].is_string(), "{answer}\n{}", service.output("bless"));
            let cold = service.cold_start("bless").expect("it was launched");
            table.add("cold", what, round, Figure { value: cold.as_secs_f64() * 1e3, unit: "ms", cpu: None });
            #[expect(clippy::cast_precision_loss, reason = "a size in KiB")]
            let resident = service.peak_resident_kib("bless").expect("it runs") as f64 / 1024.0;
            table.add("cold", &format!("{what}: resident"), round, Figure { value: resident, unit: "MiB", cpu: None });
            service.retire("bless");
        }
    }
    table.add("cold", "of it, deriving the key's key", 0, Figure { value: derivation(&namespace) * 1e3, unit: "ms", cpu: None });
}

/// Seconds that it takes to unlock the key file, which is nearly all key derivation.
fn derivation(namespace: &Namespace) -> f64 {
    let file = KeyFile::parse(&std::fs::read(namespace.file("ca_key")).expect("a key file")).expect("a key file");
    let passphrase = Secret::new(b"bench".to_vec());
    let start = Instant::now();
    let unlocked = file.unlock(Some(&passphrase)).is_ok();
    assert!(unlocked, "the bench's own key");
    start.elapsed().as_secs_f64()
}
