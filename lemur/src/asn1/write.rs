//! Writing DER in one pass: contents are appended, and their length is put before them once it is known.

use std::time::Duration;

use der::asn1::{GeneralizedTime, UtcTime};
use der::{DateTime, Encode};
use jiff::Timestamp;
use x509_cert::spki::ObjectIdentifier;

use super::{BIT_STRING, BOOLEAN, ENUMERATED, INTEGER, OCTET_STRING, OID, SEQUENCE};

/// DER in the making.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes) }
    }

    pub(crate) fn into_vec(self) -> Vec<u8> {
        self.out
    }

    /// An element whose contents `body` writes.
    pub(crate) fn nest(&mut self, tag: u8, body: impl FnOnce(&mut Self)) {
        self.out.push(tag);
        let start = self.out.len() + 1;
        self.out.push(0);
        body(self);
        let len = self.out.len() - start;
        match u8::try_from(len) {
            Ok(short) if short < 0x80 => self.out[start - 1] = short,
            _ => {
                let bytes = len.to_be_bytes();
                let skip = bytes.iter().take_while(|byte| **byte == 0).count();
                let digits = &bytes[skip..];
                self.out[start - 1] = 0x80 | u8::try_from(digits.len()).expect("a usize has few bytes");
                self.out.splice(start..start, digits.iter().copied());
            }
        }
    }

    pub(crate) fn sequence(&mut self, body: impl FnOnce(&mut Self)) {
        self.nest(SEQUENCE, body);
    }

    /// An OCTET STRING around what `body` writes.
    pub(crate) fn octets_around(&mut self, body: impl FnOnce(&mut Self)) {
        self.nest(OCTET_STRING, body);
    }

    /// DER that stands already.
    pub(crate) fn raw(&mut self, der: &[u8]) {
        self.out.extend_from_slice(der);
    }

    pub(crate) fn primitive(&mut self, tag: u8, contents: &[u8]) {
        self.nest(tag, |writer| writer.raw(contents));
    }

    pub(crate) fn octet_string(&mut self, bytes: &[u8]) {
        self.primitive(OCTET_STRING, bytes);
    }

    pub(crate) fn bit_string(&mut self, bytes: &[u8]) {
        self.nest(BIT_STRING, |writer| {
            writer.out.push(0);
            writer.raw(bytes);
        });
    }

    /// A named bit list (X.690, 11.2.2): bit 0 is the highest of the first byte, and trailing zeros are left out.
    pub(crate) fn named_bits(&mut self, tag: u8, bits: u16) {
        let bytes = bits.to_be_bytes();
        let used = 16 - bits.trailing_zeros().min(16);
        let len = used.div_ceil(8) as usize;
        let unused = if bits == 0 { 0 } else { bytes[len - 1].trailing_zeros() };
        self.nest(tag, |writer| {
            writer.out.push(u8::try_from(unused).expect("a byte has eight bits"));
            writer.raw(&bytes[..len]);
        });
    }

    pub(crate) fn oid(&mut self, oid: &ObjectIdentifier) {
        self.primitive(OID, oid.as_bytes());
    }

    /// TRUE where a default of FALSE is left out.
    pub(crate) fn default_false(&mut self, value: bool) {
        if value {
            self.primitive(BOOLEAN, &[0xff]);
        }
    }

    pub(crate) fn enumerated(&mut self, value: u8) {
        self.primitive(ENUMERATED, &[value]);
    }

    /// An INTEGER that is not negative.
    pub(crate) fn unsigned(&mut self, value: u64) {
        let bytes = value.to_be_bytes();
        let skip = bytes.iter().take_while(|byte| **byte == 0).count().min(bytes.len() - 1);
        let digits = &bytes[skip..];
        self.nest(INTEGER, |writer| {
            if digits[0] >= 0x80 {
                writer.out.push(0);
            }
            writer.raw(digits);
        });
    }

    /// A Time as RFC 5280 (4.1.2.5) wants it: UTCTime through 2049, GeneralizedTime from 2050 on; whole seconds.
    pub(crate) fn time(&mut self, at: Timestamp) {
        let at = civil(at);
        match UtcTime::from_date_time(at) {
            Ok(short) => self.encoded(&short),
            Err(_) => self.generalized(at),
        }
    }

    /// A GeneralizedTime, whatever the year.
    pub(crate) fn generalized_time(&mut self, at: Timestamp) {
        self.generalized(civil(at));
    }

    fn generalized(&mut self, at: DateTime) {
        self.encoded(&GeneralizedTime::from_date_time(at));
    }

    fn encoded(&mut self, time: &impl Encode) {
        let mut buffer = [0; 17];
        let written = time.encode_to_slice(&mut buffer).expect("a time has at most 17 bytes");
        self.out.extend_from_slice(written);
    }
}

/// X.509 knows no time before 1970 that anything here is signed at: an earlier one becomes the first.
fn civil(at: Timestamp) -> DateTime {
    let seconds = u64::try_from(at.as_second()).unwrap_or(0);
    DateTime::from_unix_duration(Duration::from_secs(seconds)).expect("a timestamp ends with the year 9999")
}

/// `SEQUENCE { what is signed, AlgorithmIdentifier, BIT STRING, … }`: the shape of everything that is signed in X.509.
pub(crate) fn signed(to_be_signed: &[u8], algorithm: &[u8], value: &[u8], rest: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::with_capacity(to_be_signed.len() + algorithm.len() + value.len() + 32);
    writer.sequence(|writer| {
        writer.raw(to_be_signed);
        writer.raw(algorithm);
        writer.bit_string(value);
        rest(writer);
    });
    writer.into_vec()
}
