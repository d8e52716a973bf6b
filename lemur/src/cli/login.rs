//! `lemur login` and `lemur logout` as they are typed.

use std::path::PathBuf;

use clap::Args;

/// Options of `lemur login`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  lemur login --server https://pki.corp.example --ca-file internal-root.pem")]
pub struct Login {
    /// The server, as https://pki.corp.example
    #[arg(long, value_name = "URL", env = "LEMUR_SERVER")]
    pub server: String,
    /// PEM: the root that it is trusted by; remembered [default: the system's]
    #[arg(long, value_name = "FILE", env = "LEMUR_CA_FILE")]
    pub ca_file: Option<PathBuf>,
    /// The user's name; asked for otherwise
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// A file whose first line is the password; asked for otherwise
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// A code of the second factor; asked for otherwise, where the user has one
    #[arg(long, value_name = "DIGITS")]
    pub code: Option<String>,
}

/// Options of `lemur logout`.
#[derive(Debug, Args)]
pub struct Logout {
    /// The server
    #[arg(long, value_name = "URL", env = "LEMUR_SERVER")]
    pub server: String,
}
