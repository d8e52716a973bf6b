//! The bytes of an object, chunk by chunk as they arrive: what is held is one chunk, whatever the object's size.

use aws_sdk_s3::primitives::ByteStream;

/// The bytes of an object.
#[derive(Debug)]
pub struct Body(ByteStream);

/// Why a body broke off.
#[derive(Debug, thiserror::Error)]
#[error("the object broke off: {0}")]
pub struct BodyError(String);

impl Body {
    pub(crate) const fn new(stream: ByteStream) -> Self {
        Self(stream)
    }

    /// The next chunk; none at the end.
    ///
    /// # Errors
    /// [`BodyError`] if the connection broke, stalled, or the bytes do not have the checksum that S3 gave with them.
    pub async fn next(&mut self) -> Result<Option<impl AsRef<[u8]> + Send + use<>>, BodyError> {
        self.0.try_next().await.map_err(|error| BodyError(sentence(&error)))
    }
}

/// The error with its causes.
fn sentence(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
