//! Which addresses a validation may connect to.
//!
//! An applicant names the host that the authority then connects to, so an authority that connects anywhere is a tool to reach what only it
//! can reach: its own loopback, a cloud's metadata service, the neighbours in a private network. [`Reach`] answers for an address, after it
//! was resolved and before it is connected to, and the connection goes to that very address: a name that resolves to something else the next
//! time (rebinding) gains nothing. It follows IANA's registries of special-purpose addresses (RFC 6890 and its updates): what is not
//! globally reachable is refused. Private ranges may be opened, by network, for an authority that certifies names of that network; loopback,
//! link-local, metadata, multicast and the transition prefixes never, and a configuration that names one of them is refused.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Networks that nothing opens, with what they are.
const NEVER_V4: &[(Ipv4Net, Forbidden)] = &[
    (v4([0, 0, 0, 0], 8), Forbidden::ThisHost),
    (v4([127, 0, 0, 0], 8), Forbidden::Loopback),
    (v4([169, 254, 0, 0], 16), Forbidden::LinkLocal),
    // Alibaba Cloud's metadata, in the shared address space.
    (v4([100, 100, 100, 200], 32), Forbidden::Metadata),
    // Oracle Cloud's, in the IETF's protocol assignments.
    (v4([192, 0, 0, 192], 32), Forbidden::Metadata),
    // Azure's, which looks like a public address.
    (v4([168, 63, 129, 16], 32), Forbidden::Metadata),
    (v4([192, 0, 0, 0], 24), Forbidden::Reserved),
    (v4([192, 0, 2, 0], 24), Forbidden::Documentation),
    (v4([192, 88, 99, 0], 24), Forbidden::Transition),
    (v4([198, 51, 100, 0], 24), Forbidden::Documentation),
    (v4([203, 0, 113, 0], 24), Forbidden::Documentation),
    (v4([224, 0, 0, 0], 4), Forbidden::Multicast),
    (v4([240, 0, 0, 0], 4), Forbidden::Reserved),
];

/// Networks that a configuration may open.
const PRIVATE_V4: &[Ipv4Net] =
    &[v4([10, 0, 0, 0], 8), v4([100, 64, 0, 0], 10), v4([172, 16, 0, 0], 12), v4([192, 168, 0, 0], 16), v4([198, 18, 0, 0], 15)];

/// Unique local addresses, which a configuration may open.
const PRIVATE_V6: Ipv6Net = v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7);

/// The one block of IPv6 that is given out as global unicast.
const GLOBAL_V6: Ipv6Net = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3);

/// An IPv4 address as IPv6 programs write it.
const MAPPED: Ipv6Net = v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96);

/// The well-known prefix by which IPv6 networks reach the IPv4 internet (RFC 6052).
const NAT64: Ipv6Net = v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96);

const NEVER_V6: &[(Ipv6Net, Forbidden)] = &[
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 128), Forbidden::ThisHost),
    (v6([0, 0, 0, 0, 0, 0, 0, 1], 128), Forbidden::Loopback),
    // IPv4-compatible addresses, of RFC 4291's past.
    (v6([0, 0, 0, 0, 0, 0, 0, 0], 96), Forbidden::Transition),
    // NAT64 of a network's own (RFC 8215): where it leads is not known here.
    (v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), Forbidden::Transition),
    (v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64), Forbidden::Reserved),
    // Teredo, ORCHID, benchmarking and the rest of the IETF's protocol assignments.
    (v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), Forbidden::Transition),
    (v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), Forbidden::Documentation),
    (v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), Forbidden::Transition),
    (v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), Forbidden::Documentation),
    (v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), Forbidden::Reserved),
    // Metadata and other services of EC2's hosts, and Google Cloud's metadata, among the unique local addresses.
    (v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0], 32), Forbidden::Metadata),
    (v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128), Forbidden::Metadata),
    (v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), Forbidden::LinkLocal),
    (v6([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10), Forbidden::Reserved),
    (v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8), Forbidden::Multicast),
];

const fn v4(octets: [u8; 4], length: u8) -> Ipv4Net {
    let [a, b, c, d] = octets;
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(segments: [u16; 8], length: u8) -> Ipv6Net {
    let [a, b, c, d, e, f, g, h] = segments;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, e, f, g, h), length)
}

/// Why an address is not connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forbidden {
    /// The unspecified address and its network.
    ThisHost,
    /// This machine.
    Loopback,
    /// This link, where a cloud's metadata is.
    LinkLocal,
    /// A cloud's metadata at an address that is not link-local.
    Metadata,
    /// Many machines at once.
    Multicast,
    /// Addresses of examples.
    Documentation,
    /// IPv6 that stands for IPv4 or leads through a relay.
    Transition,
    /// Set aside by IANA, or given to nobody.
    Reserved,
    /// A private network that was not opened.
    Private,
}

