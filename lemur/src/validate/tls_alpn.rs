//! tls-alpn-01 (RFC 8737, and RFC 8738 for addresses): the host shows, by the protocol `acme-tls/1`, a certificate with the name and the
//! digest of the key authorization.

use std::net::IpAddr;

use der::asn1::ObjectIdentifier;
use rustls::pki_types::ServerName;

use super::failure::Failure;
use super::leaf::Leaf;
use super::network::{Dialer, Host};
use super::tls::{ACME_TLS, AnyCertificate, Inside};
use crate::asn1::{Reader, context};

/// The extension that holds the digest.
const ACME_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.31");

const ALTERNATIVE_NAMES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

/// The kinds of names in a subjectAltName (RFC 5280, 4.2.1.6).
const DNS_NAME: u8 = context(2);
const IP_ADDRESS: u8 = context(7);

pub(super) async fn challenge(dialer: &Dialer<'_>, tls: &AnyCertificate, host: &Host, port: u16, digest: &[u8; 32]) -> Result<(), Failure> {
    let wrong = |reason: &str| Failure::Response { host: host.to_string(), reason: reason.to_owned() };
    let server = ServerName::try_from(server_name(host)).map_err(|_| wrong("its name is none of TLS"))?;
    let stream = dialer.connect(host, port).await?;
    let stream = tls.handshake(stream, Inside::Acme, server, &host.to_string(), port).await?;
    let (_, connection) = stream.get_ref();
    if connection.alpn_protocol() != Some(ACME_TLS) {
        return Err(wrong("it does not speak acme-tls/1"));
    }
    let certificate = connection.peer_certificates().and_then(<[_]>::first).ok_or_else(|| wrong("it shows no certificate"))?;
    check(certificate, host, digest).map_err(wrong)
}

/// The name in the handshake: an address stands as its name in the reverse tree (RFC 8738, 6).
fn server_name(host: &Host) -> String {
    match host {
        Host::Name(name) => name.clone(),
        Host::Address(IpAddr::V4(address)) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        Host::Address(IpAddr::V6(address)) => {
            let nibbles = address.octets().into_iter().rev().flat_map(|byte| [byte & 15, byte >> 4]);
            nibbles.map(|nibble| format!("{nibble:x}.")).collect::<String>() + "ip6.arpa"
        }
    }
}

fn check(certificate: &[u8], host: &Host, digest: &[u8; 32]) -> Result<(), &'static str> {
    let leaf = Leaf::read(certificate).map_err(|_| "its certificate cannot be read")?;
    let proof = leaf.only(ACME_IDENTIFIER).ok_or("its certificate has no acmeIdentifier")?;
    if !proof.critical {
        return Err("its certificate's acmeIdentifier is not critical");
    }
    if Reader::new(proof.value).octet_string() != Ok(digest.as_slice()) || proof.value.len() != 2 + digest.len() {
        return Err("its certificate's acmeIdentifier is not the digest of the key authorization");
    }
    let names = leaf.only(ALTERNATIVE_NAMES).ok_or("its certificate has no subjectAltName")?;
    let mut names = Reader::sequence_of(names.value).map_err(|_| "its certificate's subjectAltName cannot be read")?;
    let is_named = names.element().is_ok_and(|name| match (name.tag, host) {
        (DNS_NAME, Host::Name(host)) => name.value.eq_ignore_ascii_case(host.as_bytes()),
        (IP_ADDRESS, Host::Address(IpAddr::V4(host))) => name.value == host.octets(),
        (IP_ADDRESS, Host::Address(IpAddr::V6(host))) => name.value == host.octets(),
        _ => false,
    });
    if is_named && names.is_finished() { Ok(()) } else { Err("its certificate's subjectAltName is not the identifier alone") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_named_by_the_reverse_tree() {
        let name = |address: &str| server_name(&Host::Address(address.parse().expect("an address")));
        assert_eq!(name("192.0.2.1"), "1.2.0.192.in-addr.arpa");
        assert_eq!(name("2001:db8::567:89ab"), "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
    }
}
