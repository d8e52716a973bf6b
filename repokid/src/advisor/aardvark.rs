//! A service of Aardvark's, asked page by page.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use menagerie_secret::Secret;

use crate::compat::advisor::{AardvarkPage, Advice, AdvisorError, Question};
use crate::web::{Web, WebError};

/// The longest page that is read: a thousand principals with a row for each of some hundred services have less.
const LONGEST_PAGE: u64 = 256 << 20;
/// A page takes Aardvark's database a while.
const PATIENCE: Duration = Duration::from_secs(120);
/// More pages has no account: IAM does not let it have a million roles.
const MOST_PAGES: u64 = 1_000;

/// Why Aardvark gave nothing that can be used.
#[derive(Debug, thiserror::Error)]
pub enum AardvarkError {
    /// A page could not be got.
    #[error("Aardvark, page {page}: {error}")]
    Web {
        /// Which, from 1.
        page: u64,
        /// Why not.
        error: WebError,
    },
    /// A page has not the form that Aardvark gives.
    #[error("Aardvark, page {page}: {error}")]
    Form {
        /// Which, from 1.
        page: u64,
        /// What is wrong with it.
        error: AdvisorError,
    },
    /// There is no end to its pages.
    #[error("Aardvark says that there are more than {MOST_PAGES} pages")]
    Endless,
}

/// A service of Aardvark's.
#[derive(Clone)]
pub struct Aardvark {
    web: Web,
    location: Arc<Secret<String>>,
    token: Option<Arc<Secret<String>>>,
}

impl fmt::Debug for Aardvark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Aardvark")
    }
}

impl Aardvark {
    /// The service at `location` (`aardvark_api_location`, such as `https://aardvark/api/1/advisors`), with the token that a gateway before
    /// it asks for, if one does.
    #[must_use]
    pub fn new(location: String, token: Option<Secret<String>>) -> Self {
        Self { web: Web::new(PATIENCE), location: Arc::new(Secret::new(location)), token: token.map(Arc::new) }
    }

    /// Asks, every page. It waits for the answers.
    ///
    /// # Errors
    /// [`AardvarkError`]; half an answer is none.
    pub fn ask(&self, question: &Question, now: Timestamp) -> Result<Advice, AardvarkError> {
        let (body, mut advice) = (question.body(), Advice::default());
        let joint = if self.location.expose().contains('?') { '&' } else { '?' };
        let mut next = Some(1);
        while let Some(page) = next {
            if page > MOST_PAGES {
                return Err(AardvarkError::Endless);
            }
            let url = Secret::new(format!("{}{joint}{}", self.location.expose(), Question::query(page)));
            let text =
                self.web.post(&url, self.token.as_deref(), &body, LONGEST_PAGE).map_err(|error| AardvarkError::Web { page, error })?;
            let answer = AardvarkPage::parse(&text, now).map_err(|error| AardvarkError::Form { page, error })?;
            next = answer.next(page);
            advice.rows.extend(answer.advice.rows);
            advice.faults.extend(answer.advice.faults);
        }
        Ok(advice)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use menagerie_tests::http::{Request, Response, Server};
    use serde_json::{Map, Value, json};

    use super::*;

    fn now() -> Timestamp {
        "2026-01-15T12:00:00Z".parse().expect("a time")
    }

    /// An Aardvark that has so many roles; and what it was asked.
    fn aardvark(roles: u64) -> (Server, Arc<Mutex<Vec<Request>>>) {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&asked);
        let server = Server::start(move |request| {
            let number = |name: &str| request.query(name).and_then(|text| text.parse::<u64>().ok()).expect("a number");
            let (count, page) = (number("count"), number("page"));
            let mut answer =
                Map::from_iter([("count".to_owned(), json!(count)), ("page".to_owned(), json!(page)), ("total".to_owned(), json!(roles))]);
            for role in (page - 1) * count..roles.min(page * count) {
                let row = json!({"serviceNamespace": "s3", "serviceName": "S3", "lastAuthenticated": 0, "lastUpdated": "Thu, 15 Jan 2026 10:00:00 GMT"});
                answer.insert(format!("arn:aws:iam::111122223333:role/r{role}"), json!([row]));
            }
            kept.lock().expect("no test panics with it").push(request);
            Some(Response::new(200, Value::Object(answer).to_string()))
        });
        (server, asked)
    }

    #[test]
    fn every_page_is_asked_for() {
        let (server, asked) = aardvark(2_500);
        let token = Some(Secret::new("t0ken".to_owned()));
        let aardvark = Aardvark::new(format!("{}/api/1/advisors", server.url()), token);
        let advice = aardvark.ask(&Question::Account("111122223333".parse().expect("an account")), now()).expect("answers");
        assert_eq!((advice.rows.len(), advice.faults.len()), (2_500, 0));
        let asked = asked.lock().expect("no test panics with it");
        let targets: Vec<_> = asked.iter().map(|request| request.target.as_str()).collect();
        assert_eq!(targets, [1, 2, 3].map(|page| format!("/api/1/advisors?count=1000&page={page}")));
        assert!(asked.iter().all(|request| request.value("authorization") == Some("Bearer t0ken")));
        assert!(asked.iter().all(|request| request.body == br#"{"phrase":"111122223333"}"#));
    }

    #[test]
    fn without_a_token_none_is_sent() {
        let (server, asked) = aardvark(1);
        let arn = "arn:aws:iam::111122223333:role/r0".parse().expect("an ARN");
        Aardvark::new(server.url(), None).ask(&Question::Principal(arn), now()).expect("answers");
        assert_eq!(asked.lock().expect("no test panics with it")[0].value("authorization"), None);
    }

    #[test]
    fn what_goes_wrong_is_told_without_the_address() {
        let answers = [(500, "no"), (200, "<html>"), (200, "{}"), (301, "")];
        for (status, body) in answers {
            let server = Server::start(move |_| Some(Response::new(status, body)));
            let location = format!("{}/s3cret", server.url());
            let error = Aardvark::new(location, None).ask(&Question::Account("111122223333".parse().expect("an account")), now());
            let text = error.expect_err("is no answer").to_string();
            assert!(text.starts_with("Aardvark, page 1: ") && !text.contains("s3cret"), "{text}");
        }
        let endless = Server::start(|_| Some(Response::new(200, r#"{"total": 18446744073709551615}"#)));
        let error = Aardvark::new(endless.url(), None).ask(&Question::Account("111122223333".parse().expect("an account")), now());
        assert!(matches!(error, Err(AardvarkError::Endless)), "{error:?}");
    }
}
