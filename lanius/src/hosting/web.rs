//! Calls of a host's REST API: with the token in a header, never in a URL; redirects are followed within the origin only; what a host says
//! of its rate limit is heeded; what it cannot answer now is asked again a few times.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use menagerie_secret::Secret;
use serde::de::DeserializeOwned;
use ureq::http::{HeaderMap, Response};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body};

use super::endpoint::followed;
use super::{Error, Forge};

/// The longest page that is read.
const LONGEST_PAGE: u64 = 64 << 20;
/// How often a redirect is followed.
const MOST_REDIRECTS: usize = 3;
/// How often a call is made that fails by the host's or the network's fault.
const MOST_TRIES: u32 = 4;
/// How often one call waits for the rate limit.
const MOST_WAITS: u32 = 5;
/// The longest wait for the rate limit, which is set anew each hour.
const LONGEST_WAIT: u64 = 70 * 60;
/// What GitHub says to wait at least where an answer does not say.
const WAIT: u64 = 60;

/// The time, as the program's edge reads it.
#[derive(Clone, Copy)]
pub struct Clock {
    /// Seconds since 1970.
    pub now: fn() -> i64,
    /// Waits.
    pub sleep: fn(Duration),
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// Makes calls.
pub struct Web {
    agent: Agent,
    clock: Clock,
    /// The header `Authorization` for the API, and for git.
    api: Option<Secret<String>>,
    git: Option<Secret<String>>,
}

impl fmt::Debug for Web {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Web")
    }
}

impl Web {
    /// A client with the system's certificates, through the proxy that `HTTPS_PROXY` and its like name.
    ///
    /// # Errors
    /// If no certificate of the system can be read.
    pub fn new(forge: Forge, token: Option<Secret<String>>, clock: Clock) -> Result<Self, Error> {
        let system = rustls_native_certs::load_native_certs();
        let certificates: Vec<_> = system.certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
        if let (true, Some(error)) = (certificates.is_empty(), system.errors.first()) {
            return Err(Error::Client { reason: format!("the system's certificates: {error}") });
        }
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&certificates))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("lanius/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(Duration::from_secs(30)))
            .timeout_connect(Some(Duration::from_secs(30)))
            .timeout_recv_response(Some(Duration::from_secs(600)))
            .timeout_per_read(Some(Duration::from_secs(120)))
            .timeout_recv_body(Some(Duration::from_secs(6 * 3600)))
            .build();
        let user = match forge {
            Forge::GitHub => "x-access-token",
            Forge::GitLab => "oauth2",
        };
        let basic = |token: &Secret<String>| {
            let pair = Secret::new(format!("{user}:{}", token.expose()));
            Secret::new(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair.expose())))
        };
        Ok(Self {
            agent: config.new_agent(),
            clock,
            git: token.as_ref().map(basic),
            api: token.as_ref().map(|token| Secret::new(format!("Bearer {}", token.expose()))),
        })
    }

    /// Reads a JSON document, and the header `Link` that came with it.
    pub(super) fn json<T: DeserializeOwned>(&self, url: &str) -> Result<(T, Option<String>), Error> {
        let mut url = url.to_owned();
        let mut redirects = 0;
        loop {
            let answer = self.answer(|| {
                let mut request = self.agent.get(&url).header("accept", "application/json");
                if let Some(token) = &self.api {
                    request = request.header("authorization", token.expose());
                }
                request.call()
            })?;
            if answer.status().is_redirection() && redirects < MOST_REDIRECTS {
                url = followed(&url, text(answer.headers(), "location").unwrap_or_default())?;
                redirects += 1;
                continue;
            }
            success(answer.status().as_u16())?;
            let link = text(answer.headers(), "link").map(str::to_owned);
            let read = answer.into_body().into_with_config().limit(LONGEST_PAGE).read_to_vec();
            let bytes = read.map_err(|error| Error::Call { reason: error.to_string() })?;
            let parsed = serde_json::from_slice(&bytes);
            // What the parser says of the place, and not what stands there.
            let parsed = parsed.map_err(|error| Error::Form {
                reason: format!("{:?} in line {}, column {}", error.classify(), error.line(), error.column()),
            })?;
            return Ok((parsed, link));
        }
    }

    /// The agent, and the header `Authorization` for git.
    pub(super) fn git(&self) -> (&Agent, Option<&str>) {
        (&self.agent, self.git.as_ref().map(|header| header.expose().as_str()))
    }

    /// Makes a call until it is answered: again after the host's rate limit, and where the host or the network fails.
    pub(super) fn answer(&self, call: impl Fn() -> Result<Response<Body>, ureq::Error>) -> Result<Response<Body>, Error> {
        let (mut tries, mut waits) = (0, 0);
        loop {
            let failed = match call() {
                Ok(answer) => {
                    let status = answer.status().as_u16();
                    if let Some(seconds) = wait(status, answer.headers(), (self.clock.now)()) {
                        waits += 1;
                        if seconds > LONGEST_WAIT || waits > MOST_WAITS {
                            return Err(Error::Limited { seconds });
                        }
                        (self.clock.sleep)(Duration::from_secs(seconds));
                        continue;
                    }
                    if !matches!(status, 500 | 502 | 503 | 504) {
                        return Ok(answer);
                    }
                    Error::Status { status }
                }
                Err(error) => Error::Call { reason: error.to_string() },
            };
            tries += 1;
            if tries == MOST_TRIES {
                return Err(failed);
            }
            (self.clock.sleep)(Duration::from_millis(250 << tries));
        }
    }
}

/// What a status other than success means.
pub(super) fn success(status: u16) -> Result<(), Error> {
    match status {
        200..=299 => Ok(()),
        401 | 403 => Err(Error::Refused { status }),
        404 | 410 | 451 => Err(Error::Missing),
        300..=399 => Err(Error::Elsewhere),
        status => Err(Error::Status { status }),
    }
}

pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// How many seconds an answer says to wait before the call is made again: `Retry-After`, or the time at which the limit is set anew.
fn wait(status: u16, headers: &HeaderMap, now: i64) -> Option<u64> {
    if !matches!(status, 403 | 429 | 503) {
        return None;
    }
    let number = |name: &str| text(headers, name)?.trim().parse::<i64>().ok();
    if let Some(seconds) = number("retry-after") {
        return Some(u64::try_from(seconds).unwrap_or(0).max(1));
    }
    for (left, anew) in [("x-ratelimit-remaining", "x-ratelimit-reset"), ("ratelimit-remaining", "ratelimit-reset")] {
        if let (Some(0), Some(at)) = (number(left), number(anew)) {
            return Some(u64::try_from(at.saturating_sub(now)).unwrap_or(0).saturating_add(1));
        }
    }
    (status == 429).then_some(WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
    }

    #[test]
    fn waits_as_the_host_says() {
        assert_eq!(wait(429, &headers(&[("retry-after", "7")]), 0), Some(7));
        assert_eq!(wait(403, &headers(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1030")]), 1000), Some(31));
        assert_eq!(wait(429, &headers(&[("ratelimit-remaining", "0"), ("ratelimit-reset", "900")]), 1000), Some(1));
        assert_eq!(wait(429, &headers(&[]), 0), Some(WAIT));
        assert_eq!(wait(403, &headers(&[("x-ratelimit-remaining", "12"), ("x-ratelimit-reset", "9999")]), 0), None, "access is refused");
        assert_eq!(wait(200, &headers(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "9")]), 0), None);
        assert_eq!(wait(403, &headers(&[("retry-after", "-5")]), 0), Some(1));
        assert_eq!(wait(403, &headers(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &i64::MIN.to_string())]), 9), Some(1));
    }
}
