//! Requests at random, by seed: whatever is issued for them passes `pkilint` without an error, and what is not issued is the request's fault.

use std::io::Write as _;

use jiff::{SignedDuration, Timestamp};
use lemur::audit::Actor;
use lemur::authority::{AuthorityKey, AuthorityOrder, Parent};
use lemur::certificate::ExtendedKeyUsage;
use lemur::engine::{Clock, Engine, Settings};
use lemur::issue::{IssueError, Key, Order, Record};
use lemur::name::{DnsName, NameConstraints, San, SanKind, Subject, SubjectField, Subtrees};
use lemur::profile::{KeyKind, Lifetime, Period, Profiles};
use lemur::store::AuthorityId;
use menagerie_secret::RingFile;
use menagerie_sign::{KeyType, LocalSigner, PublicKey, Signer as _};
use menagerie_tests::{Namespace, Pkilint};

/// Where the stream of requests begins; the number of a request is added.
const SEED: u64 = 0x1e_a5ed;

/// Beside the built-in ones: all kinds of names and keys for a year and a day, and one that claims the Baseline Requirements.
const PROFILES: &str = r#"
[everything]
key_usages = ["digital_signature", "key_encipherment"]
extended_key_usages = ["server_auth", "client_auth"]
key_types = ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048", "rsa-3072", "rsa-4096"]
default_lifetime = "90d"
max_lifetime = "366d"
policies = ["1.3.6.1.4.1.5923.1.4.3.1.1"]
names = { kinds = ["dns", "ip", "email", "uri"], required = false, wildcards = true, single_labels = true, max = 40 }
subject = { common_name = "free", allowed = ["country", "state", "locality", "organization", "organizational_unit"] }

[public]
key_usages = ["digital_signature"]
extended_key_usages = ["server_auth"]
key_types = ["ecdsa-p256", "ecdsa-p384", "rsa-2048", "rsa-3072", "rsa-4096"]
default_lifetime = "40d"
max_lifetime = "47d"
baseline = true
policies = ["2.23.140.1.2.1"]
names = { kinds = ["dns", "ip"], wildcards = true }
subject = { common_name = "from-names" }
"#;

const NAMES: [&str; 5] = ["tls-server", "tls-client", "mtls-workload", "everything", "public"];

/// A stream of numbers that is the same for the same seed.
struct Numbers(u64);

