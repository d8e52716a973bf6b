//! Rows that wait together share a commit: the disk makes some hundred commits a second durable, and thousands of rows in them.
//!
//! A [`Batcher`] is a queue and a task that takes what waits and hands it to its [`Write`]; while that commits, the next batch gathers.
//! Each item is answered for itself.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::StoreError;

/// How many items wait before further ones wait to be let in.
const QUEUE: usize = 1024;

/// What commits a batch.
pub trait Write: Send + 'static {
    /// What is written.
    type Item: Send + 'static;
    /// What is answered for each.
    type Answer: Send + 'static;

    /// How many items a batch has at most.
    const BATCH: usize;

    /// Commits the items, or none of them; answers each, in their order.
    fn write(&mut self, items: Vec<Self::Item>) -> impl Future<Output = Result<Vec<Self::Answer>, StoreError>> + Send;
}

struct Waiting<W: Write> {
    item: W::Item,
    answer: oneshot::Sender<Result<W::Answer, StoreError>>,
}

/// The queue's handle. The task ends, with all that waits written, when the last handle is dropped.
pub struct Batcher<W: Write> {
    queue: mpsc::Sender<Waiting<W>>,
}

impl<W: Write> Clone for Batcher<W> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<W: Write> std::fmt::Debug for Batcher<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batcher").field("waiting", &(QUEUE - self.queue.capacity())).finish()
    }
}

impl<W: Write> Batcher<W> {
    /// Starts the task on the current tokio runtime.
    #[must_use]
    pub fn start(write: W) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(run(write, waiting));
        Self { queue }
    }

    /// Waits until the item is committed. Dropping the future gives up the answer, not the item.
    ///
    /// # Errors
    /// What [`Write::write`] says of its batch, and [`StoreError::Ending`] if the task has ended.
    pub async fn submit(&self, item: W::Item) -> Result<W::Answer, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.queue.send(Waiting { item, answer }).await.map_err(|_| StoreError::Ending)?;
        answered.await.map_err(|_| StoreError::Ending)?
    }
}

async fn run<W: Write>(mut write: W, mut queue: mpsc::Receiver<Waiting<W>>) {
    let mut taken = Vec::with_capacity(W::BATCH);
    loop {
        // Tasks that are ready to submit get to do so, and share the commit.
        tokio::task::yield_now().await;
        if queue.recv_many(&mut taken, W::BATCH).await == 0 {
            return;
        }
        let (items, answers): (Vec<_>, Vec<_>) = taken.drain(..).map(|waiting| (waiting.item, waiting.answer)).unzip();
        match write.write(items).await {
            Ok(written) => {
                for (answer, written) in answers.into_iter().zip(written) {
                    // Whoever submitted may have stopped waiting; the rows stay.
                    let _ = answer.send(Ok(written));
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for answer in answers {
                    let _ = answer.send(Err(StoreError::Batch(Arc::clone(&error))));
                }
            }
        }
    }
}
