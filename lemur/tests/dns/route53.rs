//! Route 53 as moto models it. What moto does not notice, that a set of records is not what the change says, is told by a server of our own in
//! between, which then has really been overtaken by somebody else.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lemur::dns::DnsError;
use menagerie_tests::http::{Request, Response, Server, call};
use menagerie_tests::{ACCOUNT, Moto, credentials};

use super::given::{ONE, OTHER, block_on, config, provider, refused};

/// The SDK takes credentials from the environment, which a process must not change while it runs: the test runs in a child of its own.
fn with_credentials(test: &str, body: impl Future<Output = ()>) {
    if std::env::var_os("LEMUR_DNS_CHILD").is_none() {
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", test, "--nocapture"]).env("LEMUR_DNS_CHILD", "1").envs(credentials());
        // A Region is not needed.
        again.env_remove("AWS_REGION").env_remove("AWS_DEFAULT_REGION").env_remove("AWS_PROFILE").env_remove("AWS_ENDPOINT_URL");
        let status = again.status().unwrap();
        assert!(status.success(), "{test} failed: {status}");
        return;
    }
    block_on(body);
}

fn settings(endpoint: &str, rest: &str) -> String {
    format!("kind = \"route53\"\nendpoint_url = \"{endpoint}\"\n{rest}")
}

#[test]
fn values_of_one_name_stand_side_by_side_in_the_closest_public_zone() {
    with_credentials("route53::values_of_one_name_stand_side_by_side_in_the_closest_public_zone", async {
        let moto = Moto::shared();
        let outer = moto.create_hosted_zone("side.example", "1", false);
        let zone = moto.create_hosted_zone("corp.side.example", "2", false);
        let private = moto.create_hosted_zone("corp.side.example", "3", true);
        let _ = moto.create_hosted_zone("www.corp.side.example", "4", true);
        let folder = tempfile::tempdir().unwrap();
        let it = provider(folder.path(), &settings(moto.endpoint(), ""));
        let name = "_acme-challenge.www.corp.side.example";
        it.publish(name, ONE).await.unwrap();
        assert_eq!(moto.text(&zone, name), [ONE]);
        it.publish(name, OTHER).await.unwrap();
        it.publish(name, OTHER).await.unwrap();
        assert_eq!(moto.text(&zone, name), [OTHER, ONE]);
        it.withdraw(name, ONE).await.unwrap();
        it.withdraw(name, ONE).await.unwrap();
        assert_eq!(moto.text(&zone, name), [OTHER]);
        it.withdraw(name, OTHER).await.unwrap();
        assert_eq!(moto.text(&zone, name), [""; 0]);
        for other in [&outer, &private] {
            assert_eq!(moto.text(other, name), [""; 0]);
        }
        it.publish("_acme-challenge.side.example", ONE).await.unwrap();
        assert_eq!(moto.text(&outer, "_acme-challenge.side.example"), [ONE]);
        let none = it.publish("_acme-challenge.nowhere.test", ONE).await;
        assert!(matches!(none, Err(DnsError::NoZone { .. })), "{none:?}");
    });
}

#[test]
fn what_others_wrote_stays() {
    with_credentials("route53::what_others_wrote_stays", async {
        let moto = Moto::shared();
        let zone = moto.create_hosted_zone("stays.example", "1", false);
        let name = "stays.example";
        moto.set_text(&zone, name, &["\"v=spf1 -all\"", "\"two\" \"parts\""]);
        let folder = tempfile::tempdir().unwrap();
        // Without a look at the zones, and by a role.
        let role = format!("zone = \"{zone}\"\nassume_role = \"arn:aws:iam::{ACCOUNT}:role/acme-dns\"\nregion = \"us-east-1\"");
        let it = provider(folder.path(), &settings(moto.endpoint(), &role));
        it.publish(name, ONE).await.unwrap();
        assert_eq!(moto.text(&zone, name), [ONE, "two parts", "v=spf1 -all"]);
        it.withdraw(name, ONE).await.unwrap();
        assert_eq!(moto.text(&zone, name), ["two parts", "v=spf1 -all"]);
    });
}

#[test]
fn many_at_once_lose_nothing() {
    with_credentials("route53::many_at_once_lose_nothing", async {
        let moto = Moto::shared();
        let zone = moto.create_hosted_zone("many.example", "1", false);
        let folder = tempfile::tempdir().unwrap();
        let it = provider(folder.path(), &settings(moto.endpoint(), &format!("zone = \"{zone}\"")));
        let values: Vec<_> = (10..20).map(|number| format!("value-{number}")).collect();
        let name = "_acme-challenge.many.example";
        let all = futures_util::future::join_all(values.iter().map(|value| it.publish(name, value))).await;
        all.into_iter().for_each(|done| done.unwrap());
        assert_eq!(moto.text(&zone, name), values);
        let all = futures_util::future::join_all(values[1..].iter().map(|value| it.withdraw(name, value))).await;
        all.into_iter().for_each(|done| done.unwrap());
        assert_eq!(moto.text(&zone, name), values[..1]);
    });
}

/// What moto answers.
fn passed_on(address: SocketAddr, mut request: Request) -> Option<Response> {
    let framing = ["host", "connection", "content-length", "transfer-encoding", "expect"];
    request.headers.retain(|(name, _)| !framing.iter().any(|other| name.eq_ignore_ascii_case(other)));
    let mut answer = call(address, &request).ok()?;
    answer.headers.retain(|(name, _)| !framing.iter().any(|other| name.eq_ignore_ascii_case(other)));
    Some(answer)
}

