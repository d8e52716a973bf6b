//! Amazon S3: objects are listed, read as bounded streams and put. The only crate that uses `aws-sdk-s3`.
//!
//! Meanings are those of the service's API reference (`ListObjectsV2`, `GetObject`, `HeadObject`, `PutObject`). An ETag is handled
//! without its quotes. Keys are asked for URL-encoded, since XML cannot hold every character that a key may have.

mod body;
mod key;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{EncodingType, ObjectStorageClass, RequestPayer};
use aws_sdk_s3::{Client, Config};
use menagerie_aws::{CallError, Session};

pub use body::{Body, BodyError};
pub use key::decoded;

const SERVICE: &str = "S3";

/// How long an attempt may take until its answer's header is there: a put of some megabytes takes longer than most calls.
const ATTEMPT_TIME: Duration = Duration::from_secs(30);
/// All attempts of a call.
const CALL_TIME: Duration = Duration::from_secs(95);

/// A client of S3.
#[derive(Debug, Clone)]
pub struct S3 {
    client: Client,
    payer: Option<RequestPayer>,
}

/// An object as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Its ETag, without quotes.
    pub etag: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last modified, in seconds since 1970.
    pub modified: i64,
    /// The storage class, where its objects have to be restored before they can be read.
    pub archived: Option<String>,
}

/// A page of a listing, in the order of keys.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The objects. There may be none before the end.
    pub objects: Vec<Listed>,
    /// How to ask for the next page; none at the end.
    pub next: Option<String>,
}

/// Which object is meant.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Its bucket.
    pub bucket: &'a str,
    /// Its key.
    pub key: &'a str,
    /// Its version; none is the newest.
    pub version: Option<&'a str>,
    /// The ETag that it must have.
    pub etag: Option<&'a str>,
}

/// An object that is being read.
#[derive(Debug)]
pub struct Opened {
    /// Its ETag, without quotes.
    pub etag: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its version, where the bucket keeps versions.
    pub version: Option<String>,
    /// What whoever put it said of it: `x-amz-meta-…`, without that.
    pub metadata: HashMap<String, String>,
    /// Its bytes.
    pub body: Body,
}

/// What an object is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Its ETag, without quotes.
    pub etag: String,
    /// Its size in bytes.
    pub size: u64,
}

/// Why an object could not be read.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReadError {
    /// There is no such object, or no such version.
    #[error("the object is not there")]
    Gone,
    /// It has another ETag than was asked for.
    #[error("the object was changed")]
    Changed,
    /// It has to be restored first.
    #[error("the object is archived and has to be restored first")]
    Archived,
    /// These credentials may not read it.
    #[error("access denied ({code}): the credentials need s3:GetObject on it{}, and kms:Decrypt where it is encrypted by a KMS key", if *.version { " (s3:GetObjectVersion for a version)" } else { "" })]
    Denied {
        /// The service's code.
        code: String,
        /// Whether a version was asked for.
        version: bool,
    },
    /// The call failed in another way.
    #[error(transparent)]
    Call(#[from] CallError),
}

/// What became of a put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The object is there now.
    Made,
    /// An object of this key was there and was left as it is.
    Exists,
}

impl S3 {
    /// A client with the session's credentials, Region and endpoint. `requester_pays` accepts the charge for requests to buckets that
    /// ask for it.
    #[must_use]
    pub fn new(session: &Session, requester_pays: bool) -> Self {
        let shared = session.sdk_config();
        let timeouts = TimeoutConfig::builder().connect_timeout(Duration::from_secs(5)).operation_attempt_timeout(ATTEMPT_TIME);
        let config = Config::from(shared).to_builder().timeout_config(timeouts.operation_timeout(CALL_TIME).build());
        // An emulator has no host name for each bucket.
        let config = config.force_path_style(shared.endpoint_url().is_some());
        Self { client: Client::from_conf(config.build()), payer: requester_pays.then_some(RequestPayer::Requester) }
    }

