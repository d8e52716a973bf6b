//! A page of the list of certificates. Its items are whole, with chains, as Lemur's clients want them, and a page may have a thousand: it is
//! written a few items at a time as its reader takes them, and few long pages are on their way at a time.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use serde::Serialize;
use tokio::sync::mpsc;

use super::super::Api;
use super::super::fault::Fault;
use super::super::long_answers::Place;
use super::super::query::Asked;
use super::super::signed::Signed;
use super::view::CertificateOut;
use crate::store::CertificateId;
use crate::store::list::{Filter, Numbers, Order, Page};

/// How many items are written at a time, and how many a page has that is written at once.
const AT_ONCE: usize = 20;

/// How long an answer may be that is not counted among the long ones, in bytes.
const SHORT: usize = 256 * 1024;

/// How long a reader may take for the next items, and for all of them.
const PATIENCE: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(60);

/// A page that is written at once.
#[derive(Serialize)]
struct Whole {
    items: Vec<CertificateOut>,
    /// How many there are, or were within five minutes, or a thousand beyond the page where that is not counted yet.
    total: u64,
    /// Whether that is how many there are now.
    exact: bool,
}

/// What is written of a page and not sent yet.
struct Part {
    text: Vec<u8>,
    /// Whether an item was written, in this part or before.
    follows: bool,
}

impl Part {
    fn begin() -> Self {
        Self { text: b"{\"items\":[".to_vec(), follows: false }
    }

    fn take(&mut self) -> Bytes {
        std::mem::take(&mut self.text).into()
    }
}

/// What is sent, and whether it is the last.
type Sent = (Bytes, bool);

/// An answer that holds its place among the long ones until it is sent.
struct Placed {
    text: Vec<u8>,
    _place: Place,
}

impl AsRef<[u8]> for Placed {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl Api {
    /// A page as it is answered.
    pub(super) async fn page(&self, signed: &Signed, filter: &Filter, order: Order, asked: &Asked) -> Result<Response, Fault> {
        let page = Page::Offset { offset: u64::try_from(asked.skip()).unwrap_or(u64::MAX), limit: u64::try_from(asked.count).unwrap_or(0) };
        let numbers = self.engine.certificate_numbers(filter, order, page).await?;
        if numbers.ids.len() > AT_ONCE {
            return self.long(signed, numbers).await;
        }
        let items = self.describe(self.engine.certificates_of(&numbers.ids).await?).await?;
        let text = serde_json::to_vec(&Whole { items, total: numbers.total, exact: numbers.exact })
            .map_err(|error| Fault::Internal(error.to_string()))?;
        let body = if text.len() > SHORT { Bytes::from_owner(Placed { text, _place: self.place(signed).await? }) } else { text.into() };
        Ok(([(CONTENT_TYPE, "application/json")], body).into_response())
    }

    async fn place(&self, signed: &Signed) -> Result<Place, Fault> {
        self.long_answers.place(signed.requester.called()).await.map_err(|error| Fault::Internal(error.to_string()))
    }

    async fn long(&self, signed: &Signed, numbers: Numbers) -> Result<Response, Fault> {
        let Numbers { total, exact, ids } = numbers;
        let place = self.place(signed).await?;
        // What fails fails here as a rule, and is answered as a failure.
        let mut first = Part::begin();
        self.write(&ids[..AT_ONCE], &mut first).await?;
        let (sender, receiver) = mpsc::channel::<Sent>(1);
        let api = self.clone();
        tokio::spawn(async move {
            let _place = place;
            let end = format!("],\"total\":{total},\"exact\":{exact}}}");
            // A reader who is slower than that is left with what was sent, which does not look as if it were whole.
            let written = tokio::time::timeout(WHOLE, api.go_on(first, &ids[AT_ONCE..], &end, &sender)).await;
            if let Ok(Err(fault)) = written {
                tracing::error!(reason = %fault, "a list of certificates broke off");
            }
        });
        let parts = futures_util::stream::unfold(Some(receiver), |receiver: Option<mpsc::Receiver<Sent>>| async move {
            let mut receiver = receiver?;
            match receiver.recv().await {
                Some((part, last)) => Some((Ok(part), (!last).then_some(receiver))),
                // A list that is not whole must not look as if it were.
                None => Some((Err(std::io::Error::other("the list broke off")), None)),
            }
        });
        Ok(([(CONTENT_TYPE, "application/json")], Body::from_stream(parts)).into_response())
    }

    /// Writes the rest as the reader takes it, and gives up if that takes nothing.
    async fn go_on(&self, mut part: Part, rest: &[CertificateId], end: &str, to: &mpsc::Sender<Sent>) -> Result<(), Fault> {
        for ids in rest.chunks(AT_ONCE) {
            if to.send_timeout((part.take(), false), PATIENCE).await.is_err() {
                return Ok(());
            }
            self.write(ids, &mut part).await?;
        }
        part.text.extend_from_slice(end.as_bytes());
        // Whoever read so far and no further is gone.
        let _ = to.send_timeout((part.take(), true), PATIENCE).await;
        Ok(())
    }

    async fn write(&self, ids: &[CertificateId], part: &mut Part) -> Result<(), Fault> {
        for item in self.describe(self.engine.certificates_of(ids).await?).await? {
            if std::mem::replace(&mut part.follows, true) {
                part.text.push(b',');
            }
            serde_json::to_writer(&mut part.text, &item).map_err(|error| Fault::Internal(error.to_string()))?;
        }
        Ok(())
    }
}
