//! Debian's `pebble`, the ACME server of those who wrote ACME, on free ports, with a certificate for localhost.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use menagerie_tests::process::{Output, Running, command, free_port};
use menagerie_tests::{ChallengeServer, Namespace};
use serde_json::{Value, json};
use ureq::Agent;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

/// The key of the external account that it may want.
pub(crate) const EXTERNAL: (&str, &str) = ("kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W");

/// How it is to behave.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Manner {
    /// Whether it wants an external account.
    pub(crate) external: bool,
    /// How many chains it has besides the first.
    pub(crate) alternates: u8,
    /// Of how many nonces in a hundred it says that they are bad.
    pub(crate) bad_nonces: u8,
}

/// A running pebble.
pub(crate) struct Pebble {
    process: Running,
    pub(crate) said: Output,
    manner: Manner,
    address: SocketAddr,
    management: SocketAddr,
    dns: SocketAddr,
    folder: Arc<Namespace>,
}

impl Pebble {
    /// Starts one that asks this name service, and names at this port by http-01.
    pub(crate) fn start(chall: &ChallengeServer, http_port: u16, manner: Manner) -> Self {
        let [address, management] = std::array::from_fn(|_| SocketAddr::from((Ipv4Addr::LOCALHOST, free_port())));
        let folder = Namespace::new("pebble");
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
        let _ = folder.write("cert.pem", own.cert.pem());
        let _ = folder.write("key.pem", own.signing_key.serialize_pem());
        let config = json!({"pebble": {
            "listenAddress": address.to_string(),
            "managementListenAddress": management.to_string(),
            "certificate": folder.file("cert.pem"),
            "privateKey": folder.file("key.pem"),
            "httpPort": http_port,
            "tlsPort": free_port(),
            "ocspResponderURL": "",
            "externalAccountBindingRequired": manner.external,
            "externalAccountMACKeys": if manner.external { json!({EXTERNAL.0: EXTERNAL.1}) } else { json!({}) },
        }});
        let _ = folder.write("config.json", config.to_string());
        let folder = Arc::new(folder);
        let (process, said) = launch(&folder, chall.dns(), manner);
        let mut pebble = Self { process, said, manner, address, management, dns: chall.dns(), folder };
        pebble.wait();
        pebble
    }

    /// Ends it and starts it again at the same place: it knows nobody then.
    pub(crate) fn restart(&mut self) {
        self.process.kill();
        (self.process, self.said) = launch(&self.folder, self.dns, self.manner);
        self.wait();
    }

    fn wait(&mut self) {
        let up = menagerie_tests::eventually(Duration::from_secs(60), || {
            self.process.ended().is_some() || std::net::TcpStream::connect(self.address).is_ok()
        });
        assert!(up && self.process.ended().is_none(), "pebble did not start; it said:\n{}", self.said.text());
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn directory(&self) -> String {
        format!("https://localhost:{}/dir", self.address.port())
    }

    /// The certificate that its HTTPS is trusted by.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.file("cert.pem")
    }

    pub(crate) fn key(&self) -> PathBuf {
        self.folder.file("key.pem")
    }

    /// The root of one of its chains, PEM.
    pub(crate) fn issuing_root(&self, number: u8) -> String {
        self.manage(&format!("/roots/{number}"))
    }

    /// What it says of a certificate.
    pub(crate) fn status(&self, serial: &[u8]) -> Value {
        let serial = hex::encode(serial);
        serde_json::from_str(&self.manage(&format!("/cert-status-by-serial/{}", serial.trim_start_matches('0')))).unwrap()
    }

    /// How many orders it took, and how many certificates it issued.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let said = self.said.text();
        (said.matches("Added order ").count(), said.matches("Issued certificate serial").count())
    }

    fn manage(&self, path: &str) -> String {
        let client = client(&std::fs::read(self.root()).unwrap());
        let answer = client.get(format!("https://localhost:{}{path}", self.management.port())).call();
        let mut answer = answer.unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(answer.status(), 200, "{path}");
        answer.body_mut().read_to_string().unwrap()
    }
}

fn launch(folder: &Namespace, dns: SocketAddr, manner: Manner) -> (Running, Output) {
    let mut program = command("pebble");
    program.args(["-config", folder.file("config.json").to_str().unwrap(), "-dnsserver", &dns.to_string()]);
    program.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", manner.bad_nonces.to_string());
    program.env("PEBBLE_AUTHZREUSE", "0").env("PEBBLE_ALTERNATE_ROOTS", manner.alternates.to_string());
    Running::start_followed("pebble", program)
}

/// A client that trusts this certificate alone.
pub(crate) fn client(root: &[u8]) -> Agent {
    let roots = parse_pem(root).filter_map(|item| if let Ok(PemItem::Certificate(found)) = item { Some(found) } else { None });
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots.collect::<Vec<_>>()))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .build();
    let config = Agent::config_builder().tls_config(tls).http_status_as_error(false).max_redirects(0);
    config.timeout_global(Some(Duration::from_secs(120))).build().into()
}
