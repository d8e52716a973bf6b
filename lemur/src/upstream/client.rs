//! The client's side of ACME: one session of one account with an upstream's resources.
//!
//! Only URLs of the directory's own host are asked, whatever the upstream names; a nonce that is refused is followed by another attempt, some
//! times; an answer that is a problem is an error with its text.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{LINK, LOCATION, RETRY_AFTER};
use http::{HeaderMap, Method, Response, StatusCode, Uri};
use hyper::body::Bytes;
use jiff::Timestamp;
use menagerie_secret::Secret;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::http::{Http, HttpError};
use super::jws::AccountKey;
use super::resource::{Account, Authorization, Directory, Identifier, Order, Orders, Problem, plain};

/// How often a request is sent again whose nonce was refused.
const NONCES: usize = 20;

/// How many nonces are kept for later.
const KEPT: usize = 8;

/// How many chains beside the first are looked at.
const ALTERNATES: usize = 8;

/// How many pages of an account's orders are read, and how many orders in all.
const PAGES: usize = 5;
const ORDERS: usize = 100;

/// The longest pause that an upstream may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(24 * 3600);

/// Why an upstream did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// There is no answer.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// It says what is wrong.
    #[error("the upstream says: {problem}")]
    Problem {
        /// What it says.
        problem: Problem,
        /// The answer's status.
        status: u16,
        /// After how long it wants to be asked again.
        after: Option<Duration>,
    },
    /// An answer that is none of ACME.
    #[error("the upstream answers {url} with the status {status}")]
    Status {
        /// What was asked.
        url: String,
        /// The answer's status.
        status: u16,
    },
    /// An answer that cannot be read.
    #[error("the upstream's {what} cannot be read: {reason}")]
    Unreadable {
        /// What was asked for.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A URL of another host than the directory's, or no URL.
    #[error("the upstream leads elsewhere: {url} is not at its directory's host by https")]
    Elsewhere {
        /// The URL.
        url: String,
    },
    /// An account that does not hold any more.
    #[error("the upstream's account is {status}")]
    Account {
        /// What it says of it.
        status: String,
    },
    /// It wants its terms to be agreed to, and nobody did.
    #[error("the upstream wants its terms agreed to, {url}: set agree_to_terms in [upstream.…]")]
    Terms {
        /// Where they are.
        url: String,
    },
    /// It wants an external account binding, and none is configured.
    #[error("the upstream wants an external account binding: set external_account in [upstream.…]")]
    Binding,
    /// The account's key did not sign.
    #[error(transparent)]
    Sign(#[from] menagerie_sign::SignError),
}

/// An upstream's resources, asked for one account.
#[derive(Debug)]
pub(super) struct Session<'a> {
    http: &'a Http,
    directory: Directory,
    key: &'a AccountKey,
    /// The account's URL, as soon as there is one.
    pub(super) account: Option<String>,
    nonces: Vec<String>,
    now: Timestamp,
}

/// What was answered, with what stands in its head.
pub(super) struct Answer {
    pub(super) location: Option<String>,
    pub(super) after: Option<Duration>,
    /// What is linked to, and as what.
    links: Vec<(String, String)>,
    body: Bytes,
}

/// What an account is made with.
pub(super) struct NewAccount<'a> {
    pub(super) contact: &'a [String],
    pub(super) agree_to_terms: bool,
    pub(super) external: Option<(&'a str, &'a Secret<Vec<u8>>)>,
}

/// What is ordered.
pub(super) struct NewOrder<'a> {
    pub(super) identifiers: &'a [Identifier],
    pub(super) not_before: Option<Timestamp>,
    pub(super) not_after: Option<Timestamp>,
    pub(super) profile: Option<&'a str>,
}

