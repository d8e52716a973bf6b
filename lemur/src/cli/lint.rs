//! What `lemur lint` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::civil::Date;

use crate::lint::Severity;

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LintFormat {
    /// For people
    Human,
    /// One JSON object (schema lemur.lint/1)
    Json,
}

/// Which rules certificates are held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LintProfile {
    /// RFC 5280 and the RFCs around it
    Pkix,
    /// Those, and the CA/Browser Forum's TLS Baseline Requirements of the day
    Baseline,
}

impl LintProfile {
    /// Its name as it is typed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pkix => "pkix",
            Self::Baseline => "baseline",
        }
    }
}

/// From where on findings count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LintSeverity {
    /// Everything
    Notice,
    /// Against a SHOULD, or worse
    Warning,
    /// Against a MUST
    Error,
}

impl From<LintSeverity> for Severity {
    fn from(severity: LintSeverity) -> Self {
        match severity {
            LintSeverity::Notice => Self::Notice,
            LintSeverity::Warning => Self::Warning,
            LintSeverity::Error => Self::Error,
        }
    }
}

/// What `lint` reads, and what it holds it to.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    lemur lint leaf.pem\n  \
    lemur lint --profile baseline chain.pem\n  \
    lemur lint --profile baseline --as-of 2027-03-15 leaf.pem\n  \
    lemur lint --list > lints.md\n\n\
    Exit status: 0 nothing found, 1 something found, 2 something could not be read.")]
pub struct LintArgs {
    /// Certificates in PEM or DER, bundles of them, or TBSCertificates in DER; `-` is the standard input
    #[arg(required_unless_present = "list", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Which rules certificates are held to
    #[arg(long, value_enum, default_value_t = LintProfile::Pkix)]
    pub profile: LintProfile,
    /// By the rules of which day; that of the start of each certificate's validity otherwise
    #[arg(long, value_name = "DATE")]
    pub as_of: Option<Date>,
    /// From where on findings count
    #[arg(long, value_enum, default_value_t = LintSeverity::Warning)]
    pub severity: LintSeverity,
    /// Keys that are known to others: the SHA-256 of a SubjectPublicKeyInfo in hexadecimal, one a line
    #[arg(long, value_name = "FILE")]
    pub compromised: Option<PathBuf>,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t = LintFormat::Human)]
    pub format: LintFormat,
    /// Print the table of all lints instead
    #[arg(long, conflicts_with_all = ["files", "as_of", "compromised"])]
    pub list: bool,
}
