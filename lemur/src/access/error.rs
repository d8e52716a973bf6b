//! Why something of users, roles and keys was not done. No text here holds a password or a token.

use menagerie_secret::SealError;
use menagerie_store::database::DatabaseError;

use super::password::PasswordError;
use crate::engine::RingError;
use crate::store::StoreError;

/// What a refusal speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A user.
    User,
    /// A role.
    Role,
    /// An API key.
    ApiKey,
    /// A second factor.
    SecondFactor,
}

impl std::fmt::Display for Subject {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::User => "user",
            Self::Role => "role",
            Self::ApiKey => "API key",
            Self::SecondFactor => "second factor",
        })
    }
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// There is none.
    #[error("there is no such {0}")]
    Missing(Subject),
    /// Another has the name.
    #[error("there is a {subject} with this {field} already")]
    Taken {
        /// What there is.
        subject: Subject,
        /// The field that is unique.
        field: &'static str,
    },
    /// A value is not of its form.
    #[error("{field}: {reason}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// A role that the service itself goes by cannot be renamed or removed.
    #[error("the role {0} belongs to the service: its members can be changed, and nothing else")]
    BuiltIn(String),
    /// The change would leave nobody who may make changes.
    #[error("nobody would be left who is an administrator")]
    LastAdministrator,
    /// A password cannot be taken.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The database or the audit log failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A value cannot be sealed.
    #[error("cannot seal what is to be stored: {0}")]
    Seal(#[from] SealError),
    /// A sealed value cannot be opened.
    #[error("cannot open what is stored sealed: {0}")]
    Open(#[from] RingError),
    /// The system gave no randomness, or a cryptographic operation failed.
    #[error("the system gave no randomness")]
    Randomness,
    /// A token cannot be made.
    #[error("a token cannot be made")]
    Token,
}
