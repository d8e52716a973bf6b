//! Name constraints (RFC 5280, 4.2.1.10): which names an authority may certify. They are asked before a certificate is made, so that
//! no certificate is signed that every verifier would refuse. In doubt a name is not permitted.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::dns::DnsName;
use super::email::EmailAddress;
use super::san::{GeneralName, San, SanError, SanKind, general_name};
use super::uri::Uri;
use crate::asn1::{Malformed, Reader, SEQUENCE, Writer, context, context_constructed};

/// The most subtrees of each list.
const MAX_SUBTREES: usize = 1024;

/// Permitted and excluded subtrees. Where a kind of name has no permitted subtree, names of that kind are not limited by one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NameConstraints {
    permitted: Subtrees,
    excluded: Subtrees,
}

/// Subtrees of names, by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Texts", into = "Texts")]
pub struct Subtrees {
    /// Each a name without `*`, in lower case, which stands for itself and all below it; empty for every name.
    dns: Vec<String>,
    ip: Vec<IpNet>,
    /// Each a mailbox, a host, or `.` and a domain.
    email: Vec<String>,
    /// Each a host, or `.` and a domain.
    uri: Vec<String>,
}

/// Subtrees' form in configuration and storage.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Texts {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dns: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ip: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    email: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    uri: Vec<String>,
}

/// Why something is no name constraint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConstraintError {
    /// Not a subtree of its kind of name.
    #[error("{text:?} is no subtree of names of the kind {kind}")]
    Subtree {
        /// The kind of name.
        kind: SanKind,
        /// What was given.
        text: String,
    },
    /// More subtrees than are read.
    #[error("the name constraints have more than {MAX_SUBTREES} subtrees")]
    TooMany,
    /// No subtree at all.
    #[error("the name constraints have no subtree")]
    Empty,
    /// A kind of name that is not certified here, so that nothing can be decided by it.
    #[error("name constraints on the kind {kind} are not supported")]
    Kind {
        /// RFC 5280's name of it.
        kind: &'static str,
    },
    /// Not the structure it should be.
    #[error("the name constraints are malformed")]
    Malformed,
}

impl From<Malformed> for ConstraintError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

/// A name that an authority's constraints keep it from certifying.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotPermitted {
    /// In an excluded subtree, or a wildcard that reaches into one.
    #[error("the authority's name constraints exclude {name}")]
    Excluded {
        /// The name.
        name: String,
    },
    /// In none of the permitted subtrees of its kind.
    #[error("the authority's name constraints do not permit {name}")]
    Outside {
        /// The name.
        name: String,
    },
}

impl NameConstraints {
    /// Constraints of these subtrees.
    ///
    /// # Errors
    /// [`ConstraintError::Empty`] if there is none, which RFC 5280 forbids.
    pub fn new(permitted: Subtrees, excluded: Subtrees) -> Result<Self, ConstraintError> {
        if permitted.is_empty() && excluded.is_empty() {
            return Err(ConstraintError::Empty);
        }
        Ok(Self { permitted, excluded })
    }

    /// What is permitted.
    #[must_use]
    pub const fn permitted(&self) -> &Subtrees {
        &self.permitted
    }

    /// What is excluded.
    #[must_use]
    pub const fn excluded(&self) -> &Subtrees {
        &self.excluded
    }

