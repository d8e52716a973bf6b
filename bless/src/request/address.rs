//! Which networks a request may name.
//!
//! The text becomes the `source-address` option. [`SourceAddress`] holds it to what sshd reads; here a policy bounds how much of the
//! address space it covers, since a list that covers nearly every address is as good as no option.

use ipnet::IpNet;

use crate::certificate::{SourceAddress, SourceAddressError};

/// How many of the widest networks a list may add up to, so that halves and quarters of the Internet cannot be strung together.
const MAX_WIDEST: u128 = 8;

/// Why a list of networks is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not a list that sshd reads; BLESS's words.
    #[error("Invalid IP address.")]
    Invalid(#[source] SourceAddressError),
    /// Covers more than the policy lets one certificate cover.
    #[error("{network} covers too many addresses: the configuration allows networks from /{shortest} on")]
    TooWide {
        /// The network, or the whole list.
        network: String,
        /// The shortest prefix that is allowed.
        shortest: u8,
    },
    /// Not inside the networks that the configuration sets for every certificate.
    #[error("{network} is outside of the networks that the configuration allows")]
    Outside {
        /// The network.
        network: String,
    },
}

/// How much of the address space one certificate may cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressPolicy {
    /// The shortest IPv4 prefix.
    pub shortest_v4: u8,
    /// The shortest IPv6 prefix.
    pub shortest_v6: u8,
    /// If not empty, every network must lie within one of these.
    pub within: Vec<IpNet>,
}

impl Default for AddressPolicy {
    /// IPv4 networks from /8, IPv6 networks from /16 on.
    fn default() -> Self {
        Self { shortest_v4: 8, shortest_v6: 16, within: Vec::new() }
    }
}

impl AddressPolicy {
    /// Any network, all of them included.
    #[must_use]
    pub const fn any() -> Self {
        Self { shortest_v4: 0, shortest_v6: 0, within: Vec::new() }
    }

    /// Reads a comma list, each network allowed and all of them together not much more than one.
    ///
    /// # Errors
    /// [`AddressError`] for the first fault.
    pub fn admit(&self, text: &str) -> Result<SourceAddress, AddressError> {
        let list = SourceAddress::parse(text).map_err(AddressError::Invalid)?;
        for network in list.networks() {
            let shortest = if network.addr().is_ipv4() { self.shortest_v4 } else { self.shortest_v6 };
            if network.prefix_len() < shortest {
                return Err(AddressError::TooWide { network: network.to_string(), shortest });
            }
            if !self.within.is_empty() && !self.within.iter().any(|wide| wide.contains(network)) {
                return Err(AddressError::Outside { network: network.to_string() });
            }
        }
        for (v4, shortest) in [(true, self.shortest_v4), (false, self.shortest_v6)] {
            // Counted in networks of /32 or /64, so that the sum stays far from overflow.
            let unit = if v4 { 32 } else { 64 };
            let size = |prefix: u8| 1_u128 << (unit - prefix.min(unit));
            let covered: u128 = list.networks().iter().filter(|n| n.addr().is_ipv4() == v4).map(|n| size(n.prefix_len())).sum();
            let half = 1_u128 << (unit - 1);
            if shortest > 0 && (covered > size(shortest) * MAX_WIDEST || covered > half) {
                return Err(AddressError::TooWide { network: text.to_owned(), shortest });
            }
        }
        Ok(list)
    }
}
