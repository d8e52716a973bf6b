//! Reading DER in place: a cursor over the elements of a value. Nothing is copied, and whoever reads descends by name, so that the
//! depth is that of the structure read and never the input's choice.

use std::time::Duration;

use der::asn1::{GeneralizedTime, UtcTime};
use der::{Decode, Header, Reader as _, SliceReader};
use jiff::Timestamp;
use x509_cert::spki::ObjectIdentifier;

use super::{BIT_STRING, BOOLEAN, GENERALIZED_TIME, INTEGER, Malformed, OCTET_STRING, OID, SEQUENCE, SET, UTC_TIME};

/// One element.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    /// The identifier octet.
    pub(crate) tag: u8,
    /// Header and contents.
    pub(crate) whole: &'a [u8],
    /// The contents.
    pub(crate) value: &'a [u8],
}

/// What is left to read of a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(value: &'a [u8]) -> Self {
        Self { rest: value }
    }

    /// The elements of the one SEQUENCE that `der` is.
    pub(crate) fn sequence_of(der: &'a [u8]) -> Result<Self, Malformed> {
        let mut outer = Self::new(der);
        let inner = outer.sequence()?;
        outer.finish()?;
        Ok(inner)
    }

    pub(crate) const fn is_finished(&self) -> bool {
        self.rest.is_empty()
    }

    pub(crate) const fn finish(self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed) }
    }

    /// The next element, whatever it is.
    pub(crate) fn element(&mut self) -> Result<Element<'a>, Malformed> {
        let mut input = SliceReader::new(self.rest).map_err(|_| Malformed)?;
        let header = Header::decode(&mut input).map_err(|_| Malformed)?;
        let start = usize::try_from(input.position()).map_err(|_| Malformed)?;
        let len = usize::try_from(header.length).map_err(|_| Malformed)?;
        let end = start.checked_add(len).filter(|end| *end <= self.rest.len()).ok_or(Malformed)?;
        let (whole, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(Element { tag: whole[0], whole, value: &whole[start..] })
    }

    /// The next element, which must have this tag.
    pub(crate) fn take(&mut self, tag: u8) -> Result<Element<'a>, Malformed> {
        if self.rest.first() == Some(&tag) { self.element() } else { Err(Malformed) }
    }

    /// The next element if it has this tag.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Malformed> {
        if self.rest.first() == Some(&tag) { self.element().map(Some) } else { Ok(None) }
    }

    pub(crate) fn sequence(&mut self) -> Result<Self, Malformed> {
        self.take(SEQUENCE).map(Element::reader)
    }

    pub(crate) fn set(&mut self) -> Result<Self, Malformed> {
        self.take(SET).map(Element::reader)
    }

    pub(crate) fn oid(&mut self) -> Result<ObjectIdentifier, Malformed> {
        ObjectIdentifier::from_bytes(self.take(OID)?.value).map_err(|_| Malformed)
    }

    /// The contents of an INTEGER in the one shortest form.
    pub(crate) fn integer(&mut self) -> Result<&'a [u8], Malformed> {
        let value = self.take(INTEGER)?.value;
        match value {
            [] => Err(Malformed),
            [0, next, ..] if *next < 0x80 => Err(Malformed),
            [0xff, next, ..] if *next >= 0x80 => Err(Malformed),
            _ => Ok(value),
        }
    }

    pub(crate) fn octet_string(&mut self) -> Result<&'a [u8], Malformed> {
        Ok(self.take(OCTET_STRING)?.value)
    }

    /// The bytes of a BIT STRING that has no unused bits.
    pub(crate) fn whole_bit_string(&mut self) -> Result<&'a [u8], Malformed> {
        match self.take(BIT_STRING)?.value {
            [0, bytes @ ..] => Ok(bytes),
            _ => Err(Malformed),
        }
    }

    /// A BOOLEAN DEFAULT FALSE: DER leaves FALSE out.
    pub(crate) fn default_false(&mut self) -> Result<bool, Malformed> {
        match self.optional(BOOLEAN)?.map(|element| element.value) {
            None => Ok(false),
            Some([0xff]) => Ok(true),
            Some(_) => Err(Malformed),
        }
    }

    /// A Time (RFC 5280, 4.1.2.5), from 1970 on.
    pub(crate) fn time(&mut self) -> Result<Timestamp, Malformed> {
        let element = self.element()?;
        let since: Duration = match element.tag {
            UTC_TIME => UtcTime::from_der(element.whole).map_err(|_| Malformed)?.to_unix_duration(),
            GENERALIZED_TIME => GeneralizedTime::from_der(element.whole).map_err(|_| Malformed)?.to_unix_duration(),
            _ => return Err(Malformed),
        };
        let seconds = i64::try_from(since.as_secs()).map_err(|_| Malformed)?;
        // The last day of the year 9999 ("no well-defined end") is past what a timestamp holds.
        Ok(Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX))
    }
}

impl<'a> Element<'a> {
    pub(crate) const fn reader(self) -> Reader<'a> {
        Reader::new(self.value)
    }
}

/// The value of an INTEGER's contents that is not negative and below 2^32.
pub(crate) fn small_unsigned(contents: &[u8]) -> Option<u32> {
    let digits = match contents {
        [0, rest @ ..] if !rest.is_empty() => rest,
        [first, ..] if *first < 0x80 => contents,
        _ => return None,
    };
    if digits.len() > 4 {
        return None;
    }
    Some(digits.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
}

/// The object identifier that a text is, in the one form that it is written in.
pub(crate) fn object_identifier(text: &str) -> Option<ObjectIdentifier> {
    ObjectIdentifier::new(text).ok().filter(|oid| oid.to_string() == text)
}
