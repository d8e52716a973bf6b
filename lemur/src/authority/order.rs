//! What is asked for when an authority is made.

use jiff::Timestamp;
use menagerie_sign::KeyType;
use x509_cert::spki::ObjectIdentifier;

use crate::audit::Actor;
use crate::certificate::{ExtendedKeyUsage, Validity};
use crate::issue::IssueError;
use crate::name::{NameConstraints, Subject};
use crate::store::{AuthorityId, CertificateId, RoleId, StoreError};

/// Where a new authority's key is.
#[derive(Debug, Clone)]
pub enum AuthorityKey {
    /// Made here, and stored sealed.
    Made(KeyType),
    /// Elsewhere, by its reference.
    Elsewhere(String),
}

/// Who vouches for a new authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parent {
    /// It does itself.
    Itself,
    /// One of ours.
    Ours(AuthorityId),
    /// Another, outside: it gets a request, and waits for its certificate.
    Outside,
}

/// An authority that is asked for. Whoever hands it in has decided that the one who asks may have it.
#[derive(Debug, Clone)]
pub struct AuthorityOrder {
    /// What it shall be called, unlike any other.
    pub name: String,
    /// Who answers for it, an e-mail address.
    pub owner: String,
    /// What people say about it.
    pub description: String,
    /// The subject of its certificate.
    pub subject: Subject,
    /// Its key.
    pub key: AuthorityKey,
    /// Who vouches for it.
    pub parent: Parent,
    /// When its certificate holds: ten years for a root, five for others, where it is not said.
    pub validity: Option<Validity>,
    /// How many authorities there may be under it, one under the other.
    pub path_length: Option<u8>,
    /// The names that it may certify.
    pub constraints: NameConstraints,
    /// The usages that it may certify; none means all. That of its own OCSP responder is added, but not where one of the profiles claims the
    /// baseline, which forbids it; there it is servers alone if none is named.
    pub extended_key_usages: Vec<ExtendedKeyUsage>,
    /// The certificate policies that it may issue under; none means any, which a root says by saying nothing.
    pub policies: Vec<ObjectIdentifier>,
    /// The profiles that it issues by; none means all. Where one of them claims the baseline, so does the authority: its certificate is held
    /// to the Baseline Requirements.
    pub profiles: Vec<String>,
    /// What the interface keeps with it, a JSON document.
    pub options: String,
    /// The roles that may use it.
    pub roles: Vec<RoleId>,
    /// Who asks.
    pub actor: Actor,
}

impl AuthorityOrder {
    /// One with a key on P-256 that is made here, and as wide and as long as its parent lets it be: what is to be otherwise is said beside.
    #[must_use]
    pub fn new(name: &str, owner: &str, subject: Subject, parent: Parent, actor: Actor) -> Self {
        Self {
            name: name.to_owned(),
            owner: owner.to_owned(),
            description: String::new(),
            subject,
            key: AuthorityKey::Made(KeyType::EcdsaP256),
            parent,
            validity: None,
            path_length: None,
            constraints: NameConstraints::default(),
            extended_key_usages: Vec::new(),
            policies: Vec::new(),
            profiles: Vec::new(),
            options: "{}".to_owned(),
            roles: Vec::new(),
            actor,
        }
    }
}

/// An authority that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedAuthority {
    /// Its number.
    pub id: AuthorityId,
    /// Its certificate's number and bytes; none if it waits for it.
    pub certificate: Option<(CertificateId, Vec<u8>)>,
    /// Its request, DER, if it waits for its certificate.
    pub csr: Option<Vec<u8>>,
}

/// Why an authority was not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The name is another's.
    #[error("there is an authority {name:?} already")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The name is empty or too long.
    #[error("an authority's name has 1 to 128 characters")]
    Name,
    /// There is no such authority.
    #[error("there is no authority {id}")]
    Unknown {
        /// The number that was given.
        id: AuthorityId,
    },
    /// A profile that there is not.
    #[error("there is no profile {name:?}")]
    UnknownProfile {
        /// The name that was given.
        name: String,
    },
    /// An upstream that the configuration does not have.
    #[error("the configuration has no [upstream.{name}]")]
    UnknownUpstream {
        /// The name that was given.
        name: String,
    },
    /// It does not wait for a certificate.
    #[error("the authority {name} does not wait for a certificate")]
    NotPending {
        /// What it is called.
        name: String,
    },
    /// It is right, and the authority that signed it is not known here.
    #[error("the authority that signed the certificate is not known here: add it as an offline authority first")]
    IssuerNotKnown,
    /// The certificate is not for the authority.
    #[error("the certificate is not for this authority: {reason}")]
    OtherCertificate {
        /// What is different.
        reason: &'static str,
    },
    /// The certificates are no chain.
    #[error(transparent)]
    Chain(#[from] crate::certificate::ChainError),
    /// A certificate that cannot be read.
    #[error(transparent)]
    Certificate(#[from] crate::certificate::CertificateError),
    /// A certificate that is no authority's.
    #[error(transparent)]
    Issuer(#[from] crate::certificate::IssuerError),
    /// The validity cannot be.
    #[error(transparent)]
    Validity(#[from] crate::certificate::ValidityError),
    /// Its end is over.
    #[error("the authority's validity is over: it is to end later than now")]
    Over,
    /// It would begin before the one that vouches for it.
    #[error("the authority would be valid before the one above it, which is valid from {from}")]
    BeforeParent {
        /// When that begins.
        from: Timestamp,
    },
    /// It would last longer than the one that vouches for it.
    #[error("the authority would be valid for longer than the one above it, which is valid until {until}")]
    AfterParent {
        /// When that ends.
        until: Timestamp,
    },
    /// The key is another authority's: what the one may sign, the other could.
    #[error("the key is that of the authority {name}: each has its own")]
    KeyTaken {
        /// Whose it is.
        name: String,
    },
    /// The key that is elsewhere cannot be used.
    #[error("the key cannot be used: {0}")]
    Signer(#[from] super::OpenSignerError),
    /// Signing failed, or was refused.
    #[error(transparent)]
    Issue(#[from] IssueError),
}

macro_rules! through_issue {
    ($($source:ty),+) => { $(
        impl From<$source> for AuthorityError {
            fn from(error: $source) -> Self {
                Self::Issue(error.into())
            }
        }
    )+ };
}
through_issue!(
    StoreError,
    menagerie_store::database::DatabaseError,
    menagerie_sign::SignError,
    menagerie_sign::PublicKeyError,
    menagerie_sign::ExportError,
    menagerie_secret::SealError,
    crate::certificate::SignatureMismatch,
    crate::certificate::TemplateError,
    crate::engine::RingError
);

impl AuthorityError {
    /// Whether the request is at fault and not the server.
    #[must_use]
    pub const fn is_the_requests_fault(&self) -> bool {
        match self {
            Self::Issue(error) => error.is_the_requests_fault(),
            Self::Signer(_) => false,
            _ => true,
        }
    }
}
