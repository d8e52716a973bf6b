//! Whether a request that changes something comes from this service's own pages.
//!
//! A browser says so by `Sec-Fetch-Site`, and one without that by `Origin`. A program that is no browser sends neither, and brings no cookie
//! either: this is asked of requests that are known by a session's cookie alone.

use http::uri::Authority;
use http::{HeaderMap, Uri, header};

/// The request comes from another site's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the request comes from another site's page")]
pub struct Foreign;

/// Refuses what another site's page makes a browser send to this URI.
///
/// # Errors
/// [`Foreign`] if the browser says so, or says nothing from which it could be known.
pub fn same_origin(uri: &Uri, headers: &HeaderMap) -> Result<(), Foreign> {
    let single = |name: &str| {
        let mut values = headers.get_all(name).iter();
        let value = values.next()?.to_str().ok()?;
        values.next().is_none().then_some(value)
    };
    match single("sec-fetch-site") {
        Some("same-origin") => return Ok(()),
        Some(_) => return Err(Foreign),
        None => {}
    }
    let origin = single(header::ORIGIN.as_str()).and_then(|origin| origin.parse::<Uri>().ok()).ok_or(Foreign)?;
    // HTTP/2 names the host in the request itself (`:authority`) and has no such header.
    let host = uri.authority().map(Authority::as_str).or_else(|| single(header::HOST.as_str())).ok_or(Foreign)?;
    let same =
        origin.scheme_str() == Some("https") && origin.authority().is_some_and(|authority| authority.as_str().eq_ignore_ascii_case(host));
    if same { Ok(()) } else { Err(Foreign) }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn comes(headers: &[(&'static str, &'static str)]) -> bool {
        comes_to("/sign-in", headers)
    }

    fn comes_to(uri: &'static str, headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
        same_origin(&Uri::from_static(uri), &headers).is_ok()
    }

    #[test]
    fn another_sites_page_is_refused() {
        assert!(comes(&[("sec-fetch-site", "same-origin")]));
        assert!(!comes(&[("sec-fetch-site", "same-site")]));
        assert!(!comes(&[("sec-fetch-site", "cross-site"), ("origin", "https://lemur.example"), ("host", "lemur.example")]));
        assert!(comes(&[("origin", "https://lemur.example:8443"), ("host", "LEMUR.example:8443")]));
        assert!(!comes(&[("origin", "https://evil.example"), ("host", "lemur.example")]));
        assert!(!comes(&[("origin", "http://lemur.example"), ("host", "lemur.example")]));
        assert!(!comes(&[("origin", "null"), ("host", "lemur.example")]));
        assert!(!comes(&[("host", "lemur.example")]));
        assert!(!comes(&[]));
    }

    #[test]
    fn over_http_2_the_host_stands_in_the_request() {
        let to = "https://lemur.example:8443/sign-in";
        assert!(comes_to(to, &[("origin", "https://lemur.example:8443")]));
        assert!(!comes_to(to, &[("origin", "https://evil.example")]));
        // What the connection is for counts, and not what a header says beside it.
        assert!(!comes_to(to, &[("origin", "https://evil.example"), ("host", "evil.example")]));
        assert!(!comes_to(to, &[]));
    }
}
