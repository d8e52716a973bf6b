//! Serial numbers, validity, usages: that each is one form, and that nothing else passes for it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use jiff::Timestamp;
use menagerie_sign::{KeyType, LocalSigner, Signer};
use proptest::prelude::*;

use super::*;
use crate::asn1::{Reader, Writer};
use crate::name::Subject;

#[test]
fn serials_have_one_form() {
    let serial = Serial::from_unsigned(&[0, 0, 0xab, 0x01]).unwrap();
    assert_eq!((serial.to_string().as_str(), serial.to_decimal().as_str()), ("ab01", "43777"));
    assert_eq!(serial.as_integer(), [0, 0xab, 0x01]);
    for text in ["ab01", "AB:01", "0xab01"[2..].into(), "0000ab01"] {
        assert_eq!(text.parse(), Ok(serial));
    }
    assert!(Serial::from_unsigned(&[]).unwrap().is_zero());
    assert_eq!(Serial::from_unsigned(&[0]).unwrap().as_integer(), [0]);
    assert_eq!(Serial::from_unsigned(&[0]).unwrap().to_decimal(), "0");
    assert!(Serial::from_unsigned(&[0x7f; 20]).is_ok());
    assert_eq!(Serial::from_unsigned(&[0x80; 20]), Err(SerialError::TooLong));
    assert_eq!(Serial::from_unsigned(&[1; 21]), Err(SerialError::TooLong));
    assert_eq!(Serial::from_integer(&[0x80]), Err(SerialError::Negative));
    for text in ["", "x", "-1", "0x1", "é"] {
        assert_eq!(text.parse::<Serial>(), Err(SerialError::Digits), "{text}");
        assert_eq!(Serial::from_decimal(text), Err(SerialError::Digits), "{text}");
    }
    assert_eq!(Serial::from_decimal(&"9".repeat(60)), Err(SerialError::TooLong));
    assert_eq!("a".repeat(41).parse::<Serial>(), Err(SerialError::TooLong));
}

#[test]
fn a_random_serial_is_positive_and_sixteen_octets() {
    for random in [[0; 16], [0xff; 16], [0x80; 16]] {
        let serial = Serial::from_random(random);
        assert_eq!((serial.as_integer().len(), serial.as_unsigned()[0] >> 6), (16, 1));
    }
}

