//! Subject alternative names (RFC 5280, 4.2.1.6): what a certificate is for.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::dns::{DnsName, DnsNameError};
use super::email::{EmailAddress, EmailAddressError};
use super::uri::{Uri, UriError};
use crate::asn1::{Element, Malformed, Reader, Writer, context};

const EMAIL: u8 = context(1);
const DNS: u8 = context(2);
const URI: u8 = context(6);
const IP: u8 = context(7);

/// A name of one of the kinds that lemur certifies.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum San {
    /// A host's name.
    Dns(DnsName),
    /// A host's address.
    Ip(IpAddr),
    /// A mailbox.
    Email(EmailAddress),
    /// A URI, as workloads have.
    Uri(Uri),
}

/// The kinds of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SanKind {
    /// A host's name.
    Dns,
    /// A host's address.
    Ip,
    /// A mailbox.
    Email,
    /// A URI.
    Uri,
}

impl fmt::Display for SanKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "DNS name",
            Self::Ip => "IP address",
            Self::Email => "email address",
            Self::Uri => "URI",
        })
    }
}

/// Why a text or an encoding is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SanError {
    /// No DNS name.
    #[error(transparent)]
    Dns(#[from] DnsNameError),
    /// No IP address.
    #[error("an IP address is four numbers with dots, or eight groups of hexadecimal digits with colons")]
    Ip,
    /// An IPv4 address in the form of an IPv6 address: some verifiers take it for the one, and constraints for the other.
    #[error("an IPv4 address is written as such: {address}")]
    Mapped {
        /// The address that it stands for.
        address: IpAddr,
    },
    /// No mailbox.
    #[error(transparent)]
    Email(#[from] EmailAddressError),
    /// No URI.
    #[error(transparent)]
    Uri(#[from] UriError),
    /// A name that is not in ASCII.
    #[error("a name in a certificate is in ASCII")]
    NotAscii,
    /// A kind of name that lemur does not certify.
    #[error("names of the kind {kind} are not certified")]
    Kind {
        /// The kind, as RFC 5280 calls it.
        kind: &'static str,
    },
    /// No GeneralName.
    #[error("a name is malformed")]
    Malformed,
}

impl From<Malformed> for SanError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl San {
    /// Reads a name whose kind is known.
    ///
    /// # Errors
    /// [`SanError`] says what is wrong with it.
    pub fn parse(kind: SanKind, text: &str) -> Result<Self, SanError> {
        Ok(match kind {
            SanKind::Dns => Self::Dns(DnsName::parse(text)?),
            SanKind::Ip => canonical(IpAddr::from_str(text).map_err(|_| SanError::Ip)?)?,
            SanKind::Email => Self::Email(EmailAddress::parse(text)?),
            SanKind::Uri => Self::Uri(Uri::parse(text)?),
        })
    }

    /// Reads a name whose kind its form shows, as people type names: an IP address, a mailbox (it has an `@`), a URI (it has a colon),
    /// or a DNS name.
    ///
    /// # Errors
    /// [`SanError`] says what is wrong with it.
    pub fn guess(text: &str) -> Result<Self, SanError> {
        if let Ok(address) = IpAddr::from_str(text) {
            return canonical(address);
        }
        let kind = match text {
            text if text.contains(':') => SanKind::Uri,
            text if text.contains('@') => SanKind::Email,
            _ => SanKind::Dns,
        };
        Self::parse(kind, text)
    }

    /// The name's kind.
    #[must_use]
    pub const fn kind(&self) -> SanKind {
        match self {
            Self::Dns(_) => SanKind::Dns,
            Self::Ip(_) => SanKind::Ip,
            Self::Email(_) => SanKind::Email,
            Self::Uri(_) => SanKind::Uri,
        }
    }

    /// Writes the name as a GeneralName.
    pub(crate) fn write(&self, writer: &mut Writer) {
        match self {
            Self::Dns(name) => writer.primitive(DNS, name.as_str().as_bytes()),
            Self::Ip(IpAddr::V4(address)) => writer.primitive(IP, &address.octets()),
            Self::Ip(IpAddr::V6(address)) => writer.primitive(IP, &address.octets()),
            Self::Email(address) => writer.primitive(EMAIL, address.as_str().as_bytes()),
            Self::Uri(uri) => writer.primitive(URI, uri.as_str().as_bytes()),
        }
    }

    /// Reads a GeneralName.
    pub(crate) fn read(element: Element<'_>) -> Result<Self, SanError> {
        match general_name(element)? {
            GeneralName::Dns(text) => Self::parse(SanKind::Dns, text),
            GeneralName::Email(text) => Self::parse(SanKind::Email, text),
            GeneralName::Uri(text) => Self::parse(SanKind::Uri, text),
            GeneralName::Ip(bytes) => canonical(address(bytes).ok_or(SanError::Ip)?),
            GeneralName::Directory(_) => Err(SanError::Kind { kind: "directoryName" }),
            GeneralName::Other(kind) => Err(SanError::Kind { kind }),
        }
    }
}

/// An address that is one thing to everybody.
fn canonical(address: IpAddr) -> Result<San, SanError> {
    let meant = address.to_canonical();
    if meant == address { Ok(San::Ip(address)) } else { Err(SanError::Mapped { address: meant }) }
}

/// The address of four or sixteen bytes.
fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(|bytes| Ipv4Addr::from(bytes).into()),
        16 => <[u8; 16]>::try_from(bytes).ok().map(|bytes| Ipv6Addr::from(bytes).into()),
        _ => None,
    }
}

/// A GeneralName (RFC 5280, 4.2.1.6) as it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum GeneralName<'a> {
    Dns(&'a str),
    Email(&'a str),
    Uri(&'a str),
    Ip(&'a [u8]),
    /// The Name's DER.
    Directory(&'a [u8]),
    /// Another kind, by RFC 5280's name.
    Other(&'static str),
}

/// Tells a GeneralName's kind.
pub(crate) fn general_name(element: Element<'_>) -> Result<GeneralName<'_>, SanError> {
    let ascii = || std::str::from_utf8(element.value).ok().filter(|text| text.is_ascii()).ok_or(SanError::NotAscii);
    Ok(match element.tag {
        EMAIL => GeneralName::Email(ascii()?),
        DNS => GeneralName::Dns(ascii()?),
        URI => GeneralName::Uri(ascii()?),
        IP => GeneralName::Ip(element.value),
        0xa4 => {
            let mut inner: Reader<'_> = element.reader();
            let name = inner.take(crate::asn1::SEQUENCE)?;
            inner.finish()?;
            GeneralName::Directory(name.whole)
        }
        0xa0 => GeneralName::Other("otherName"),
        0xa3 => GeneralName::Other("x400Address"),
        0xa5 => GeneralName::Other("ediPartyName"),
        0x88 => GeneralName::Other("registeredID"),
        _ => return Err(SanError::Malformed),
    })
}

impl fmt::Display for San {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => name.fmt(f),
            Self::Ip(address) => address.fmt(f),
            Self::Email(address) => address.fmt(f),
            Self::Uri(uri) => uri.fmt(f),
        }
    }
}

impl From<DnsName> for San {
    fn from(name: DnsName) -> Self {
        Self::Dns(name)
    }
}

impl From<IpAddr> for San {
    fn from(address: IpAddr) -> Self {
        Self::Ip(address)
    }
}