impl Numbers {
    fn of(seed: u64) -> Self {
        // Seeds that are near each other are far apart afterwards.
        let mut numbers = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        (0..8).for_each(|_| {
            numbers.below(2);
        });
        numbers
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    /// Whether something that happens in one of so many cases does.
    fn one_in(&mut self, cases: usize) -> bool {
        self.below(cases) == 0
    }

    fn of_these<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn text(&mut self, signs: &str, longest: usize) -> String {
        let signs: Vec<char> = signs.chars().collect();
        (0..=self.below(longest)).map(|_| self.of_these(&signs)).collect()
    }

    fn label(&mut self) -> String {
        let longest = self.of_these(&[4, 12, 61]);
        let middle = self.text("abcdefghijklmnopqrstuvwxyz0123456789-", longest);
        format!("a{}z", middle.replace("--", "-0"))
    }

    fn domain(&mut self) -> String {
        let mut name = self.of_these(&["example.com", "example.com", "example.org", "secret.example.com", "example.net"]).to_owned();
        for _ in 0..self.below(4) {
            name = format!("{}.{name}", self.label());
        }
        name
    }

    fn name(&mut self) -> Option<San> {
        let dns = |text: &str| San::parse(SanKind::Dns, text).ok();
        match self.below(14) {
            0 => dns(&format!("*.{}", self.domain())),
            1 => dns(&self.label()),
            2 => dns(&format!("under_score.{}", self.domain())),
            3 => DnsName::parse_international(&format!("b\u{fc}cher{}.example.com", self.below(100))).ok().map(San::Dns),
            4 => Some(San::Ip(format!("10.{}.{}.{}", self.below(256), self.below(256), self.below(256)).parse().unwrap())),
            5 => Some(San::Ip(format!("2001:db8::{:x}:{:x}", self.below(65536), self.below(65536)).parse().unwrap())),
            6 => San::parse(SanKind::Email, &format!("{}@{}", self.label(), self.domain())).ok(),
            7 => San::parse(SanKind::Uri, &format!("spiffe://{}/ns/{}/sa/{}", self.domain(), self.label(), self.label())).ok(),
            8 => San::parse(SanKind::Uri, &format!("https://{}:8443/path?x={}", self.domain(), self.below(100))).ok(),
            _ => dns(&self.domain()),
        }
    }

    fn subject(&mut self, names: &[San]) -> Subject {
        let mut subject = Subject::new();
        let mut set = |field, text: &str| {
            if let Ok(with) = subject.clone().with(field, text) {
                subject = with;
            }
        };
        if self.one_in(4) {
            const SIGNS: &str = "abc XYZ019'()+,-./:=?*@&_\u{e9}\u{df}\u{4e2d}\u{1f512}";
            for field in [SubjectField::State, SubjectField::Locality, SubjectField::Organization, SubjectField::OrganizationalUnit] {
                if self.one_in(2) {
                    let longest = self.of_these(&[8, 64, 128]);
                    set(field, self.text(SIGNS, longest).trim());
                }
            }
            set(SubjectField::Country, self.of_these(&["DE", "US", "XX", "de", "GB"]));
        }
        match self.below(4) {
            0 => {}
            1 => set(SubjectField::CommonName, &self.text("abc XYZ.-_\u{e9}", 64)),
            _ => {
                if let Some(San::Dns(name)) = names.iter().find(|name| matches!(name, San::Dns(_))) {
                    set(SubjectField::CommonName, name.as_str());
                }
            }
        }
        subject
    }

    fn period(&mut self, now: Timestamp) -> Period {
        let later = |seconds: usize| now + SignedDuration::from_secs(i64::try_from(seconds).unwrap());
        match self.below(8) {
            0 => Period::For(Lifetime::hours(1 + u32::try_from(self.below(240)).unwrap())),
            1 => Period::For(Lifetime::days(1 + u32::try_from(self.below(420)).unwrap())),
            2 => Period::Until(later(60 + self.below(40 * 86_400))),
            3 => {
                let start = self.below(86_400);
                Period::Between(later(start), later(start + self.below(46 * 86_400)))
            }
            _ => Period::Default,
        }
    }
}

/// Two keys of each kind, whose owners are elsewhere: one of RSA takes a while to find.
fn keys() -> Vec<PublicKey> {
    let pairs = KeyKind::ALL.into_iter().filter(|kind| !kind.is_experimental()).flat_map(|kind| [kind, kind]);
    pairs.map(|kind| LocalSigner::generate(kind.key_type()).unwrap().public_key().clone()).collect()
}

fn authority(name: &str, parent: Parent, key: KeyType, constraints: NameConstraints, usages: &[ExtendedKeyUsage]) -> AuthorityOrder {
    let subject = Subject::of_common_name(name).unwrap().with(SubjectField::Organization, "Corp").unwrap();
    let subject = subject.with(SubjectField::Country, "DE").unwrap();
    AuthorityOrder {
        key: AuthorityKey::Made(key),
        constraints,
        extended_key_usages: usages.to_vec(),
        ..AuthorityOrder::new(name, "pki@example.com", subject, parent, Actor::cli("tests"))
    }
}

/// Roots of every kind of key, and under each an authority that may certify everything, or some names, or some uses. Those that issue.
async fn authorities(engine: &Engine) -> Vec<AuthorityId> {
    let subtrees = |dns: &[&str], ip: &[&str]| Subtrees::parse(dns, ip, &[], &[]).unwrap();
    let permitted = NameConstraints::new(subtrees(&["example.com"], &["10.0.0.0/8"]), Subtrees::default()).unwrap();
    let excluded = NameConstraints::new(Subtrees::default(), subtrees(&["secret.example.com"], &["2001:db8::/64"])).unwrap();
    let mut issuing = Vec::new();
    for (number, (key, below)) in [
        (KeyType::EcdsaP256, KeyType::EcdsaP256),
        (KeyType::EcdsaP384, KeyType::Rsa2048),
        (KeyType::Rsa3072, KeyType::EcdsaP384),
        (KeyType::Ed25519, KeyType::Ed25519),
    ]
    .into_iter()
    .enumerate()
    {
        let root = authority(&format!("Root {number}"), Parent::Itself, key, NameConstraints::default(), &[]);
        let root = engine.create_authority(root).await.unwrap().id;
        let server = [ExtendedKeyUsage::SERVER_AUTH];
        for (kind, constraints, usages) in [
            ("Any", NameConstraints::default(), &server[..0]),
            ("Permitted", permitted.clone(), &server[..]),
            ("Excluded", excluded.clone(), &[]),
        ] {
            let order = authority(&format!("{kind} {number}"), Parent::Ours(root), below, constraints, usages);
            issuing.push(engine.create_authority(order).await.unwrap().id);
        }
    }
    issuing
}

fn order(seed: u64, authorities: &[AuthorityId], keys: &[PublicKey], now: Timestamp) -> Order {
    let mut numbers = Numbers::of(seed);
    let how_many = numbers.of_these(&[0, 1, 1, 1, 2, 3, 8, 30]);
    let mut names: Vec<San> = Vec::new();
    for _ in 0..how_many {
        names.extend(numbers.name().filter(|name| !names.contains(name)));
    }
    let key = if numbers.one_in(3) {
        Key::Made(numbers.of_these(&[KeyType::EcdsaP256, KeyType::EcdsaP384, KeyType::Ed25519]))
    } else {
        Key::Theirs(keys[numbers.below(keys.len())].clone())
    };
    Order {
        authority: numbers.of_these(authorities),
        profile: numbers.of_these(&NAMES).to_owned(),
        key,
        subject: numbers.subject(&names),
        names,
        period: numbers.period(now),
        csr: None,
        record: Record::of_owner("team@example.com"),
        actor: Actor::cli("tests"),
    }
}

/// What `pkilint` calls an error by RFC 5280 because it does not know later usage: a wildcard (RFC 9525), a host's name of one label, and
/// the URIs of workloads (SPIFFE); and because it takes no last label of one letter, which RFC 1034 (3.5) does.
fn knows_not(code: &str, message: &str) -> bool {
    let quoted = message.split('"').nth(1).unwrap_or_default();
    match code {
        "pkix.invalid_domain_name_syntax" => {
            let last = quoted.rsplit('.').next().unwrap_or_default();
            quoted.starts_with("*.") || last == quoted || matches!(last.as_bytes(), [b'a'..=b'z'])
        }
        "pkix.invalid_uri_syntax" => quoted.starts_with("spiffe://"),
        _ => false,
    }
}

/// Certificates as they come, with what they were asked for, held against `pkilint` at once: nothing of them is kept.
struct Judge {
    pkilint: Pkilint,
    judged: usize,
    wrong: Vec<String>,
}

impl Judge {
    fn judge(&mut self, der: &[u8], baseline: bool, told: impl FnOnce() -> String) {
        self.judged += 1;
        let verdict = tokio::task::block_in_place(|| self.pkilint.verdict(der));
        let said = if baseline { &verdict.baseline } else { &verdict.pkix };
        let errors: Vec<_> = said.iter().filter(|(code, message)| baseline || !knows_not(code, message)).collect();
        if verdict.failed.is_some() || !errors.is_empty() {
            self.wrong.push(format!("{errors:?} {:?}\n  {}\n  {}", verdict.failed, told(), hex::encode(der)));
        }
        assert!(self.wrong.len() < 20, "of {}:\n{}", self.judged, self.wrong.join("\n"));
    }
}

/// Says how far a long run is, to whoever watches it: what a test prints otherwise is shown when it fails.
fn tell(text: &str) {
    let _ = std::io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_issued_for_random_requests_passes_pkilint() {
    let soaks = std::env::var_os("MENAGERIE_SOAK").is_some();
    let count = if soaks { 10_000 } else { 300 };
    let folder = Namespace::new("random");
    let mut settings = Settings::new(Clock::new(Timestamp::now), "http://pki.example.com").unwrap();
    settings.profiles = Profiles::parse(PROFILES).unwrap();
    let database = format!("sqlite:{}", folder.file("lemur.db").display());
    let engine = Engine::start(&database, RingFile::new(folder.file("keys")), settings).await.unwrap();
    let (issuing, keys) = (authorities(&engine).await, keys());
    let (mut issued, mut by_profile, mut refused) = (0_usize, [0_usize; NAMES.len()], std::collections::BTreeSet::new());
    let mut judge = Judge { pkilint: Pkilint::start(None), judged: 0, wrong: Vec::new() };
    for authority in engine.authorities().await.unwrap() {
        judge.judge(&authority.der.unwrap(), false, || format!("the authority {}", authority.name));
    }
    for request in 0.. {
        if issued == count {
            break;
        }
        let order = order(SEED + request, &issuing, &keys, engine.now());
        let (text, profile) = (format!("request {request}: {order:?}"), order.profile.clone());
        match engine.issue(order).await {
            Ok(certificate) => {
                issued += 1;
                by_profile[NAMES.iter().position(|name| *name == profile).unwrap()] += 1;
                judge.judge(&certificate.der, profile == "public", || text);
                if soaks && issued.is_multiple_of(500) {
                    tell(&format!("{issued} of {count} certificates for random requests, of {request}, are judged"));
                }
            }
            // The profiles say all that the lints of RFC 5280 want: whoever keeps to them is never told of one.
            Err(IssueError::Lint { findings }) if profile != "public" => panic!("{findings:?} of {text}"),
            Err(IssueError::Lint { findings }) => refused.extend(findings.into_iter().map(|finding| finding.lint.id)),
            Err(error) => assert!(error.is_the_requests_fault(), "{error}: {text}"),
        }
        assert!(request < 20 * count as u64, "too few of the requests are issued: {issued}");
    }
    assert!(by_profile.iter().all(|issued| *issued > count / 50), "{NAMES:?}: {by_profile:?}; lints: {refused:?}");
    assert!(judge.wrong.is_empty(), "{} of {}:\n{}", judge.wrong.len(), judge.judged, judge.wrong.join("\n"));
    engine.close().await;
}
