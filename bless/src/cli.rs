//! What can be typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands::{get, ssh_config};

/// An SSH certificate authority for AWS Lambda and for one machine, and its client
#[derive(Debug, Parser)]
#[command(
    name = "bless",
    version,
    after_help = "Try it:\n  bless ca init --dir ca\n  bless serve --config ca/bless.toml      (asks for the passphrase; leave it running)\n  bless get --config ca/bless.toml        (in another terminal)\n  ssh-add -L"
)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a certificate authority, or show one's public key
    #[command(subcommand)]
    Ca(Ca),
    /// Sign a key as the administrator who holds the CA's passphrase
    #[command(subcommand)]
    Sign(Sign),
    /// Get a certificate, or keep the one there is while it is fresh
    Get(get::Args),
    /// Print a snippet for ~/.ssh/config, with which plain `ssh HOST` gets its certificate
    SshConfig(ssh_config::Args),
    /// Show certificates as `ssh-keygen -L` does
    Inspect(Inspect),
    /// Answer requests on a Unix socket, and on a loopback address
    Serve(Serve),
    /// Answer an event from stdin, as the Lambda function does
    Handle(Handle),
    /// Look into the log of issuances
    #[command(subcommand)]
    Log(Log),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// The configuration and what goes before it.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// bless.toml, or BLESS's bless_deploy.cfg
    #[arg(long, short, value_name = "FILE", env = "BLESS_CONFIG")]
    pub config: PathBuf,
    /// A file with the passphrase of the CA's key [else BLESS_CA_PASSPHRASE, the configuration, or a prompt]
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// The log of issuances: file:PATH, sqlite:PATH, cloudwatch:GROUP[:PREFIX] or dynamodb:TABLE [else BLESS_LOG or the configuration]
    #[arg(long, value_name = "TARGET")]
    pub log: Option<String>,
}

/// `bless ca …`
#[derive(Debug, Subcommand)]
pub enum Ca {
    /// Make an encrypted CA key, a configuration and a token for `bless serve --listen`
    #[command(after_help = "Example:\n  bless ca init --dir ca --key-type ed25519 --passphrase-file pass")]
    Init(CaInit),
    /// Print the CA's public key, as sshd's TrustedUserCAKeys wants it; also of a key in AWS KMS
    #[command(after_help = "Example:\n  bless ca public-key --config ca/bless.toml > user_ca.pub")]
    PublicKey(CaPublicKey),
}

/// `bless ca init`
#[derive(Debug, Args)]
pub struct CaInit {
    /// The directory, which is made if it is not there
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
    /// The CA key's type
    #[arg(long, value_enum, default_value_t)]
    pub key_type: KeyType,
    /// A file with the passphrase [else BLESS_CA_PASSPHRASE, or a prompt]
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// The user that your uid stands for in the configuration [default: your login name]
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
}

/// `bless ca public-key`
#[derive(Debug, Args)]
pub struct CaPublicKey {
    /// bless.toml, or BLESS's bless_deploy.cfg
    #[arg(long, short, value_name = "FILE", env = "BLESS_CONFIG")]
    pub config: PathBuf,
    /// A file with the passphrase of the CA's key, where that is a file [else BLESS_CA_PASSPHRASE, the configuration, or a prompt]
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// Types of CA keys.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum KeyType {
    /// Ed25519: small, quick, the best choice where every host has OpenSSH 6.5 or later
    #[default]
    Ed25519,
    /// ECDSA on NIST P-256
    EcdsaP256,
    /// ECDSA on NIST P-384
    EcdsaP384,
    /// RSA of 4096 bits, signing with SHA-512
    #[value(name = "rsa-4096")]
    Rsa4096,
}

/// `bless sign …`
#[derive(Debug, Subcommand)]
pub enum Sign {
    /// Sign a user's key
    #[command(after_help = "Example:\n  bless sign user --config ca/bless.toml --principal alice --validity 8h ~/.ssh/id_ed25519.pub")]
    User(SignUser),
    /// Sign a host's key
    #[command(
        after_help = "Example:\n  bless sign host --config ca/bless.toml --principal db1.example.com /etc/ssh/ssh_host_ed25519_key.pub"
    )]
    Host(SignHost),
}

/// What both kinds of signing take.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// Configuration
    #[command(flatten)]
    pub config: ConfigArgs,
    /// A principal; may be given again, and hold commas
    #[arg(long, short = 'n', value_name = "NAME", required = true, value_delimiter = ',')]
    pub principal: Vec<String>,
    /// How long the certificate is valid, such as 8h or 1h30m [default: the configuration's]
    #[arg(long, short = 'V', value_name = "SPAN")]
    pub validity: Option<String>,
    /// The key ID [default: the configuration's template]
    #[arg(long, short = 'I', value_name = "TEXT")]
    pub key_id: Option<String>,
    /// Where the certificate goes; `-` is stdout [default: KEY-cert.pub]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The public key
    #[arg(value_name = "KEY.pub")]
    pub key: PathBuf,
}

