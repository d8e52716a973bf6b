//! Challenges: met and not met, by `pebble-challtestsrv`, OpenSSL and hosts of our own that misbehave; and every way in which an applicant
//! could have the authority connect to what only the authority can reach.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use lemur::validate::{CaaQuestion, Challenge, Failure, Forbidden, Host, Method, Reach, Resolver, Validator};
use menagerie_tests::ChallengeServer;
use menagerie_tests::http::{Response, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

use crate::net::Rerouted;

/// A public address, which leads nowhere but where a test says.
const PUBLIC: &str = "93.184.216.34";
const TOKEN: &str = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA";
const AUTHORIZATION: &str = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.9jg46WB3rR_AHD-EBXdN7cBkH1WOu0tA3M9fm21mqTI";
const ACCOUNT: &str = "https://ca.example/acme/account/1";

struct Site {
    chall: ChallengeServer,
    network: Rerouted,
    validator: Validator,
    reach: Reach,
}

impl Site {
    fn new() -> Self {
        let chall = ChallengeServer::start();
        Self::of(chall.dns(), chall)
    }

    fn of(dns: SocketAddr, chall: ChallengeServer) -> Self {
        let network = Rerouted::default();
        let resolver = Resolver::new(&[dns]).unwrap();
        let validator = Validator::new(resolver, Arc::new(network.clone())).pausing(Duration::from_millis(1));
        network.route(PUBLIC, 80, chall.http());
        network.route(PUBLIC, 443, chall.tls());
        Self { chall, network, validator, reach: Reach::default() }
    }

    async fn validate(&self, method: Method, host: &str, wildcard: bool) -> Result<(), Failure> {
        let host = host.parse().map_or_else(|_| Host::Name(host.to_owned()), Host::Address);
        let challenge = Challenge {
            method,
            host: &host,
            wildcard,
            token: TOKEN,
            key_authorization: AUTHORIZATION,
            account: ACCOUNT,
            issuers: &["ca.example".to_owned()],
            reach: &self.reach,
            now: 1_800_000_000,
        };
        self.validator.validate(&challenge).await.map(drop)
    }

    async fn http(&self, host: &str) -> Result<(), Failure> {
        self.validate(Method::Http01, host, false).await
    }

    async fn caa(&self, domain: &str, wildcard: bool) -> Result<(), Failure> {
        let issuers = ["ca.example".to_owned()];
        let question = CaaQuestion { domain, wildcard, issuers: &issuers, account: ACCOUNT, method: Method::Dns01 };
        question.check(self.validator.resolver()).await
    }
}

#[tokio::test]
async fn http_01_is_met_by_pebbles_host() {
    let site = Site::new();
    site.chall.addresses("a.example", &[PUBLIC]);
    site.chall.answer_http(TOKEN, AUTHORIZATION);
    assert_eq!(site.http("a.example").await, Ok(()));
    assert_eq!(site.http(PUBLIC).await, Ok(()), "an address is an identifier too");
    site.chall.answer_http(TOKEN, "something.else");
    let wrong = site.http("a.example").await.unwrap_err();
    assert!(matches!(wrong, Failure::Response { .. }) && !wrong.to_string().contains("something.else"), "{wrong}");
    assert!(
        matches!(site.validate(Method::Http01, "a.example", true).await, Err(Failure::Method { .. })),
        "a wildcard is for the name service"
    );
}

#[tokio::test]
async fn http_01_follows_redirects_of_pebbles_host() {
    let site = Site::new();
    site.chall.addresses("a.example", &[PUBLIC]);
    site.chall.addresses("b.example", &["93.184.216.35"]);
    site.network.route("93.184.216.35", 80, site.chall.http());
    site.chall.answer_http(TOKEN, AUTHORIZATION);
    site.chall.answer_http("elsewhere", AUTHORIZATION);
    site.chall.redirect(&format!("/.well-known/acme-challenge/{TOKEN}"), "http://b.example/.well-known/acme-challenge/elsewhere");
    assert_eq!(site.http("a.example").await, Ok(()));
    let asked: Vec<IpAddr> = site.network.asked().iter().map(SocketAddr::ip).collect();
    assert_eq!(asked, [PUBLIC, "93.184.216.35"].map(|address| address.parse::<IpAddr>().unwrap()));
}

#[tokio::test]
async fn dns_01_is_met_by_pebbles_name_service() {
    let site = Site::new();
    // OpenSSL's digest of the key authorization, not ours.
    let mut openssl = menagerie_tests::process::command("openssl");
    openssl.args(["dgst", "-sha256", "-binary"]);
    let digest = menagerie_tests::process::run(openssl, AUTHORIZATION.as_bytes()).success().stdout;
    let digest = base64_url(&digest);
    site.chall.text("_acme-challenge.a.example", "of another client");
    let wrong = site.validate(Method::Dns01, "a.example", false).await.unwrap_err();
    assert!(matches!(&wrong, Failure::NoRecord { wanted, .. } if wanted.contains("digest")), "{wrong:?}");
    site.chall.text("_acme-challenge.a.example", &digest);
    assert_eq!(site.validate(Method::Dns01, "a.example", false).await, Ok(()));
    assert_eq!(site.validate(Method::Dns01, "a.example", true).await, Ok(()), "the wildcard too");
    site.chall.text("_acme-challenge.b.example", &digest);
    site.chall.alias("_acme-challenge.c.example", "_acme-challenge.b.example");
    assert!(matches!(site.validate(Method::Dns01, "nothing.example", false).await, Err(Failure::NoRecord { .. })));
    site.chall.fail("_acme-challenge.d.example");
    assert!(matches!(site.validate(Method::Dns01, "d.example", false).await, Err(Failure::Dns { reason: "SERVFAIL", .. })));
    assert!(matches!(site.validate(Method::Dns01, PUBLIC, false).await, Err(Failure::Method { .. })));
}

#[tokio::test]
async fn dns_persist_01_is_met_by_a_record_for_this_account() {
    let site = Site::new();
    site.chall.text("_validation-persist.a.example", &format!("ca.example; accounturi={ACCOUNT}"));
    assert_eq!(site.validate(Method::DnsPersist01, "a.example", false).await, Ok(()));
    assert!(matches!(site.validate(Method::DnsPersist01, "a.example", true).await, Err(Failure::NoRecord { .. })), "no policy=wildcard");
    site.chall
        .text("_validation-persist.a.example", &format!("ca.example; accounturi={ACCOUNT}; policy=wildcard; persistUntil=1800000000"));
    assert_eq!(site.validate(Method::DnsPersist01, "a.example", true).await, Ok(()));
    site.chall.text("_validation-persist.b.example", "ca.example; accounturi=https://ca.example/acme/account/2");
    assert!(matches!(site.validate(Method::DnsPersist01, "b.example", false).await, Err(Failure::NoRecord { .. })));
}

#[tokio::test]
async fn tls_alpn_01_is_met_by_pebbles_host() {
    let site = Site::new();
    site.chall.addresses("a.example", &[PUBLIC]);
    site.chall.answer_tls("a.example", AUTHORIZATION);
    assert_eq!(site.validate(Method::TlsAlpn01, "a.example", false).await, Ok(()));
    site.chall.answer_tls("a.example", "something.else");
    let wrong = site.validate(Method::TlsAlpn01, "a.example", false).await.unwrap_err();
    assert!(matches!(wrong, Failure::Response { .. }), "{wrong:?}");
    site.chall.addresses("b.example", &[PUBLIC]);
    assert!(site.validate(Method::TlsAlpn01, "b.example", false).await.is_err(), "a host that knows nothing of it");
}

/// Every address that no applicant may have the authority connect to, in every way that a name service can write it.
#[tokio::test]
async fn a_name_that_resolves_inside_is_not_connected_to() {
    let site = Site::new();
    for (number, (address, reason)) in [
        ("127.0.0.1", Forbidden::Loopback),
        ("169.254.169.254", Forbidden::LinkLocal),
        ("100.100.100.200", Forbidden::Metadata),
        ("168.63.129.16", Forbidden::Metadata),
        ("10.0.0.1", Forbidden::Private),
        ("192.168.0.1", Forbidden::Private),
        ("0.0.0.0", Forbidden::ThisHost),
        ("255.255.255.255", Forbidden::Reserved),
        ("224.0.0.1", Forbidden::Multicast),
        ("::1", Forbidden::Loopback),
        ("64:ff9b::7f00:1", Forbidden::Loopback),
        ("64:ff9b::a9fe:a9fe", Forbidden::LinkLocal),
        ("2002:7f00:1::", Forbidden::Transition),
        ("2002:a9fe:a9fe::", Forbidden::Transition),
        ("fd00:ec2::254", Forbidden::Metadata),
        ("fe80::1", Forbidden::LinkLocal),
        ("fc00::1", Forbidden::Private),
    ]
    .into_iter()
    .enumerate()
    {
        let host = format!("n{number}.example");
        site.chall.addresses(&host, &[address]);
        for method in [Method::Http01, Method::TlsAlpn01] {
            let failure = site.validate(method, &host, false).await.unwrap_err();
            assert_eq!(failure, Failure::Forbidden { host: host.clone(), reason }, "{address}");
            assert!(!failure.to_string().contains(address), "what a name resolves to is not told: {failure}");
        }
        // The same as an identifier, for which no name service is asked.
        let failure = site.validate(Method::Http01, address, false).await.unwrap_err();
        assert!(matches!(failure, Failure::Forbidden { reason: other, .. } if other == reason), "{address}: {failure:?}");
    }
    assert_eq!(site.network.asked(), [], "nothing was connected to");
}

#[tokio::test]
async fn of_several_addresses_only_those_outside_are_connected_to() {
    let site = Site::new();
    site.chall.addresses("a.example", &["127.0.0.1", "::1", "10.0.0.1", PUBLIC, "169.254.169.254"]);
    site.chall.answer_http(TOKEN, AUTHORIZATION);
    assert_eq!(site.http("a.example").await, Ok(()));
    assert_eq!(site.network.asked(), [SocketAddr::new(PUBLIC.parse().unwrap(), 80)]);
}

/// GHSA advisories of Lemur, 2026: ACME fetches reached internal addresses, also by redirect.
#[tokio::test]
async fn a_redirect_leads_nowhere_inside() {
    let site = Site::new();
    site.chall.addresses("a.example", &[PUBLIC]);
    site.chall.addresses("inside.example", &["127.0.0.1"]);
    site.chall.addresses("meta.example", &["169.254.169.254"]);
    let path = format!("/.well-known/acme-challenge/{TOKEN}");
    for target in [
        "http://inside.example/",
        "https://inside.example/",
        "http://meta.example/latest/meta-data/",
        "http://localhost/",
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://a.example:8080/",
        "http://a.example:22/",
        "https://a.example:8443/",
        "http://user:password@a.example/",
        "ftp://a.example/",
        "file:///etc/passwd",
    ] {
        site.chall.redirect(&path, target);
        let failure = site.http("a.example").await.unwrap_err();
        assert!(matches!(failure, Failure::Redirect { .. } | Failure::Forbidden { .. }), "{target}: {failure:?}");
    }
    assert!(site.network.asked().iter().all(|asked| asked.ip() == PUBLIC.parse::<IpAddr>().unwrap()), "{:?}", site.network.asked());
}

#[tokio::test]
async fn redirects_end() {
    let site = Site::new();
    site.chall.addresses("a.example", &[PUBLIC]);
    let path = format!("/.well-known/acme-challenge/{TOKEN}");
    site.chall.redirect(&path, &format!("http://a.example{path}"));
    assert!(matches!(site.http("a.example").await, Err(Failure::Redirect { .. })));
    assert!(site.network.asked().len() <= 6, "{:?}", site.network.asked());
}

/// A name service of our own, for answers that pebble's does not give: the bytes of an address for a type of question, by how many such were
/// asked before.
struct Names {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

const A: u8 = 1;
const AAAA: u8 = 28;

impl Names {
    async fn start(answer: impl Fn(u8, usize) -> Option<Vec<u8>> + Send + 'static) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let task = tokio::spawn(async move {
            let mut asked = [0_usize; 256];
            let mut question = [0; 512];
            loop {
                let (length, from) = socket.recv_from(&mut question).await.unwrap();
                let question = &question[..length];
                let end = 12 + question[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
                let kind = question[end - 3];
                let address = answer(kind, asked[usize::from(kind)]);
                asked[usize::from(kind)] += 1;
                let mut reply = question[..2].to_vec();
                reply.extend([0x81, 0x80, 0, 1, 0, u8::from(address.is_some()), 0, 0, 0, 0]);
                reply.extend(&question[12..end]);
                if let Some(address) = address {
                    reply.extend([0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 0, 0, u8::try_from(address.len()).unwrap()]);
                    reply.extend(address);
                }
                socket.send_to(&reply, from).await.unwrap();
            }
        });
        Self { address, task }
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A name service that answers with an address outside at first and with one inside ever after (rebinding).
#[tokio::test]
async fn rebinding_gains_nothing() {
    let names = Names::start(|kind, before| match (kind, before) {
        (A, 0) => Some(vec![93, 184, 216, 34]),
        (A, _) => Some(vec![127, 0, 0, 1]),
        _ => None,
    })
    .await;
    let site = Site::of(names.address, ChallengeServer::start());
    // The host leads to itself under the same name, which resolves to loopback by then.
    let path = format!("/.well-known/acme-challenge/{TOKEN}");
    site.chall.redirect(&path, "http://a.example/again");
    let failure = site.http("a.example").await.unwrap_err();
    assert!(matches!(failure, Failure::Forbidden { reason: Forbidden::Loopback, .. }), "{failure:?}");
    assert_eq!(site.network.asked(), [SocketAddr::new(PUBLIC.parse().unwrap(), 80)], "the address that was checked, once");
}

/// Addresses of IPv4 in IPv6's clothes.
#[tokio::test]
async fn a_mapped_address_is_the_address_that_it_stands_for() {
    for (address, reason) in
        [([127, 0, 0, 1], Forbidden::Loopback), ([169, 254, 169, 254], Forbidden::LinkLocal), ([10, 0, 0, 1], Forbidden::Private)]
    {
        let mapped = Ipv4Addr::from(address).to_ipv6_mapped().octets().to_vec();
        let names = Names::start(move |kind, _| (kind == AAAA).then(|| mapped.clone())).await;
        let site = Site::of(names.address, ChallengeServer::start());
        for method in [Method::Http01, Method::TlsAlpn01] {
            let failure = site.validate(method, "a.example", false).await.unwrap_err();
            assert_eq!(failure, Failure::Forbidden { host: "a.example".to_owned(), reason });
        }
        assert_eq!(site.network.asked(), [], "nothing was connected to");
    }
}

#[tokio::test]
async fn a_host_that_answers_without_end_is_left() {
    let site = Site::new();
    site.chall.addresses("a.example", &[PUBLIC]);
    for endless in
        ["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", "HTTP/1.1 200 OK\r\nX: "]
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        site.network.route(PUBLIC, 80, listener.local_addr().unwrap());
        let host = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 1_024];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(endless.as_bytes()).await;
                let mut sent = 0_usize;
                while stream.write_all(&[b'a'; 4_096]).await.is_ok() {
                    sent += 4_096;
                    assert!(sent < 64 << 20, "the answer is read without end");
                }
            }
        });
        let failure = site.http("a.example").await.unwrap_err();
        assert!(matches!(failure, Failure::Response { .. } | Failure::Connection { .. }), "{failure:?}");
        assert!(!host.is_finished(), "the host was left while it still wrote");
        host.abort();
    }
}