    /// Whether there is no subtree: such constraints are not written into a certificate.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.permitted.is_empty() && self.excluded.is_empty()
    }

    /// Whether an authority under these constraints may certify a name.
    ///
    /// # Errors
    /// [`NotPermitted`] if it may not.
    pub fn permits(&self, name: &San) -> Result<(), NotPermitted> {
        if self.excluded.touch(name) {
            return Err(NotPermitted::Excluded { name: name.to_string() });
        }
        if self.permitted.has(name.kind()) && !self.permitted.cover(name) {
            return Err(NotPermitted::Outside { name: name.to_string() });
        }
        Ok(())
    }

    /// Whether an authority of ours under these constraints certifies a name. It does no more than [`NameConstraints::permits`]: to a client
    /// what is permitted of one kind of name says nothing of the others; to us, who names what is permitted has named it all.
    ///
    /// # Errors
    /// [`NotPermitted`] if it does not.
    pub fn admits(&self, name: &San) -> Result<(), NotPermitted> {
        if !self.permitted.is_empty() && !self.permitted.has(name.kind()) {
            return Err(NotPermitted::Outside { name: name.to_string() });
        }
        self.permits(name)
    }

    /// Whether an authority of ours under these constraints certifies a common name: verifiers take one that looks like a host's name for one,
    /// which a single word and a person's name do not. One that looks like a name and is none that can be compared is not certified.
    ///
    /// # Errors
    /// [`NotPermitted`] if it does not.
    pub fn admits_common_name(&self, common_name: &str) -> Result<(), NotPermitted> {
        if self.is_empty() {
            return Ok(());
        }
        let folded = folded(common_name);
        match San::guess(folded.trim_end_matches('.')) {
            Ok(San::Dns(name)) if name.is_single_label() => Ok(()),
            Ok(name) => self.admits(&name),
            Err(SanError::Mapped { address }) => self.admits(&San::Ip(address)),
            Err(_) if !folded.contains(char::is_whitespace) && folded.contains(['.', '@', ':']) => {
                Err(NotPermitted::Outside { name: common_name.chars().take(300).collect() })
            }
            Err(_) => Ok(()),
        }
    }

    /// Reads the extension's value.
    pub(crate) fn read(der: &[u8]) -> Result<Self, ConstraintError> {
        let mut fields = Reader::sequence_of(der)?;
        let mut lists = [Subtrees::default(), Subtrees::default()];
        for (number, list) in [0, 1].into_iter().zip(&mut lists) {
            if let Some(element) = fields.optional(context_constructed(number))? {
                list.read(element.reader())?;
                if list.is_empty() {
                    return Err(ConstraintError::Empty);
                }
            }
        }
        fields.finish()?;
        let [permitted, excluded] = lists;
        Self::new(permitted, excluded)
    }

    /// Writes the extension's value.
    pub(crate) fn write(&self, writer: &mut Writer) {
        writer.sequence(|writer| {
            for (number, list) in [0, 1].into_iter().zip([&self.permitted, &self.excluded]) {
                if !list.is_empty() {
                    writer.nest(context_constructed(number), |writer| list.write(writer));
                }
            }
        });
    }
}

/// A text as a lenient reader of host names takes it: full-width letters for ASCII's (UTS 46), and whatever IDNA takes for a dot (RFC 3490, 3.1),
/// or looks like one, for a dot.
fn folded(text: &str) -> String {
    let fold = |character: char| match character {
        '\u{3002}' | '\u{ff61}' | '\u{2024}' | '\u{fe52}' => '.',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character),
        _ => character,
    };
    text.chars().filter(|character| !matches!(character, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}')).map(fold).collect()
}

