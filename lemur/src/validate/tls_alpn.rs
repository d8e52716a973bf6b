//! tls-alpn-01 (RFC 8737, and RFC 8738 for addresses): the host shows, by the protocol `acme-tls/1`, a certificate with the name and the
//! digest of the key authorization.

use std::net::IpAddr;

use der::asn1::{ObjectIdentifier, OctetString};
use der::{Decode as _, Encode as _};
use rustls::pki_types::ServerName;
use x509_cert::Certificate;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

use super::failure::Failure;
use super::network::{Dialer, Host};
use super::tls::{ACME_TLS, AnyCertificate, Inside};

/// The extension that holds the digest.
const ACME_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.1.31");

const ALTERNATIVE_NAMES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");

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
    let certificate = Certificate::from_der(certificate).map_err(|_| "its certificate cannot be read")?;
    let extensions = certificate.tbs_certificate.extensions.unwrap_or_default();
    let only = |oid: ObjectIdentifier| {
        let mut of = extensions.iter().filter(move |extension| extension.extn_id == oid);
        of.next().filter(|_| of.next().is_none())
    };
    let proof = only(ACME_IDENTIFIER).ok_or("its certificate has no acmeIdentifier")?;
    if !proof.critical {
        return Err("its certificate's acmeIdentifier is not critical");
    }
    let expected = OctetString::new(digest.as_slice()).and_then(|octets| octets.to_der()).map_err(|_| "the digest has no encoding")?;
    if proof.extn_value.as_bytes() != expected {
        return Err("its certificate's acmeIdentifier is not the digest of the key authorization");
    }
    let names = only(ALTERNATIVE_NAMES).ok_or("its certificate has no subjectAltName")?;
    let names = SubjectAltName::from_der(names.extn_value.as_bytes()).map_err(|_| "its certificate's subjectAltName cannot be read")?;
    let is_named = match (names.0.as_slice(), host) {
        ([GeneralName::DnsName(name)], Host::Name(host)) => name.as_str().eq_ignore_ascii_case(host),
        ([GeneralName::IpAddress(address)], Host::Address(IpAddr::V4(host))) => address.as_bytes() == host.octets(),
        ([GeneralName::IpAddress(address)], Host::Address(IpAddr::V6(host))) => address.as_bytes() == host.octets(),
        _ => false,
    };
    if is_named { Ok(()) } else { Err("its certificate's subjectAltName is not the identifier alone") }
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