#[tokio::test]
async fn an_answer_is_compared_and_not_quoted() {
    let site = Site::new();
    site.chall.addresses("a.example", &[PUBLIC]);
    let answers: &[(u16, &str, bool)] = &[
        (200, AUTHORIZATION, true),
        (200, &format!("{AUTHORIZATION}\r\n"), true),
        (200, &format!(" {AUTHORIZATION}"), false),
        (200, &format!("{AUTHORIZATION}x"), false),
        (200, "", false),
        (404, AUTHORIZATION, false),
        (500, "secret-of-an-internal-page", false),
        (200, "secret-of-an-internal-page", false),
        (303, AUTHORIZATION, false),
        (206, AUTHORIZATION, false),
    ];
    for (status, body, met) in answers {
        let (status, body) = (*status, (*body).to_owned());
        let sent = body.clone();
        let server = Server::start(move |_| Some(Response::new(status, sent.clone())));
        site.network.route(PUBLIC, 80, server.address());
        let result = site.http("a.example").await;
        assert_eq!(result.is_ok(), *met, "{status} {body}: {result:?}");
        if let Err(failure) = result {
            assert!(!failure.to_string().contains("secret"), "{failure}");
        }
    }
}

#[tokio::test]
async fn caa_records_are_asked_for_up_the_tree() {
    let site = Site::new();
    site.chall.caa("ours.example", &[("issue", "ca.example")]);
    site.chall.caa("theirs.example", &[("issue", "other.example")]);
    site.chall.caa("nowild.example", &[("issue", "ca.example"), ("issuewild", ";")]);
    site.chall.fail("broken.example");
    assert_eq!(site.caa("a.b.ours.example", false).await, Ok(()));
    assert_eq!(site.chall.questions("a.b.ours.example"), [257]);
    assert_eq!(site.chall.questions("b.ours.example"), [257]);
    let refused = site.caa("a.b.theirs.example", false).await.unwrap_err();
    assert!(
        matches!(&refused, Failure::Caa { name, domain, .. } if name == "theirs.example" && domain == "a.b.theirs.example"),
        "{refused:?}"
    );
    assert_eq!(site.caa("www.nowild.example", false).await, Ok(()));
    assert!(matches!(site.caa("nowild.example", true).await, Err(Failure::Caa { .. })));
    assert_eq!(site.caa("none.at.all", false).await, Ok(()));
    // No answer is no leave, at the name itself and above it.
    assert!(matches!(site.caa("broken.example", false).await, Err(Failure::Dns { .. })));
    assert!(matches!(site.caa("a.broken.example", false).await, Err(Failure::Dns { .. })));
}

fn base64_url(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}
