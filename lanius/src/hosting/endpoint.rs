//! Where a host's API and its repositories are. Both are ours to say: no URL that a host sends is followed to another origin.

use ureq::http::Uri;

use super::{Error, Forge};

/// The places of one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// What it is.
    pub forge: Forge,
    /// The REST API, without a slash at its end.
    pub(super) api: String,
    /// Where repositories are cloned from.
    pub(super) git: String,
    /// Where gists are cloned from.
    pub(super) gists: String,
}

impl Endpoint {
    /// The host that everybody knows.
    #[must_use]
    pub fn public(forge: Forge) -> Self {
        let (api, git, gists) = match forge {
            Forge::GitHub => ("https://api.github.com", "https://github.com", "https://gist.github.com"),
            Forge::GitLab => ("https://gitlab.com/api/v4", "https://gitlab.com", ""),
        };
        Self { forge, api: api.to_owned(), git: git.to_owned(), gists: gists.to_owned() }
    }

    /// A host of one's own: GitHub Enterprise Server, a self-managed GitLab.
    ///
    /// # Errors
    /// If the text is not `https://HOST[:PORT][/PATH]`; `http` is taken on loopback.
    pub fn at(forge: Forge, text: &str) -> Result<Self, Error> {
        // Someone may have typed credentials: they are not repeated.
        let shown = if text.contains('@') { "(with credentials)" } else { text };
        let wrong = || Error::Endpoint { name: shown.chars().take(300).collect() };
        let base = text.trim_end_matches('/');
        let uri: Uri = base.parse().map_err(|_| wrong())?;
        let host = uri.host().ok_or_else(wrong)?;
        let loopback = host == "localhost" || host.trim_matches(['[', ']']).parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
        let plain = !text.contains(['@', '?', '#']);
        match uri.scheme_str() {
            Some("https") if plain => {}
            Some("http") if plain && loopback => {}
            _ => return Err(wrong()),
        }
        let api = match forge {
            Forge::GitHub => "api/v3",
            Forge::GitLab => "api/v4",
        };
        Ok(Self { forge, api: format!("{base}/{api}"), git: base.to_owned(), gists: format!("{base}/gist") })
    }
}

/// The scheme, host and port of a URL: what must be equal for credentials to go there.
pub(super) fn origin(url: &str) -> Option<(String, String, u16)> {
    let uri: Uri = url.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
    let plain = !uri.authority()?.as_str().contains('@');
    Some((scheme, uri.host()?.to_ascii_lowercase(), port)).filter(|_| plain)
}

/// Where a redirect or a page leads, if that is at the same origin.
pub(super) fn followed(from: &str, to: &str) -> Result<String, Error> {
    let (scheme, host, port) = origin(from).ok_or(Error::Elsewhere)?;
    if to.starts_with('/') && !to.starts_with("//") {
        return Ok(format!("{scheme}://{host}:{port}{to}"));
    }
    if origin(to) == Some((scheme, host, port)) { Ok(to.to_owned()) } else { Err(Error::Elsewhere) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_that_are_used_and_not() {
        let here = Endpoint::at(Forge::GitHub, "https://git.example.org/").expect("a host");
        assert_eq!((here.api.as_str(), here.git.as_str()), ("https://git.example.org/api/v3", "https://git.example.org"));
        for good in ["http://127.0.0.1:8080", "http://[::1]:1", "http://localhost:3000/gitlab"] {
            assert!(Endpoint::at(Forge::GitLab, good).is_ok(), "{good}");
        }
        for bad in ["http://git.example.org", "ftp://x", "git.example.org", "https://u:hunter2@git.example.org", "https://x/?a", ""] {
            let error = Endpoint::at(Forge::GitLab, bad).expect_err(bad).to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn nothing_leads_to_another_origin() {
        let from = "https://api.example.org/repos/a/b";
        assert_eq!(followed(from, "/repositories/7").expect("here"), "https://api.example.org:443/repositories/7");
        assert!(followed(from, "https://API.example.org:443/x").is_ok());
        for away in
            ["https://example.org/x", "http://api.example.org/x", "//evil.example/x", "https://api.example.org@evil.example/", "x", ""]
        {
            assert!(matches!(followed(from, away), Err(Error::Elsewhere)), "{away}");
        }
    }
}
