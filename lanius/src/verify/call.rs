//! A rule's call, made ready for one secret: the host is the rule's own or the one that the user named for it, and what of the secret
//! goes into an address or a header is written so that it stays within its place.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use menagerie_secret::Secret;

use crate::rules::Verify;

/// What stands for the secret.
const SECRET: &str = "{secret}";
/// The longest secret that is sent.
const LONGEST: usize = 8 << 10;
/// Calls that must be made by POST though they change nothing, as their services document.
const POSTS: &[&str] = &[
    // https://docs.slack.dev/reference/methods/auth.test
    "https://slack.com/api/auth.test",
    // https://www.dropbox.com/developers/documentation/http/documentation#users-get_current_account
    "https://api.dropboxapi.com/2/users/get_current_account",
];

/// Where the calls for a host go instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The host of a rule.
    pub host: String,
    /// What stands for `https://HOST`, without a slash at its end.
    pub base: String,
}

/// Why an endpoint cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum EndpointError {
    /// It is not of the form.
    #[error("it is HOST=URL, such as api.github.com=https://github.example.com/api/v3")]
    Form,
    /// A secret would travel in the clear.
    #[error("the URL must be https; http is for this machine's own addresses only")]
    Clear,
}

impl std::str::FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let (host, base) = text.split_once('=').filter(|(host, _)| is_host(host)).ok_or(EndpointError::Form)?;
        let (scheme, rest) = base.split_once("://").ok_or(EndpointError::Form)?;
        let authority = rest.split('/').next().unwrap_or_default();
        let name = match authority.strip_prefix('[') {
            Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
            None => authority.rsplit_once(':').map_or(authority, |(name, _)| name),
        };
        if name.is_empty() || rest.bytes().any(|byte| byte <= b' ' || byte >= 0x7f || matches!(byte, b'@' | b'?' | b'#' | b'{' | b'}')) {
            return Err(EndpointError::Form);
        }
        let loopback = name == "localhost" || name.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback());
        match scheme {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(EndpointError::Clear),
            _ => return Err(EndpointError::Form),
        }
        Ok(Self { host: host.to_ascii_lowercase(), base: base.trim_end_matches('/').to_owned() })
    }
}

/// A call, ready to be made. It holds the secret, so it has no printed form.
#[expect(missing_debug_implementations, reason = "it holds a secret")]
pub struct Call {
    pub(super) method: &'static str,
    pub(super) url: Secret<String>,
    pub(super) headers: Vec<(String, Secret<String>)>,
    pub(super) body: Option<Secret<String>>,
}

/// Why there is no call for a secret.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    /// The rule's call is not one that may be made.
    #[error("the rule's call may not be made: {0}")]
    Rule(&'static str),
    /// The value cannot stand in an address or a header.
    #[error("the value holds what no header may, or is too long")]
    Value,
}

/// The host that a rule's call goes to, if the call may be made: over TLS, to a constant host, changing nothing.
///
/// # Errors
/// What is wrong with it.
pub fn host(verify: &Verify) -> Result<&str, Refusal> {
    let refuse = |reason| Err(Refusal::Rule(reason));
    let Some(rest) = verify.url.strip_prefix("https://") else { return refuse("its address must begin with https://") };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = &rest[..end];
    if !is_host(host) {
        return refuse("its host must be a constant name, without port or user");
    }
    if rest[end..].bytes().any(|byte| byte <= b' ' || byte >= 0x7f || byte == b'#') || rest[end..].replace(SECRET, "").contains(['{', '}'])
    {
        return refuse("its address holds what no address may");
    }
    match verify.method.as_str() {
        "GET" | "HEAD" if verify.body.is_none() => {}
        "GET" | "HEAD" => return refuse("a GET has no body"),
        "POST" if POSTS.contains(&verify.url.as_str()) => {}
        "POST" => return refuse("a POST may change something; only those that are known to read may be made"),
        _ => return refuse("its method must be GET or HEAD"),
    }
    let texts = [Some(verify.url.as_str()), verify.basic.as_deref(), verify.body.as_deref()];
    if !texts.into_iter().flatten().chain(verify.headers.values().map(String::as_str)).any(|text| text.contains(SECRET)) {
        return refuse("nothing of it holds {secret}");
    }
    let sound = |text: &str| text.bytes().all(|byte| (b' '..0x7f).contains(&byte));
    if !verify.headers.iter().all(|(name, value)| is_header(name) && sound(value)) || !verify.basic.as_deref().is_none_or(sound) {
        return refuse("its headers hold what no header may");
    }
    if verify
        .headers
        .keys()
        .any(|name| ["host", "content-length", "transfer-encoding", "connection"].contains(&&*name.to_ascii_lowercase()))
    {
        return refuse("its headers are those of the connection");
    }
    if verify.active.is_empty() || !verify.source.starts_with("https://") {
        return refuse("it must say which statuses are those of a live value, and where the service documents it");
    }
    Ok(host)
}

/// The call of a rule for a secret.
///
/// # Errors
/// Why there is none.
pub fn prepare(verify: &Verify, secret: &[u8], endpoints: &[Endpoint]) -> Result<Call, Refusal> {
    let host = host(verify)?;
    let text = std::str::from_utf8(secret).ok().filter(|text| text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic()));
    let secret = text.filter(|text| !text.is_empty()).ok_or(Refusal::Value)?;
    let rest = &verify.url["https://".len() + host.len()..];
    let base =
        endpoints.iter().find(|endpoint| endpoint.host == host).map_or_else(|| format!("https://{host}"), |known| known.base.clone());
    let mut headers: Vec<_> =
        verify.headers.iter().map(|(name, value)| (name.clone(), Secret::new(value.replace(SECRET, secret)))).collect();
    if let Some(basic) = &verify.basic {
        let pair = Secret::new(basic.replace(SECRET, secret));
        headers.push(("Authorization".to_owned(), Secret::new(format!("Basic {}", STANDARD.encode(pair.expose())))));
    }
    let encoded = Secret::new(percent(secret));
    Ok(Call {
        method: match verify.method.as_str() {
            "HEAD" => "HEAD",
            "POST" => "POST",
            _ => "GET",
        },
        url: Secret::new(format!("{base}{}", rest.replace(SECRET, encoded.expose()))),
        headers,
        body: verify.body.as_ref().map(|body| Secret::new(body.replace(SECRET, encoded.expose()))),
    })
}

/// Percent-encoded (RFC 3986): what is not unreserved, but for the colon, which paths may hold.
fn percent(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn is_host(text: &str) -> bool {
    text.contains('.')
        && !text.starts_with(['.', '-'])
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
}

fn is_header(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
