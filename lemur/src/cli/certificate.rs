//! `lemur certificate` as it is typed.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::KeyChoice;

/// What `lemur certificate` does.
#[derive(Debug, Subcommand)]
pub enum CertificateCommand {
    /// Issue a certificate, to a request's key or to a fresh one
    Issue(Box<CertificateIssue>),
    /// List certificates, the newest first
    List(CertificateList),
    /// Show a certificate
    Show {
        /// Its number or its name
        certificate: String,
    },
    /// Revoke a certificate
    Revoke(CertificateRevoke),
    /// Let a certificate hold again that was revoked for the reason certificateHold
    Release {
        /// Its number or its name
        certificate: String,
    },
    /// Write a certificate, and its key, as other programs take them
    Export(CertificateExport),
    /// Look at certificates that an authority elsewhere has yet to issue
    Pending {
        /// What is asked
        #[command(subcommand)]
        command: PendingCommand,
    },
}

/// What `lemur certificate pending` does.
#[derive(Debug, Subcommand)]
pub enum PendingCommand {
    /// List them, the newest first, with why the last attempt failed
    #[command(after_help = "Examples:\n  lemur certificate pending list\n  lemur certificate pending list --all --json")]
    List {
        /// Also those for which nothing is done any more: they have their certificate, or were given up
        #[arg(long)]
        all: bool,
        /// A JSON object instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Show how far one has come, and its certificate's number once there is one
    #[command(after_help = "Example:\n  lemur certificate pending show 1")]
    Show {
        /// Its number, as `certificate issue` said it
        number: u32,
    },
}

/// Options of `lemur certificate issue`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    lemur certificate issue --authority tls --name www.example.com --name 10.0.0.7 --out .\n  \
    lemur certificate issue --authority tls --csr server.csr --days 30 --out .\n  \
    lemur certificate issue --authority letsencrypt --name www.example.com --wait 300 --out .")]
pub struct CertificateIssue {
    /// Who signs
    #[arg(long, value_name = "NAME")]
    pub authority: String,
    /// What it is for: tls-server, tls-client, mtls-workload, or a profile of the configuration
    #[arg(long, value_name = "NAME", default_value = "tls-server")]
    pub profile: String,
    /// A DNS name or an IP address (may be given again)
    #[arg(long = "name", value_name = "NAME")]
    pub names: Vec<String>,
    /// The subject's common name [default: the first DNS name]
    #[arg(long, value_name = "NAME")]
    pub common_name: Option<String>,
    /// A request (PKCS#10) whose key and names are taken; without one a key is made
    #[arg(long, value_name = "FILE", conflicts_with = "key_type")]
    pub csr: Option<PathBuf>,
    /// The key that is made [default: ecdsa-p256]
    #[arg(long, value_enum, value_name = "TYPE")]
    pub key_type: Option<KeyChoice>,
    /// For how many days it holds [default: the profile's]
    #[arg(long, value_name = "DAYS")]
    pub days: Option<u32>,
    /// Who is responsible for it, an e-mail address [default: admin@localhost, or who is signed in to --server]
    #[arg(long, value_name = "EMAIL")]
    pub owner: Option<String>,
    /// The folder for NAME.pem (certificate and chain) and NAME.key (mode 0600)
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub out: PathBuf,
    /// Of an authority elsewhere: wait so long for the certificate, which a server orders [default: not at all]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub wait: Option<u64>,
}

/// Options of `lemur certificate list`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    lemur certificate list --authority tls --name corp.example\n  \
    lemur certificate list --count 1000 --json")]
pub struct CertificateList {
    /// Only of this authority
    #[arg(long, value_name = "NAME")]
    pub authority: Option<String>,
    /// Only with this in a name
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// How many
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub count: u32,
    /// A JSON object instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Options of `lemur certificate revoke`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    lemur certificate revoke 7 --reason keyCompromise\n  \
    lemur certificate revoke www.example.com-corp-20261122-20270220 --reason superseded")]
pub struct CertificateRevoke {
    /// Its number or its name
    pub certificate: String,
    /// Why: unspecified, keyCompromise, cACompromise, affiliationChanged, superseded, cessationOfOperation, certificateHold (which
    /// `release` takes back), privilegeWithdrawn or aACompromise
    #[arg(long, value_name = "REASON", default_value = "unspecified")]
    pub reason: String,
}

/// What a certificate is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Certificate, chain and key as PEM
    Pem,
    /// PKCS#12
    Pkcs12,
    /// Java's key store
    Jks,
    /// Java's trust store: the authorities alone
    JksTrust,
    /// The request that it was made from; where its key was made here, one that the key signs
    Csr,
}

/// Options of `lemur certificate export`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    lemur certificate export 7 --out www.pem\n  \
    lemur certificate export 7 --format pkcs12 --passphrase-file passphrase --out www.p12")]
pub struct CertificateExport {
    /// Its number or its name
    pub certificate: String,
    /// As what
    #[arg(long, value_enum, default_value_t = ExportFormat::Pem)]
    pub format: ExportFormat,
    /// A file whose first line is the passphrase that the key is encrypted under; as pem the key is in clear without one
    #[arg(long, value_name = "FILE", required_if_eq_any([("format", "pkcs12"), ("format", "jks"), ("format", "jks-trust")]))]
    pub passphrase_file: Option<PathBuf>,
    /// The file to write, with mode 0600
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Write it also where a file is: what stood in it is lost
    #[arg(long)]
    pub force: bool,
}
