//! Clients that people run beside certbot, as Debian has them: lego (Go's library of ACME), dehydrated (a shell script with curl and openssl),
//! and Caddy, a web server that gets its own certificates.

use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use lemur::certificate::{View, read_bundle, write_bundle};
use menagerie_tests::eventually;
use menagerie_tests::process::{Finished, Running, command, free_port, run};

use crate::house::{House, PUBLIC};

/// Runs a client apart from the servers that it talks to.
async fn ended(client: Command) -> Finished {
    tokio::task::spawn_blocking(move || run(client, b"")).await.unwrap().success()
}

/// A port of this machine that a port of the internet's host leads to.
fn here(house: &House, port: u16) -> u16 {
    let free = free_port();
    house.network.route(PUBLIC, port, SocketAddr::from((Ipv4Addr::LOCALHOST, free)));
    free
}

fn leaf(path: &Path) -> View {
    read_bundle(&std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))).unwrap().remove(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lego_proves_names_by_http_and_by_tls_renews_and_revokes() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let key = replica.key().await;
    house.chall.addresses("a.example.org", &[PUBLIC]);
    house.chall.addresses("b.example.org", &[PUBLIC]);
    let (http, tls) = (format!("127.0.0.1:{}", here(&house, 80)), format!("127.0.0.1:{}", here(&house, 443)));
    let folder = house.folder.path().join("lego");
    let file = folder.join("certificates/a.example.org.crt");
    let lego = |challenge: &[&str], verb: &[&str]| {
        let mut lego = command("lego");
        lego.env("LEGO_CA_CERTIFICATES", house.root()).args(["--server", &replica.directory(), "--accept-tos", "--email", "a@example.org"]);
        lego.args(["--eab", "--kid", &key.id, "--hmac", &key.text]).arg("--path").arg(&folder);
        lego.args(["--domains", "a.example.org"]).args(challenge).args(verb);
        lego
    };
    let by_http = ["--http", "--http.port", http.as_str()];
    drop(ended(lego(&by_http, &["--domains", "b.example.org", "run"])).await);
    let first = leaf(&file);
    assert_eq!(first.names().len(), 2);
    drop(ended(lego(&["--tls", "--tls.port", &tls], &["--domains", "b.example.org", "renew", "--no-random-sleep", "--days", "400"])).await);
    let second = leaf(&file);
    assert_ne!(first.serial(), second.serial());
    drop(ended(lego(&by_http, &["revoke"])).await);
    assert!(replica.engine.is_revoked(replica.authority, &second.serial()).await.unwrap());
    assert!(!replica.engine.is_revoked(replica.authority, &first.serial()).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dehydrated_registers_issues_and_revokes() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let key = replica.key().await;
    house.chall.addresses("d.example.org", &[PUBLIC]);
    let folder = house.folder.path().join("dehydrated");
    std::fs::create_dir(&folder).unwrap();
    let hook = folder.join("hook");
    let tell = format!("http://{}", house.chall.management());
    let script = format!(
        "#!/bin/sh\ncase $1 in\ndeploy_challenge) exec curl -fsS {tell}/add-http01 -d \"{{\\\"token\\\": \\\"$3\\\", \\\"content\\\": \\\"$4\\\"}}\" ;;\nesac\n"
    );
    std::fs::write(&hook, script).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o700)).unwrap();
    let config = folder.join("config");
    let text = format!(
        "CA={}\nEAB_KID={}\nEAB_HMAC_KEY={}\nBASEDIR={}\nWELLKNOWN={}\nHOOK={}\nCONTACT_EMAIL=a@example.org\nKEY_ALGO=prime256v1\n",
        replica.directory(),
        key.id,
        key.text,
        folder.display(),
        folder.display(),
        hook.display()
    );
    std::fs::write(&config, text).unwrap();
    let dehydrated = |arguments: &[&str]| {
        let mut dehydrated = command("dehydrated");
        dehydrated.env("CURL_CA_BUNDLE", house.root()).arg("--config").arg(&config).args(arguments);
        dehydrated
    };
    drop(ended(dehydrated(&["--register", "--accept-terms"])).await);
    drop(ended(dehydrated(&["--cron", "--domain", "d.example.org"])).await);
    let file = folder.join("certs/d.example.org/cert.pem");
    let issued = leaf(&file);
    assert!(!replica.engine.is_revoked(replica.authority, &issued.serial()).await.unwrap());
    drop(ended(dehydrated(&["--revoke", file.to_str().unwrap()])).await);
    assert!(replica.engine.is_revoked(replica.authority, &issued.serial()).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn caddy_gets_the_certificate_that_it_serves() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let key = replica.key().await;
    house.chall.addresses("site.example.org", &[PUBLIC]);
    let (http, tls, folder) = (here(&house, 80), here(&house, 443), house.folder.path().join("caddy"));
    let text = format!(
        "{{\n\thttp_port {http}\n\thttps_port {tls}\n\tdefault_bind 127.0.0.1\n\tadmin off\n\tocsp_stapling off\n\tstorage file_system {}\n\tcert_issuer acme {{\n\t\tdir {}\n\t\temail a@example.org\n\t\ttrusted_roots {}\n\t\teab {} {}\n\t}}\n}}\nsite.example.org {{\n\trespond \"hello from caddy\"\n}}\n",
        folder.display(),
        replica.directory(),
        house.root().display(),
        key.id,
        key.text
    );
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("Caddyfile"), text).unwrap();
    let mut caddy = command("caddy");
    caddy.env("HOME", &folder).args(["run", "--adapter", "caddyfile", "--config"]).arg(folder.join("Caddyfile"));
    let (_caddy, said) = Running::start_followed("caddy", caddy);
    let fetched = tokio::task::spawn_blocking({
        let root = house.folder.path().join("root.pem");
        let chain = replica.engine.authorities().await.unwrap().into_iter().find(|authority| authority.name == "Root").unwrap();
        std::fs::write(&root, write_bundle([chain.der.unwrap().as_slice()])).unwrap();
        move || {
            let mut answer = String::new();
            eventually(Duration::from_secs(30), || {
                let mut curl = command("curl");
                curl.args(["-sS", "--resolve", &format!("site.example.org:{tls}:127.0.0.1"), "--cacert"]).arg(&root);
                curl.arg(format!("https://site.example.org:{tls}/"));
                answer = run(curl, b"").text();
                answer.contains("hello")
            });
            answer
        }
    });
    assert_eq!(fetched.await.unwrap(), "hello from caddy", "{}", said.text());
}