#[test]
fn validity_counts_its_last_second() {
    let start: Timestamp = "2026-03-15T00:00:00.7Z".parse().unwrap();
    let day = Validity::lasting(start, Duration::from_secs(86_400)).unwrap();
    assert_eq!(day.not_after().to_string(), "2026-03-15T23:59:59Z");
    assert_eq!(day.lifetime(), Duration::from_secs(86_400));
    assert!(day.contains(start) && !day.contains("2026-03-16T00:00:00Z".parse().unwrap()));
    assert_eq!(Validity::new(start, start).unwrap().lifetime(), Duration::from_secs(1));
    assert_eq!(Validity::new(start, start - Duration::from_secs(2)), Err(ValidityError::Backwards));
    assert_eq!(Validity::lasting(start, Duration::ZERO), Err(ValidityError::Backwards));
    assert_eq!(Validity::lasting(start, Duration::MAX), Err(ValidityError::OutOfRange));
    assert_eq!(Validity::lasting(start, Duration::from_secs(1 << 40)), Err(ValidityError::OutOfRange));
    let early: Timestamp = "1969-12-31T23:59:59Z".parse().unwrap();
    assert_eq!(Validity::new(early, start), Err(ValidityError::OutOfRange));
    assert!(serde_json::from_str::<Validity>(r#"{"not_before":"2026-01-02T00:00:00Z","not_after":"2026-01-01T00:00:00Z"}"#).is_err());
}

#[test]
fn key_usages_are_those_that_the_key_has_a_use_for() {
    let all: KeyUsages = KeyUsage::ALL.into_iter().collect();
    let of = |kind| all.of_key(LocalSigner::generate(kind).unwrap().public_key());
    assert!(of(KeyType::Rsa2048).contains(KeyUsage::KeyEncipherment) && !of(KeyType::Rsa2048).contains(KeyUsage::KeyAgreement));
    assert!(!of(KeyType::EcdsaP256).contains(KeyUsage::KeyEncipherment) && of(KeyType::EcdsaP256).contains(KeyUsage::KeyAgreement));
    assert!(!of(KeyType::Ed25519).contains(KeyUsage::KeyEncipherment) && !of(KeyType::Ed25519).contains(KeyUsage::KeyAgreement));
    for malformed in
        [&b"\x03\x00"[..], b"\x03\x01\x01", b"\x03\x02\x08\x00", b"\x03\x02\x07\x40", b"\x03\x04\x00\x80\x00\x00", b"\x04\x01\x00"]
    {
        assert!(KeyUsages::read(malformed).is_err(), "{malformed:02x?}");
    }
}

#[test]
fn extended_key_usages_have_names_or_numbers() {
    for (text, name) in [("server_auth", "serverAuth"), ("ocsp_signing", "OCSPSigning"), ("1.2.3.4", "1.2.3.4")] {
        let usage: ExtendedKeyUsage = text.parse().unwrap();
        assert_eq!((usage.to_string().as_str(), usage.name().as_str()), (text, name));
    }
    for text in ["", "serverAuth", "1", "9.9.9", "1..2", "1.2.99999999999999999999"] {
        assert!(text.parse::<ExtendedKeyUsage>().is_err(), "{text}");
    }
}

fn root() -> Vec<u8> {
    let key = LocalSigner::generate(KeyType::EcdsaP256).unwrap();
    let validity = Validity::lasting("2026-01-01T00:00:00Z".parse().unwrap(), Duration::from_secs(86_400)).unwrap();
    let template = AuthorityTemplate::new(&Subject::of_common_name("Root").unwrap(), key.public_key(), validity).unwrap();
    let signed = template.with_path_length(3).root(&Serial::from_random([9; 16]), key.algorithm()).unwrap();
    signed.certificate(&key.sign_now(signed.as_der()).unwrap()).unwrap()
}

/// An extension put into the certificate's extensions; the signature does not matter for reading.
fn with_extension(extension: &[u8]) -> Result<View, CertificateError> {
    let der = root();
    let view = View::parse(&der).unwrap();
    let mut fields = Reader::new(view.to_be_signed()).sequence().unwrap();
    let mut writer = Writer::default();
    writer.sequence(|writer| {
        writer.sequence(|writer| {
            while !fields.is_finished() {
                let element = fields.element().unwrap();
                if element.tag == 0xa3 {
                    let list = element.reader().sequence().unwrap();
                    let mut list = list;
                    writer.nest(0xa3, |writer| {
                        writer.sequence(|writer| {
                            while !list.is_finished() {
                                writer.raw(list.element().unwrap().whole);
                            }
                            writer.raw(extension);
                        });
                    });
                } else {
                    writer.raw(element.whole);
                }
            }
        });
        writer.raw(view.signature().0);
        writer.bit_string(view.signature().1);
    });
    View::parse(&writer.into_vec())
}

#[test]
fn extensions_are_each_there_once_and_what_is_unknown_is_told() {
    let extension = |oid: &str, critical: bool, value: &[u8]| {
        let mut writer = Writer::default();
        extensions::extension(&mut writer, &oid.parse().unwrap(), critical, |writer| writer.raw(value));
        with_extension(&writer.into_vec())
    };
    assert!(extension("1.2.3.4", false, b"").unwrap().unknown_critical().is_empty());
    let unknown = extension("1.2.3.4", true, b"").unwrap();
    assert_eq!(unknown.unknown_critical().len(), 1);
    assert!(matches!(Issuer::new(&unknown), Err(IssuerError::Critical { .. })));
    assert!(matches!(extension("2.5.29.19", true, b"\x30\x00"), Err(CertificateError::Twice { .. })));
    for (oid, value) in [
        ("2.5.29.37", &b"\x30\x01\x06"[..]),
        ("2.5.29.17", b"\x30\x02\x82"),
        ("2.5.29.31", b"\x31\x00"),
        ("2.5.29.32", b"\x30\x02\x06\x00"),
        ("1.3.6.1.5.5.7.1.1", b"\x30\x03\x30\x01\x06"),
    ] {
        assert!(matches!(extension(oid, false, value), Err(CertificateError::Malformed { .. })), "{oid}");
    }
    let names =
        extension("2.5.29.17", false, b"\x30\x18\x82\x05a.b.c\x82\x02a.\x88\x02\x2a\x03\xa4\x02\x30\x00\x87\x03\x01\x02\x03").unwrap();
    assert_eq!(names.names().iter().map(ToString::to_string).collect::<Vec<_>>(), ["a.b.c"]);
    assert_eq!(names.other_names(), ["DNS:a.", "registeredID:#88022a03", "dirName:", "#8703010203"]);
    let constraints = extension("2.5.29.30", true, b"\x30\x08\xa0\x06\x30\x04\xa4\x02\x30\x00").unwrap();
    assert!(constraints.name_constraints().is_err() && matches!(Issuer::new(&constraints), Err(IssuerError::Constraints(_))));
}

#[test]
fn what_is_cut_or_longer_is_no_certificate() {
    let der = root();
    for len in 0..der.len() {
        assert!(View::parse(&der[..len]).is_err());
    }
    assert!(View::parse(&[&der[..], &[0]].concat()).is_err());
}

proptest! {
    #[test]
    fn serials_are_read_back(bytes in prop::collection::vec(any::<u8>(), 0..=19)) {
        let serial = Serial::from_unsigned(&bytes).unwrap();
        prop_assert_eq!(serial.to_string().parse(), Ok(serial));
        prop_assert_eq!(Serial::from_decimal(&serial.to_decimal()), Ok(serial));
        prop_assert_eq!(Serial::from_integer(serial.as_integer()), Ok(serial));
        prop_assert_eq!(serde_json::from_str::<Serial>(&serde_json::to_string(&serial).unwrap()).unwrap(), serial);
    }

    #[test]
    fn serials_are_ordered_as_numbers(left: u64, right: u64) {
        let of = |number: u64| Serial::from_unsigned(&number.to_be_bytes()).unwrap();
        prop_assert_eq!(of(left).cmp(&of(right)), left.cmp(&right));
        prop_assert_eq!(of(left).to_decimal(), left.to_string());
    }

    #[test]
    fn usages_are_read_back(bits in prop::collection::vec(0_usize..9, 0..9)) {
        let usages: KeyUsages = bits.into_iter().map(|bit| KeyUsage::ALL[bit]).collect();
        let mut writer = Writer::default();
        usages.write(&mut writer);
        prop_assert_eq!(KeyUsages::read(&writer.into_vec()), Ok(usages));
    }

    /// Whatever is read says the same again when it is read again.
    #[test]
    fn changed_certificates_never_panic(index in 0_usize..4096, byte: u8) {
        let mut der = root();
        let index = index % der.len();
        der[index] = byte;
        if let Ok(view) = View::parse(&der) {
            let again = View::parse(view.as_der()).unwrap();
            prop_assert_eq!(again.names(), view.names());
            let _ = (view.subject().to_string(), view.public_key(), view.name_constraints(), Issuer::new(&view));
        }
    }
}
