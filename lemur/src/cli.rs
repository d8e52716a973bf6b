//! The command line as it is typed.

mod acme;
mod approval;
mod authority;
mod certificate;
mod dns;
mod key_choice;
mod lint;
mod login;
mod people;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use acme::{AcmeCommand, AcmeKey};
pub use approval::ApprovalCommand;
pub use authority::{AuthorityChange, AuthorityCommand, AuthorityCreate, AuthorityCrossSign, AuthorityImport};
pub use certificate::{
    CertificateCommand, CertificateExport, CertificateIssue, CertificateList, CertificateRevoke, ExportFormat, PendingCommand,
};
pub use dns::DnsCommand;
pub use key_choice::KeyChoice;
pub use lint::{LintArgs, LintFormat, LintProfile, LintSeverity};
pub use login::{Login, Logout};
pub use people::{RoleAllow, RoleCommand, UserAdd, UserCommand, UserKey};

/// TLS certificates for a fleet: an authority that deploy pipelines use by REST and ACME
#[derive(Debug, Parser)]
#[command(
    name = "lemur",
    version,
    max_term_width = 110,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Try it in an empty folder:\n  \
        lemur serve --data lemur --listen 127.0.0.1:8443 --http-listen 127.0.0.1:8080\n  \
        lemur authority create corp --data lemur --common-name 'Corp Root'\n  \
        lemur certificate issue --data lemur --authority corp --name www.example.com --out ."
)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve REST, ACME, revocation lists and OCSP
    Serve(Serve),
    /// Authorities: who signs
    Authority {
        /// On what
        #[command(flatten)]
        target: Target,
        /// What to do
        #[command(subcommand)]
        command: AuthorityCommand,
    },
    /// Certificates: issue, look at, revoke, export
    Certificate {
        /// On what
        #[command(flatten)]
        target: Target,
        /// What to do
        #[command(subcommand)]
        command: CertificateCommand,
    },
    /// Keys by which ACME clients make accounts
    Acme {
        /// On what
        #[command(flatten)]
        target: Target,
        /// What to do
        #[command(subcommand)]
        command: AcmeCommand,
    },
    /// Users: who may sign in
    User {
        /// On what
        #[command(flatten)]
        target: Target,
        /// What to do
        #[command(subcommand)]
        command: UserCommand,
    },
    /// Roles: what users may do
    Role {
        /// On what
        #[command(flatten)]
        target: Target,
        /// What to do
        #[command(subcommand)]
        command: RoleCommand,
    },
    /// Changes to authorities that wait for another person
    Approval {
        /// On what
        #[command(flatten)]
        target: Target,
        /// What to do
        #[command(subcommand)]
        command: ApprovalCommand,
    },
    /// Sign in to a server, for commands with --server
    Login(Login),
    /// Sign out of a server: the session ends there, too
    Logout(Logout),
    /// The keys that protect what is stored
    Key {
        /// Where the data are
        #[command(flatten)]
        place: Place,
        /// What to do
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// The log of what was done
    Audit {
        /// On what
        #[command(flatten)]
        target: Target,
        /// What to do
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Providers of DNS, by which names are shown to be held at other authorities
    Dns {
        /// Where the configuration is
        #[command(flatten)]
        place: Place,
        /// What to do
        #[command(subcommand)]
        command: DnsCommand,
    },
    /// The process that runs the programs of DNS providers: `lemur serve` starts it
    #[command(hide = true)]
    HookRunner,
    /// Check certificates by RFC 5280 and the Baseline Requirements
    Lint(LintArgs),
    /// Print what completes commands in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Over options that many verbs share, so that a verb's own come first.
const HERE: &str = "Data on this machine";
const THERE: &str = "A server over the network";

/// Where a server's data are, for commands on its own machine.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// The folder of the data; `lemur serve` and `lemur authority create` make it if it is not there
    #[arg(long, global = true, help_heading = HERE, value_name = "DIR", env = "LEMUR_DATA", default_value = "lemur")]
    pub data: PathBuf,
    /// The configuration file [default: lemur.toml in the data's folder, if it is there]
    #[arg(long, global = true, help_heading = HERE, value_name = "FILE", env = "LEMUR_CONFIG")]
    pub config: Option<PathBuf>,
    /// The database: `postgres://…`, or a path of SQLite [default: lemur.db in the data's folder]
    #[arg(long, global = true, help_heading = HERE, value_name = "URL", env = "LEMUR_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
    /// Makes and certifies keys of kinds that are experimental: ML-DSA
    #[arg(long, global = true, help_heading = HERE)]
    pub experimental: bool,
}

/// On what a command works: the data on this machine, or a server.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// Where the data are
    #[command(flatten)]
    pub place: Place,
    /// The server to ask over the network instead of the data on this machine, as https://pki.corp.example
    #[arg(long, global = true, help_heading = THERE, value_name = "URL", env = "LEMUR_SERVER")]
    pub server: Option<String>,
    /// A file whose first line is an API key for --server [default: LEMUR_TOKEN, or what `lemur login` kept]
    #[arg(long, global = true, help_heading = THERE, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// PEM: the root that --server is trusted by [default: that of `lemur login`, or the system's]
    #[arg(long, global = true, help_heading = THERE, value_name = "FILE", env = "LEMUR_CA_FILE")]
    pub ca_file: Option<PathBuf>,
    /// The long options of the verb that was typed: by them a refusal names what was wrong
    #[arg(skip)]
    pub verb_options: Vec<String>,
}

