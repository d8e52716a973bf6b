//! The services that issue certificates, and how each is named: a Unix socket or loopback address of `bless serve`, or a Lambda function.

use std::net::SocketAddr;
use std::path::PathBuf;

use menagerie_aws::{Arn, Region};

/// A service that issues certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// `bless serve` on its Unix socket.
    Socket(PathBuf),
    /// `bless serve --listen` on this machine.
    Loopback(Loopback),
    /// A Lambda function.
    Lambda(LambdaFunction),
}

/// `bless serve --listen`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loopback {
    /// Its address; always a loopback one, since requests and token go in the clear.
    pub address: SocketAddr,
    /// The file with the token that it wants.
    pub token_file: PathBuf,
}

/// A Lambda function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LambdaFunction {
    /// Its name, `name:alias` or ARN.
    pub function: String,
    /// Regions, tried in this order; if empty, the one that AWS's own configuration names.
    pub regions: Vec<Region>,
    /// How AWS is reached.
    pub access: AwsAccess,
}

/// How AWS is reached, in any Region.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsAccess {
    /// A profile of AWS's shared configuration files.
    pub profile: Option<String>,
    /// A role to assume.
    pub assume_role: Option<Arn>,
    /// Another endpoint for every AWS service, for emulators.
    pub endpoint_url: Option<String>,
}

/// What is no address of a service on this machine.
#[derive(Debug, thiserror::Error)]
pub enum UrlError {
    /// Not `http://ADDRESS:PORT`.
    #[error("{0:?} is no address of a bless service: http://127.0.0.1:PORT or http://[::1]:PORT is wanted")]
    Shape(String),
    /// An address of another machine.
    #[error("{0} is no loopback address: http is spoken on this machine only, since the token would go in the clear")]
    Remote(SocketAddr),
}

impl Loopback {
    /// The address in `url`.
    ///
    /// # Errors
    /// [`UrlError`] if it is not `http://` and a loopback address with a port. Names, `localhost` too, are not looked up.
    pub fn parse_url(url: &str) -> Result<SocketAddr, UrlError> {
        let address = url
            .strip_prefix("http://")
            .map(|rest| rest.strip_suffix('/').unwrap_or(rest))
            .and_then(|rest| rest.parse::<SocketAddr>().ok())
            .filter(|address| address.port() != 0)
            .ok_or_else(|| UrlError::Shape(url.to_owned()))?;
        if address.ip().is_loopback() { Ok(address) } else { Err(UrlError::Remote(address)) }
    }
}

impl Service {
    /// One line that tells this service from every other, for people and for the cache.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Socket(path) => format!("unix:{}", path.display()),
            Self::Loopback(loopback) => format!("http://{}", loopback.address),
            Self::Lambda(lambda) => {
                let regions: Vec<&str> = lambda.regions.iter().map(Region::as_str).collect();
                let mut name =
                    format!("lambda:{} in {}", lambda.function, if regions.is_empty() { "-".to_owned() } else { regions.join(",") });
                for (what, value) in [
                    ("profile", lambda.access.profile.as_deref()),
                    ("role", lambda.access.assume_role.as_ref().map(Arn::as_str)),
                    ("endpoint", lambda.access.endpoint_url.as_deref()),
                ] {
                    if let Some(value) = value {
                        name.push_str(&format!(" {what} {value}"));
                    }
                }
                name
            }
        }
    }

    /// Whether it runs on this machine.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        matches!(self, Self::Socket(_) | Self::Loopback(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_addresses_only() {
        assert_eq!(Loopback::parse_url("http://127.0.0.1:8022").expect("good").to_string(), "127.0.0.1:8022");
        assert_eq!(Loopback::parse_url("http://[::1]:8022/").expect("good").to_string(), "[::1]:8022");
        for url in [
            "https://127.0.0.1:1",
            "http://localhost:1",
            "http://127.0.0.1",
            "http://127.0.0.1:0",
            "http://u@127.0.0.1:1",
            "http://127.0.0.1:1/user",
            "http://127.0.0.1:1?x",
            "127.0.0.1:1",
            "",
        ] {
            assert!(matches!(Loopback::parse_url(url), Err(UrlError::Shape(_))), "{url}");
        }
        for url in ["http://10.0.0.1:1", "http://0.0.0.0:1", "http://[::]:1", "http://[::ffff:10.0.0.1]:1"] {
            assert!(matches!(Loopback::parse_url(url), Err(UrlError::Remote(_))), "{url}");
        }
    }
}
