//! Cutting events into batches that one `PutLogEvents` call takes: by bytes, by count and by the time they span.

/// The most bytes of one call: messages plus [`EVENT_OVERHEAD`] for each event.
pub const MAX_BATCH_BYTES: usize = 1_048_576;

/// What each event counts beside its message's bytes.
pub const EVENT_OVERHEAD: usize = 26;

/// The most events of one call.
pub const MAX_BATCH_EVENTS: usize = 10_000;

/// The longest time, in milliseconds, from a call's first event to its last: 24 hours.
pub const MAX_BATCH_SPAN_MS: i64 = 24 * 60 * 60 * 1000;

/// An event to put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When it happened, in milliseconds since 1970.
    pub time_ms: i64,
    /// The text. Its UTF-8 bytes count.
    pub message: String,
}

/// Cuts events into batches within the limits of one call, keeping their order. Events must be in order of time.
#[must_use]
pub fn in_batches(events: Vec<Event>) -> Vec<Vec<Event>> {
    let mut batches = Vec::new();
    let mut batch: Vec<Event> = Vec::new();
    let mut bytes = 0;
    for event in events {
        let size = event.message.len() + EVENT_OVERHEAD;
        let too_long = batch.first().is_some_and(|first| event.time_ms.saturating_sub(first.time_ms) >= MAX_BATCH_SPAN_MS);
        if !batch.is_empty() && (too_long || bytes + size > MAX_BATCH_BYTES || batch.len() == MAX_BATCH_EVENTS) {
            batches.push(std::mem::take(&mut batch));
            bytes = 0;
        }
        bytes += size;
        batch.push(event);
    }
    if !batch.is_empty() {
        batches.push(batch);
    }
    batches
}
