//! Who comes through a listener: whoever the kernel vouches for on the socket, whoever shows the token on TCP.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::{HeaderMap, StatusCode, header};
use menagerie_secret::Secret;

use crate::config::Authentication;
use crate::issue::Caller;
use crate::secret_file::{self, SecretFileError};

/// The fewest characters of a token: 128 bits in base64.
const MIN_TOKEN: usize = 22;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file gives none.
    #[error(transparent)]
    File(#[from] SecretFileError),
    /// The token is guessable.
    #[error("the token in {path} has fewer than {MIN_TOKEN} characters: `bless ca init` makes a good one", path = path.display())]
    Weak {
        /// The file.
        path: PathBuf,
    },
}

/// What callers of the TCP listener show.
#[expect(missing_debug_implementations, reason = "is secret")]
pub struct Token(Secret<String>);

impl Token {
    /// Reads a token file.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let token = secret_file::token(path)?;
        if token.expose().len() < MIN_TOKEN {
            return Err(TokenError::Weak { path: path.to_owned() });
        }
        Ok(Self(token))
    }
}

/// How callers of one connection are known.
#[derive(Clone)]
#[expect(missing_debug_implementations, reason = "holds the token")]
pub enum Gate {
    /// The socket's peer.
    Peer {
        /// Its uid.
        uid: u32,
    },
    /// A holder of the token.
    Token {
        /// The token.
        token: Arc<Token>,
        /// Where the listener listens.
        address: SocketAddr,
    },
}

impl Gate {
    /// Whether a request with these headers comes in.
    ///
    /// # Errors
    /// The status and the message of the answer.
    pub fn admit(&self, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
        let Self::Token { token, address } = self else { return Ok(()) };
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let port = address.port();
        let ours = [format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}"), address.to_string()];
        if headers.get_all(header::HOST).iter().count() != 1
            || !text(header::HOST).is_some_and(|host| ours.iter().any(|name| host.eq_ignore_ascii_case(name)))
        {
            return Err((StatusCode::MISDIRECTED_REQUEST, "the Host header is not this service's address"));
        }
        if headers.contains_key(header::ORIGIN) {
            return Err((StatusCode::FORBIDDEN, "requests of web pages are not taken"));
        }
        let shown =
            text(header::AUTHORIZATION).and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let shown = shown.map_or("", |(_, token)| token);
        if token.0.ct_eq(shown.trim().as_bytes()) {
            Ok(())
        } else {
            Err((StatusCode::UNAUTHORIZED, "show the token: Authorization: Bearer TOKEN"))
        }
    }

    /// The caller, with the configuration's entry for it.
    #[must_use]
    pub fn caller(&self, authentication: &Authentication) -> Caller {
        match self {
            Self::Peer { uid } => Caller::Process { uid: *uid, user: authentication.local.get(uid).cloned() },
            Self::Token { .. } => Caller::Token { user: authentication.token.clone() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Gate {
        let token = Token(Secret::new("0123456789abcdef0123456789abcdef".to_owned()));
        Gate::Token { token: Arc::new(token), address: "127.0.0.1:8022".parse().expect("an address") }
    }

    fn admit(headers: &[(&'static str, &'static str)]) -> Option<StatusCode> {
        let headers = headers.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect();
        gate().admit(&headers).err().map(|(status, _)| status)
    }

    const TOKEN: (&str, &str) = ("authorization", "Bearer 0123456789abcdef0123456789abcdef");

    #[test]
    fn a_caller_with_the_token_comes_in() {
        assert_eq!(admit(&[("host", "127.0.0.1:8022"), TOKEN]), None);
        assert_eq!(admit(&[("host", "localhost:8022"), TOKEN]), None);
    }

    #[test]
    fn others_do_not() {
        assert_eq!(admit(&[("host", "127.0.0.1:8022")]), Some(StatusCode::UNAUTHORIZED));
        assert_eq!(
            admit(&[("host", "127.0.0.1:8022"), ("authorization", "Bearer 0123456789abcdef0123456789abcdeF")]),
            Some(StatusCode::UNAUTHORIZED)
        );
        assert_eq!(admit(&[("host", "127.0.0.1:8022"), ("authorization", "Bearer ")]), Some(StatusCode::UNAUTHORIZED));
    }

    /// A page that reaches the port by DNS rebinding shows its own name; one that does not shows its origin.
    #[test]
    fn web_pages_do_not() {
        assert_eq!(admit(&[("host", "evil.example:8022"), TOKEN]), Some(StatusCode::MISDIRECTED_REQUEST));
        assert_eq!(admit(&[TOKEN]), Some(StatusCode::MISDIRECTED_REQUEST));
        assert_eq!(admit(&[("host", "127.0.0.1:8022"), ("origin", "null"), TOKEN]), Some(StatusCode::FORBIDDEN));
    }
}
