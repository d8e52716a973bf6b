//! The limits of a batch, and what an answer that kept less than all turns into.

use aws_sdk_cloudwatchlogs::types::RejectedLogEventsInfo;

use super::*;

fn event(time_ms: i64, bytes: usize) -> Event {
    Event { time_ms, message: "x".repeat(bytes) }
}

fn sizes(events: Vec<Event>) -> Vec<usize> {
    in_batches(events).iter().map(Vec::len).collect()
}

#[test]
fn a_batch_ends_at_its_bytes() {
    let size = MAX_BATCH_BYTES / 4 - EVENT_OVERHEAD;
    assert_eq!(sizes(vec![event(0, size); 4]), [4]);
    assert_eq!(sizes(vec![event(0, size); 5]), [4, 1]);
    assert_eq!(sizes(vec![event(0, size + 1); 4]), [3, 1]);
}

#[test]
fn a_batch_ends_at_its_count() {
    assert_eq!(sizes(vec![event(0, 1); MAX_BATCH_EVENTS]), [MAX_BATCH_EVENTS]);
    assert_eq!(sizes(vec![event(0, 1); MAX_BATCH_EVENTS + 1]), [MAX_BATCH_EVENTS, 1]);
}

#[test]
fn a_batch_spans_less_than_a_day() {
    assert_eq!(sizes(vec![event(5, 1), event(4 + MAX_BATCH_SPAN_MS, 1), event(5 + MAX_BATCH_SPAN_MS, 1)]), [2, 1]);
    assert_eq!(sizes(vec![event(i64::MIN, 1), event(i64::MAX, 1)]), [1, 1]);
}

#[test]
fn nothing_makes_no_batch() {
    assert!(in_batches(Vec::new()).is_empty());
}

#[test]
fn an_answer_that_names_rejected_events_is_a_failure() {
    let kept = PutLogEventsOutput::builder().build();
    assert!(all_kept(&kept).is_ok());
    for info in [
        RejectedLogEventsInfo::builder().too_new_log_event_start_index(0).build(),
        RejectedLogEventsInfo::builder().too_old_log_event_end_index(1).build(),
        RejectedLogEventsInfo::builder().expired_log_event_end_index(2).build(),
        RejectedLogEventsInfo::builder().build(),
    ] {
        let answer = PutLogEventsOutput::builder().rejected_log_events_info(info).build();
        assert!(matches!(all_kept(&answer), Err(PutError::Rejected { .. })));
    }
}
