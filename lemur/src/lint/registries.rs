//! What names and addresses belong to nobody in particular: top-level domains of the root zone, countries of ISO 3166-1, and address
//! ranges that are not globally reachable (IANA's special-purpose registries). A name or an address outside the world's is internal.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The top-level domains of the root zone as of October 2026, sorted, one a line: IANA's `tlds-alpha-by-domain.txt` in lower case.
static TOP_LEVEL: &str = include_str!("top_level.txt");

const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ \
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH \
    GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB \
    LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM \
    PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG \
    TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// Whether a domain name is below a top-level domain.
pub(super) fn is_public(domain: &[u8]) -> bool {
    let Some(dot) = domain.iter().rposition(|byte| *byte == b'.') else { return false };
    std::str::from_utf8(&domain[dot + 1..]).is_ok_and(|label| is_top_level(&label.to_ascii_lowercase()))
}

fn is_top_level(label: &str) -> bool {
    let (mut low, mut high) = (0, TOP_LEVEL.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = TOP_LEVEL[..middle].rfind('\n').map_or(0, |newline| newline + 1);
        let end = TOP_LEVEL[start..].find('\n').map_or(TOP_LEVEL.len(), |length| start + length);
        match TOP_LEVEL[start..end].cmp(label) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
    }
    false
}

/// Whether a text is the code of a country.
pub(super) fn is_country(code: &str) -> bool {
    code.len() == 2 && COUNTRIES.split(' ').any(|country| country == code)
}

/// The address in an iPAddress.
pub(super) fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes).map(IpAddr::from).or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// Whether an address is one that all the world reaches.
pub(super) fn is_global(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_global_v4(address),
        IpAddr::V6(address) => is_global_v6(address),
    }
}

fn is_global_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, d] = address.octets();
    let special = match (a, b, c) {
        (0 | 10 | 127, ..) | (240..=255, ..) => true,
        (100, 64..=127, _) | (169, 254, _) | (172, 16..=31, _) | (192, 168, _) | (198, 18 | 19, _) => true,
        (192, 0, 0) => d != 9 && d != 10,
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => true,
        _ => false,
    };
    !special
}

fn is_global_v6(address: Ipv6Addr) -> bool {
    let special = match address.segments() {
        // Unspecified, loopback.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => true,
        // IPv4-mapped; discard-only; local translation.
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x100, 0, 0, 0, ..] | [0x64, 0xff9b, 1, ..] => true,
        // Protocol assignments, but for anycast, AMT, AS112, ORCHIDv2 and drones.
        [0x2001, 1, 0, 0, 0, 0, 0, 1..=3] | [0x2001, 3, ..] | [0x2001, 4, 0x112, ..] | [0x2001, 0x20..=0x3f, ..] => false,
        [0x2001, 0..=0x1ff, ..] => true,
        // Documentation, 6to4, segment routing, unique local, link-local.
        [0x2001, 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] | [0x5f00, ..] => true,
        [0xfc00..=0xfdff, ..] | [0xfe80..=0xfebf, ..] => true,
        _ => false,
    };
    !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_list_is_found_and_nothing_else() {
        assert!(TOP_LEVEL.lines().is_sorted(), "the search wants order");
        assert!(TOP_LEVEL.lines().all(is_top_level));
        assert!(is_public(b"www.example.COM") && is_public(b"example.xn--p1ai"));
        assert!(!is_public(b"com") && !is_public(b"server.local") && !is_public(b""));
        for internal in ["", "local", "co", "comm", "zzzz", "aa", "\n", "onion"] {
            assert_eq!(is_top_level(internal), internal == "co", "{internal}");
        }
    }

    #[test]
    fn special_addresses_are_not_global() {
        for special in [
            "10.1.2.3",
            "127.0.0.1",
            "100.64.0.1",
            "169.254.169.254",
            "192.0.2.1",
            "255.255.255.255",
            "::1",
            "fe80::1",
            "fd00::1",
            "2001:db8::1",
            "::ffff:8.8.8.8",
        ] {
            assert!(!is_global(special.parse().expect("an address")), "{special}");
        }
        for global in ["8.8.8.8", "100.63.255.255", "192.0.0.9", "2606:4700::1", "2001:4860:4860::8888", "2001:3::1"] {
            assert!(is_global(global.parse().expect("an address")), "{global}");
        }
    }
}
