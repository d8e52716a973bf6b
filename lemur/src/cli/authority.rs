//! `lemur authority` as it is typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Emergency, KeyChoice};

/// What `lemur authority` does.
#[derive(Debug, Subcommand)]
pub enum AuthorityCommand {
    /// Make an authority: a root, or one below another
    Create(Box<AuthorityCreate>),
    /// List the authorities
    List,
    /// Show an authority with its certificate and where its revocation lists are
    Show {
        /// Its name
        name: String,
    },
    /// Change what is kept with an authority: who answers for it, who may use it, whether it issues
    Change(AuthorityChange),
    /// Give an authority another certificate for its name and key
    CrossSign(AuthorityCrossSign),
    /// Take the certificate that an offline root signed for an authority made with `create --csr-out`
    Import(AuthorityImport),
}

impl AuthorityCommand {
    /// What is said in an emergency.
    #[must_use]
    pub fn emergency(&self) -> Option<&Emergency> {
        match self {
            Self::Create(options) => Some(&options.emergency),
            Self::Change(options) => Some(&options.emergency),
            Self::CrossSign(options) => Some(&options.emergency),
            Self::Import(options) => Some(&options.emergency),
            Self::List | Self::Show { .. } => None,
        }
    }
}

/// Options of `lemur authority create`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    lemur authority create root --common-name 'Corp Root' --days 7300\n  \
    lemur authority create tls --common-name 'Corp TLS 1' --parent root --permit-dns corp.example\n  \
    lemur authority create tls2 --common-name 'Corp TLS 2' --csr-out tls2.csr\n  \
    lemur authority create hsm --common-name 'Corp Root 2' --key 'pkcs11:token=corp;object=root'\n  \
    lemur authority create le --upstream letsencrypt")]
pub struct AuthorityCreate {
    /// Its name, by which pipelines ask for it
    pub name: String,
    /// The common name in its certificate
    #[arg(long, value_name = "NAME", required_unless_present = "upstream")]
    pub common_name: Option<String>,
    /// The organisation in its certificate
    #[arg(long, value_name = "NAME")]
    pub organization: Option<String>,
    /// The country in its certificate, two letters
    #[arg(long, value_name = "CODE")]
    pub country: Option<String>,
    /// The authority above it; without one it is a root
    #[arg(long, value_name = "NAME")]
    pub parent: Option<String>,
    /// Its key, made here
    #[arg(long, value_enum, value_name = "TYPE", default_value_t = KeyChoice::EcdsaP256)]
    pub key_type: KeyChoice,
    /// Its key, elsewhere: `aws-kms:ARN`, `pkcs11:token=TOKEN;object=LABEL`, or a name of `[keys]` in the configuration
    #[arg(long, value_name = "KEY", conflicts_with = "key_type")]
    pub key: Option<String>,
    /// For how many days its certificate holds [default: ten years for a root, five for others]
    #[arg(long, value_name = "DAYS")]
    pub days: Option<u32>,
    /// How many authorities may stand below it, one under the other
    #[arg(long, value_name = "N")]
    pub path_length: Option<u8>,
    /// A domain in which alone it may issue (may be given again)
    #[arg(long, value_name = "DOMAIN")]
    pub permit_dns: Vec<String>,
    /// Addresses for which alone it may issue, as 10.0.0.0/8 (may be given again)
    #[arg(long, value_name = "CIDR")]
    pub permit_ip: Vec<String>,
    /// A profile that it issues by, all of them without any (may be given again); one that claims the baseline holds the authority to it
    #[arg(long, value_name = "NAME")]
    pub profile: Vec<String>,
    /// A certificate policy that it may issue under, an object identifier, any without one (may be given again)
    #[arg(long, value_name = "OID")]
    pub policy: Vec<String>,
    /// Who is responsible for it, an e-mail address [default: admin@localhost, or who is signed in to --server]
    #[arg(long, value_name = "EMAIL")]
    pub owner: Option<String>,
    /// Orders its certificates from this [upstream.NAME] of the configuration file, instead of issuing them here
    #[arg(long, value_name = "NAME", conflicts_with_all = ["common_name", "organization", "country", "parent", "key_type", "days",
        "path_length", "permit_dns", "permit_ip", "csr_out"])]
    pub upstream: Option<String>,
    /// Writes a request for an offline root here instead of asking for a certificate
    #[arg(long, value_name = "FILE", conflicts_with_all = ["parent", "permit_dns", "permit_ip", "path_length", "days", "policy"])]
    pub csr_out: Option<PathBuf>,
    /// Writes the request also where a file is: what stood in it is lost
    #[arg(long, requires = "csr_out")]
    pub force: bool,
    /// In an emergency
    #[command(flatten)]
    pub emergency: Emergency,
}

/// Options of `lemur authority change`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    lemur authority change tls --active false\n  \
    lemur authority change tls --role deploy --role tls_admin --profile tls-server")]
pub struct AuthorityChange {
    /// Its name
    pub name: String,
    /// Whether it issues
    #[arg(long, value_name = "true|false")]
    pub active: Option<bool>,
    /// Who is responsible for it, an e-mail address
    #[arg(long, value_name = "EMAIL")]
    pub owner: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    pub description: Option<String>,
    /// A profile that it issues by; others no more (may be given again)
    #[arg(long = "profile", value_name = "NAME")]
    pub profiles: Vec<String>,
    /// It issues by every profile
    #[arg(long, conflicts_with = "profiles")]
    pub every_profile: bool,
    /// A role that may use it; others no more (may be given again); `lemur role allow` adds one
    #[arg(long = "role", value_name = "NAME")]
    pub roles: Vec<String>,
    /// In an emergency
    #[command(flatten)]
    pub emergency: Emergency,
}

/// Options of `lemur authority cross-sign`.
#[derive(Debug, Args)]
pub struct AuthorityCrossSign {
    /// The authority that gets a certificate
    pub name: String,
    /// The authority here that gives it
    #[arg(long, value_name = "NAME", required_unless_present = "chain", conflicts_with = "chain")]
    pub by: Option<String>,
    /// For how many days it holds [default: five years, if the other holds so long]
    #[arg(long, value_name = "DAYS", conflicts_with = "chain")]
    pub days: Option<u32>,
    /// PEM: a certificate that was given outside, then those above it
    #[arg(long, value_name = "FILE")]
    pub chain: Option<PathBuf>,
    /// In an emergency
    #[command(flatten)]
    pub emergency: Emergency,
}

/// Options of `lemur authority import`.
#[derive(Debug, Args)]
pub struct AuthorityImport {
    /// The authority's name
    pub name: String,
    /// PEM: its certificate, then those above it
    #[arg(value_name = "FILE")]
    pub chain: PathBuf,
    /// In an emergency
    #[command(flatten)]
    pub emergency: Emergency,
}
