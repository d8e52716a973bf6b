//! Parameters of lists: a page, an order, and a filter of the form `key;value`.

use axum::extract::{FromRequestParts, Query};
use http::request::Parts;
use menagerie_web::Reasons;

use super::fault::Fault;

/// The most items of a page.
pub(crate) const LONGEST_PAGE: i64 = 1_000;

/// The furthest page, so that `page × count` stays a number.
const LAST_PAGE: i64 = 1_000_000_000;

/// What is asked of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) page: i64,
    pub(crate) count: i64,
    pub(crate) sort_by: Option<String>,
    pub(crate) descending: bool,
    /// Whether the least was asked for first, and not only nothing else.
    pub(crate) ascending: bool,
    /// Whether a page or how long it is was asked for.
    pub(crate) paged: bool,
    pub(crate) filter: Option<(String, String)>,
    rest: Vec<(String, String)>,
}

impl Asked {
    pub(crate) const fn skip(&self) -> i64 {
        (self.page - 1) * self.count
    }

    /// Another parameter; an empty one is none.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.rest.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A parameter that is yes or no, as Lemur's clients write it.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Fault> {
        match self.parameter(name) {
            None => Ok(None),
            Some(text) => flag(text).map(Some).ok_or_else(|| Fault::field(name, "Not a valid boolean.")),
        }
    }

    /// A window for lists of users and roles.
    pub(crate) fn window(&self) -> Result<crate::access::Window<'_>, Fault> {
        let named = match &self.filter {
            None => None,
            Some((key, value)) if ["name", "username", "description"].contains(&key.as_str()) => Some(value.as_str()),
            Some(_) => return Err(Fault::field("filter", "The filter is name;VALUE.")),
        };
        let by_name = match self.sort_by.as_deref() {
            None | Some("id") => false,
            Some("name" | "username") => true,
            Some(_) => return Err(Fault::field("sortBy", "One of id and name is wanted.")),
        };
        Ok(crate::access::Window { skip: self.skip(), take: self.count, by_name, descending: self.descending, named })
    }
}

/// What Lemur's clients write for yes and no.
pub(crate) fn flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" => Some(true),
        "0" | "false" | "no" | "null" => Some(false),
        _ => None,
    }
}

impl<S: Sync> FromRequestParts<S> for Asked {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Fault> {
        let Query(pairs) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|error| Fault::Bad(format!("The query cannot be read: {error}.")))?;
        let mut reasons = Reasons::new();
        let mut asked =
            Self { page: 1, count: 10, sort_by: None, descending: false, ascending: false, paged: false, filter: None, rest: Vec::new() };
        for (key, value) in pairs {
            if value.contains('\0') {
                reasons.insert(key, "Holds a NUL.".to_owned());
                continue;
            }
            asked.paged |= matches!(key.as_str(), "page" | "count");
            match key.as_str() {
                "page" => number(&key, &value, LAST_PAGE, &mut asked.page, &mut reasons),
                "count" => number(&key, &value, i64::MAX, &mut asked.count, &mut reasons),
                "sortBy" => asked.sort_by = Some(value).filter(|text| !text.is_empty()),
                "sortDir" => match value.as_str() {
                    "desc" => asked.descending = true,
                    "asc" => asked.ascending = true,
                    "" => {}
                    _ => drop(reasons.insert(key, "asc or desc is wanted.".to_owned())),
                },
                "filter" => match value.split_once(';') {
                    Some((name, wanted)) => asked.filter = Some((name.to_owned(), wanted.to_owned())),
                    None if value.is_empty() => asked.filter = None,
                    None => drop(reasons.insert(key, "The filter has the form key;value.".to_owned())),
                },
                _ => asked.rest.push((key, value)),
            }
        }
        // Lemur's clients ask for 10,000 to get all: they get as much as a page holds, and `total` says that there is more.
        asked.count = asked.count.min(LONGEST_PAGE);
        if reasons.is_empty() { Ok(asked) } else { Err(Fault::Invalid(reasons)) }
    }
}

fn number(key: &str, value: &str, most: i64, into: &mut i64, reasons: &mut Reasons) {
    match value.parse() {
        Ok(number) if (1..=most).contains(&number) => *into = number,
        _ => drop(reasons.insert(key.to_owned(), "Not a valid positive integer.".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(query: &str) -> Result<Asked, Fault> {
        let request = http::Request::get(format!("/list?{query}")).body(()).expect("a request");
        Asked::from_request_parts(&mut request.into_parts().0, &()).await
    }

    #[tokio::test]
    async fn a_list_is_asked_for_as_by_lemurs_clients() {
        let some = asked("page=3&count=20&sortBy=name&sortDir=desc&filter=owner;a%3Bb&showExpired=1&serial=").await.expect("a query");
        assert_eq!((some.skip(), some.count, some.descending), (40, 20, true));
        assert_eq!(some.filter, Some(("owner".to_owned(), "a;b".to_owned())));
        assert_eq!(some.flag("showExpired").expect("a flag"), Some(true));
        assert_eq!(some.parameter("serial"), None);
        let none = asked("").await.expect("a query");
        assert_eq!((none.page, none.count, none.filter), (1, 10, None));
        assert_eq!(asked("count=100000").await.expect("a query").count, LONGEST_PAGE);
    }

    #[tokio::test]
    async fn what_makes_no_sense_is_refused_by_name() {
        for (query, field) in [
            ("page=0", "page"),
            ("page=9223372036854775807", "page"),
            ("count=-1", "count"),
            ("count=x", "count"),
            ("sortDir=up", "sortDir"),
            ("filter=x", "filter"),
        ] {
            match asked(query).await {
                Err(Fault::Invalid(reasons)) => assert!(reasons.contains_key(field), "{query}"),
                other => panic!("{query}: {other:?}"),
            }
        }
    }
}
