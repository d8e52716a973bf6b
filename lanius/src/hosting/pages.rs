//! Lists of several pages: the header `Link` with `rel="next"` (RFC 8288, as GitHub and GitLab document it), to its end.

use serde::de::DeserializeOwned;

use super::endpoint::followed;
use super::{Error, Host};

/// How many pages of one list are read: a hundred entries each.
const MOST_PAGES: usize = 100_000;

/// The target of `rel="next"` in a header `Link`.
#[must_use]
pub fn next_page(link: &str) -> Option<&str> {
    let mut rest = link;
    while let Some(start) = rest.find('<') {
        let (target, after) = rest[start + 1..].split_once('>')?;
        let parameters = after.split('<').next().unwrap_or_default();
        let is_next = parameters.split([';', ',']).any(|parameter| {
            parameter.trim().split_once('=').is_some_and(|(key, value)| {
                key.trim().eq_ignore_ascii_case("rel") && value.trim().trim_matches('"').split(' ').any(|rel| rel == "next")
            })
        });
        if is_next {
            return Some(target);
        }
        rest = after;
    }
    None
}

impl Host {
    /// Reads a list, page by page; `visit` says whether to go on.
    pub(super) fn list<T: DeserializeOwned>(&self, path: &str, mut visit: impl FnMut(Vec<T>) -> Result<bool, Error>) -> Result<(), Error> {
        let mut url = format!("{}{path}", self.endpoint.api);
        for _ in 0..MOST_PAGES {
            let (page, link) = self.web.json::<Vec<T>>(&url)?;
            if !visit(page)? {
                return Ok(());
            }
            let Some(next) = link.as_deref().and_then(next_page) else { return Ok(()) };
            let next = followed(&url, next)?;
            if next == url {
                return Err(Error::Form { reason: "a page leads to itself".to_owned() });
            }
            url = next;
        }
        Err(Error::Pages { limit: MOST_PAGES })
    }

    /// Reads one thing.
    pub(super) fn one<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        Ok(self.web.json(&format!("{}{path}", self.endpoint.api))?.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_to_the_next_page() {
        let link =
            r#"<https://x/a?page=1>; rel="prev", <https://x/a?q=a,b;c&page=3>; title="<"; rel="next", <https://x/a?page=9>; rel="last""#;
        assert_eq!(next_page(&link.replace("\"<\"", "\"t\"")), Some("https://x/a?q=a,b;c&page=3"));
        assert_eq!(next_page("<https://x/2>; rel=\"first next\""), Some("https://x/2"));
        for none in ["", "<", "<x>", "<x>; rel=\"last\"", "rel=next", "<x>; rel=\"nextish\"", "é<"] {
            assert_eq!(next_page(none), None, "{none}");
        }
    }
}