impl<'a> Session<'a> {
    /// Reads the directory.
    pub(super) async fn open(
        http: &'a Http,
        directory: &str,
        key: &'a AccountKey,
        account: Option<String>,
        now: Timestamp,
    ) -> Result<Self, ClientError> {
        let url = here(http, directory)?;
        let answer = http.ask(Method::GET, path_of(&url), None).await?;
        if answer.status() != StatusCode::OK {
            return Err(ClientError::Status { url: directory.to_owned(), status: answer.status().as_u16() });
        }
        let directory = read("directory", answer.body())?;
        Ok(Self { http, directory, key, account, nonces: Vec::new(), now })
    }

    /// The account's key.
    pub(super) const fn key(&self) -> &'a AccountKey {
        self.key
    }

    /// Makes the account, or finds that it is there for this key; gives its URL.
    pub(super) async fn register(&mut self, new: NewAccount<'_>) -> Result<String, ClientError> {
        let meta = &self.directory.meta;
        if let (Some(url), false) = (&meta.terms_of_service, new.agree_to_terms) {
            return Err(ClientError::Terms { url: plain(url) });
        }
        if meta.external_account_required && new.external.is_none() {
            return Err(ClientError::Binding);
        }
        let url = self.directory.new_account.clone();
        let mut payload = json!({"termsOfServiceAgreed": new.agree_to_terms});
        if !new.contact.is_empty() {
            payload["contact"] = json!(new.contact);
        }
        if let Some((id, key)) = new.external {
            payload["externalAccountBinding"] = self.key.bound(id, key, &url);
        }
        let answer = self.post(&url, Some(&payload)).await?;
        let account: Account = read("account", &answer.body)?;
        if account.status != "valid" {
            return Err(ClientError::Account { status: plain(&account.status) });
        }
        let location = answer.location.ok_or(ClientError::Unreadable { what: "account", reason: "it has no URL".to_owned() })?;
        here(self.http, &location)?;
        self.account = Some(location.clone());
        Ok(location)
    }

    /// Orders; gives the order's URL with it.
    pub(super) async fn order(&mut self, new: &NewOrder<'_>) -> Result<(String, Order), ClientError> {
        let identifiers: Vec<_> = new.identifiers.iter().map(|one| json!({"type": one.kind, "value": one.value})).collect();
        let mut payload = json!({"identifiers": identifiers});
        for (field, time) in [("notBefore", new.not_before), ("notAfter", new.not_after)] {
            if let Some(time) = time {
                payload[field] = json!(time.to_string());
            }
        }
        if let Some(profile) = new.profile {
            payload["profile"] = json!(profile);
        }
        let url = self.directory.new_order.clone();
        let answer = self.post(&url, Some(&payload)).await?;
        let location = answer.location.ok_or(ClientError::Unreadable { what: "order", reason: "it has no URL".to_owned() })?;
        here(self.http, &location)?;
        Ok((location, read("order", &answer.body)?))
    }

    /// The URLs of the account's orders, as far as the upstream says them.
    pub(super) async fn orders(&mut self) -> Result<Vec<String>, ClientError> {
        let Some(account) = self.account.clone() else { return Ok(Vec::new()) };
        let answer = self.post(&account, None).await?;
        let mut next = read::<Account>("account", &answer.body)?.orders;
        let mut found = Vec::new();
        for _ in 0..PAGES {
            let Some(url) = next else { break };
            let answer = self.post(&url, None).await?;
            found.extend(read::<Orders>("list of orders", &answer.body)?.orders);
            next = answer.next();
        }
        found.truncate(ORDERS);
        Ok(found)
    }

    /// An order as it stands, and after how long to ask again.
    pub(super) async fn see_order(&mut self, url: &str) -> Result<(Order, Option<Duration>), ClientError> {
        let answer = self.post(url, None).await?;
        Ok((read("order", &answer.body)?, answer.after))
    }

    /// An authorization as it stands, and after how long to ask again.
    pub(super) async fn see_authorization(&mut self, url: &str) -> Result<(Authorization, Option<Duration>), ClientError> {
        let answer = self.post(url, None).await?;
        Ok((read("authorization", &answer.body)?, answer.after))
    }

    /// Says that a challenge is answered.
    pub(super) async fn answered(&mut self, challenge: &str) -> Result<(), ClientError> {
        self.post(challenge, Some(&json!({}))).await.map(drop)
    }

    /// Hands in the request of an order that is ready.
    pub(super) async fn finalize(&mut self, url: &str, csr: &[u8]) -> Result<(), ClientError> {
        self.post(url, Some(&json!({"csr": URL_SAFE_NO_PAD.encode(csr)}))).await.map(drop)
    }

    /// The chains of a certificate, the first first, each text as it came.
    pub(super) async fn certificate(&mut self, url: &str, others: bool) -> Result<Vec<Bytes>, ClientError> {
        let answer = self.post(url, None).await?;
        let mut chains = vec![answer.body];
        if others {
            let alternates = answer.links.iter().filter(|(relation, _)| relation == "alternate");
            for (_, url) in alternates.take(ALTERNATES) {
                chains.push(self.post(url, None).await?.body);
            }
        }
        Ok(chains)
    }

    /// Revokes a certificate of the account.
    pub(super) async fn revoke(&mut self, certificate: &[u8], reason: u8) -> Result<(), ClientError> {
        let url = self.directory.revoke_cert.clone();
        let payload = json!({"certificate": URL_SAFE_NO_PAD.encode(certificate), "reason": reason});
        self.post(&url, Some(&payload)).await.map(drop)
    }

    async fn post(&mut self, url: &str, payload: Option<&Value>) -> Result<Answer, ClientError> {
        let place = here(self.http, url)?;
        let mut refused = None;
        for _ in 0..NONCES {
            let nonce = match self.nonces.pop() {
                Some(nonce) => nonce,
                None => self.fresh_nonce().await?,
            };
            let body = self.key.sign(self.account.as_deref(), &nonce, url, payload).await?;
            let answer = self.http.ask(Method::POST, path_of(&place), Some(body)).await?;
            self.keep_nonce(answer.headers());
            if answer.status().is_success() {
                return Ok(self.answer(answer, &place));
            }
            let error = self.refusal(url, &answer);
            match &error {
                ClientError::Problem { problem, .. } if problem.word() == "badNonce" => refused = Some(error),
                _ => return Err(error),
            }
        }
        Err(refused.unwrap_or(ClientError::Unreadable { what: "nonce", reason: "none is taken".to_owned() }))
    }

    async fn fresh_nonce(&mut self) -> Result<String, ClientError> {
        let url = here(self.http, &self.directory.new_nonce)?;
        let answer = self.http.ask(Method::HEAD, path_of(&url), None).await?;
        self.keep_nonce(answer.headers());
        self.nonces.pop().ok_or(ClientError::Unreadable { what: "nonce", reason: "there is none".to_owned() })
    }

    fn keep_nonce(&mut self, headers: &HeaderMap) {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let nonce = headers.get("replay-nonce").and_then(|nonce| nonce.to_str().ok());
        if let Some(nonce) = nonce.filter(|nonce| (1..=512).contains(&nonce.len()) && nonce.bytes().all(letter))
            && self.nonces.len() < KEPT
        {
            self.nonces.push(nonce.to_owned());
        }
    }

    fn refusal(&self, url: &str, answer: &Response<Bytes>) -> ClientError {
        let status = answer.status().as_u16();
        match serde_json::from_slice::<Problem>(answer.body()) {
            Ok(problem) if !problem.kind.is_empty() => ClientError::Problem { problem, status, after: pause(answer.headers(), self.now) },
            _ => ClientError::Status { url: plain(url), status },
        }
    }

    fn answer(&self, answer: Response<Bytes>, at: &Uri) -> Answer {
        let location = answer.headers().get(LOCATION).and_then(|location| location.to_str().ok());
        Answer {
            location: location.and_then(|location| absolute(at, location)),
            after: pause(answer.headers(), self.now),
            links: links(answer.headers(), at),
            body: answer.into_body(),
        }
    }
}

