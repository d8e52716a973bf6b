//! Distinguished names (RFC 5280, 4.1.2.4) and the texts in them.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::oid;
use super::tlv::{Malformed, Reader, Tlv, tag};

/// An attribute of a name, and which of the name's sets it stands in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attribute<'a> {
    pub set: usize,
    pub oid: &'a [u8],
    pub value: Tlv<'a>,
}

impl<'a> Attribute<'a> {
    /// Its text, where it is of a string type whose content can be read.
    pub(super) fn text(&self) -> Option<Cow<'a, str>> {
        text(self.value)
    }

    /// Its text for people.
    pub(super) fn shown(&self) -> String {
        self.text().map_or_else(|| format!("#{}", hex::encode(&self.value.raw[..self.value.raw.len().min(64)])), Cow::into_owned)
    }
}

/// A name.
#[derive(Debug)]
pub(super) struct Name<'a> {
    pub raw: &'a [u8],
    /// How many sets there are.
    pub sets: usize,
    /// Whether a set has nothing in it.
    pub empty_set: bool,
    pub attributes: Vec<Attribute<'a>>,
}

impl<'a> Name<'a> {
    /// The attributes of a type.
    pub(super) fn all<'n>(&'n self, oid: &'n [u8]) -> impl Iterator<Item = &'n Attribute<'a>> {
        self.attributes.iter().filter(move |attribute| attribute.oid == oid)
    }

    /// Whether there is an attribute of this type.
    pub(super) fn has(&self, oid: &[u8]) -> bool {
        self.attributes.iter().any(|attribute| attribute.oid == oid)
    }

    /// The name for people: `C=DE, O=Example, CN=example.org`.
    pub(super) fn shown(&self) -> String {
        let mut shown = String::new();
        for attribute in self.attributes.iter().take(32) {
            let label = match attribute.oid {
                x if x == oid::CN => "CN",
                x if x == oid::COUNTRY => "C",
                x if x == oid::STATE => "ST",
                x if x == oid::LOCALITY => "L",
                x if x == oid::ORGANIZATION => "O",
                x if x == oid::UNIT => "OU",
                x if x == oid::DOMAIN_COMPONENT => "DC",
                other => &oid::name(other),
            };
            let _ = write!(shown, "{}{label}={}", if shown.is_empty() { "" } else { ", " }, attribute.shown());
        }
        shown
    }
}

/// Reads a Name.
pub(super) fn name<'a>(reader: &mut Reader<'a>, part: &'static str) -> Result<Name<'a>, Malformed> {
    let whole = reader.take(tag::SEQUENCE, part)?;
    sets(whole, part)
}

/// Reads the sets of a Name that has been taken.
pub(super) fn sets<'a>(whole: Tlv<'a>, part: &'static str) -> Result<Name<'a>, Malformed> {
    let mut name = Name { raw: whole.raw, sets: 0, empty_set: false, attributes: Vec::new() };
    let mut list = Reader::new(whole.value, part);
    while !list.is_empty() {
        let set = list.take(tag::SET, part)?;
        name.empty_set |= set.value.is_empty();
        let mut members = Reader::new(set.value, part);
        while !members.is_empty() {
            let mut member = members.sequence(part)?;
            let oid = member.oid(part)?;
            let value = member.any()?;
            member.finish()?;
            name.attributes.push(Attribute { set: name.sets, oid, value });
        }
        name.sets += 1;
    }
    Ok(name)
}

/// What a string type's content says, where it is valid for its type.
pub(super) fn text(value: Tlv<'_>) -> Option<Cow<'_, str>> {
    match value.tag {
        tag::UTF8 => std::str::from_utf8(value.value).ok().map(Cow::Borrowed),
        tag::PRINTABLE | tag::IA5 | tag::VISIBLE | tag::NUMERIC => {
            if value.value.is_ascii() {
                std::str::from_utf8(value.value).ok().map(Cow::Borrowed)
            } else {
                None
            }
        }
        // In practice ISO 8859-1.
        tag::TELETEX => Some(Cow::Owned(value.value.iter().map(|byte| char::from(*byte)).collect())),
        tag::BMP if value.value.len().is_multiple_of(2) => {
            let units = value.value.chunks_exact(2).map(|unit| u16::from_be_bytes([unit[0], unit[1]]));
            char::decode_utf16(units).collect::<Result<String, _>>().ok().map(Cow::Owned)
        }
        tag::UNIVERSAL if value.value.len().is_multiple_of(4) => value
            .value
            .chunks_exact(4)
            .map(|unit| char::from_u32(u32::from_be_bytes([unit[0], unit[1], unit[2], unit[3]])))
            .collect::<Option<String>>()
            .map(Cow::Owned),
        _ => None,
    }
}

/// Whether a tag is one of the string types that a DirectoryString may have.
pub(super) const fn is_directory_string(tag: u8) -> bool {
    matches!(tag, tag::UTF8 | tag::PRINTABLE | tag::TELETEX | tag::BMP | tag::UNIVERSAL)
}

/// Whether a byte belongs to PrintableString.
pub(super) const fn is_printable(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'\'' | b'(' | b')' | b'+' | b',' | b'-' | b'.' | b'/' | b':' | b'=' | b'?')
}
