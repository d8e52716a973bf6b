//! Buckets and queues of [`Moto`], by S3's REST API and SQS's JSON protocol.

use crate::moto::Moto;
use serde_json::json;

impl Moto {
    /// Makes a bucket.
    pub fn create_bucket(&self, bucket: &str) {
        let _ = self.send(&Self::signed("PUT", &format!("/{bucket}"), "s3", ""), "CreateBucket");
    }

    /// Has a bucket keep the versions of its objects.
    pub fn keep_versions(&self, bucket: &str) {
        let body = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
        let _ = self.send(&Self::signed("PUT", &format!("/{bucket}?versioning"), "s3", body), "PutBucketVersioning");
    }

    /// Puts an object; gives its ETag, without quotes, and its version.
    pub fn put_object(&self, bucket: &str, key: &str, bytes: impl Into<Vec<u8>>) -> (String, Option<String>) {
        self.put_object_as(bucket, key, bytes, "STANDARD")
    }

    /// Puts an object with what is said of it, `x-amz-meta-NAME`.
    pub fn put_object_with(&self, bucket: &str, key: &str, bytes: impl Into<Vec<u8>>, (name, value): (&str, &str)) {
        let request = Self::signed("PUT", &format!("/{bucket}/{}", encoded(key)), "s3", bytes);
        let _ = self.send(&request.header(&format!("x-amz-meta-{name}"), value), "PutObject");
    }

    /// Puts an object in a storage class.
    ///
    /// # Panics
    ///
    /// When the answer has no ETag.
    pub fn put_object_as(&self, bucket: &str, key: &str, bytes: impl Into<Vec<u8>>, class: &str) -> (String, Option<String>) {
        let request = Self::signed("PUT", &format!("/{bucket}/{}", encoded(key)), "s3", bytes).header("x-amz-storage-class", class);
        let answer = self.send(&request, "PutObject");
        let etag = answer.value("ETag").expect("S3 answers with an ETag").trim_matches('"').to_owned();
        (etag, answer.value("x-amz-version-id").map(str::to_owned))
    }

    /// The bytes of an object.
    #[must_use]
    pub fn object(&self, bucket: &str, key: &str) -> Vec<u8> {
        self.send(&Self::signed("GET", &format!("/{bucket}/{}", encoded(key)), "s3", ""), "GetObject").body
    }

    /// The keys under a prefix; at most a thousand.
    #[must_use]
    pub fn keys(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let target = format!("/{bucket}?list-type=2&prefix={}", encoded(prefix).replace('/', "%2F"));
        let answer = self.send(&Self::signed("GET", &target, "s3", ""), "ListObjectsV2").text();
        answer.split("<Key>").skip(1).filter_map(|rest| rest.split_once("</Key>")).map(|(key, _)| key.to_owned()).collect()
    }

    /// Makes a queue; gives its URL.
    ///
    /// # Panics
    ///
    /// When the answer has no URL.
    #[must_use]
    pub fn create_queue(&self, name: &str) -> String {
        let answer = self.json("sqs", "AmazonSQS.CreateQueue", &json!({"QueueName": name}));
        answer["QueueUrl"].as_str().expect("a queue has a URL").to_owned()
    }

    /// Sends a message.
    pub fn send_message(&self, queue: &str, body: &str) {
        let _ = self.json("sqs", "AmazonSQS.SendMessage", &json!({"QueueUrl": queue, "MessageBody": body}));
    }

    /// How many messages a queue has: those that can be received, and those that are hidden.
    ///
    /// # Panics
    ///
    /// When the answer lacks the numbers.
    #[must_use]
    pub fn messages(&self, queue: &str) -> (u64, u64) {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let answer = self.json("sqs", "AmazonSQS.GetQueueAttributes", &json!({"QueueUrl": queue, "AttributeNames": names}));
        let number =
            |name: &str| answer["Attributes"][name].as_str().and_then(|text| text.parse().ok()).expect("a queue counts its messages");
        (number(names[0]), number(names[1]))
    }
}

/// A key as it stands in a path.
fn encoded(key: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(byte);
    key.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
