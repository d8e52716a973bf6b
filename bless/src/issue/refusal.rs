//! Why there is no certificate, in the types that BLESS's callers know.

/// The type of an error, as BLESS names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorType {
    /// The request is not one that gets a certificate.
    InputValidation,
    /// The caller's kmsauth token, or what it may have, is not enough.
    KmsAuthValidation,
    /// Something that the authority needs failed: KMS, IAM, the log, its key.
    Client,
}

impl ErrorType {
    /// The name in the answer.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InputValidation => "InputValidationError",
            Self::KmsAuthValidation => "KMSAuthValidationError",
            Self::Client => "ClientError",
        }
    }
}

/// Why there is no certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", error_type.as_str())]
pub struct Refusal {
    /// The type.
    pub error_type: ErrorType,
    /// What the caller is told.
    pub message: String,
}

impl Refusal {
    /// Whether the authority failed, and not the request.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        self.error_type == ErrorType::Client
    }

    /// The request is at fault.
    pub fn invalid(message: impl ToString) -> Self {
        Self { error_type: ErrorType::InputValidation, message: message.to_string() }
    }

    /// The caller may not.
    pub fn unauthorized(message: impl ToString) -> Self {
        Self { error_type: ErrorType::KmsAuthValidation, message: message.to_string() }
    }

    /// The authority, or what it stands on, is at fault.
    pub fn unavailable(message: impl ToString) -> Self {
        Self { error_type: ErrorType::Client, message: message.to_string() }
    }
}
