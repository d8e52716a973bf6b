//! The services that are measured: the built `lemur serve` on PostgreSQL, and Debian's pebble, each with the name service of pebble's.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use menagerie_tests::process::{Running, command, free_port, run};
use menagerie_tests::{ChallengeServer, Postgres, eventually};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::json;

use crate::Outcome;
use crate::process::Usage;

const PATIENCE: Duration = Duration::from_secs(60);

/// Where ACME clients go, and how names are shown to be held there.
pub(crate) struct AcmeAt {
    pub(crate) address: SocketAddr,
    pub(crate) directory: String,
    pub(crate) root: PathBuf,
    pub(crate) names: SocketAddr,
    /// ID and key of an external account.
    pub(crate) binding: Option<(String, Vec<u8>)>,
}

/// `lemur serve` on a PostgreSQL of its own.
pub(crate) struct Lemur {
    process: Running,
    program: PathBuf,
    pub(crate) address: SocketAddr,
    database: Postgres,
    names: ChallengeServer,
    folder: tempfile::TempDir,
}

impl Lemur {
    pub(crate) fn start(program: &Path) -> Outcome<Self> {
        let (database, names, folder) =
            (Postgres::start_with(&["shared_buffers=128MB", "max_wal_size=4GB"]), ChallengeServer::start(), tempfile::tempdir()?);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
        let settings = format!(
            "[acme]\nname_servers = [\"{}\"]\n[acme.profiles.server]\nauthority = \"internal\"\ncertificate_profile = \"tls-server\"\n",
            names.dns()
        );
        std::fs::write(folder.path().join("lemur.toml"), settings)?;
        let mut serve = command(program);
        serve.args(["serve", "--listen", &address.to_string(), "--database", &database.url(), "--data"]).arg(folder.path());
        let (mut process, said) = Running::start_followed("lemur serve", serve);
        let up = eventually(PATIENCE, || process.ended().is_some() || said.text().contains("clients trust it by"));
        if !up || process.ended().is_some() {
            return Err(format!("lemur did not start: {}", said.text()).into());
        }
        Ok(Self { process, program: program.to_owned(), address, database, names, folder })
    }

    pub(crate) fn usage(&self) -> Usage<'_> {
        Usage { service: self.process.id(), database: Some(&self.database) }
    }

    /// The administrator's password.
    pub(crate) fn password(&self) -> Outcome<String> {
        Ok(std::fs::read_to_string(self.folder.path().join("admin-password"))?.trim().to_owned())
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("internal-root.pem")
    }

    /// What a client trusts.
    pub(crate) fn root_certificate(&self) -> Outcome<CertificateDer<'static>> {
        Ok(CertificateDer::from_pem_file(self.root())?)
    }

    /// Where its ACME is, with a key for names below `example.com`.
    pub(crate) fn acme(&self) -> Outcome<AcmeAt> {
        let mut make = command(&self.program);
        make.args(["acme", "add-key", "--owner", "web@example.com", "--name", ".example.com"]);
        make.args(["--database", &self.database.url(), "--data"]).arg(self.folder.path());
        let made = run(make, b"").success().text();
        let (id, key) = made.trim().split_once(' ').ok_or("no key was made")?;
        let binding = Some((id.to_owned(), URL_SAFE_NO_PAD.decode(key)?));
        let directory = format!("https://{}/acme/directory", self.address);
        Ok(AcmeAt { address: self.address, directory, root: self.root(), names: self.names.management(), binding })
    }
}

/// Debian's pebble.
pub(crate) struct Pebble {
    process: Running,
    address: SocketAddr,
    names: ChallengeServer,
    folder: tempfile::TempDir,
}

impl Pebble {
    pub(crate) fn start() -> Outcome<Self> {
        let (names, folder) = (ChallengeServer::start(), tempfile::tempdir()?);
        let [address, management] = std::array::from_fn(|_| SocketAddr::from((Ipv4Addr::LOCALHOST, free_port())));
        let file = |name: &str| folder.path().join(name);
        let own = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
        std::fs::write(file("root.pem"), own.cert.pem())?;
        std::fs::write(file("key.pem"), own.signing_key.serialize_pem())?;
        let settings = json!({"pebble": {
            "listenAddress": address.to_string(), "managementListenAddress": management.to_string(),
            "certificate": file("root.pem"), "privateKey": file("key.pem"), "httpPort": 5002, "tlsPort": 5001,
            "ocspResponderURL": "", "externalAccountBindingRequired": false,
        }});
        std::fs::write(file("pebble.json"), settings.to_string())?;
        let mut program = command("pebble");
        program.args(["-strict", "-dnsserver", &names.dns().to_string(), "-config"]).arg(file("pebble.json"));
        program.env("PEBBLE_VA_NOSLEEP", "1").env("PEBBLE_WFE_NONCEREJECT", "0").env("PEBBLE_AUTHZREUSE", "0");
        let (mut process, said) = Running::start_followed("pebble", program);
        let up = eventually(PATIENCE, || process.ended().is_some() || std::net::TcpStream::connect(address).is_ok());
        if !up || process.ended().is_some() {
            return Err(format!("pebble did not start: {}", said.text()).into());
        }
        Ok(Self { process, address, names, folder })
    }

    pub(crate) fn usage(&self) -> Usage<'_> {
        Usage { service: self.process.id(), database: None }
    }

    pub(crate) fn acme(&self) -> AcmeAt {
        let directory = format!("https://{}/dir", self.address);
        AcmeAt {
            address: self.address,
            directory,
            root: self.folder.path().join("root.pem"),
            names: self.names.management(),
            binding: None,
        }
    }
}