/// `bless sign user`
#[derive(Debug, Args)]
pub struct SignUser {
    /// What both kinds take
    #[command(flatten)]
    pub sign: SignArgs,
    /// An address or network that the certificate may be used from; may be given again
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    pub source_address: Vec<String>,
    /// The only command that the certificate may run
    #[arg(long, value_name = "COMMAND")]
    pub force_command: Option<String>,
    /// Only for FIDO keys: the user must be verified (PIN, fingerprint) at each use
    #[arg(long)]
    pub verify_required: bool,
    /// An extension in place of the configuration's; may be given again; `none` for none at all
    #[arg(long, value_name = "NAME")]
    pub extension: Vec<String>,
}

/// `bless sign host`
#[derive(Debug, Args)]
pub struct SignHost {
    /// What both kinds take
    #[command(flatten)]
    pub sign: SignArgs,
    /// Let principals hold `*` and `?`
    #[arg(long)]
    pub allow_wildcards: bool,
}

/// `bless inspect`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  bless inspect id_ed25519-cert.pub\n  bless handle --config ca/bless.toml < event.json | bless inspect --format json -"
)]
pub struct Inspect {
    /// Certificates, one or more in each file; `-` is stdin
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// How to show them
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// How results are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// One JSON object
    Json,
}

/// `bless serve`
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  bless serve --config ca/bless.toml\n  bless serve --config ca/bless.toml --listen 127.0.0.1:8022\n\
    Requests are the Lambda function's events: POST /user and POST /host.\n  curl --unix-socket ca/bless.sock -d @event.json http://localhost/user")]
pub struct Serve {
    /// Configuration
    #[command(flatten)]
    pub config: ConfigArgs,
    /// The Unix socket, mode 0600 [default: the configuration's]
    #[arg(long, value_name = "PATH")]
    pub socket: Option<PathBuf>,
    /// Also listen on this loopback address, for callers that show the token
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// The token that callers of --listen show [default: the configuration's]
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// Which handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HandlerKind {
    /// User certificates
    User,
    /// Host certificates
    Host,
}

/// `bless handle`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  bless handle user --config bless_deploy.cfg < event.json\n  bless handle --jsonl --config ca/bless.toml < events.jsonl"
)]
pub struct Handle {
    /// The handler [default: by the event's fields]
    #[arg(value_enum)]
    pub kind: Option<HandlerKind>,
    /// Configuration
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Events are lines, and so are the answers, in the same order
    #[arg(long)]
    pub jsonl: bool,
    /// What stands for the invocation's ID in the key ID [default: a random one for each event]
    #[arg(long, value_name = "ID")]
    pub request_id: Option<String>,
    /// What stands for the invoked function in the key ID and in host authorization
    #[arg(long, value_name = "ARN", default_value = "local")]
    pub function_arn: String,
}

/// `bless log …`
#[derive(Debug, Subcommand)]
pub enum Log {
    /// Check that no line that another one follows was changed, left out, added or moved
    #[command(
        after_help = "A chain cannot show that its last line was changed or that its end was cut off: keep the heads that this prints, and give them with --expect next time.\n\n\
        Examples:\n  bless log verify --config ca/bless.toml\n  bless log verify file:ca/log.jsonl --expect 3f…:1204:9c…"
    )]
    Verify(LogVerify),
    /// Find issuances and refusals
    #[command(
        after_help = "Examples:\n  bless log search --config ca/bless.toml --principal root --since 2026-01-01\n  bless log search file:log.jsonl --type refused --format jsonl"
    )]
    Search(LogSearch),
}

/// Which log.
#[derive(Debug, Args)]
pub struct LogPlace {
    /// The log: file:PATH, sqlite:PATH, cloudwatch:GROUP[:PREFIX], dynamodb:TABLE, or a file's path
    #[arg(value_name = "TARGET", required_unless_present = "config")]
    pub target: Option<String>,
    /// The configuration that names the log
    #[arg(long, short, value_name = "FILE", env = "BLESS_CONFIG")]
    pub config: Option<PathBuf>,
}

/// `bless log verify`
#[derive(Debug, Args)]
pub struct LogVerify {
    /// Which log
    #[command(flatten)]
    pub place: LogPlace,
    /// A head that must be in the log, as an earlier verification printed it; may be given again
    #[arg(long, value_name = "WRITER:SEQ:HASH")]
    pub expect: Vec<String>,
    /// How to show the result
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// How lines of the log are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LineFormat {
    /// A line for people
    #[default]
    Human,
    /// The log's own lines
    Jsonl,
}

/// `bless log search`
#[derive(Debug, Args)]
pub struct LogSearch {
    /// Which log
    #[command(flatten)]
    pub place: LogPlace,
    /// Only `issued` or `refused`
    #[arg(long = "type", value_name = "TYPE", value_parser = ["issued", "refused"])]
    pub outcome: Option<String>,
    /// Only `user` or `host` certificates
    #[arg(long, value_name = "KIND", value_parser = ["user", "host"])]
    pub kind: Option<String>,
    /// Asked by this user, verified or claimed
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// With this principal
    #[arg(long, value_name = "NAME")]
    pub principal: Option<String>,
    /// With this serial number
    #[arg(long, value_name = "NUMBER")]
    pub serial: Option<String>,
    /// For the key with this fingerprint (SHA256:…)
    #[arg(long, value_name = "FINGERPRINT")]
    pub key: Option<String>,
    /// With this text anywhere in the line
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// Not before this time (2026-01-31, or RFC 3339)
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// How to show what is found
    #[arg(long, value_enum, default_value_t)]
    pub format: LineFormat,
}