impl Answer {
    /// The next page of a list.
    fn next(&self) -> Option<String> {
        self.links.iter().find(|(relation, _)| relation == "next").map(|(_, url)| url.clone())
    }
}

/// A URL, if it is of the host that is asked.
fn here(http: &Http, url: &str) -> Result<Uri, ClientError> {
    let elsewhere = || ClientError::Elsewhere { url: plain(url) };
    let parsed = url.parse::<Uri>().map_err(|_| elsewhere())?;
    if http.is_here(&parsed) { Ok(parsed) } else { Err(elsewhere()) }
}

fn path_of(url: &Uri) -> &str {
    url.path_and_query().map_or("/", |path| path.as_str())
}

fn read<T: DeserializeOwned>(what: &'static str, body: &Bytes) -> Result<T, ClientError> {
    // What serde says repeats at most a short part of what it read.
    serde_json::from_slice(body).map_err(|error| ClientError::Unreadable { what, reason: plain(&error.to_string()) })
}

/// A URL in a head, which may begin at the host's root.
fn absolute(at: &Uri, url: &str) -> Option<String> {
    match url.strip_prefix('/') {
        Some(rest) if !rest.starts_with('/') => Some(format!("https://{}{url}", at.authority()?)),
        _ => Some(url.to_owned()),
    }
}

