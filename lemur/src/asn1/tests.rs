//! What is written is DER, by the judgement of the `der` crate, and is read back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use der::asn1::{AnyRef, BitString, UintRef};
use der::{Decode, Encode};
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;

fn written(body: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::default();
    body(&mut writer);
    writer.into_vec()
}

#[test]
fn lengths_are_the_shortest() {
    for len in [0, 1, 127, 128, 255, 256, 65_535, 65_536, 70_000] {
        let bytes = vec![7; len];
        let der = written(|writer| writer.octet_string(&bytes));
        assert_eq!(der, AnyRef::new(der::Tag::OctetString, &bytes).unwrap().to_der().unwrap(), "{len}");
        let mut reader = Reader::new(&der);
        assert_eq!(reader.octet_string().unwrap(), bytes);
        assert!(reader.is_finished());
    }
}

#[test]
fn named_bits_leave_out_trailing_zeros() {
    assert_eq!(written(|writer| writer.named_bits(BIT_STRING, 0)), [3, 1, 0]);
    assert_eq!(written(|writer| writer.named_bits(BIT_STRING, 0x8000)), [3, 2, 7, 0x80]);
    assert_eq!(written(|writer| writer.named_bits(BIT_STRING, 0x0600)), [3, 2, 1, 0x06]);
    assert_eq!(written(|writer| writer.named_bits(BIT_STRING, 0x0080)), [3, 3, 7, 0, 0x80]);
    assert!(BitString::from_der(&written(|writer| writer.named_bits(BIT_STRING, 0xa080))).is_ok());
}

#[test]
fn times_change_form_in_2050() {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    assert_eq!(&written(|writer| writer.time(at("2049-12-31T23:59:59Z")))[2..], b"491231235959Z");
    assert_eq!(&written(|writer| writer.time(at("2050-01-01T00:00:00Z")))[2..], b"20500101000000Z");
    assert_eq!(&written(|writer| writer.generalized_time(at("2026-03-15T01:02:03.9Z")))[2..], b"20260315010203Z");
    assert_eq!(&written(|writer| writer.time(at("1901-01-01T00:00:00Z")))[2..], b"700101000000Z");
    assert!(Timestamp::MAX >= at("9999-12-30T00:00:00Z"));
    assert_eq!(Reader::new(b"\x18\x0f99991231235959Z").time().unwrap(), Timestamp::MAX);
}

#[test]
fn what_is_no_der_is_refused() {
    for bytes in [&b"\x30\x80\x00\x00"[..], b"\x04\x81\x01\x00", b"\x04\x82\x00\x80", b"\x04\x05abc", b"\x1f\x01\x00", b"", b"\x04"] {
        assert_eq!(Reader::new(bytes).element().err(), Some(Malformed), "{bytes:02x?}");
    }
    for integer in [&b"\x02\x00"[..], b"\x02\x02\x00\x01", b"\x02\x02\xff\x80"] {
        assert_eq!(Reader::new(integer).integer().err(), Some(Malformed), "{integer:02x?}");
    }
    assert_eq!(Reader::new(b"\x01\x01\x00").default_false(), Err(Malformed));
    assert_eq!(Reader::new(b"\x01\x01\x01").default_false(), Err(Malformed));
    assert_eq!(Reader::sequence_of(b"\x30\x00\x00").err(), Some(Malformed));
    assert_eq!([small_unsigned(&[0x80]), small_unsigned(&[0, 0x80]), small_unsigned(&[1, 0, 0, 0, 0])], [None, Some(128), None]);
}

proptest! {
    #[test]
    fn integers_are_as_der_writes_them(value: u64) {
        let der = written(|writer| writer.unsigned(value));
        prop_assert_eq!(&der, &UintRef::new(&value.to_be_bytes()).unwrap().to_der().unwrap());
    }

    #[test]
    fn times_are_read_back(seconds in 0_i64..253_402_207_200) {
        let at = Timestamp::from_second(seconds).unwrap();
        prop_assert_eq!(Reader::new(&written(|writer| writer.time(at))).time(), Ok(at));
        prop_assert_eq!(Reader::new(&written(|writer| writer.generalized_time(at))).time(), Ok(at));
    }

    #[test]
    fn no_input_panics(bytes: Vec<u8>) {
        let mut reader = Reader::new(&bytes);
        while let Ok(element) = reader.element() {
            prop_assert!(element.whole.ends_with(element.value));
        }
        let _ = Reader::new(&bytes).time();
        let _ = small_unsigned(&bytes);
    }
}
