//! Who calls, and how it is known. What a request claims is kept apart from what was verified.

use serde::Serialize;

use crate::config::LocalUser;

/// One invocation.
#[derive(Debug, Clone)]
pub struct Call {
    /// The invocation's ID.
    pub request_id: String,
    /// The invoked function's ARN, with its alias if it was invoked by one; another name of this service off Lambda.
    pub function_arn: String,
    /// Who calls.
    pub caller: Caller,
}

/// Who calls, as far as the way the call came tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// Lambda does not tell who invoked: whoever IAM lets.
    Lambda,
    /// A process of this machine with this uid, which the kernel vouches for.
    Process {
        /// The peer's uid.
        uid: u32,
        /// The configuration's entry for it.
        user: Option<LocalUser>,
    },
    /// Whoever holds the token of the TCP listener.
    Token {
        /// The configuration's entry for it.
        user: Option<LocalUser>,
    },
    /// The administrator who holds the CA's passphrase, by `bless sign`.
    Administrator {
        /// The uid, on Unix.
        uid: Option<u32>,
    },
}

impl Caller {
    /// Where the call came from, for the log.
    #[must_use]
    pub fn origin(&self) -> String {
        match self {
            Self::Lambda => "lambda".to_owned(),
            Self::Process { uid, .. } => format!("uid:{uid}"),
            Self::Token { .. } => "loopback".to_owned(),
            Self::Administrator { uid: Some(uid) } => format!("uid:{uid}"),
            Self::Administrator { uid: None } => "local".to_owned(),
        }
    }

    /// The user of the configuration whom this machine vouches for, with the way it is known.
    #[must_use]
    pub const fn local_user(&self) -> Option<(&'static str, &LocalUser)> {
        match self {
            Self::Process { user: Some(user), .. } => Some(("uid", user)),
            Self::Token { user: Some(user) } => Some(("token", user)),
            _ => None,
        }
    }
}

/// An identity that was proved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// How: `kmsauth`, `uid`, `token` or `administrator`.
    pub method: &'static str,
    /// Who.
    pub user: String,
}
