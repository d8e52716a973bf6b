//! Slack and webhooks: JSON by `POST`.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use menagerie_secret::Secret;
use serde_json::json;

use super::{Notice, Notify, NotifyError};
use crate::web::Web;

/// How long a place may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer that is read: what it says is of no interest.
const ANSWER: u64 = 64 << 10;

/// Slack's incoming webhook.
pub struct Slack(Place);

/// A place that takes `repokid.notice/1` as JSON.
pub struct Webhook(Place);

#[derive(Clone)]
struct Place {
    web: Web,
    url: Arc<Secret<String>>,
}

impl Place {
    fn new(url: Secret<String>) -> Self {
        Self { web: Web::new(PATIENCE), url: Arc::new(url) }
    }

    /// Waits for the answer on a thread that may wait.
    async fn post(&self, body: String) -> Result<(), NotifyError> {
        let place = self.clone();
        let posted = tokio::task::spawn_blocking(move || place.web.post(&place.url, None, &body, ANSWER)).await;
        posted.map_err(|_| NotifyError::Lost)?.map(drop).map_err(NotifyError::from)
    }
}

impl Slack {
    /// At this address.
    #[must_use]
    pub fn new(url: Secret<String>) -> Self {
        Self(Place::new(url))
    }
}

impl Webhook {
    /// At this address.
    #[must_use]
    pub fn new(url: Secret<String>) -> Self {
        Self(Place::new(url))
    }
}

impl fmt::Debug for Slack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slack")
    }
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Webhook")
    }
}

impl Notify for Slack {
    fn kind(&self) -> &'static str {
        "Slack"
    }

    fn deliver<'a>(&'a self, notice: &'a Notice) -> Pin<Box<dyn Future<Output = Result<(), NotifyError>> + Send + 'a>> {
        // What Slack takes for marks of its own would make links and mentions of names.
        let text = notice.text().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        Box::pin(async move { self.0.post(json!({ "text": text }).to_string()).await })
    }
}

impl Notify for Webhook {
    fn kind(&self) -> &'static str {
        "the webhook"
    }

    fn deliver<'a>(&'a self, notice: &'a Notice) -> Pin<Box<dyn Future<Output = Result<(), NotifyError>> + Send + 'a>> {
        Box::pin(async move { self.0.post(notice.json()).await })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use menagerie_tests::http::{Response, Server};

    use super::super::{Moment, Notifiers, RoleNotice};
    use super::*;

    fn notice() -> Notice {
        Notice {
            moment: Moment::Before,
            account: "111122223333".to_owned(),
            commit: false,
            title: "1 role is due".to_owned(),
            roles: vec![RoleNotice { role: "<!channel>".to_owned(), what: "2 permissions go".to_owned(), permissions: Vec::new() }],
            problems: Vec::new(),
            at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[tokio::test]
    async fn each_place_gets_its_form() {
        let got = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&got);
        let server = Server::start(move |request| {
            kept.lock().expect("no test panics with it").push(String::from_utf8(request.body).expect("is text"));
            Some(Response::new(200, "ok"))
        });
        let mut notifiers = Notifiers::default();
        notifiers.add(Slack::new(Secret::new(server.url())));
        notifiers.add(Webhook::new(Secret::new(server.url())));
        assert_eq!(notifiers.deliver(&notice()).await, Vec::<String>::new());
        let got = got.lock().expect("no test panics with it");
        let slack: serde_json::Value = serde_json::from_str(&got[0]).expect("is JSON");
        let text = slack["text"].as_str().expect("a text");
        assert!(text.contains("(dry run)") && text.contains("&lt;!channel&gt;: 2 permissions go"), "{text}");
        let webhook: serde_json::Value = serde_json::from_str(&got[1]).expect("is JSON");
        assert_eq!((&webhook["schema"], &webhook["moment"]), (&"repokid.notice/1".into(), &"before".into()));
    }

    #[tokio::test]
    async fn a_failure_is_told_without_the_address_and_stops_nothing() {
        let server = Server::start(|_| Some(Response::new(404, "no_team")));
        let mut notifiers = Notifiers::default();
        notifiers.add(Slack::new(Secret::new(format!("{}/services/s3cret", server.url()))));
        notifiers.add(Webhook::new(Secret::new("http://127.0.0.1:1/s3cret".to_owned())));
        let failed = notifiers.deliver(&notice()).await;
        assert_eq!(failed.len(), 2, "{failed:?}");
        assert!(failed.iter().all(|text| !text.contains("s3cret")) && failed[0].contains("404"), "{failed:?}");
        assert!(!format!("{notifiers:?}").contains("s3cret"));
    }

    #[test]
    fn what_is_too_long_is_counted() {
        let mut long = notice();
        long.roles = (0..2_000).map(|number| RoleNotice { role: format!("role-{number}"), ..long.roles[0].clone() }).collect();
        let text = long.text();
        assert!(text.len() < 12_100 && text.trim_end().ends_with(" more"), "{}", text.len());
    }
}
