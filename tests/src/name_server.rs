//! BIND's `named` on a loopback port: primary for zones that a test names, which take dynamic updates by keys that it names.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::process::{Running, command, free_port, run};

/// A key of TSIG.
#[derive(Debug, Clone, Copy)]
pub struct TsigKey<'a> {
    /// Its name.
    pub name: &'a str,
    /// `hmac-sha256` and the like.
    pub algorithm: &'a str,
    /// Its secret, in base64.
    pub secret: &'a str,
}

impl TsigKey<'_> {
    /// As `tsig-keygen` prints it.
    #[must_use]
    pub fn text(&self) -> String {
        format!("key \"{}\" {{\n\talgorithm {};\n\tsecret \"{}\";\n}};\n", self.name, self.algorithm, self.secret)
    }
}

/// A running server.
#[derive(Debug)]
pub struct NameServer {
    address: SocketAddr,
    process: Running,
    _folder: tempfile::TempDir,
}

impl NameServer {
    /// Starts one for zones, each with its rules of `update-policy`, and keys.
    ///
    /// # Panics
    ///
    /// When Debian's package bind9 is not installed, or the server does not start.
    #[must_use]
    pub fn start(zones: &[(&str, &str)], keys: &[TsigKey<'_>]) -> Self {
        let folder = tempfile::Builder::new().prefix("mt-named-").tempdir().expect("a temporary folder can be made");
        let path = folder.path().display();
        let mut last = String::new();
        // Between the choice of a port and its use another process may take it.
        for _ in 0..5 {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
            let mut text = format!(
                "options {{ directory \"{path}\"; listen-on port {} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; pid-file none;\n\
                 session-keyfile none; recursion no; dnssec-validation no; empty-zones-enable no; notify no; allow-transfer {{ none; }}; }};\n\
                 controls {{ }};\n",
                address.port()
            );
            for key in keys {
                text.push_str(&key.text());
            }
            for (zone, policy) in zones {
                let file = folder.path().join(format!("{zone}.zone"));
                let records = "@ 300 IN SOA ns hostmaster 1 3600 600 86400 60\n@ 300 IN NS ns\nns 300 IN A 127.0.0.1\n";
                std::fs::write(&file, records).expect("a file can be written into the folder");
                let _ = writeln!(text, "zone \"{zone}\" {{ type primary; file \"{}\"; update-policy {{ {policy} }}; }};", file.display());
            }
            let configuration = folder.path().join("named.conf");
            std::fs::write(&configuration, text).expect("a file can be written into the folder");
            let mut named = command("named");
            named.arg("-g").arg("-c").arg(&configuration);
            let (mut process, output) = Running::start_followed("named", named);
            // Once it has all its zones.
            let up = crate::eventually(Duration::from_secs(60), || output.text().contains(" running\n") || process.ended().is_some());
            if up && process.ended().is_none() && std::net::TcpStream::connect(address).is_ok() {
                return Self { address, process, _folder: folder };
            }
            last = output.text();
        }
        panic!("named did not start; it said:\n{last}");
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The TXT records of a name as `dig` sees them, sorted, without quotes.
    #[must_use]
    pub fn text(&self, name: &str) -> Vec<String> {
        let mut dig = command("dig");
        dig.args(["@127.0.0.1", "-p", &self.address.port().to_string(), "+short", "+norecurse", "+tcp", "+tries=1", "TXT", name]);
        let answer = run(dig, b"").success().text();
        let mut values: Vec<_> = answer.lines().map(|line| line.trim_matches('"').to_owned()).collect();
        values.sort();
        values
    }

    /// Ends it.
    pub fn stop(&mut self) {
        self.process.kill();
    }
}
