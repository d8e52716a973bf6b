use serde_json::json;

use super::*;
use crate::state::LastAccess;

const READER: &str = "arn:aws:iam::111122223333:role/reader";

fn now() -> Timestamp {
    "2026-06-01T00:00:00Z".parse().expect("a time")
}

fn aardvark(last: &Value) -> Value {
    json!({
        "serviceNamespace": "S3", "serviceName": "Amazon S3", "lastAuthenticated": last, "lastAuthenticatedEntity": READER,
        "lastUpdated": "Sun, 31 May 2026 00:00:00 GMT", "totalAuthenticatedEntities": 1
    })
}

fn only(advice: &Advice) -> &AdvisorRow {
    let rows: Vec<_> = advice.rows.values().flatten().collect();
    assert_eq!(rows.len(), 1, "{advice:?}");
    rows[0]
}

#[test]
fn aardvarks_pages_are_asked_for_to_the_end() {
    let page = |total: u64| {
        AardvarkPage::parse(&json!({"count": 1000, "page": 1, "total": total, READER: []}).to_string(), now()).expect("a page")
    };
    assert_eq!((page(1000).next(1), page(1001).next(1), page(1001).next(2), page(0).next(1)), (None, Some(2), None, None));
    assert_eq!(page(1).advice.rows.len(), 1, "the counts are no principals");
    assert!(AardvarkPage::parse(&json!({READER: []}).to_string(), now()).is_err(), "without a total, whether more follows is not known");
    assert_eq!(Question::Account("111122223333".parse().expect("an account")).body(), r#"{"phrase":"111122223333"}"#);
    assert_eq!(Question::Principal(READER.parse().expect("an ARN")).body(), format!(r#"{{"arn":["{READER}"]}}"#));
    assert_eq!(Question::query(2), "count=1000&page=2");
}

#[test]
fn aardvarks_rows_are_read() {
    let advice = saved(&json!({READER: [aardvark(&json!(1_777_000_000_000_i64))]}).to_string(), now()).expect("is read");
    let row = only(&advice);
    assert_eq!((row.service.as_str(), row.total_authenticated_entities), ("s3", 1));
    assert_eq!(row.last_authenticated, LastAccess::At(Timestamp::from_second(1_777_000_000).expect("a time")));
    assert_eq!(row.last_updated, Some("2026-05-31T00:00:00Z".parse().expect("a time")));
    assert_eq!(row.last_authenticated_entity.as_deref(), Some(READER));
}

#[test]
fn a_time_that_is_none_counts_as_used() {
    let last = |value: Value| only(&saved(&json!({READER: [aardvark(&value)]}).to_string(), now()).expect("is read")).last_authenticated;
    assert_eq!(last(json!(0)), LastAccess::Never);
    assert_eq!(last(json!(1_777_000_000)), last(json!(1_777_000_000_000_i64)), "seconds are taken as well");
    assert_eq!(last(json!(1_777_000_000_000.0)), last(json!(1_777_000_000_000_i64)));
    for value in [json!(null), json!("never"), json!(1), json!(-5), json!(1_400_000_000), json!(9_999_999_999_999_i64), json!(1e300)] {
        assert_eq!(last(value.clone()), LastAccess::Unreadable, "{value}");
    }
    let without = json!({READER: [{"serviceNamespace": "s3"}]}).to_string();
    let advice = saved(&without, now()).expect("is read");
    assert_eq!((only(&advice).last_authenticated, only(&advice).last_updated), (LastAccess::Unreadable, None));
}

fn answer_of(status: &str, services: &Value) -> Value {
    json!({"JobStatus": status, "JobCompletionDate": "2026-05-31T00:00:00+00:00", "ServicesLastAccessed": services, "IsTruncated": false})
}

#[test]
fn awss_answers_are_read_by_service_and_by_action() {
    let services = json!([
        {"ServiceName": "Amazon S3", "ServiceNamespace": "s3", "LastAuthenticated": "2026-05-30T10:00:00+00:00", "TotalAuthenticatedEntities": 1,
         "LastAuthenticatedEntity": READER, "LastAuthenticatedRegion": "us-east-1",
         "TrackedActionsLastAccessed": [{"ActionName": "PutObject", "LastAccessedTime": 1_777_000_000}, {"ActionName": "DeleteBucket"}]},
        {"ServiceName": "Amazon SQS", "ServiceNamespace": "sqs", "TotalAuthenticatedEntities": 0},
        {"ServiceName": "Amazon SNS", "ServiceNamespace": "sns", "LastAuthenticated": "soon"}
    ]);
    let rows = answer(&answer_of("COMPLETED", &services).to_string(), now()).expect("is read");
    let last: Vec<_> = rows.iter().map(|row| (row.service.as_str(), row.last_authenticated)).collect();
    let used = LastAccess::At("2026-05-30T10:00:00Z".parse().expect("a time"));
    assert_eq!(last, [("s3", used), ("sqs", LastAccess::Never), ("sns", LastAccess::Unreadable)]);
    let actions: Vec<_> = rows[0].actions.iter().map(|action| (action.name.as_str(), action.last_accessed)).collect();
    let put = LastAccess::At(Timestamp::from_second(1_777_000_000).expect("a time"));
    assert_eq!(actions, [("PutObject", put), ("DeleteBucket", LastAccess::Never)]);
    assert!(rows.iter().all(|row| row.last_updated == Some("2026-05-31T00:00:00Z".parse().expect("a time"))));
}

#[test]
fn a_job_that_was_not_done_proves_nothing() {
    for status in ["IN_PROGRESS", "FAILED"] {
        assert!(answer(&answer_of(status, &json!([])).to_string(), now()).is_err());
        let advice = saved(&json!({READER: answer_of(status, &json!([]))}).to_string(), now()).expect("is read");
        assert!(advice.rows.is_empty() && advice.faults.len() == 1, "{advice:?}");
    }
    let done_tomorrow = json!({"JobStatus": "COMPLETED", "JobCompletionDate": "2026-06-02T00:00:00Z", "ServicesLastAccessed": [{"ServiceNamespace": "s3"}]});
    assert_eq!(answer(&done_tomorrow.to_string(), now()).expect("is read")[0].last_updated, None);
}

#[test]
fn one_file_may_have_both_and_a_bad_principal_leaves_the_others() {
    let text = json!({
        READER: answer_of("COMPLETED", &json!([{"ServiceNamespace": "s3"}])),
        "arn:aws:iam::111122223333:user/a": [answer_of("COMPLETED", &json!([{"ServiceNamespace": "s3"}])), answer_of("COMPLETED", &json!([{"ServiceNamespace": "sqs"}]))],
        "arn:aws:iam::111122223333:user/b": [aardvark(&json!(0)), {"lastAuthenticated": 0}],
        "arn:aws:iam::111122223333:user/c": "rows",
        "reader": [aardvark(&json!(0))]
    });
    let advice = saved(&text.to_string(), now()).expect("is read");
    let counts: Vec<_> = advice.rows.iter().map(|(arn, rows)| (arn.resource(), rows.len())).collect();
    assert_eq!(counts, [("role/reader", 1), ("user/a", 2), ("user/b", 1)]);
    let mut faults: Vec<_> = advice.faults.iter().map(|fault| fault.of.as_str()).collect();
    faults.sort_unstable();
    assert_eq!(faults, ["arn:aws:iam::111122223333:user/b", "arn:aws:iam::111122223333:user/c", "reader"]);
    for text in ["[]", "1", "{", &answer_of("COMPLETED", &json!([])).to_string()] {
        assert!(saved(text, now()).is_err(), "{text}");
    }
}
