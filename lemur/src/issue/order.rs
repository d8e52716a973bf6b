//! What is asked for, and what is given.

use menagerie_sign::{KeyType, PublicKey};

use crate::audit::Actor;
use crate::certificate::Serial;
use crate::name::{San, Subject};
use crate::profile::Period;
use crate::store::{ADDRESS, AuthorityId, CertificateId, LONG, RoleId, SHORT, StoreError, check_text};

/// Whose key is certified.
#[derive(Debug, Clone)]
pub enum Key {
    /// The one that asks has it: a request's public key, and nothing else of the request.
    Theirs(PublicKey),
    /// One that is made here, stored sealed, and shown to those who may view it.
    Made(KeyType),
}

impl Key {
    /// What kind it is, if it is one that could be made here.
    #[must_use]
    pub fn kind(&self) -> Option<KeyType> {
        match self {
            Self::Theirs(key) => key.key_type(),
            Self::Made(kind) => Some(*kind),
        }
    }
}

/// A certificate that is asked for. Whoever hands it in has decided that the one who asks may have it.
#[derive(Debug, Clone)]
pub struct Order {
    /// Who is to issue it.
    pub authority: AuthorityId,
    /// By which profile.
    pub profile: String,
    /// For whose key.
    pub key: Key,
    /// The subject; what the profile does not take is refused.
    pub subject: Subject,
    /// The alternative names.
    pub names: Vec<San>,
    /// When it holds; as long as the profile says where it is not said.
    pub period: Period,
    /// The request that the key came from, DER, to be kept with the certificate.
    pub csr: Option<Vec<u8>>,
    /// What is kept with it.
    pub record: Record,
    /// Who asks.
    pub actor: Actor,
}

/// What is kept with a certificate beside itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it shall be called, or the name that Lemur gives; a name that is taken gets the serial appended.
    pub name: Option<String>,
    /// Who answers for it, an e-mail address.
    pub owner: String,
    /// What people say about it.
    pub description: String,
    /// The roles that may use it.
    pub roles: Vec<RoleId>,
    /// The certificates that it replaces.
    pub replaces: Vec<CertificateId>,
    /// Whether its owner is told of its end.
    pub notify: bool,
    /// Whether it is to be replaced before its end.
    pub rotation: bool,
    /// By which policy.
    pub rotation_policy: String,
}

impl Record {
    /// Only an owner: told of the certificate's end, and nothing else.
    #[must_use]
    pub fn of_owner(owner: impl Into<String>) -> Self {
        Self {
            name: None,
            owner: owner.into(),
            description: String::new(),
            roles: Vec::new(),
            replaces: Vec::new(),
            notify: true,
            rotation: false,
            rotation_policy: "default".to_owned(),
        }
    }
}

impl Record {
    /// Refuses texts that are not kept.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if let Some(name) = &self.name {
            check_text("name", name, SHORT)?;
        }
        check_text("owner", &self.owner, ADDRESS)?;
        check_text("description", &self.description, LONG)?;
        check_text("rotation policy", &self.rotation_policy, SHORT)
    }
}

/// A certificate that was issued and is stored.
pub struct Issued {
    /// Its number.
    pub id: CertificateId,
    /// What it is called.
    pub name: String,
    /// Its serial number.
    pub serial: Serial,
    /// When it holds.
    pub validity: crate::certificate::Validity,
    /// The certificate.
    pub der: Vec<u8>,
    /// Its issuer's certificate and those above it, the root last, each DER.
    pub chain: std::sync::Arc<[Vec<u8>]>,
    /// Its private key as PKCS #8, if it was made here.
    pub private_key: Option<menagerie_secret::Secret<Vec<u8>>>,
}

impl std::fmt::Debug for Issued {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Issued").field("id", &self.id).field("name", &self.name).field("serial", &self.serial).finish_non_exhaustive()
    }
}
