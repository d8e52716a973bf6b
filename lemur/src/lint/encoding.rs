//! A walk over all bytes of a certificate that names each departure from DER (X.690, 10 and 11).
//!
//! It goes into constructed elements and into the values of known extensions, without recursion and no deeper than [`MAX_DEPTH`].

use super::certificate::Certificate;
use super::name::is_printable;
use super::oid;
use super::tlv::{self, Reader, tag};

/// How deep elements may stand in one another.
const MAX_DEPTH: usize = 32;
/// How many departures of a kind are told.
const MAX_TOLD: usize = 8;

/// A departure from DER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// A length in more bytes than needed.
    Length,
    /// A BOOLEAN that is neither 00 nor FF.
    Boolean,
    /// An INTEGER in more bytes than needed, or in none.
    Integer,
    /// A BIT STRING whose unused bits are set or miscounted.
    UnusedBits,
    /// A list of named bits with zeros at its end.
    NamedBits,
    /// A SET OF whose members are not in order.
    SetOrder,
    /// A default that is written out.
    Default,
    /// A string with characters that its type has not.
    Characters,
    /// An OBJECT IDENTIFIER with padded or cut numbers.
    ObjectIdentifier,
    /// A primitive type in constructed form, or the other way round.
    Form,
    /// A NULL with content.
    Null,
    /// Bytes after the certificate.
    Trailing,
    /// An element that cannot be read, or stands too deep.
    Unreadable,
}

/// What was found, and how many bytes into which part.
#[derive(Debug, Default)]
pub(super) struct Faults {
    found: Vec<(Fault, &'static str, usize)>,
}

impl Faults {
    /// The places of one kind of departure.
    pub(super) fn of(&self, fault: Fault) -> impl Iterator<Item = (&'static str, usize)> {
        self.found.iter().filter(move |found| found.0 == fault).map(|found| (found.1, found.2))
    }

    fn add(&mut self, fault: Fault, part: &'static str, at: usize) {
        if self.of(fault).nth(MAX_TOLD - 1).is_none() {
            self.found.push((fault, part, at));
        }
    }

    /// Walks a whole certificate, and the values of its known extensions.
    pub(super) fn find(bytes: &[u8], certificate: Option<&Certificate<'_>>) -> Self {
        let mut faults = Self::default();
        let whole = tlv::header(bytes).map_or(bytes.len(), |header| header.bytes + header.length);
        if whole < bytes.len() {
            faults.add(Fault::Trailing, "the certificate", whole);
        }
        faults.walk(&bytes[..whole], "the certificate");
        let Some(certificate) = certificate else { return faults };
        faults.defaults(certificate, bytes);
        for extension in certificate.extensions.iter().flatten() {
            if let Some(name) = oid::known(extension.oid)
                && extension.oid != oid::CABF_ORGANIZATION_IDENTIFIER
            {
                faults.walk(extension.value, name);
                faults.extension(extension.oid, extension.value, name);
            }
        }
        if certificate.key.algorithm.oid == oid::RSA {
            faults.walk(certificate.key.key.bytes, "the RSA key");
        }
        faults
    }

    fn walk(&mut self, bytes: &[u8], part: &'static str) {
        let mut ends = Vec::with_capacity(MAX_DEPTH);
        let mut at = 0;
        while at < bytes.len() {
            while ends.last() == Some(&at) {
                ends.pop();
            }
            let end = ends.last().copied().unwrap_or(bytes.len());
            let Ok(header) = tlv::header(&bytes[at..end]) else {
                self.add(Fault::Unreadable, part, at);
                return;
            };
            if !header.minimal {
                self.add(Fault::Length, part, at);
            }
            let content = at + header.bytes;
            let value = &bytes[content..content + header.length];
            if header.tag & 0x20 == 0 {
                self.primitive(header.tag, value, part, at);
                at = content + header.length;
                continue;
            }
            if header.tag & 0xc0 == 0 && !matches!(header.tag, tag::SEQUENCE | tag::SET) {
                self.add(Fault::Form, part, at);
            }
            if header.tag == tag::SET {
                self.set_order(value, part, at);
            }
            if header.length > 0 {
                if ends.len() == MAX_DEPTH {
                    self.add(Fault::Unreadable, part, at);
                    return;
                }
                ends.push(content + header.length);
            }
            at = content;
        }
    }

