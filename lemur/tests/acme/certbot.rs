//! certbot and Python's `acme`, as pipelines use them: http-01 by certbot's own server, dns-01 by a hook, renewal, a preferred chain,
//! revocation by the account and by the certificate's key, and an account's end.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;

use lemur::audit::Actor;
use lemur::certificate::read_bundle;
use menagerie_tests::process::{Finished, command, free_port, run};
use menagerie_tests::venv_program;

use crate::house::{Handed, House, PUBLIC, Replica};

struct Certbot<'a> {
    house: &'a House,
    replica: &'a Replica,
    key: Handed,
    port: u16,
}

impl<'a> Certbot<'a> {
    async fn new(house: &'a House, replica: &'a Replica) -> Self {
        let port = free_port();
        house.network.route(PUBLIC, 80, SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        Self { house, replica, key: replica.key().await, port }
    }

    fn command(&self, verb: &str) -> Command {
        let mut certbot = command(venv_program("certbot"));
        certbot.args([verb, "--non-interactive", "--server", &self.replica.directory()]);
        for (option, folder) in [("--config-dir", "config"), ("--work-dir", "work"), ("--logs-dir", "logs")] {
            certbot.arg(option).arg(self.house.folder.path().join(folder));
        }
        certbot.env("REQUESTS_CA_BUNDLE", self.house.root());
        certbot
    }

    /// Runs it apart from the servers that it talks to.
    async fn run(&self, certbot: Command) -> Finished {
        tokio::task::spawn_blocking(move || run(certbot, b"")).await.unwrap()
    }

    fn certonly(&self, names: &[&str]) -> Command {
        let mut certbot = self.command("certonly");
        certbot.args(["--agree-tos", "--email", "admin@example.org", "--eab-kid", &self.key.id, "--eab-hmac-key", &self.key.text]);
        for name in names {
            certbot.args(["-d", name]);
        }
        certbot
    }

    fn live(&self, name: &str, file: &str) -> std::path::PathBuf {
        self.house.folder.path().join("config/live").join(name).join(file)
    }

    fn standalone(&self, certbot: &mut Command) {
        certbot.args(["--standalone", "--http-01-port", &self.port.to_string(), "--http-01-address", "127.0.0.1"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certbot_orders_renews_and_revokes() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let certbot = Certbot::new(&house, &replica).await;
    house.chall.addresses("a.example.org", &[PUBLIC]);
    house.chall.addresses("b.example.org", &[PUBLIC]);
    let mut order = certbot.certonly(&["a.example.org", "b.example.org"]);
    certbot.standalone(&mut order);
    certbot.run(order).await.success();
    let chain = read_bundle(&std::fs::read(certbot.live("a.example.org", "fullchain.pem")).unwrap()).unwrap();
    assert_eq!(chain.len(), 2);
    assert_eq!(chain[0].names().len(), 2);
    let mut renew = certbot.command("renew");
    renew.args(["--force-renewal", "--no-random-sleep-on-renew"]);
    certbot.run(renew).await.success();
    let renewed = read_bundle(&std::fs::read(certbot.live("a.example.org", "fullchain.pem")).unwrap()).unwrap();
    assert_ne!(renewed[0].serial(), chain[0].serial());
    // certbot asks for renewal information, and has nothing to do.
    let mut quiet = certbot.command("renew");
    quiet.arg("--no-random-sleep-on-renew");
    let quiet = certbot.run(quiet).await.success();
    assert!(quiet.text().contains("not due for renewal") || quiet.text().contains("No renewals were attempted"), "{}", quiet.text());
    let mut revoke = certbot.command("revoke");
    revoke.arg("--cert-path").arg(certbot.live("a.example.org", "cert.pem")).args(["--reason", "superseded", "--no-delete-after-revoke"]);
    certbot.run(revoke).await.success();
    assert!(replica.engine.is_revoked(replica.authority, &renewed[0].serial()).await.unwrap());
    assert!(!replica.engine.is_revoked(replica.authority, &chain[0].serial()).await.unwrap());
    let mut update = certbot.command("update_account");
    update.args(["--email", "other@example.org"]);
    certbot.run(update).await.success();
    certbot.run(certbot.command("unregister")).await.success();
    let mut again = certbot.certonly(&["a.example.org"]);
    certbot.standalone(&mut again);
    certbot.run(again).await.success();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certbot_proves_a_wildcard_by_a_hook() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let certbot = Certbot::new(&house, &replica).await;
    let hook = house.folder.path().join("hook.py");
    let script = format!(
        "#!{}\nimport json, os, urllib.request\nname = '_acme-challenge.' + os.environ['CERTBOT_DOMAIN'].removeprefix('*.') + '.'\nbody = json.dumps({{'host': name, 'value': os.environ['CERTBOT_VALIDATION']}}).encode()\nurllib.request.urlopen('http://{}/set-txt', body)\n",
        venv_program("python").display(),
        house.chall.management(),
    );
    std::fs::write(&hook, script).unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let mut order = certbot.certonly(&["*.w.example.org", "w.example.org"]);
    order.args(["--manual", "--preferred-challenges", "dns", "--manual-auth-hook"]).arg(&hook);
    certbot.run(order).await.success();
    let chain = read_bundle(&std::fs::read(certbot.live("w.example.org", "fullchain.pem")).unwrap()).unwrap();
    assert_eq!(chain[0].names().len(), 2);
}

/// A second root has signed the issuing authority: clients may have the chain that leads there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certbot_takes_the_chain_that_it_prefers_and_revokes_by_the_key() {
    let house = House::sqlite();
    let replica = house.replica().await;
    let other = crate::house::authority(&replica.engine, "Other Root", lemur::authority::Parent::Itself).await;
    replica.engine.cross_sign(replica.authority, other, None, &Actor::cli("tests")).await.unwrap();
    let certbot = Certbot::new(&house, &replica).await;
    house.chall.addresses("a.example.org", &[PUBLIC]);
    for (preferred, issuer) in [("Root", "CN=Root"), ("Other Root", "CN=Other Root")] {
        let mut order = certbot.certonly(&["a.example.org"]);
        certbot.standalone(&mut order);
        order.args(["--preferred-chain", preferred, "--force-renewal"]);
        certbot.run(order).await.success();
        let chain = read_bundle(&std::fs::read(certbot.live("a.example.org", "fullchain.pem")).unwrap()).unwrap();
        assert_eq!(chain[1].issuer().to_string(), issuer);
    }
    let leaf = read_bundle(&std::fs::read(certbot.live("a.example.org", "cert.pem")).unwrap()).unwrap().remove(0);
    // By somebody who has no account here, and the key.
    let mut revoke = certbot.command("revoke");
    revoke.arg("--config-dir").arg(house.folder.path().join("elsewhere"));
    revoke.arg("--cert-path").arg(certbot.live("a.example.org", "cert.pem"));
    revoke.arg("--key-path").arg(certbot.live("a.example.org", "privkey.pem"));
    revoke.args(["--reason", "keycompromise", "--no-delete-after-revoke"]);
    certbot.run(revoke).await.success();
    assert!(replica.engine.is_revoked(replica.authority, &leaf.serial()).await.unwrap());
}

/// Python's `acme` with keys of every kind that an account may have, which certbot and the others do not use.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pythons_acme_signs_with_every_kind_of_key() {
    let house = House::postgres();
    let replica = house.replica().await;
    let mut client = command(venv_program("python"));
    client.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/acme/client.py"));
    client.arg(replica.directory()).arg(house.chall.management().to_string());
    for _ in 0..4 {
        let key = replica.key().await;
        client.args([key.id, key.text]);
    }
    client.env("REQUESTS_CA_BUNDLE", house.root());
    let finished = tokio::task::spawn_blocking(move || run(client, b"")).await.unwrap().success();
    assert_eq!(finished.text().trim(), "RSA-2048 RSA-4096 P-256 P-384");
}