impl fmt::Display for Forbidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ThisHost => "unspecified",
            Self::Loopback => "a loopback address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "the address of a cloud's metadata service",
            Self::Multicast => "a multicast address",
            Self::Documentation => "an address for documentation",
            Self::Transition => "an address of a transition mechanism",
            Self::Reserved => "a reserved address",
            Self::Private => "a private address that this authority does not validate",
        })
    }
}

/// Why a network cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReachError {
    /// It holds addresses that are never connected to.
    #[error("{network} cannot be opened to validation: it holds {reason}")]
    Never {
        /// The network.
        network: IpNet,
        /// What it holds.
        reason: Forbidden,
    },
    /// It is not private: there is nothing to open.
    #[error(
        "{network} is no private network: only networks within 10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16, 198.18.0.0/15 and fc00::/7 are opened"
    )]
    NotPrivate {
        /// The network.
        network: IpNet,
    },
}

/// Which addresses may be connected to. By default, those that are globally reachable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    private: Vec<IpNet>,
}

impl Reach {
    /// The global internet and these private networks.
    ///
    /// # Errors
    /// [`ReachError`] if a network is not within the private ranges. Metadata addresses within such a network stay closed.
    pub fn new(private: &[IpNet]) -> Result<Self, ReachError> {
        for network in private {
            if !may_open(network) {
                return Err(match never_within(network) {
                    Some(reason) => ReachError::Never { network: *network, reason },
                    None => ReachError::NotPrivate { network: *network },
                });
            }
        }
        Ok(Self { private: private.iter().map(IpNet::trunc).collect() })
    }

    /// Whether this address may be connected to.
    ///
    /// # Errors
    /// [`Forbidden`] says what it is.
    pub fn check(&self, address: IpAddr) -> Result<(), Forbidden> {
        match address {
            IpAddr::V4(address) => self.check_v4(address),
            IpAddr::V6(address) if MAPPED.contains(&address) => self.check_v4(embedded(address)),
            // A translator must not be asked for what is not global (RFC 6052, 3.1), whatever is open here.
            IpAddr::V6(address) if NAT64.contains(&address) => Self::default().check_v4(embedded(address)),
            IpAddr::V6(address) => self.check_v6(address),
        }
    }

    fn check_v4(&self, address: Ipv4Addr) -> Result<(), Forbidden> {
        if let Some((_, reason)) = NEVER_V4.iter().find(|(network, _)| network.contains(&address)) {
            return Err(*reason);
        }
        if PRIVATE_V4.iter().any(|network| network.contains(&address)) { self.opened(address.into()) } else { Ok(()) }
    }

    fn check_v6(&self, address: Ipv6Addr) -> Result<(), Forbidden> {
        if let Some((_, reason)) = NEVER_V6.iter().find(|(network, _)| network.contains(&address)) {
            return Err(*reason);
        }
        if isatap(address) {
            return Err(Forbidden::Transition);
        }
        if PRIVATE_V6.contains(&address) {
            return self.opened(address.into());
        }
        if GLOBAL_V6.contains(&address) { Ok(()) } else { Err(Forbidden::Reserved) }
    }

    fn opened(&self, address: IpAddr) -> Result<(), Forbidden> {
        if self.private.iter().any(|network| network.contains(&address)) { Ok(()) } else { Err(Forbidden::Private) }
    }
}

/// The IPv4 address in the last four bytes.
fn embedded(address: Ipv6Addr) -> Ipv4Addr {
    let [.., a, b, c, d] = address.octets();
    Ipv4Addr::new(a, b, c, d)
}

/// An interface identifier that a tunnel makes of an IPv4 address (RFC 5214).
fn isatap(address: Ipv6Addr) -> bool {
    let [.., high, low, _, _] = address.segments();
    low == 0x5efe && matches!(high, 0 | 0x200)
}

fn may_open(network: &IpNet) -> bool {
    let whole_metadata = NEVER_V4.iter().any(|(never, _)| IpNet::V4(*never).contains(network))
        || NEVER_V6.iter().any(|(never, _)| IpNet::V6(*never).contains(network));
    let private = PRIVATE_V4.iter().any(|private| IpNet::V4(*private).contains(network)) || IpNet::V6(PRIVATE_V6).contains(network);
    private && !whole_metadata
}

