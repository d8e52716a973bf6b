//! Events: each field, and what is none.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;

const WHOLE: &str = r#" {"eventVersion":"1.11","userIdentity":{"type":"Root","accountId":"1"},"eventTime":"2026-01-02T03:04:05Z",
"eventSource":"s3.amazonaws.com","eventName":"Get\u0041cl","awsRegion":"eu-west-1","errorCode":"AccessDenied","errorMessage":"a \"b\"",
"requestParameters":{"secret":"hunter2"},"responseElements":null,"additionalEventData":{"x":1},"resources":[{"ARN":"arn:aws:s3:::b"}],
"readOnly":true,"managementEvent":"false","eventCategory":"Data","eventType":"AwsApiCall","eventID":"e","sharedEventID":"s","requestID":"r",
"recipientAccountId":123,"vpcEndpointId":"v","vpcEndpointAccountId":"w","sourceIPAddress":"10.0.0.1","userAgent":"u","apiVersion":"2006",
"sessionCredentialFromConsole":"true","serviceEventDetails":{"d":1},"addendum":{"reason":"DELIVERY_DELAY"},"other":[1,{"eventName":"no"}]} "#;

#[test]
fn each_field_is_where_it_is() {
    let event = Event::parse(WHOLE).unwrap();
    assert_eq!((event.time().to_string().as_str(), event.source(), event.name()), ("2026-01-02T03:04:05Z", "s3.amazonaws.com", "GetAcl"));
    let strings = [
        (event.region(), "eu-west-1"),
        (event.recipient_account(), "123"),
        (event.error_code(), "AccessDenied"),
        (event.error_message(), "a \"b\""),
        (event.category(), "Data"),
        (event.event_type(), "AwsApiCall"),
        (event.event_id(), "e"),
        (event.shared_event_id(), "s"),
        (event.request_id(), "r"),
        (event.vpc_endpoint(), "v"),
        (event.vpc_endpoint_account(), "w"),
        (event.source_address(), "10.0.0.1"),
        (event.user_agent(), "u"),
        (event.api_version(), "2006"),
        (event.event_version(), "1.11"),
    ];
    for (got, want) in strings {
        assert_eq!(got.as_deref(), Some(want));
    }
    let json = [
        (event.request_parameters(), r#"{"secret":"hunter2"}"#),
        (event.additional_event_data(), r#"{"x":1}"#),
        (event.resources(), r#"[{"ARN":"arn:aws:s3:::b"}]"#),
        (event.service_event_details(), r#"{"d":1}"#),
        (event.addendum(), r#"{"reason":"DELIVERY_DELAY"}"#),
        (event.identity_json(), r#"{"type":"Root","accountId":"1"}"#),
    ];
    for (got, want) in json {
        assert_eq!(got.map(Json::text), Some(want));
    }
    assert_eq!((event.read_only(), event.management_event(), event.from_console()), (Some(true), Some(false), true));
    assert_eq!((event.response_elements(), event.text()), (None, WHOLE.trim()));
    assert!(!format!("{event:?}").contains("hunter2"));
}

#[test]
fn what_is_no_event_is_told_why() {
    let least = r#"{"eventTime":"2026-01-02T03:04:05Z","eventSource":"s3.amazonaws.com","eventName":"GetObject"}"#;
    assert!(Event::parse(least).is_ok());
    for (text, why) in [
        ("", EventError::Cut),
        ("[]", EventError::Syntax(0)),
        ("{}", EventError::Missing("eventSource")),
        (&least[..least.len() - 1], EventError::Cut),
        (&format!("{least}x"), EventError::Syntax(least.len())),
        (&least.replace("GetObject\"", "GetObject\" 1"), EventError::Syntax(least.len())),
        (&least.replace("\"GetObject\"", "7"), EventError::Missing("eventName")),
        (&least.replace("s3.amazonaws.com", "aws:s3"), EventError::Missing("eventSource of a service")),
        (&least.replace("2026", "then"), EventError::Time),
        (&least.replace("eventName", "eventTime"), EventError::Syntax(69)),
    ] {
        assert_eq!(Event::parse(text).map(|_| ()), Err(why), "{text}");
    }
}
