//! Dynamic updates, which BIND takes or refuses, and answers that are none.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use lemur::dns::DnsError;
use menagerie_tests::{NameServer, TsigKey};

use super::given::{ONE, OTHER, block_on, opened, provider, refused};

const KEY: TsigKey<'_> = TsigKey { name: "lemur", algorithm: "hmac-sha256", secret: "c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMgbG9uZw==" };
const STRONG: TsigKey<'_> = TsigKey {
    name: "strong.corp.example",
    algorithm: "hmac-sha512",
    secret: "YW5vdGhlciBzZWNyZXQgb2YgdGhlIHRlc3RzLCB3aGljaCBoYXMgYXMgbWFueSBieXRlcyBhcyA2NC4=",
};
const RECORD: &str = "_acme-challenge.www.corp.example";

fn name_server() -> NameServer {
    let policy = "grant lemur subdomain corp.example TXT; grant strong.corp.example subdomain corp.example TXT;";
    let narrow = "grant lemur name _acme-challenge.only.narrow.example TXT;";
    NameServer::start(&[("corp.example", policy), ("deep.corp.example", policy), ("narrow.example", narrow)], &[KEY, STRONG])
}

fn settings(folder: &Path, server: SocketAddr, key: &str, rest: &str) -> String {
    menagerie_tests::write_secret(folder.join("it.tsig"), key);
    format!("kind = \"rfc2136\"\nserver = \"{server}\"\nkey_file = \"it.tsig\"\n{rest}")
}

#[test]
fn values_of_one_name_stand_side_by_side() {
    let server = name_server();
    let folder = tempfile::tempdir().unwrap();
    let alone = "key_name = \"strong.corp.example\"\nalgorithm = \"hmac-sha512\"\nzone = \"corp.example\"";
    for (key, rest) in [(KEY.text(), ""), (STRONG.text(), ""), (STRONG.secret.to_owned(), alone)] {
        let it = provider(folder.path(), &settings(folder.path(), server.address(), &key, rest));
        block_on(async {
            it.publish(RECORD, ONE).await.unwrap();
            assert_eq!(server.text(RECORD), [ONE]);
            it.publish(RECORD, OTHER).await.unwrap();
            it.publish(RECORD, OTHER).await.unwrap();
            assert_eq!(server.text(RECORD), [OTHER, ONE]);
            it.withdraw(RECORD, ONE).await.unwrap();
            assert_eq!(server.text(RECORD), [OTHER]);
            it.withdraw(RECORD, ONE).await.unwrap();
            it.withdraw(RECORD, OTHER).await.unwrap();
            assert_eq!(server.text(RECORD), [""; 0]);
            it.withdraw(RECORD, OTHER).await.unwrap();
        });
    }
}

#[test]
fn the_closest_zone_is_found() {
    let server = name_server();
    let folder = tempfile::tempdir().unwrap();
    let it = provider(folder.path(), &settings(folder.path(), server.address(), &KEY.text(), ""));
    let deep = "_acme-challenge.a.b.deep.corp.example";
    block_on(async {
        it.publish(deep, ONE).await.unwrap();
        assert_eq!(server.text(deep), [ONE]);
        // The apex has a zone record of its own, which is an answer and no reason.
        it.publish("deep.corp.example", ONE).await.unwrap();
        assert_eq!(server.text("deep.corp.example"), [ONE]);
        let none = it.publish("_acme-challenge.elsewhere.example", ONE).await;
        assert!(matches!(none, Err(DnsError::NoZone { ref name }) if name == "_acme-challenge.elsewhere.example"), "{none:?}");
    });
    let fixed = provider(folder.path(), &settings(folder.path(), server.address(), &KEY.text(), "zone = \"corp.example\""));
    let outside = block_on(fixed.publish("_acme-challenge.narrow.example", ONE));
    assert!(matches!(outside, Err(DnsError::NoZone { .. })), "{outside:?}");
}

#[test]
fn a_key_that_may_not_is_refused_and_says_why() {
    let server = name_server();
    let folder = tempfile::tempdir().unwrap();
    let refusal = |key: TsigKey<'_>, zone: &str, name: &str| {
        let it = provider(folder.path(), &settings(folder.path(), server.address(), &key.text(), zone));
        refused(block_on(it.publish(name, ONE)))
    };
    let wrong = TsigKey { secret: STRONG.secret, ..KEY };
    let unknown = TsigKey { name: "nobody", ..KEY };
    let other = TsigKey { algorithm: "hmac-sha384", ..KEY };
    for (key, said) in [(wrong, "has another secret"), (unknown, "does not know the key nobody"), (other, "does not know the key lemur")] {
        let text = refusal(key, "", RECORD);
        assert!(text.contains(said) && !text.contains(key.secret), "{text}");
    }
    let text = refusal(KEY, "", "_acme-challenge.other.narrow.example");
    assert!(text.contains("does not let this key write"), "{text}");
    let text = refusal(KEY, "zone = \"example\"", RECORD);
    assert!(text.contains("does not answer for the zone"), "{text}");
    assert_eq!(server.text(RECORD), [""; 0]);
    assert_eq!(server.text("_acme-challenge.other.narrow.example"), [""; 0]);
}