/// For emergencies, of the verbs that change authorities.
#[derive(Debug, Clone, Args)]
pub struct Emergency {
    /// On the server's own machine: do it at once where another person should approve it; the audit log says so, and why
    #[arg(long, value_name = "REASON")]
    pub break_glass: Option<String>,
}

impl Command {
    /// On what the command works, if it is one that may ask a server.
    pub fn target_mut(&mut self) -> Option<&mut Target> {
        match self {
            Self::Authority { target, .. }
            | Self::Certificate { target, .. }
            | Self::Acme { target, .. }
            | Self::User { target, .. }
            | Self::Role { target, .. }
            | Self::Approval { target, .. }
            | Self::Audit { target, .. } => Some(target),
            Self::Serve(_)
            | Self::Key { .. }
            | Self::Dns { .. }
            | Self::HookRunner
            | Self::Login(_)
            | Self::Logout(_)
            | Self::Lint(_)
            | Self::Completions { .. } => None,
        }
    }
}

/// Options of `lemur serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Where the data are
    #[command(flatten)]
    pub place: Place,
    /// Where REST, ACME and the pages are served by HTTPS [default: 127.0.0.1:8443]
    #[arg(long, value_name = "ADDR", value_parser = socket_address)]
    pub listen: Option<SocketAddr>,
    /// Where revocation lists, OCSP and authorities' certificates are served by plain HTTP as well
    #[arg(long, value_name = "ADDR", value_parser = socket_address)]
    pub http_listen: Option<SocketAddr>,
    /// A file with the password that the user `admin` gets at the first start, instead of a made one
    #[arg(long, value_name = "FILE")]
    pub admin_password_file: Option<PathBuf>,
}

/// An address to listen at: names of hosts are not looked up.
fn socket_address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "wanted are an address and a port, as 127.0.0.1:8443 or [::]:8443")
}

/// What `lemur key` does.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  lemur key rotate --data lemur\n  lemur key protect --data lemur")]
pub enum KeyCommand {
    /// Make a new encryption key and encrypt every stored key again; a server may run meanwhile
    Rotate,
    /// Keep the encryption keys as the configuration says: wrapped by the key of `[encryption]`, or in their file; a server may run meanwhile
    Protect,
}

/// What `lemur audit` does.
#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:\n  \
    lemur audit verify > ends\n  \
    lemur audit verify --expect ends")]
pub enum AuditCommand {
    /// Verify the log's chains; prints where each ends
    Verify {
        /// A file with what an earlier `lemur audit verify` printed, kept elsewhere: the log has to have all that it had then
        #[arg(long, value_name = "FILE")]
        expect: Option<PathBuf>,
    },
}
