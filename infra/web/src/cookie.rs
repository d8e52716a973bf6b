//! A session's cookie: `__Host-` so that no other host and no plain HTTP sets it, out of scripts' reach, and never sent by another site's page,
//! unless it is said to come back from one.

use http::{HeaderMap, HeaderValue, header};

/// The longest value that is read.
const LONGEST: usize = 4_096;

/// The cookie of one application, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionCookie {
    name: &'static str,
    same_site: &'static str,
}

impl SessionCookie {
    /// A cookie whose name begins with `__Host-`.
    ///
    /// # Panics
    /// If it does not: a browser would then take it from anyone.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        let (bytes, prefix) = (name.as_bytes(), b"__Host-");
        let mut at = 0;
        while at < prefix.len() {
            assert!(bytes[at] == prefix[at], "a session's cookie is bound to its host");
            at += 1;
        }
        Self { name, same_site: "Strict" }
    }

    /// The same, but sent also when another site's page leads here: for what has to come back from one. Forms of others do not bring it.
    #[must_use]
    pub const fn coming_back(self) -> Self {
        Self { name: self.name, same_site: "Lax" }
    }

    /// The value that a request brings. One that comes twice is none: which of the two is meant is not known.
    #[must_use]
    pub fn read<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut values =
            all.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('=')).filter(|(name, _)| *name == self.name);
        let (_, value) = values.next()?;
        (values.next().is_none() && !value.is_empty() && value.len() <= LONGEST).then_some(value)
    }

    /// The `Set-Cookie` header that begins a session of `seconds`. `None` if the value holds what a cookie may not.
    #[must_use]
    pub fn set(&self, value: &str, seconds: u64) -> Option<HeaderValue> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if value.is_empty() || value.len() > LONGEST || !value.bytes().all(plain) {
            return None;
        }
        let text = format!("{}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite={}", self.name, self.same_site);
        HeaderValue::from_str(&text).ok().map(|mut header| {
            header.set_sensitive(true);
            header
        })
    }

    /// The `Set-Cookie` header that ends it.
    ///
    /// # Panics
    /// Never: the name is visible ASCII.
    #[must_use]
    pub fn clear(&self) -> HeaderValue {
        let text = format!("{}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite={}", self.name, self.same_site);
        HeaderValue::from_str(&text).expect("a cookie's name is visible ASCII")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COOKIE: SessionCookie = SessionCookie::new("__Host-test");

    fn headers(values: &[&'static str]) -> HeaderMap {
        values.iter().map(|value| (header::COOKIE, HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn is_found_among_others_and_only_once() {
        assert_eq!(COOKIE.read(&headers(&["a=b; __Host-test=x.y; c=d"])), Some("x.y"));
        assert_eq!(COOKIE.read(&headers(&["a=b", "__Host-test=x"])), Some("x"));
        assert_eq!(COOKIE.read(&headers(&["__Host-test=x; __Host-test=y"])), None);
        assert_eq!(COOKIE.read(&headers(&["__Host-test="])), None);
        assert_eq!(COOKIE.read(&headers(&["x__Host-test=x"])), None);
    }

    #[test]
    fn is_kept_from_scripts_and_other_sites() {
        let header = COOKIE.set("abc.def-_9", 60).expect("a plain value");
        let text = header.to_str().expect("ASCII");
        for word in ["__Host-test=abc.def-_9;", "Path=/", "Secure", "HttpOnly", "SameSite=Strict", "Max-Age=60"] {
            assert!(text.contains(word), "{text}");
        }
        assert!(!text.contains("Domain"));
        let lax = COOKIE.coming_back().set("abc", 60).expect("a plain value");
        assert!(lax.to_str().expect("ASCII").ends_with("SameSite=Lax"));
        assert_eq!(COOKIE.set("a;Domain=evil", 60), None);
        assert_eq!(COOKIE.set("a\r\nb", 60), None);
    }
}
