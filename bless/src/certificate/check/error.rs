//! Why a finished certificate does not leave.

use super::super::read::ReadError;
use super::super::source_address::SourceAddressError;

/// A field that was meant one way and stands another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stated {
    /// The nonce.
    Nonce,
    /// The certified key.
    Subject,
    /// The serial number.
    Serial,
    /// User or host.
    Kind,
    /// The key ID.
    KeyId,
    /// The list of principals.
    Principals,
    /// The beginning of validity.
    ValidAfter,
    /// The end of validity.
    ValidBefore,
    /// The critical options.
    CriticalOptions,
    /// The extensions.
    Extensions,
    /// The reserved field, which is empty.
    Reserved,
}

impl std::fmt::Display for Stated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Nonce => "nonce",
            Self::Subject => "certified key",
            Self::Serial => "serial",
            Self::Kind => "kind",
            Self::KeyId => "key ID",
            Self::Principals => "list of principals",
            Self::ValidAfter => "valid-after time",
            Self::ValidBefore => "valid-before time",
            Self::CriticalOptions => "critical options",
            Self::Extensions => "extensions",
            Self::Reserved => "reserved field",
        })
    }
}

/// Why a finished certificate does not leave.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckError {
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The authority's key in it is not ours.
    #[error("the certificate names another authority's key")]
    OtherAuthority,
    /// It certifies the authority's own key.
    #[error("the certificate certifies the authority's own key")]
    CertifiesAuthority,
    /// A signature algorithm that OpenSSH refuses, or that is not the authority's key's.
    #[error("the certificate is signed with {algorithm:?}, which OpenSSH does not take from this key")]
    Algorithm {
        /// The beginning of its name.
        algorithm: String,
    },
    /// The signature does not verify.
    #[error("the certificate's signature does not verify")]
    Signature,
    /// A field differs from what was meant.
    #[error("the certificate's {stated} is not what was meant")]
    NotAsMeant {
        /// Which field.
        stated: Stated,
    },
    /// Serial number zero cannot be revoked by number.
    #[error("the serial number is zero")]
    ZeroSerial,
    /// The key ID is too long.
    #[error("the key ID has {length} bytes: at most {limit} are allowed")]
    KeyIdTooLong {
        /// Its length.
        length: usize,
        /// The most that is allowed.
        limit: usize,
    },
    /// The key ID is not UTF-8 or has a control character, which would forge lines in a server's log.
    #[error("the key ID has a control character")]
    KeyIdControl,
    /// Without principals, a certificate would be good for every account of some servers (CVE-2024-7594).
    #[error("the certificate has no principals")]
    NoPrincipals,
    /// More principals than OpenSSH reads.
    #[error("the certificate has {count} principals: OpenSSH reads at most 256")]
    TooManyPrincipals {
        /// How many.
        count: usize,
    },
    /// An empty principal.
    #[error("a principal is empty")]
    EmptyPrincipal,
    /// A comma, which servers may read as two principals (CVE-2026-35414).
    #[error("principal {principal:?} has a comma")]
    CommaPrincipal {
        /// The principal.
        principal: String,
    },
    /// A blank, a control character or another that does not print.
    #[error("principal {principal:?} has a blank or a character that does not print")]
    UnprintablePrincipal {
        /// The principal.
        principal: String,
    },
    /// A dash in front, which programs may read as an option.
    #[error("principal {principal:?} begins with a dash")]
    DashPrincipal {
        /// The principal.
        principal: String,
    },
    /// A pattern.
    #[error("principal {principal:?} is a pattern, which is not allowed here")]
    WildcardPrincipal {
        /// The principal.
        principal: String,
    },
    /// The same principal twice.
    #[error("principal {principal:?} stands twice")]
    DuplicatePrincipal {
        /// The principal.
        principal: String,
    },
    /// It ends before it begins.
    #[error("the certificate ends at {valid_before}, not after it begins at {valid_after}")]
    NeverValid {
        /// The beginning, in seconds since 1970 UTC.
        valid_after: u64,
        /// The end, in seconds since 1970 UTC.
        valid_before: u64,
    },
    /// A critical option that no server knows.
    #[error("critical option {name:?} is unknown to OpenSSH, which would refuse the certificate")]
    UnknownCriticalOption {
        /// Its name.
        name: String,
    },
    /// OpenSSH takes no host certificate with critical options.
    #[error("a host certificate has critical option {name:?}: OpenSSH would refuse it")]
    HostCriticalOption {
        /// Its name.
        name: String,
    },
    /// `verify-required` on a key that is in no security key does nothing.
    #[error("verify-required does nothing for a key that is not in a security key")]
    VerifyRequiredWithoutSecurityKey,
    /// A command that is not text without control characters.
    #[error("force-command is not text or has a control character")]
    ForceCommand,
    /// A list that sshd cannot parse.
    #[error(transparent)]
    SourceAddress(#[from] SourceAddressError),
    /// A network that is as good as no restriction.
    #[error("source-address allows {network}: the prefix must have at least {limit} bits")]
    SourceAddressTooWide {
        /// The network.
        network: String,
        /// The shortest prefix that is allowed.
        limit: u8,
    },
    /// An extension whose name is not `name` or `name@domain`.
    #[error("extension {name:?} has no proper name")]
    ExtensionName {
        /// Its name.
        name: String,
    },
}
