//! `oidc-provider` (npm), certified by the OpenID Foundation: a provider of identities with its own sign-in form, over TLS with a certificate that
//! is made for it.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::keys::openssl;
use crate::process::{Output, Running, command, free_port};
use crate::{Namespace, eventually, npm_modules};

const PROGRAM: &str = include_str!("oidc_provider.mjs");
const PATIENCE: Duration = Duration::from_secs(60);

/// A place for a provider, whose address and certificate are known before it runs: those who come back to it have to be, too.
#[derive(Debug)]
pub struct OidcProvider {
    /// Its issuer: `https://127.0.0.1:PORT`.
    pub issuer: String,
    /// Its certificate, to be trusted.
    pub certificate: PathBuf,
    folder: Namespace,
    port: u16,
    process: Option<(Running, Output)>,
}

impl OidcProvider {
    /// Finds a port and makes a certificate.
    ///
    /// # Panics
    /// When openssl is missing.
    #[must_use]
    pub fn new() -> Self {
        let folder = Namespace::new("oidc");
        let (key, certificate, port) = (folder.file("tls.key"), folder.file("tls.pem"), free_port());
        let arguments =
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=provider"];
        let names = ["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"];
        let places = ["-keyout", key.to_str().expect("UTF-8"), "-out", certificate.to_str().expect("UTF-8")];
        let _ = openssl(arguments.into_iter().chain(names).chain(places), b"").success();
        Self { issuer: format!("https://127.0.0.1:{port}"), certificate, folder, port, process: None }
    }

    /// Starts it, or starts it anew: with these clients, these accounts (claims by subject), and claims of the scope `profile`.
    ///
    /// # Panics
    /// When it does not start.
    pub fn serve(&mut self, clients: &Value, accounts: &Value, claims: &[&str]) {
        self.process = None;
        let given = json!({"packages": npm_modules(), "issuer": self.issuer, "port": self.port, "key": self.folder.file("tls.key"),
            "certificate": self.certificate, "keys": self.folder.file("keys.json"), "clients": clients, "accounts": accounts, "claims": claims});
        let (program, given) = (self.folder.write("provider.mjs", PROGRAM), self.folder.write("given.json", given.to_string()));
        let mut node = command("node");
        node.arg(program).arg(given);
        let (mut process, said) = Running::start_followed("oidc-provider", node);
        let ready = |said: &Output| said.text().contains("ready at");
        eventually(PATIENCE, || ready(&said) || process.ended().is_some());
        assert!(ready(&said), "oidc-provider did not start: {}", said.text());
        self.process = Some((process, said));
    }
}

impl Default for OidcProvider {
    fn default() -> Self {
        Self::new()
    }
}