    fn primitive(&mut self, tag: u8, value: &[u8], part: &'static str, at: usize) {
        let fault = match tag {
            tag::BOOLEAN if !matches!(value, [0 | 0xff]) => Fault::Boolean,
            tag::INTEGER | tag::ENUMERATED if !is_minimal(value) => Fault::Integer,
            tag::BIT_STRING if !is_tidy(value) => Fault::UnusedBits,
            tag::NULL if !value.is_empty() => Fault::Null,
            tag::OID if !is_oid(value) => Fault::ObjectIdentifier,
            0x10 | 0x11 => Fault::Form,
            tag::UTF8 if std::str::from_utf8(value).is_err() => Fault::Characters,
            tag::NUMERIC if !value.iter().all(|byte| byte.is_ascii_digit() || *byte == b' ') => Fault::Characters,
            tag::PRINTABLE if !value.iter().copied().all(is_printable) => Fault::Characters,
            tag::IA5 if !value.is_ascii() => Fault::Characters,
            tag::VISIBLE if !value.iter().all(|byte| (0x20..0x7f).contains(byte)) => Fault::Characters,
            tag::BMP if !value.len().is_multiple_of(2) => Fault::Characters,
            tag::UNIVERSAL if !value.len().is_multiple_of(4) => Fault::Characters,
            _ => return,
        };
        self.add(fault, part, at);
    }

    fn set_order(&mut self, value: &[u8], part: &'static str, at: usize) {
        let mut members = Reader::new(value, part);
        let mut last: &[u8] = &[];
        while let Ok(member) = members.any() {
            if last > member.raw {
                self.add(Fault::SetOrder, part, at);
                return;
            }
            last = member.raw;
        }
    }

    /// The defaults of the certificate itself: version 1, and an extension that is said not to be critical.
    fn defaults(&mut self, certificate: &Certificate<'_>, bytes: &[u8]) {
        if certificate.version.is_some_and(|version| version == [0]) {
            self.add(Fault::Default, "version", 0);
        }
        for extension in certificate.extensions.iter().flatten() {
            let before = offset(bytes, extension.oid) + extension.oid.len();
            if !extension.critical && bytes.get(before) == Some(&tag::BOOLEAN) {
                self.add(Fault::Default, oid::known(extension.oid).unwrap_or("an extension"), before);
            }
        }
    }

    /// The defaults and named bits in an extension's value.
    fn extension(&mut self, oid: &[u8], value: &[u8], part: &'static str) {
        match oid {
            x if x == oid::BASIC_CONSTRAINTS => {
                if let Ok(mut fields) = tlv::sequence(value, part)
                    && let Ok(Some(ca)) = fields.optional(tag::BOOLEAN, part)
                    && ca.value == [0]
                {
                    self.add(Fault::Default, part, 2);
                }
            }
            x if x == oid::KEY_USAGE || x == oid::NETSCAPE_CERT_TYPE => {
                let bits = Reader::new(value, part).take(tag::BIT_STRING, part);
                if let Ok(bits) = bits.and_then(|bits| tlv::bits(bits.value, part))
                    && bits.bytes.last().is_some_and(|last| last >> bits.unused & 1 == 0)
                {
                    self.add(Fault::NamedBits, part, 0);
                }
            }
            _ => {}
        }
    }
}

/// How far into `whole` its part `inner` starts.
fn offset(whole: &[u8], inner: &[u8]) -> usize {
    (inner.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize)
}

fn is_minimal(integer: &[u8]) -> bool {
    match integer {
        [] => false,
        [first, second, ..] => !(*first == 0 && second & 0x80 == 0 || *first == 0xff && second & 0x80 != 0),
        [_] => true,
    }
}

fn is_tidy(bits: &[u8]) -> bool {
    match bits {
        [] => false,
        [unused] => *unused == 0,
        [unused, .., last] => *unused < 8 && last.trailing_zeros() >= u32::from(*unused),
    }
}

fn is_oid(oid: &[u8]) -> bool {
    let starts_padded = |at: usize| oid[at] == 0x80 && (at == 0 || oid[at - 1] & 0x80 == 0);
    oid.last().is_some_and(|last| last & 0x80 == 0) && !(0..oid.len()).any(starts_padded)
}
