//! What the verbs of the command line work on: the data on this machine, or a server over the network. Both are asked in the words of the REST
//! interface, so that a verb is written once: on this machine the interface runs in this process.

mod credentials;
mod local;
mod option;
mod remote;

use menagerie_report::shown;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::place::{self, Missing};
use crate::cli::{Emergency, Target};

pub(super) use credentials::{Kept, forget, keep, of_server};
pub(super) use remote::{Remote, Server};

/// The most items of a page.
const PAGE: usize = 1_000;

/// The most pages of a list that is read to its end.
const MOST_PAGES: usize = 1_000;

/// The longest sentence of a server that is repeated.
const LONGEST_SENTENCE: usize = 2_000;

/// What the verbs work on.
pub(super) struct Backend {
    at: At,
    /// The verb's options, by which a refusal names what was wrong.
    options: Vec<String>,
}

enum At {
    /// The data on this machine.
    Here(Box<local::Local>),
    /// A server.
    There(Remote),
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// It was refused.
    #[error("{sentence}")]
    Refused {
        /// The answer's status.
        status: u16,
        /// What was said.
        sentence: String,
    },
    /// The server was not reached, or broke off.
    #[error("cannot reach {url}: {reason}")]
    Unreached {
        /// The server.
        url: String,
        /// What failed, and what to do.
        reason: String,
    },
    /// What answers is no lemur.
    #[error("what {url} answers is not lemur's: {reason}")]
    Foreign {
        /// The server.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A failure on this machine.
    #[error("{0}")]
    Failed(String),
}

impl Refusal {
    /// Whether there is no such thing.
    pub(super) const fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    /// Whether whoever asks may not.
    pub(super) const fn is_forbidden(&self) -> bool {
        matches!(self, Self::Refused { status: 403, .. })
    }
}

/// Does a verb's work on what `target` names, which has to be there.
pub(super) fn on<T>(target: &Target, work: impl AsyncFnOnce(&Backend) -> anyhow::Result<T>) -> anyhow::Result<T> {
    on_in(None, target, Missing::Refused, work)
}

/// As [`on`], perhaps in an emergency; what is not there on this machine is made, or not.
pub(super) fn on_in<T>(
    emergency: Option<&Emergency>,
    target: &Target,
    missing: Missing,
    work: impl AsyncFnOnce(&Backend) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    let break_glass = emergency.and_then(|emergency| emergency.break_glass.as_deref());
    let Some(url) = &target.server else {
        return place::on(&target.place, missing, async |opened| {
            let at = At::Here(Box::new(local::Local::open(opened, break_glass).await?));
            work(&Backend { at, options: target.verb_options.clone() }).await
        });
    };
    anyhow::ensure!(break_glass.is_none(), "--break-glass is for the server's own machine alone");
    let remote = Remote::open(url, target.token_file.as_deref(), target.ca_file.as_deref())?;
    let backend = Backend { at: At::There(remote), options: target.verb_options.clone() };
    place::runtime()?.block_on(async { work(&backend).await })
}

impl Backend {
    pub(super) async fn get(&self, path: &str) -> Result<Value, Refusal> {
        Ok(self.call("GET", path, None).await?.body)
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Result<Value, Refusal> {
        Ok(self.call("POST", path, Some(body)).await?.body)
    }

    pub(super) async fn put(&self, path: &str, body: Value) -> Result<Value, Refusal> {
        Ok(self.call("PUT", path, Some(body)).await?.body)
    }

    /// Asks; what is refused is an error with one sentence.
    pub(super) async fn call(&self, method: &'static str, path: &str, body: Option<Value>) -> Result<Answer, Refusal> {
        let answer = match &self.at {
            At::Here(local) => local.call(method, path, body.as_ref()).await?,
            At::There(remote) => remote.call(method, path, body).await?,
        };
        if (200..300).contains(&answer.status) {
            return Ok(answer);
        }
        let sentence = sentence(&answer, &self.options);
        let sentence = match &self.at {
            At::There(remote) => remote.with_hint(answer.status, sentence),
            At::Here(_) => sentence,
        };
        Err(Refusal::Refused { status: answer.status, sentence })
    }

    /// All items of a list that comes by pages; `query` is empty, or begins with `&`.
    pub(super) async fn all(&self, path: &str, query: &str) -> Result<Vec<Value>, Refusal> {
        self.some(path, query, usize::MAX).await.map(|(items, _)| items)
    }

    /// At most so many items of a list that comes by pages, and how many there are.
    pub(super) async fn some(&self, path: &str, query: &str, most: usize) -> Result<(Vec<Value>, u64), Refusal> {
        let mut items = Vec::new();
        let count = most.clamp(1, PAGE);
        for page in 1..=MOST_PAGES {
            let mut listed = self.get(&format!("{path}?page={page}&count={count}{query}")).await?;
            let total = listed["total"].as_u64().unwrap_or(0);
            let Value::Array(found) = listed["items"].take() else {
                return Err(Refusal::Failed("the answer is no list".to_owned()));
            };
            let full = found.len() == count;
            items.extend(found);
            if !full || items.len() >= most {
                items.truncate(most);
                return Ok((items, total));
            }
        }
        Err(Refusal::Failed("the list has no end".to_owned()))
    }

    /// The one of a list whose field is this text, in any case; the list is narrowed to names that hold it.
    pub(super) async fn named(&self, path: &str, field: &str, name: &str) -> Result<Option<Value>, Refusal> {
        let found = self.all(path, &format!("&filter={}", encoded(&format!("name;{name}")))).await?;
        let is = |item: &Value| item[field].as_str().is_some_and(|text| text.to_lowercase() == name.to_lowercase());
        Ok(found.into_iter().find(is))
    }

    /// Who answers for what is made where nobody is named.
    pub(super) async fn owner(&self, said: Option<&str>) -> anyhow::Result<String> {
        match (said, &self.at) {
            (Some(owner), _) => Ok(owner.to_owned()),
            (None, At::Here(_)) => Ok("admin@localhost".to_owned()),
            (None, At::There(_)) => Ok(text(&self.get("/auth/me").await?, "email").to_owned()),
        }
    }

    pub(super) async fn authority(&self, name: &str) -> anyhow::Result<Value> {
        let found = self.all("/authorities", &format!("&filter={}", encoded(&format!("name;{name}")))).await?;
        let found = found.into_iter().find(|authority| authority["name"] == name);
        found.ok_or_else(|| anyhow::anyhow!("there is no authority {name:?}: `lemur authority list` names them"))
    }

    pub(super) async fn role(&self, name: &str) -> anyhow::Result<Value> {
        let found = self.named("/roles", "name", name).await?;
        found.ok_or_else(|| anyhow::anyhow!("there is no role {name:?}: `lemur role list` names them"))
    }

    pub(super) async fn user(&self, name: &str) -> anyhow::Result<Value> {
        let found = self.named("/users", "username", name).await?;
        found.ok_or_else(|| anyhow::anyhow!("there is no user {name:?}: `lemur user list` names them"))
    }

    /// By number, or by name.
    pub(super) async fn certificate(&self, named: &str) -> anyhow::Result<Value> {
        let missing = || anyhow::anyhow!("there is no certificate {named:?}: `lemur certificate list` shows them");
        if named.parse::<i64>().is_ok() {
            match self.get(&format!("/certificates/{named}")).await {
                Err(refusal) if refusal.is_missing() => {}
                found => return Ok(found?),
            }
        }
        match self.get(&format!("/certificates/name/{}", encoded(named))).await {
            Ok(mut found) => found["items"].get_mut(0).map(Value::take).ok_or_else(missing),
            Err(refusal) if refusal.is_missing() => Err(missing()),
            Err(refusal) => Err(refusal.into()),
        }
    }
}

/// A text in a path or a query.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The text of a field; nothing, where there is none.
pub(super) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// A number of a thing, as answers give it.
pub(super) fn id(value: &Value) -> i64 {
    value["id"].as_i64().unwrap_or_default()
}

/// What an answer says of why it was not done, in one line; by the verb's options where it speaks of fields that they fill.
pub(super) fn sentence(Answer { status, body }: &Answer, options: &[String]) -> String {
    let reasons = body["reasons"].as_object().into_iter().flatten();
    let said = |(field, reason): (&String, &Value)| format!("{}: {}", option::filling(field, options), reason.as_str().unwrap_or_default());
    let reasons: Vec<_> = reasons.map(said).collect();
    let said = if reasons.is_empty() { text(body, "message").to_owned() } else { reasons.join("; ") };
    let said: String = said.chars().take(LONGEST_SENTENCE).collect();
    let said = shown(said.trim().trim_end_matches('.')).into_owned();
    if said.is_empty() { format!("the server answered {status} and said nothing about it") } else { said }
}

#[cfg(test)]
mod tests;
