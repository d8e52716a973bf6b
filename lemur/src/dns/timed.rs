//! What every provider has in common: its record is checked first, it has a time to be done in, and what it wrote may need a time to spread.

use std::sync::Arc;
use std::time::Duration;

use super::record::Record;
use super::{BoxFuture, DnsError, DnsProvider};

/// A service or a program that writes records that were checked.
pub(super) trait Writer: Send + Sync {
    fn publish<'a>(&'a self, record: Record<'a>) -> BoxFuture<'a, Result<(), DnsError>>;

    fn withdraw<'a>(&'a self, record: Record<'a>) -> BoxFuture<'a, Result<(), DnsError>>;
}

/// A provider of a writer.
pub(super) struct Timed {
    pub(super) writer: Arc<dyn Writer>,
    /// How long publishing, or withdrawing, may take.
    pub(super) timeout: Duration,
    /// How long a record that was written needs until all servers have it.
    pub(super) propagation: Duration,
}

impl DnsProvider for Timed {
    fn publish<'a>(&'a self, name: &'a str, value: &'a str) -> BoxFuture<'a, Result<(), DnsError>> {
        Box::pin(async move {
            let record = Record::new(name, value)?;
            self.within(self.writer.publish(record)).await?;
            tokio::time::sleep(self.propagation).await;
            Ok(())
        })
    }

    fn withdraw<'a>(&'a self, name: &'a str, value: &'a str) -> BoxFuture<'a, Result<(), DnsError>> {
        Box::pin(async move { self.within(self.writer.withdraw(Record::new(name, value)?)).await })
    }
}

impl Timed {
    async fn within(&self, work: impl Future<Output = Result<(), DnsError>>) -> Result<(), DnsError> {
        tokio::time::timeout(self.timeout, work).await.unwrap_or(Err(DnsError::TimedOut(self.timeout)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Never;

    impl Writer for Never {
        fn publish<'a>(&'a self, _: Record<'a>) -> BoxFuture<'a, Result<(), DnsError>> {
            Box::pin(std::future::pending())
        }

        fn withdraw<'a>(&'a self, _: Record<'a>) -> BoxFuture<'a, Result<(), DnsError>> {
            Box::pin(async { Ok(()) })
        }
    }

    #[tokio::test]
    async fn nothing_takes_longer_than_it_may_and_nothing_unfit_is_written() {
        let timed = Timed { writer: Arc::new(Never), timeout: Duration::from_millis(20), propagation: Duration::ZERO };
        assert!(matches!(timed.publish("a.example", "x").await, Err(DnsError::TimedOut(_))));
        assert!(timed.withdraw("a.example", "x").await.is_ok());
        assert!(matches!(timed.withdraw("a.example.", "x").await, Err(DnsError::Unfit(_))));
    }

    struct AtOnce;

    impl Writer for AtOnce {
        fn publish<'a>(&'a self, _: Record<'a>) -> BoxFuture<'a, Result<(), DnsError>> {
            Box::pin(async { Ok(()) })
        }

        fn withdraw<'a>(&'a self, _: Record<'a>) -> BoxFuture<'a, Result<(), DnsError>> {
            Box::pin(async { Ok(()) })
        }
    }

    #[tokio::test]
    async fn what_is_written_is_given_its_time_to_spread_and_what_is_taken_away_is_not() {
        let propagation = Duration::from_millis(200);
        // Longer than the time to be done in, of which it is no part.
        let timed = Timed { writer: Arc::new(AtOnce), timeout: Duration::from_millis(100), propagation };
        let start = std::time::Instant::now();
        timed.publish("a.example", "x").await.expect("written");
        assert!(start.elapsed() >= propagation);
        let start = std::time::Instant::now();
        timed.withdraw("a.example", "x").await.expect("withdrawn");
        assert!(start.elapsed() < propagation);
    }
}