/// What `Link` fields lead to (RFC 8288), with the relation before it.
fn links(headers: &HeaderMap, at: &Uri) -> Vec<(String, String)> {
    let mut links = Vec::new();
    for field in headers.get_all(LINK).iter().filter_map(|field| field.to_str().ok()) {
        let mut rest = field;
        while let Some((url, after)) = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>')) {
            let (parameters, next) = after.split_once(",").map_or((after, ""), |(parameters, next)| (parameters, next));
            rest = next;
            for parameter in parameters.split(';').filter_map(|parameter| parameter.trim().strip_prefix("rel=")) {
                let url = absolute(at, url).unwrap_or_default();
                links.extend(parameter.trim_matches('"').split(' ').map(|relation| (relation.to_ascii_lowercase(), url.clone())));
            }
        }
    }
    links
}

/// What `Retry-After` says: seconds, or a date.
fn pause(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let date = jiff::fmt::rfc2822::parse(text).ok()?;
            u64::try_from(date.timestamp().as_second().saturating_sub(now.as_second())).unwrap_or(0)
        }
    };
    Some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
    use http::HeaderValue;

    use super::*;

    fn head(name: http::HeaderName, text: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(text).unwrap())])
    }

    #[test]
    fn links_are_read_by_their_relation() {
        let at = "https://acme.example/cert/1".parse().unwrap();
        let of = |text: &str| links(&head(LINK, text), &at);
        let link = |relation: &str, url: &str| (relation.to_owned(), url.to_owned());
        assert_eq!(of("<https://acme.example/dir>;rel=\"index\""), [link("index", "https://acme.example/dir")]);
        assert_eq!(
            of("</cert/1/1>; rel=\"alternate\", <https://acme.example/cert/1/2>; title=\"x\"; rel=alternate"),
            [link("alternate", "https://acme.example/cert/1/1"), link("alternate", "https://acme.example/cert/1/2")]
        );
        for text in ["", "<", "<>", ">;rel=next<", "<x", "<x>;", "<x>,,,"] {
            assert!(of(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn a_pause_is_bounded() {
        let now = "2026-11-22T10:00:00Z".parse().unwrap();
        let of = |text: &str| pause(&head(RETRY_AFTER, text), now).map(|pause| pause.as_secs());
        assert_eq!(of("7"), Some(7));
        assert_eq!(of("99999999999"), Some(86_400));
        assert_eq!(of("Sun, 22 Nov 2026 10:01:00 GMT"), Some(60));
        assert_eq!(of("Sun, 22 Nov 2020 10:01:00 GMT"), Some(0));
        assert_eq!(of("-1"), None);
        assert_eq!(of("soon"), None);
    }
}
