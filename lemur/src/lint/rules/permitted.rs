//! Which names name constraints permit (RFC 5280, 4.2.1.10): of a kind that has permitted subtrees a name must be in one, and in none of
//! the excluded.

use super::super::definition::Say;
use super::super::extensions::NameConstraints;
use super::super::general_name::GeneralName;
use super::super::name::Name;
use super::super::oid;
use super::super::syntax;

/// Tells the names that are not permitted.
pub(super) fn check(constraints: &NameConstraints<'_>, subject: &Name<'_>, names: &[GeneralName<'_>], say: &mut Say<'_>) {
    for name in names {
        judge(constraints, &Constrained::of(name), name.kind(), say);
    }
    if !subject.attributes.is_empty() {
        judge(constraints, &Constrained::Directory(subject), "the subject", say);
    }
    for address in subject.all(oid::EMAIL) {
        judge(constraints, &Constrained::Email(address.value.value), "the subject's emailAddress", say);
    }
}

/// A name of a kind that constraints are put on.
enum Constrained<'n, 'a> {
    Dns(&'a [u8]),
    Email(&'a [u8]),
    Uri(&'a [u8]),
    Ip(&'a [u8]),
    Directory(&'n Name<'a>),
    Other,
}

impl<'n, 'a> Constrained<'n, 'a> {
    fn of(name: &'n GeneralName<'a>) -> Self {
        match name {
            GeneralName::Dns(name) => Self::Dns(name),
            GeneralName::Email(address) => Self::Email(address),
            GeneralName::Uri(uri) => Self::Uri(uri),
            GeneralName::Ip(address) => Self::Ip(address),
            GeneralName::Directory(name) => Self::Directory(name),
            _ => Self::Other,
        }
    }

    /// Whether the base is of this name's kind, and if so whether it holds the name.
    fn within(&self, base: &GeneralName<'_>) -> Option<bool> {
        match (self, base) {
            (Self::Dns(name), GeneralName::Dns(base)) => Some(is_below(syntax::without_wildcard(name), base)),
            (Self::Email(address), GeneralName::Email(base)) => Some(is_mailbox_within(address, base)),
            (Self::Uri(uri), GeneralName::Uri(base)) => {
                let host = syntax::uri(uri).ok().and_then(|uri| uri.host);
                Some(host.is_some_and(|host| is_host_within(host, base)))
            }
            (Self::Ip(address), GeneralName::Ip(range)) => Some(is_in_range(address, range)),
            (Self::Directory(name), GeneralName::Directory(base)) => Some(is_prefix(base, name)),
            _ => None,
        }
    }
}

fn judge(constraints: &NameConstraints<'_>, name: &Constrained<'_, '_>, kind: &str, say: &mut Say<'_>) {
    let excluded = constraints.excluded.iter().flatten().any(|subtree| name.within(&subtree.base) == Some(true));
    let permitted: Vec<bool> = constraints.permitted.iter().flatten().filter_map(|subtree| name.within(&subtree.base)).collect();
    if excluded {
        say(format!("{kind} is excluded"));
    } else if !permitted.is_empty() && !permitted.contains(&true) {
        say(format!("{kind} is not permitted"));
    }
}

/// Whether a domain is the base or below it.
fn is_below(name: &[u8], base: &[u8]) -> bool {
    let Some(start) = name.len().checked_sub(base.len()) else { return false };
    name[start..].eq_ignore_ascii_case(base) && (base.is_empty() || start == 0 || name[start - 1] == b'.' || base[0] == b'.')
}

fn is_mailbox_within(address: &[u8], base: &[u8]) -> bool {
    if base.contains(&b'@') {
        return address == base;
    }
    let host = address.iter().rposition(|byte| *byte == b'@').map_or(address, |at| &address[at + 1..]);
    is_host_within(host, base)
}

/// A base that starts with a dot holds what is below it, another only itself.
fn is_host_within(host: &[u8], base: &[u8]) -> bool {
    if base.first() == Some(&b'.') { is_below(host, base) && host.len() > base.len() } else { host.eq_ignore_ascii_case(base) }
}

fn is_in_range(address: &[u8], range: &[u8]) -> bool {
    let (network, mask) = range.split_at(range.len() / 2);
    address.len() == network.len()
        && mask.len() == network.len()
        && address.iter().zip(network).zip(mask).all(|((address, network), mask)| address & mask == network & mask)
}

/// Whether a name starts with all sets of the base. Values are compared as they are written, texts without regard to case.
fn is_prefix(base: &Name<'_>, name: &Name<'_>) -> bool {
    base.attributes.len() <= name.attributes.len()
        && base.attributes.iter().zip(&name.attributes).all(|(base, name)| {
            let text = || base.text().zip(name.text()).is_some_and(|(base, name)| base.to_lowercase() == name.to_lowercase());
            base.set == name.set && base.oid == name.oid && (base.value.value == name.value.value || text())
        })
}
