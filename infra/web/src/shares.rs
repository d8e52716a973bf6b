//! Something that there is so much of, and that nobody is to have alone: connections, memory for what clients send.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// So much in all, and so much for one client. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Shares {
    taken: Arc<Mutex<Taken>>,
    most: usize,
    most_of_one: usize,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_peer: HashMap<IpAddr, usize>,
}

/// What a client has of it; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Share {
    shares: Shares,
    peer: IpAddr,
    amount: usize,
}

impl Shares {
    pub(crate) fn new(most: usize, most_of_one: usize) -> Self {
        Self { taken: Arc::default(), most, most_of_one }
    }

    /// So much of it for the client at this address; none if there is not so much left, for it or for all.
    pub(crate) fn take(&self, peer: IpAddr, amount: usize) -> Option<Share> {
        let mut share = Share { shares: self.clone(), peer: network(peer), amount: 0 };
        share.grow(amount).then_some(share)
    }
}

impl Share {
    /// Takes more of it, or nothing if there is not so much left; whether it did.
    pub(crate) fn grow(&mut self, more: usize) -> bool {
        let Shares { taken, most, most_of_one } = &self.shares;
        let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        let of_one = taken.by_peer.get(&self.peer).copied().unwrap_or(0);
        if taken.all.saturating_add(more) > *most || of_one.saturating_add(more) > *most_of_one {
            return false;
        }
        taken.all += more;
        if more > 0 {
            taken.by_peer.insert(self.peer, of_one + more);
        }
        drop(taken);
        self.amount += more;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut taken = self.shares.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all -= self.amount;
        match taken.by_peer.get_mut(&self.peer) {
            Some(of_one) if *of_one > self.amount => *of_one -= self.amount,
            _ => drop(taken.by_peer.remove(&self.peer)),
        }
    }
}

/// Whose shares count together: an IPv4 address's, or those of the 64 bits of IPv6 that one customer is given.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_take_all() {
        let shares = Shares::new(3, 2);
        let (loud, quiet) = ("192.0.2.1".parse().expect("an address"), "192.0.2.2".parse().expect("an address"));
        let mut first = shares.take(loud, 1).expect("there is one");
        assert!(first.grow(1) && !first.grow(1));
        assert!(shares.take(loud, 1).is_none());
        let third = shares.take(quiet, 1).expect("there is another");
        assert!(shares.take(quiet, 1).is_none(), "there are three in all");
        assert!(shares.take(quiet, 0).is_some(), "nothing is always there");
        drop((first, third));
        assert!(shares.take(loud, 2).is_some());
        let taken = shares.taken.lock().expect("no panic");
        assert_eq!((taken.all, taken.by_peer.len()), (0, 0), "who left is forgotten");
    }

    #[test]
    fn addresses_of_one_customer_count_together() {
        let network = |text: &str| network(text.parse().expect("an address"));
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2:ffff::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }
}