    /// A page of the objects whose keys begin with `prefix`, behind the key `after`; `page` is what the page before named as next.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn list(&self, bucket: &str, prefix: &str, after: Option<&str>, page: Option<&str>) -> Result<Page, CallError> {
        let call = self.client.list_objects_v2().bucket(bucket).prefix(prefix).encoding_type(EncodingType::Url);
        let call = call.set_start_after(after.map(str::to_owned)).set_continuation_token(page.map(str::to_owned));
        let answer = call.set_request_payer(self.payer.clone()).send().await;
        let answer = answer.map_err(|error| CallError::from_sdk(SERVICE, "ListObjectsV2", &error))?;
        let encoded = answer.encoding_type == Some(EncodingType::Url);
        let objects = answer.contents.unwrap_or_default().into_iter().filter_map(|object| {
            let key = object.key?;
            Some(Listed {
                key: if encoded { decoded(&key) } else { key },
                etag: unquoted(object.e_tag.as_deref().unwrap_or_default()),
                size: object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
                modified: object.last_modified.map_or(0, |time| time.secs()),
                archived: object.storage_class.and_then(archived),
            })
        });
        let next = answer.next_continuation_token.filter(|_| answer.is_truncated == Some(true));
        Ok(Page { objects: objects.collect(), next })
    }

    /// Begins to read an object.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn open(&self, wanted: Wanted<'_>) -> Result<Opened, ReadError> {
        let call = self.client.get_object().bucket(wanted.bucket).key(wanted.key);
        let call = call.set_version_id(wanted.version.map(str::to_owned)).set_if_match(wanted.etag.map(|etag| format!("\"{etag}\"")));
        let answer = call.set_request_payer(self.payer.clone()).send().await;
        let answer = answer.map_err(|error| read_error("GetObject", wanted, &error))?;
        Ok(Opened {
            etag: unquoted(answer.e_tag.as_deref().unwrap_or_default()),
            size: answer.content_length.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
            version: answer.version_id.filter(|version| version != "null"),
            metadata: answer.metadata.unwrap_or_default(),
            body: Body::new(answer.body),
        })
    }

    /// What an object is now, without its bytes.
    ///
    /// # Errors
    /// [`ReadError`].
    pub async fn head(&self, wanted: Wanted<'_>) -> Result<Head, ReadError> {
        let call = self.client.head_object().bucket(wanted.bucket).key(wanted.key).set_version_id(wanted.version.map(str::to_owned));
        let answer = call.set_request_payer(self.payer.clone()).send().await;
        let answer = answer.map_err(|error| read_error("HeadObject", wanted, &error))?;
        let size = answer.content_length.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
        Ok(Head { etag: unquoted(answer.e_tag.as_deref().unwrap_or_default()), size })
    }

    /// Whether an object of this key is there.
    ///
    /// # Errors
    /// What the service answers but for "not found", or that it could not be reached.
    pub async fn exists(&self, bucket: &str, key: &str) -> Result<bool, CallError> {
        match self.client.head_object().bucket(bucket).key(key).send().await {
            Ok(_) => Ok(true),
            Err(error) if status(&error) == Some(404) => Ok(false),
            Err(error) => Err(CallError::from_sdk(SERVICE, "HeadObject", &error)),
        }
    }

    /// Puts an object where none of its key is. Whoever comes second finds that it is there.
    ///
    /// # Errors
    /// What the service answers, or that it could not be reached.
    pub async fn put_new(&self, bucket: &str, key: &str, bytes: Vec<u8>, content_type: &str) -> Result<Put, CallError> {
        let call = self.client.put_object().bucket(bucket).key(key).content_type(content_type).if_none_match("*");
        match call.body(ByteStream::from(bytes)).send().await {
            Ok(_) => Ok(Put::Made),
            Err(error) if status(&error) == Some(412) => Ok(Put::Exists),
            Err(error) => Err(CallError::from_sdk(SERVICE, "PutObject", &error)),
        }
    }
}

/// The classes of which S3 answers `InvalidObjectState` until an object is restored.
fn archived(class: ObjectStorageClass) -> Option<String> {
    matches!(class, ObjectStorageClass::Glacier | ObjectStorageClass::DeepArchive).then(|| class.as_str().to_owned())
}

fn status<E>(error: &SdkError<E, aws_sdk_s3::config::http::HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

fn read_error<E>(operation: &'static str, wanted: Wanted<'_>, error: &SdkError<E, aws_sdk_s3::config::http::HttpResponse>) -> ReadError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let call = CallError::from_sdk(SERVICE, operation, error);
    match (status(error), call.code.as_deref()) {
        (_, Some("InvalidObjectState")) => ReadError::Archived,
        // A bucket that is not there is no object that went away.
        (Some(404), code) if code != Some("NoSuchBucket") => ReadError::Gone,
        (Some(412), _) => ReadError::Changed,
        (Some(403), code) => ReadError::Denied { code: code.unwrap_or("AccessDenied").to_owned(), version: wanted.version.is_some() },
        _ => ReadError::Call(call),
    }
}

fn unquoted(etag: &str) -> String {
    etag.trim_matches('"').to_owned()
}