/// A server of one connection after another, each of which is answered by `answer`, or never.
fn impostor(answer: impl Fn(Vec<u8>) -> Option<Vec<u8>> + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            let mut stream: TcpStream = stream.unwrap();
            let mut length = [0; 2];
            if stream.read_exact(&mut length).is_err() {
                continue;
            }
            let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut question).unwrap();
            match answer(question) {
                Some(bytes) => drop(stream.write_all(&bytes)),
                None => kept.push(stream),
            }
        }
    });
    address
}

fn framed(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

/// The question as an answer that all is well.
fn echoed(mut question: Vec<u8>) -> Vec<u8> {
    question[2] |= 0x84;
    question[3] = 0;
    question
}

#[test]
fn an_answer_that_the_key_did_not_sign_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let outcome = |answer: fn(Vec<u8>) -> Option<Vec<u8>>, said: &str| {
        let text = settings(folder.path(), impostor(answer), &KEY.text(), "zone = \"corp.example\"\ntimeout = \"30s\"");
        let error = block_on(provider(folder.path(), &text).publish(RECORD, ONE)).unwrap_err();
        assert!(error.to_string().contains(said), "{error:?} for {said}");
    };
    // Our own signature of the question is none of the answer.
    outcome(|question| Some(framed(&echoed(question))), "is not signed");
    outcome(
        |question| {
            let mut unsigned = echoed(question);
            unsigned.truncate(12);
            unsigned[4..12].fill(0);
            Some(framed(&unsigned))
        },
        "is not signed",
    );
    outcome(
        |question| {
            let mut refusal = echoed(question);
            refusal.truncate(12);
            refusal[3] = 5;
            refusal[4..12].fill(0);
            Some(framed(&refusal))
        },
        "(not signed)",
    );
    outcome(
        |question| {
            let mut other = echoed(question);
            other[0] ^= 0xff;
            Some(framed(&other))
        },
        "is none to what was asked",
    );
    outcome(|_| Some(framed(&[0xff; 600])), "is no DNS message");
    outcome(|_| Some(framed(b"")), "is no DNS message");
    outcome(|_| Some(vec![0xff, 0xff, 1, 2, 3]), "eof");
}

#[test]
fn broken_answers_break_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let count = std::sync::atomic::AtomicUsize::new(0);
    // Each answer is the question, signed as it is, with bits turned at another place.
    let address = impostor(move |question| {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let mut answer = echoed(question);
        let place = 4 + number * 7 % (answer.len() - 4);
        answer[place] ^= u8::try_from(number % 255).unwrap() + 1;
        if number.is_multiple_of(5) {
            answer.truncate(place);
        }
        Some(framed(&answer))
    });
    let it = provider(folder.path(), &settings(folder.path(), address, &KEY.text(), "zone = \"corp.example\"\ntimeout = \"60s\""));
    block_on(async {
        let all = (0..60).map(|_| it.publish(RECORD, ONE));
        for done in futures_util::future::join_all(all).await {
            assert!(done.is_err(), "nothing was written");
        }
    });
}

#[test]
fn silence_ends() {
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let text = settings(folder.path(), impostor(|_| None), &KEY.text(), "timeout = \"2s\"");
    let error = block_on(provider(folder.path(), &text).publish(RECORD, ONE)).unwrap_err();
    assert!(matches!(error, DnsError::TimedOut(time) if time == Duration::from_secs(2)), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(20));
    let nobody = SocketAddr::from(([127, 0, 0, 1], menagerie_tests::process::free_port()));
    let text = settings(folder.path(), nobody, &KEY.text(), "");
    let error = block_on(provider(folder.path(), &text).publish(RECORD, ONE)).unwrap_err();
    assert!(error.passes() && error.to_string().contains(&nobody.to_string()), "{error:?}");
}

#[test]
fn a_server_whose_clock_is_another_says_so() {
    let server = name_server();
    let folder = tempfile::tempdir().unwrap();
    let config = super::given::config(folder.path(), &format!("[dns.it]\n{}", settings(folder.path(), server.address(), &KEY.text(), "")));
    let late = lemur::engine::Clock::new(|| jiff::Timestamp::now() - jiff::SignedDuration::from_mins(10));
    let providers = lemur::dns::Providers::open(&config.dns, None, &late).unwrap();
    let text = refused(block_on(providers.get("it").unwrap().publish(RECORD, ONE)));
    assert!(text.contains("clock"), "{text}");
}

#[test]
fn a_key_that_cannot_be_read_is_named_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let text = settings(folder.path(), "127.0.0.1:53".parse().unwrap(), "nonsense {", "");
    let error = opened(folder.path(), &text).unwrap_err().to_string();
    assert!(error.starts_with("dns.it.key_file: ") && error.contains("it.tsig"), "{error}");
}
