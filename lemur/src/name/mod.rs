//! The names that certificates are for and from: subject alternative names (RFC 5280, 4.2.1.6), subjects (4.1.2.6), the
//! distinguished names of certificates that others made, and name constraints (4.2.1.10). Each type parses; none can hold a name
//! that its standard has no place for.

mod constraints;
mod distinguished;
mod dns;
mod email;
mod pattern;
mod san;
mod subject;
mod uri;

pub use constraints::{ConstraintError, NameConstraints, NotPermitted, Subtrees};
pub use distinguished::{Attribute, DistinguishedName};
pub use dns::{DnsName, DnsNameError};
pub use email::{EmailAddress, EmailAddressError};
pub use pattern::{NamePattern, NamePatternError};
pub(crate) use san::{GeneralName, general_name};
pub use san::{San, SanError, SanKind};
pub use subject::{Subject, SubjectError, SubjectField};
pub use uri::{Uri, UriError};

#[cfg(test)]
mod tests;