impl Subtrees {
    /// Subtrees from their texts: DNS names (empty for all), networks (`10.0.0.0/8`), mailboxes, hosts or `.domain` for email, hosts or
    /// `.domain` for URIs.
    ///
    /// # Errors
    /// [`ConstraintError`] names the text that is no subtree.
    pub fn parse<T: AsRef<str>>(dns: &[T], ip: &[T], email: &[T], uri: &[T]) -> Result<Self, ConstraintError> {
        let mut subtrees = Self::default();
        for text in dns {
            subtrees.add_dns(text.as_ref())?;
        }
        for text in ip {
            let wrong = || ConstraintError::Subtree { kind: SanKind::Ip, text: text.as_ref().to_owned() };
            subtrees.add_ip(text.as_ref().parse().map_err(|_| wrong())?)?;
        }
        for text in email {
            subtrees.add_email(text.as_ref())?;
        }
        for text in uri {
            subtrees.add_uri(text.as_ref())?;
        }
        Ok(subtrees)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn len(&self) -> usize {
        self.dns.len() + self.ip.len() + self.email.len() + self.uri.len()
    }

    fn room(&self) -> Result<(), ConstraintError> {
        if self.len() < MAX_SUBTREES { Ok(()) } else { Err(ConstraintError::TooMany) }
    }

    fn add_dns(&mut self, text: &str) -> Result<(), ConstraintError> {
        self.room()?;
        let name = match text {
            "" => String::new(),
            _ => plain(text).ok_or_else(|| ConstraintError::Subtree { kind: SanKind::Dns, text: text.to_owned() })?,
        };
        self.dns.push(name);
        Ok(())
    }

    fn add_ip(&mut self, network: IpNet) -> Result<(), ConstraintError> {
        self.room()?;
        self.ip.push(network.trunc());
        Ok(())
    }

    fn add_email(&mut self, text: &str) -> Result<(), ConstraintError> {
        self.room()?;
        let subtree = match text.contains('@') {
            true => EmailAddress::parse(text).ok().map(String::from),
            false => host_or_domain(text),
        };
        self.email.push(subtree.ok_or_else(|| ConstraintError::Subtree { kind: SanKind::Email, text: text.to_owned() })?);
        Ok(())
    }

    fn add_uri(&mut self, text: &str) -> Result<(), ConstraintError> {
        self.room()?;
        self.uri.push(host_or_domain(text).ok_or_else(|| ConstraintError::Subtree { kind: SanKind::Uri, text: text.to_owned() })?);
        Ok(())
    }

    fn has(&self, kind: SanKind) -> bool {
        match kind {
            SanKind::Dns => !self.dns.is_empty(),
            SanKind::Ip => !self.ip.is_empty(),
            SanKind::Email => !self.email.is_empty(),
            SanKind::Uri => !self.uri.is_empty(),
        }
    }

    /// Whether all that the name stands for is in a subtree.
    fn cover(&self, name: &San) -> bool {
        match name {
            San::Dns(name) => self.dns.iter().any(|subtree| covers_host(subtree, name.base())),
            San::Ip(address) => self.ip.iter().any(|network| network.contains(address)),
            San::Email(address) => self.email.iter().any(|subtree| is_mailbox_of(address, subtree)),
            San::Uri(uri) => uri_host(uri).is_some_and(|host| self.uri.iter().any(|subtree| is_host_of(host, subtree))),
        }
    }

    /// Whether anything that the name stands for is in a subtree.
    fn touch(&self, name: &San) -> bool {
        match name {
            San::Dns(name) => self.dns.iter().any(|subtree| {
                let reached = name.is_wildcard() && subtree.split_once('.').is_some_and(|(_, parent)| parent == name.base());
                covers_host(subtree, name.base()) || reached
            }),
            // RFC 5280: a URI without a host name is refused where URIs are constrained.
            San::Uri(uri) => self.has(SanKind::Uri) && (uri_host(uri).is_none() || self.cover(name)),
            _ => self.cover(name),
        }
    }

    fn read(&mut self, mut list: Reader<'_>) -> Result<(), ConstraintError> {
        while !list.is_finished() {
            let mut subtree = list.sequence()?;
            let base = subtree.element()?;
            // minimum is 0 and maximum is absent (RFC 5280, 4.2.1.10): in DER, nothing follows.
            subtree.finish()?;
            match general_name(base).map_err(|_| ConstraintError::Malformed)? {
                GeneralName::Dns(text) => self.add_dns(text)?,
                GeneralName::Ip(bytes) => self.add_ip(network(bytes).ok_or(ConstraintError::Malformed)?)?,
                GeneralName::Email(text) => self.add_email(text)?,
                GeneralName::Uri(text) => self.add_uri(text)?,
                GeneralName::Directory(_) => return Err(ConstraintError::Kind { kind: "directoryName" }),
                GeneralName::Other(kind) => return Err(ConstraintError::Kind { kind }),
            }
        }
        Ok(())
    }

    fn write(&self, writer: &mut Writer) {
        let mut subtree = |tag: u8, bytes: &[u8]| writer.nest(SEQUENCE, |writer| writer.primitive(tag, bytes));
        for text in &self.email {
            subtree(context(1), text.as_bytes());
        }
        for text in &self.dns {
            subtree(context(2), text.as_bytes());
        }
        for text in &self.uri {
            subtree(context(6), text.as_bytes());
        }
        for network in &self.ip {
            match network {
                IpNet::V4(net) => subtree(context(7), &[net.network().octets(), net.netmask().octets()].concat()),
                IpNet::V6(net) => subtree(context(7), &[net.network().octets(), net.netmask().octets()].concat()),
            }
        }
    }
}

/// A DNS name without `*`, in lower case.
fn plain(text: &str) -> Option<String> {
    DnsName::parse(text).ok().filter(|name| !name.is_wildcard()).map(String::from)
}

fn host_or_domain(text: &str) -> Option<String> {
    match text.strip_prefix('.') {
        Some(domain) => plain(domain).map(|domain| format!(".{domain}")),
        None => plain(text),
    }
}

fn covers_host(subtree: &str, host: &str) -> bool {
    subtree.is_empty() || host.strip_suffix(subtree).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// A host, or below a `.domain`.
fn is_host_of(host: &str, subtree: &str) -> bool {
    if subtree.starts_with('.') { host.len() > subtree.len() && host.ends_with(subtree) } else { host == subtree }
}

fn is_mailbox_of(address: &EmailAddress, subtree: &str) -> bool {
    if subtree.contains('@') { address.as_str() == subtree } else { is_host_of(address.domain(), subtree) }
}

/// A URI's host if it is a name.
fn uri_host(uri: &Uri) -> Option<&str> {
    uri.host().filter(|host| DnsName::parse(host).is_ok())
}

/// An address and a mask of ones, then zeros.
fn network(bytes: &[u8]) -> Option<IpNet> {
    let (address, mask): (IpAddr, IpAddr) = match bytes.len() {
        8 => {
            let halves = <[u8; 8]>::try_from(bytes).ok().map(u64::from_be_bytes)?;
            let [address, mask] = [halves >> 32, halves & u64::from(u32::MAX)].map(|half| u32::try_from(half).map(Ipv4Addr::from));
            (address.ok()?.into(), mask.ok()?.into())
        }
        32 => {
            let half = |bytes: &[u8]| <[u8; 16]>::try_from(bytes).ok().map(Ipv6Addr::from);
            (half(&bytes[..16])?.into(), half(&bytes[16..])?.into())
        }
        _ => return None,
    };
    IpNet::with_netmask(address, mask).ok()
}

impl fmt::Display for Subtrees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        let mut put = |kind: &str, text: &dyn fmt::Display| {
            let comma = if std::mem::take(&mut first) { "" } else { ", " };
            write!(f, "{comma}{kind}:{text}")
        };
        self.dns.iter().try_for_each(|text| put("DNS", text))?;
        self.ip.iter().try_for_each(|network| put("IP", network))?;
        self.email.iter().try_for_each(|text| put("email", text))?;
        self.uri.iter().try_for_each(|text| put("URI", text))
    }
}

impl TryFrom<Texts> for Subtrees {
    type Error = ConstraintError;

    fn try_from(texts: Texts) -> Result<Self, Self::Error> {
        Self::parse(&texts.dns, &texts.ip, &texts.email, &texts.uri)
    }
}

impl From<Subtrees> for Texts {
    fn from(subtrees: Subtrees) -> Self {
        let ip = subtrees.ip.iter().map(ToString::to_string).collect();
        Self { dns: subtrees.dns, ip, email: subtrees.email, uri: subtrees.uri }
    }
}
