//! The value of `source-address`: a comma list of addresses and CIDR networks, held to what `sshd` can parse
//! (`addr_match_cidr_list` of OpenSSH), since a list that it cannot parse makes the certificate useless. Narrower than
//! sshd where its parser is loose: no octal or short IPv4 forms, no leading zeros in a prefix length.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// sshd reads entries of at most INET6_ADDRSTRLEN (46) and a prefix length of three characters.
const MAX_ENTRY: usize = 46 + 3;
const MAX_ENTRIES: usize = 64;

/// A parsed `source-address` list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceAddress {
    text: Box<str>,
    networks: Vec<IpNet>,
}

/// Why a `source-address` list is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceAddressError {
    /// The list or one of its entries is empty.
    #[error("source-address has an empty entry")]
    Empty,
    /// More than 64 entries.
    #[error("source-address has more than 64 entries")]
    TooMany,
    /// An entry is longer than sshd reads.
    #[error("source-address entry {entry:?} is longer than 49 characters")]
    TooLong {
        /// The beginning of the entry.
        entry: String,
    },
    /// Neither an IP address nor a network in CIDR form.
    #[error("source-address entry {entry:?} is neither an IP address nor ADDRESS/PREFIX")]
    Malformed {
        /// The entry.
        entry: String,
    },
    /// A network whose address has bits behind the prefix.
    #[error("source-address entry {entry:?} has bits set behind its prefix")]
    HostBits {
        /// The entry.
        entry: String,
    },
    /// An IPv4 address inside an IPv6 address, which sshd compares with nothing that it sees.
    #[error("source-address entry {entry:?} is an IPv4-mapped IPv6 address: write the IPv4 address")]
    Mapped {
        /// The entry.
        entry: String,
    },
}

impl SourceAddress {
    /// Parses a comma list without spaces.
    ///
    /// # Errors
    /// The first entry that sshd could not use, or more than 64 entries.
    pub fn parse(text: &str) -> Result<Self, SourceAddressError> {
        let mut networks = Vec::new();
        visit(text, |network| networks.push(network))?;
        Ok(Self { text: text.into(), networks })
    }

    /// Parses one address or network.
    ///
    /// # Errors
    /// One that sshd could not use.
    pub fn parse_entry(entry: &str) -> Result<IpNet, SourceAddressError> {
        parse_entry(entry)
    }

    /// The list as it is written into a certificate.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The networks; a single address is a network of its full length.
    #[must_use]
    pub fn networks(&self) -> &[IpNet] {
        &self.networks
    }
}

impl fmt::Display for SourceAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Parses a list and hands out each network, without keeping them.
pub(super) fn visit(text: &str, mut each: impl FnMut(IpNet)) -> Result<(), SourceAddressError> {
    for (index, entry) in text.split(',').enumerate() {
        if index == MAX_ENTRIES {
            return Err(SourceAddressError::TooMany);
        }
        each(parse_entry(entry)?);
    }
    Ok(())
}

fn parse_entry(entry: &str) -> Result<IpNet, SourceAddressError> {
    if entry.is_empty() {
        return Err(SourceAddressError::Empty);
    }
    if entry.len() > MAX_ENTRY {
        return Err(SourceAddressError::TooLong { entry: entry.chars().take(MAX_ENTRY).collect() });
    }
    let malformed = || SourceAddressError::Malformed { entry: entry.to_owned() };
    let (address, prefix) = match entry.split_once('/') {
        None => (entry, None),
        Some((address, prefix)) => (address, Some(parse_prefix(prefix).ok_or_else(malformed)?)),
    };
    let address: IpAddr = address.parse().map_err(|_| malformed())?;
    if let IpAddr::V6(v6) = address
        && v6.to_ipv4_mapped().is_some()
    {
        return Err(SourceAddressError::Mapped { entry: entry.to_owned() });
    }
    let full = if address.is_ipv4() { 32 } else { 128 };
    let network = IpNet::new(address, prefix.unwrap_or(full)).map_err(|_| malformed())?;
    if network.network() != address {
        return Err(SourceAddressError::HostBits { entry: entry.to_owned() });
    }
    Ok(network)
}

/// A prefix length in plain decimal: no sign, no leading zero.
fn parse_prefix(text: &str) -> Option<u8> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok()).flatten()
}
