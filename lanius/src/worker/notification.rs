//! What a message asks for: S3's event notifications, as S3 sends them, wrapped by SNS, or as EventBridge has them; and parts of an
//! inventory.
//!
//! Forms are those of the Amazon S3 User Guide ("Event message structure", "EventBridge event message structure"), the SNS Developer
//! Guide ("Notification"), and, for parts of an inventory, our own ([`super::Part`]).

use menagerie_aws_s3::decoded;
use serde::Deserialize;
use serde_json::Value;

use super::inventory::Part;
use crate::bucket::Object;

/// The most bytes of a message that are read; SQS takes no more than a mebibyte.
const LONGEST: usize = 1 << 20;

/// What a message asks for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Notification {
    /// Objects to scan.
    pub objects: Vec<Object>,
    /// A part of an inventory, whose objects are to be scanned.
    pub part: Option<Part>,
    /// What it says that is nothing to scan, such as an object's deletion.
    pub left: Vec<String>,
}

/// Why a message cannot be understood. It is left to the queue's redrive policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotificationError {
    /// It is no JSON of a known form.
    #[error("the message is no notification of S3, SNS or EventBridge and no part of an inventory: {0}")]
    Form(String),
    /// It is too long to be one.
    #[error("the message has {0} bytes, more than SQS takes")]
    Length(usize),
}

/// Reads a message.
///
/// # Errors
/// [`NotificationError`].
pub fn parse(body: &str) -> Result<Notification, NotificationError> {
    if body.len() > LONGEST {
        return Err(NotificationError::Length(body.len()));
    }
    let value: Value = json(body)?;
    // SNS wraps once, and what it wraps is text.
    match value.get("Message").and_then(Value::as_str) {
        Some(message) if value.get("Type").and_then(Value::as_str) == Some("Notification") => unwrapped(json(message)?),
        _ => unwrapped(value),
    }
}

fn json(text: &str) -> Result<Value, NotificationError> {
    serde_json::from_str(text).map_err(|error| NotificationError::Form(error.to_string()))
}

fn form<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, NotificationError> {
    serde_json::from_value(value).map_err(|error| NotificationError::Form(error.to_string()))
}

fn unwrapped(value: Value) -> Result<Notification, NotificationError> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    if text("schema") == Some(Part::SCHEMA) {
        return Ok(Notification { part: Some(form(value)?), ..Notification::default() });
    }
    if text("Event") == Some("s3:TestEvent") {
        return Ok(Notification { left: vec!["a test event of S3".to_owned()], ..Notification::default() });
    }
    if text("source") == Some("aws.s3") {
        return bridged(value);
    }
    let Records { records } = form(value)?;
    let mut notification = Notification::default();
    for record in records {
        let Record { event_name, s3 } = record;
        let event = event_name.strip_prefix("s3:").unwrap_or(&event_name);
        let key = decoded(&s3.object.key);
        if event.starts_with("ObjectCreated:") || event == "ObjectRestore:Completed" {
            notification.objects.push(s3.object.of(s3.bucket.name, key));
        } else {
            notification.left.push(format!("{event} of s3://{}/{key}", s3.bucket.name));
        }
    }
    Ok(notification)
}

fn bridged(value: Value) -> Result<Notification, NotificationError> {
    let Bridged { detail_type, detail } = form(value)?;
    // EventBridge has keys as they are, without an encoding.
    let key = detail.object.key.clone();
    let mut notification = Notification::default();
    if matches!(detail_type.as_str(), "Object Created" | "Object Restore Completed") {
        notification.objects.push(detail.object.of(detail.bucket.name, key));
    } else {
        notification.left.push(format!("{detail_type} of s3://{}/{key}", detail.bucket.name));
    }
    Ok(notification)
}

#[derive(Deserialize)]
struct Records {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    #[serde(rename = "eventName")]
    event_name: String,
    s3: Detail,
}

#[derive(Deserialize)]
struct Bridged {
    #[serde(rename = "detail-type")]
    detail_type: String,
    detail: Detail,
}

#[derive(Deserialize)]
struct Detail {
    bucket: Bucket,
    object: Named,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
struct Named {
    key: String,
    #[serde(default)]
    size: Option<u64>,
    #[serde(default, alias = "eTag")]
    etag: Option<String>,
    #[serde(default, alias = "versionId", alias = "version-id")]
    version: Option<String>,
}

impl Named {
    fn of(self, bucket: String, key: String) -> Object {
        let etag = self.etag.map(|etag| etag.trim_matches('"').to_owned()).filter(|etag| !etag.is_empty());
        Object { bucket, key, version: self.version.filter(|version| !version.is_empty() && version != "null"), etag, size: self.size }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(key: &str) -> Object {
        Object { bucket: "b".to_owned(), key: key.to_owned(), version: None, etag: Some("e1".to_owned()), size: Some(3) }
    }

    fn event(name: &str, key: &str) -> Value {
        json!({"Records": [{"eventSource": "aws:s3", "eventName": name,
            "s3": {"bucket": {"name": "b"}, "object": {"key": key, "size": 3, "eTag": "e1"}}}]})
    }

    #[test]
    fn all_forms_of_one_event() {
        let plain = event("ObjectCreated:Put", "a+b/%C3%A4");
        let by_sns = json!({"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:1:t", "Message": plain.to_string()});
        let bridged = json!({"source": "aws.s3", "detail-type": "Object Created",
            "detail": {"bucket": {"name": "b"}, "object": {"key": "a b/ä", "size": 3, "etag": "e1"}}});
        let bridged_by_sns = json!({"Type": "Notification", "Message": bridged.to_string()});
        for message in [plain, by_sns, bridged, bridged_by_sns] {
            assert_eq!(parse(&message.to_string()).unwrap().objects, [object("a b/ä")], "{message}");
        }
    }

    #[test]
    fn what_is_nothing_to_scan() {
        for message in [
            event("ObjectRemoved:Delete", "k"),
            json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}),
            json!({"source": "aws.s3", "detail-type": "Object Deleted", "detail": {"bucket": {"name": "b"}, "object": {"key": "k"}}}),
        ] {
            let notification = parse(&message.to_string()).unwrap();
            assert!(notification.objects.is_empty() && notification.left.len() == 1, "{message}");
        }
    }

    #[test]
    fn what_is_no_notification() {
        let deep = "[".repeat(100_000);
        for message in ["", "hello", "{}", "[]", "null", r#"{"Records":[{}]}"#, r#"{"Type":"Notification","Message":"x"}"#, &deep] {
            assert!(matches!(parse(message), Err(NotificationError::Form(_))), "{message:.40}");
        }
        assert!(matches!(parse(&" ".repeat(LONGEST + 1)), Err(NotificationError::Length(_))));
    }

    #[test]
    fn a_version_is_kept() {
        let mut message = event("ObjectCreated:Put", "k");
        message["Records"][0]["s3"]["object"]["versionId"] = json!("v7");
        assert_eq!(parse(&message.to_string()).unwrap().objects[0].version.as_deref(), Some("v7"));
    }
}
