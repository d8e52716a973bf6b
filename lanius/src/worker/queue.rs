//! Messages from SQS, several at once: each is hidden from others while it is worked on, and deleted when it is done. What fails is
//! left, with the reason in the log, for the queue's redrive policy.

use std::sync::Arc;
use std::time::Duration;

use menagerie_aws::CallError;
use menagerie_aws_sqs::{LONGEST_WAIT, MOST_MESSAGES, Message, Sqs};
use tokio::task::JoinSet;

use super::{MessageError, Stop, Tally, Worker};

/// How many messages are worked on at once. Each has objects of its own, which share the worker's places.
const AT_ONCE: usize = 10;
/// How often in a row receiving may fail.
const MAX_FAILURES: u32 = 10;

/// How a queue is polled.
#[derive(Debug, Clone, Copy)]
pub struct Polling {
    /// How long a message is hidden at first, and again before that is over.
    pub hidden: Duration,
    /// Whether to end when the queue is empty.
    pub once: bool,
}

/// What came of all messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drained {
    /// Messages that were done and deleted.
    pub done: u64,
    /// Messages that were left in the queue.
    pub left: u64,
    /// What came of those that were done.
    pub tally: Tally,
}

/// Why the worker ended.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// Messages cannot be received.
    #[error("no messages can be received from {queue}: {error}")]
    Receive {
        /// The queue.
        queue: String,
        /// The last error.
        error: CallError,
    },
}

/// Works on messages until it is told to stop, or, once, until the queue is empty.
///
/// # Errors
/// [`QueueError`].
pub async fn work(worker: Arc<Worker>, sqs: Sqs, queue: String, polling: Polling, mut stop: Stop) -> Result<Drained, QueueError> {
    let (mut drained, mut failures, mut running) = (Drained::default(), 0, JoinSet::new());
    let wait = if polling.once { Duration::from_secs(1) } else { LONGEST_WAIT };
    loop {
        while running.len() >= AT_ONCE {
            note(&mut drained, running.join_next().await);
        }
        let free = i32::try_from(AT_ONCE - running.len()).unwrap_or(MOST_MESSAGES);
        let received = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            received = sqs.receive(&queue, free, wait, polling.hidden) => received,
        };
        match received {
            Ok(messages) if messages.is_empty() && polling.once => {
                if running.is_empty() {
                    break;
                }
                note(&mut drained, running.join_next().await);
            }
            Ok(messages) => {
                failures = 0;
                for message in messages {
                    let one = One { worker: Arc::clone(&worker), sqs: sqs.clone(), queue: queue.clone(), hidden: polling.hidden };
                    running.spawn(one.work(message, stop.clone()));
                }
            }
            Err(error) => {
                failures += 1;
                tracing::error!(%error, failures, "no messages were received");
                if failures == MAX_FAILURES {
                    finish(&mut drained, running).await;
                    return Err(QueueError::Receive { queue, error });
                }
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => {}
                    () = tokio::time::sleep(Duration::from_millis(100 << failures)) => {}
                }
            }
        }
    }
    finish(&mut drained, running).await;
    Ok(drained)
}

async fn finish(drained: &mut Drained, mut running: JoinSet<Option<Tally>>) {
    while let Some(done) = running.join_next().await {
        note(drained, Some(done));
    }
}

fn note(drained: &mut Drained, done: Option<Result<Option<Tally>, tokio::task::JoinError>>) {
    match done {
        Some(Ok(Some(tally))) => {
            drained.done += 1;
            drained.tally.add(tally);
        }
        Some(Ok(None)) => drained.left += 1,
        Some(Err(error)) => {
            tracing::error!(%error, "a fault in this program: the message is left in the queue");
            drained.left += 1;
        }
        None => {}
    }
}

struct One {
    worker: Arc<Worker>,
    sqs: Sqs,
    queue: String,
    hidden: Duration,
}

impl One {
    /// Works on a message; none if it is left in the queue.
    async fn work(self, message: Message, stop: Stop) -> Option<Tally> {
        let outcome = tokio::select! {
            outcome = self.worker.message(&message.body, &stop) => outcome,
            () = self.keep_hidden(&message.receipt) => Err(MessageError::Stopped),
        };
        match outcome {
            Ok(tally) => {
                if let Err(error) = self.sqs.delete(&self.queue, &message.receipt).await {
                    // It comes again, and finds its results there.
                    tracing::warn!(message = message.id, %error, "the message is done and could not be deleted");
                }
                tracing::info!(message = message.id, scanned = tally.scanned, known = tally.known, places = tally.places, "done");
                Some(tally)
            }
            Err(MessageError::Stopped) => {
                if let Err(error) = self.sqs.hide(&self.queue, &message.receipt, Duration::ZERO).await {
                    tracing::warn!(message = message.id, %error, "the message could not be given back before its time");
                }
                None
            }
            Err(error) => {
                tracing::error!(message = message.id, receives = message.receives, %error, "the message is left to the queue's redrive policy");
                None
            }
        }
    }

    /// Hides the message again before its time is over, as long as it is worked on.
    async fn keep_hidden(&self, receipt: &str) {
        loop {
            tokio::time::sleep(self.hidden / 3).await;
            if let Err(error) = self.sqs.hide(&self.queue, receipt, self.hidden).await {
                tracing::warn!(%error, "the message could not be hidden for longer: another worker may take it too");
            }
        }
    }
}
