//! Numbers of rows, each kind a type of its own so that none is taken for another.

use std::fmt;

use menagerie_store::database::Value;

macro_rules! id {
    ($(#[$about:meta])* $name:ident) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$name> for Value<'_> {
            fn from(id: $name) -> Self {
                Self::Integer(Some(id.0))
            }
        }
    };
}

id! {
    /// An authority.
    AuthorityId
}
id! {
    /// A certificate.
    CertificateId
}
id! {
    /// A certificate that an authority elsewhere has yet to issue.
    PendingId
}
id! {
    /// A user, as access control numbers them.
    UserId
}
id! {
    /// A role, as access control numbers them.
    RoleId
}

/// The number in a row's column that may have none.
pub(crate) fn optional<T>(id: Option<i64>, of: fn(i64) -> T) -> Option<T> {
    id.map(of)
}
