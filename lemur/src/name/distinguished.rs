//! Distinguished names as certificates carry them (RFC 5280, 4.1.2.4): kept byte for byte, since chains are built by comparing them,
//! and shown in RFC 4514's form.

use std::fmt;

use x509_cert::spki::ObjectIdentifier;

use super::subject::{Subject, SubjectField};
use crate::asn1::{IA5_STRING, Malformed, PRINTABLE_STRING, Reader, UTF8_STRING};

const TELETEX_STRING: u8 = 0x14;
const BMP_STRING: u8 = 0x1e;
/// The most attributes that a name may have.
const MAX_ATTRIBUTES: usize = 64;

/// A distinguished name.
#[derive(Debug, Clone)]
pub struct DistinguishedName {
    der: Vec<u8>,
    attributes: Vec<Attribute>,
}

/// One attribute of a distinguished name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The attribute's type.
    pub oid: ObjectIdentifier,
    /// Its text: `#` and hexadecimal digits if it is of a form that has none.
    pub text: String,
    /// Whether it belongs to the same relative distinguished name as the attribute before it.
    pub joined: bool,
}

impl DistinguishedName {
    /// Reads a DER-encoded Name.
    pub(crate) fn read(der: &[u8]) -> Result<Self, Malformed> {
        let mut attributes = Vec::new();
        let mut names = Reader::sequence_of(der)?;
        while !names.is_finished() {
            let mut set = names.set()?;
            let mut joined = false;
            while !set.is_finished() || !joined {
                if attributes.len() == MAX_ATTRIBUTES {
                    return Err(Malformed);
                }
                let mut pair = set.sequence()?;
                let oid = pair.oid()?;
                let value = pair.element()?;
                pair.finish()?;
                attributes.push(Attribute { oid, text: text(value.tag, value.value, value.whole), joined });
                joined = true;
            }
        }
        Ok(Self { der: der.to_vec(), attributes })
    }

    /// The DER-encoded Name.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// Whether it has no attribute.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }

    /// The attributes, the most general first.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The first attribute of a field.
    #[must_use]
    pub fn field(&self, field: SubjectField) -> Option<&str> {
        self.attributes.iter().find(|attribute| attribute.oid == field.oid()).map(|attribute| attribute.text.as_str())
    }
}

impl From<&Subject> for DistinguishedName {
    fn from(subject: &Subject) -> Self {
        Self::read(&subject.to_der()).expect("a subject is a distinguished name of few attributes")
    }
}

/// Two names are one if their encodings are: chains are built that way.
impl PartialEq for DistinguishedName {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for DistinguishedName {}

fn text(tag: u8, value: &[u8], whole: &[u8]) -> String {
    let known = match tag {
        UTF8_STRING | PRINTABLE_STRING | IA5_STRING => std::str::from_utf8(value).ok().map(str::to_owned),
        TELETEX_STRING => Some(value.iter().map(|byte| char::from(*byte)).collect()),
        BMP_STRING if value.len().is_multiple_of(2) => {
            let units = value.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units).collect::<Result<String, _>>().ok()
        }
        _ => None,
    };
    known.unwrap_or_else(|| format!("#{}", hex::encode(whole)))
}

/// RFC 4514, the most special attribute first. Control characters are escaped as bytes, so that what is shown is one line.
impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for group in self.attributes.chunk_by(|_, next| next.joined).rev() {
            for (index, attribute) in group.iter().enumerate() {
                match (first, index) {
                    (true, _) => {}
                    (false, 0) => f.write_str(",")?,
                    (false, _) => f.write_str("+")?,
                }
                first = false;
                match SubjectField::of(attribute.oid) {
                    Some(field) => write!(f, "{}=", field.short())?,
                    None => write!(f, "{}=", attribute.oid)?,
                }
                escape(f, &attribute.text)?;
            }
        }
        Ok(())
    }
}

fn escape(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let last = text.chars().count().saturating_sub(1);
    for (index, character) in text.chars().enumerate() {
        match character {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' => write!(f, "\\{character}")?,
            '#' if index == 0 => f.write_str("\\#")?,
            ' ' if index == 0 || index == last => f.write_str("\\ ")?,
            control if control.is_control() => {
                let mut buffer = [0; 4];
                for byte in control.encode_utf8(&mut buffer).bytes() {
                    write!(f, "\\{byte:02X}")?;
                }
            }
            plain => write!(f, "{plain}")?,
        }
    }
    Ok(())
}