/// What is in a network that is never connected to.
fn never_within(network: &IpNet) -> Option<Forbidden> {
    let overlap = |never: IpNet| network.contains(&never) || never.contains(network);
    let v4 = NEVER_V4.iter().find(|(never, _)| overlap(IpNet::V4(*never))).map(|(_, reason)| *reason);
    let v6 = || NEVER_V6.iter().find(|(never, _)| overlap(IpNet::V6(*never))).map(|(_, reason)| *reason);
    let other = || [MAPPED, NAT64].iter().any(|net| overlap(IpNet::V6(*net))).then_some(Forbidden::Transition);
    v4.or_else(v6).or_else(other)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
    use super::*;

    fn check(reach: &Reach, address: &str) -> Result<(), Forbidden> {
        reach.check(address.parse().unwrap())
    }

    fn open(networks: &[&str]) -> Result<Reach, ReachError> {
        Reach::new(&networks.iter().map(|network| network.parse().unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_not_global_is_refused_by_its_name() {
        use Forbidden::*;
        let reach = Reach::default();
        for (address, reason) in [
            ("0.0.0.0", ThisHost),
            ("0.1.2.3", ThisHost),
            ("127.0.0.1", Loopback),
            ("127.255.255.254", Loopback),
            ("10.0.0.1", Private),
            ("100.64.0.1", Private),
            ("172.16.0.1", Private),
            ("172.31.255.255", Private),
            ("192.168.1.1", Private),
            ("198.18.0.1", Private),
            ("169.254.169.254", LinkLocal),
            ("100.100.100.200", Metadata),
            ("168.63.129.16", Metadata),
            ("192.0.0.192", Metadata),
            ("192.0.0.1", Reserved),
            ("192.0.2.1", Documentation),
            ("192.88.99.1", Transition),
            ("203.0.113.9", Documentation),
            ("224.0.0.1", Multicast),
            ("239.255.255.255", Multicast),
            ("240.0.0.1", Reserved),
            ("255.255.255.255", Reserved),
            ("::", ThisHost),
            ("::1", Loopback),
            ("::7f00:1", Transition),
            ("::ffff:127.0.0.1", Loopback),
            ("::ffff:10.0.0.1", Private),
            ("::ffff:169.254.169.254", LinkLocal),
            ("64:ff9b::7f00:1", Loopback),
            ("64:ff9b::a9fe:a9fe", LinkLocal),
            ("64:ff9b::a00:1", Private),
            ("64:ff9b:1::7f00:1", Transition),
            ("2002:7f00:1::1", Transition),
            ("2002:a9fe:a9fe::1", Transition),
            ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Transition),
            ("2001:db8::1", Documentation),
            ("3fff::1", Documentation),
            ("100::1", Reserved),
            ("5f00::1", Reserved),
            ("fc00::1", Private),
            ("fd12:3456::1", Private),
            ("fd00:ec2::254", Metadata),
            ("fd20:ce::254", Metadata),
            ("fe80::1", LinkLocal),
            ("fe80::a9fe:a9fe", LinkLocal),
            ("fec0::1", Reserved),
            ("ff02::1", Multicast),
            ("4000::1", Reserved),
            ("2606:4700::5efe:7f00:1", Transition),
            ("2606:4700::200:5efe:a00:1", Transition),
        ] {
            assert_eq!(check(&reach, address), Err(reason), "{address}");
        }
    }

    #[test]
    fn the_global_internet_is_reached() {
        let reach = Reach::default();
        for address in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00::1",
            "64:ff9b::101:101",
            "::ffff:1.1.1.1",
        ] {
            assert_eq!(check(&reach, address), Ok(()), "{address}");
        }
    }

    #[test]
    fn a_private_network_is_opened_alone() {
        let reach = open(&["10.1.0.0/16", "100.64.0.0/10", "fd12::/16"]).unwrap();
        for address in ["10.1.2.3", "::ffff:10.1.2.3", "100.64.0.1", "fd12::1"] {
            assert_eq!(check(&reach, address), Ok(()), "{address}");
        }
        for address in ["10.2.0.1", "::ffff:10.2.0.1", "64:ff9b::a01:203", "192.168.0.1", "fd13::1"] {
            assert_eq!(check(&reach, address), Err(Forbidden::Private), "{address}");
        }
    }

    #[test]
    fn metadata_stays_closed_in_an_open_network() {
        let reach = open(&["100.64.0.0/10", "fc00::/7"]).unwrap();
        for address in ["100.100.100.200", "fd00:ec2::254", "fd20:ce::254", "::ffff:100.100.100.200"] {
            assert_eq!(check(&reach, address), Err(Forbidden::Metadata), "{address}");
        }
    }

    /// No configuration can open this machine to validation, in whatever form it writes the network.
    #[test]
    fn what_is_never_connected_to_cannot_be_opened() {
        for network in [
            "127.0.0.0/8",
            "127.0.0.1/32",
            "0.0.0.0/0",
            "0.0.0.0/8",
            "169.254.0.0/16",
            "169.254.169.254/32",
            "224.0.0.0/4",
            "::/0",
            "::1/128",
            "::ffff:127.0.0.0/104",
            "::ffff:0:0/96",
            "64:ff9b::/96",
            "64:ff9b::7f00:0/104",
            "2002::/16",
            "fe80::/10",
            "ff00::/8",
            "100.100.100.200/32",
            "fd00:ec2::/32",
            "fd00:ec2::254/128",
            "fc00::/6",
        ] {
            assert!(matches!(open(&[network]), Err(ReachError::Never { .. })), "{network}: {:?}", open(&[network]));
        }
        for network in ["8.8.8.0/24", "9.0.0.0/8", "2606:4700::/32"] {
            assert!(matches!(open(&[network]), Err(ReachError::NotPrivate { .. })), "{network}: {:?}", open(&[network]));
        }
        assert!(open(&["8.0.0.0/6"]).is_err(), "a network that reaches beyond the private one");
    }
}