/// A refusal as Route 53 writes it.
fn refusal(code: &str, message: &str) -> Response {
    let body = format!(
        r#"<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error><Type>Sender</Type><Code>{code}</Code>
        <Message>{message}</Message></Error><RequestId>1</RequestId></ErrorResponse>"#
    );
    Response::new(400, body).header("Content-Type", "text/xml")
}

#[test]
fn a_set_that_changed_meanwhile_is_read_again() {
    with_credentials("route53::a_set_that_changed_meanwhile_is_read_again", async {
        let moto = Moto::shared();
        let zone = moto.create_hosted_zone("overtaken.example", "1", false);
        let name = "_acme-challenge.overtaken.example";
        moto.set_text(&zone, name, &["\"first\""]);
        let changes = AtomicUsize::new(0);
        let (overtaken, address) = (zone.clone(), moto.endpoint().trim_start_matches("http://").parse().unwrap());
        let between = Server::start(move |request| {
            // Of the first two changes somebody else was faster; the third meets one that is not done yet.
            if request.method == "POST" && request.target.contains("/rrset") {
                match changes.fetch_add(1, Ordering::SeqCst) {
                    0 => {
                        moto.set_text(&overtaken, name, &["\"first\"", "\"second\""]);
                        return Some(refusal("InvalidChangeBatch", "the values provided do not match the current values"));
                    }
                    1 => {
                        moto.set_text(&overtaken, name, &["\"second\"", "\"third\""]);
                        return Some(refusal("InvalidChangeBatch", "the values provided do not match the current values"));
                    }
                    2 => return Some(refusal("PriorRequestNotComplete", "a change is pending")),
                    _ => {
                        let body = String::from_utf8_lossy(&request.body).into_owned();
                        assert!(body.contains("<Action>DELETE</Action>") && body.contains("<Action>UPSERT</Action>"), "{body}");
                    }
                }
            }
            passed_on(address, request)
        });
        let folder = tempfile::tempdir().unwrap();
        let it = provider(folder.path(), &settings(&between.url(), ""));
        it.publish(name, ONE).await.unwrap();
        assert_eq!(moto.text(&zone, name), [ONE, "second", "third"]);
    });
}

#[test]
fn a_change_that_always_meets_another_is_given_up() {
    with_credentials("route53::a_change_that_always_meets_another_is_given_up", async {
        let moto = Moto::shared();
        let zone = moto.create_hosted_zone("busy.example", "1", false);
        let address = moto.endpoint().trim_start_matches("http://").parse().unwrap();
        let between = Server::start(move |request| {
            let is_change = request.method == "POST" && request.target.contains("/rrset");
            if is_change { Some(refusal("InvalidChangeBatch", "it already exists")) } else { passed_on(address, request) }
        });
        let folder = tempfile::tempdir().unwrap();
        let it = provider(folder.path(), &settings(&between.url(), &format!("zone = \"{zone}\"")));
        let text = refused(it.publish("_acme-challenge.busy.example", ONE).await);
        assert!(text.contains("it already exists"), "{text}");
    });
}

#[test]
fn a_change_is_waited_for_until_all_servers_have_it() {
    with_credentials("route53::a_change_is_waited_for_until_all_servers_have_it", async {
        let moto = Moto::shared();
        let zone = moto.create_hosted_zone("slow.example", "1", false);
        let address = moto.endpoint().trim_start_matches("http://").parse().unwrap();
        let looks = AtomicUsize::new(0);
        let between = Server::start(move |request| {
            let is_look = request.target.contains("/change/");
            let mut answer = passed_on(address, request)?;
            if is_look && looks.fetch_add(1, Ordering::SeqCst) % 4 < 2 {
                answer.body = answer.text().replace("INSYNC", "PENDING").into_bytes();
            }
            Some(answer)
        });
        let folder = tempfile::tempdir().unwrap();
        let zone = format!("zone = \"{zone}\"");
        let it = provider(folder.path(), &settings(&between.url(), &zone));
        let start = Instant::now();
        it.publish("_acme-challenge.slow.example", ONE).await.unwrap();
        assert!(start.elapsed() >= Duration::from_secs(4), "{:?}", start.elapsed());
    });
}

#[test]
fn what_the_service_refuses_is_said() {
    with_credentials("route53::what_the_service_refuses_is_said", async {
        let moto = Moto::shared();
        for reference in ["1", "2"] {
            let _ = moto.create_hosted_zone("twice.example", reference, false);
        }
        let folder = tempfile::tempdir().unwrap();
        let it = provider(folder.path(), &settings(moto.endpoint(), ""));
        let text = refused(it.publish("_acme-challenge.twice.example", ONE).await);
        assert!(text.contains("several public zones") && text.contains("`zone`"), "{text}");
        let it = provider(folder.path(), &settings(moto.endpoint(), "zone = \"Z00000000NOTTHERE\""));
        let text = refused(it.publish("_acme-challenge.twice.example", ONE).await);
        assert!(text.contains("NoSuchHostedZone"), "{text}");
        let nobody = format!("http://127.0.0.1:{}", menagerie_tests::process::free_port());
        let error = provider(folder.path(), &settings(&nobody, "")).publish("_acme-challenge.twice.example", ONE).await.unwrap_err();
        assert!(error.passes(), "{error:?}");
    });
}

#[test]
fn a_role_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("lemur.toml"), "[dns.it]\nkind = \"route53\"\nassume_role = \"acme\"").unwrap();
    let typed = lemur::config::Typed { data: folder.path().to_owned(), ..lemur::config::Typed::default() };
    let error = lemur::config::Config::read(&typed).unwrap_err().to_string();
    assert!(error.contains("dns.it.assume_role"), "{error}");
    assert_eq!(config(folder.path(), "").dns.len(), 0);
}
