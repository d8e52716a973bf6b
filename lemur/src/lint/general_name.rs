//! GeneralName (RFC 5280, 4.2.1.6): the names in alternative names, name constraints, distribution points and access descriptions.

use super::name::{self, Name};
use super::tlv::{self, Broken, Malformed, Reader, Tlv, tag};

/// A name.
#[derive(Debug)]
pub(super) enum GeneralName<'a> {
    /// A type, and the value under its explicit tag.
    Other {
        oid: &'a [u8],
        value: Tlv<'a>,
    },
    Email(&'a [u8]),
    Dns(&'a [u8]),
    X400,
    Directory(Name<'a>),
    EdiParty,
    Uri(&'a [u8]),
    Ip(&'a [u8]),
    RegisteredId,
}

impl GeneralName<'_> {
    /// What RFC 5280 calls this kind of name.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Other { .. } => "otherName",
            Self::Email(_) => "rfc822Name",
            Self::Dns(_) => "dNSName",
            Self::X400 => "x400Address",
            Self::Directory(_) => "directoryName",
            Self::EdiParty => "ediPartyName",
            Self::Uri(_) => "uniformResourceIdentifier",
            Self::Ip(_) => "iPAddress",
            Self::RegisteredId => "registeredID",
        }
    }
}

/// Reads one name.
pub(super) fn general_name<'a>(reader: &mut Reader<'a>, part: &'static str) -> Result<GeneralName<'a>, Malformed> {
    let whole = reader.any()?;
    Ok(match whole.tag {
        0xa0 => {
            let mut other = Reader::new(whole.value, part);
            let oid = other.oid(part)?;
            let mut explicit = Reader::new(other.take(tag::constructed(0), part)?.value, part);
            let value = explicit.any()?;
            explicit.finish()?;
            other.finish()?;
            GeneralName::Other { oid, value }
        }
        0x81 => GeneralName::Email(ia5(whole, part)?),
        0x82 => GeneralName::Dns(ia5(whole, part)?),
        0xa3 => GeneralName::X400,
        0xa4 => {
            let mut explicit = Reader::new(whole.value, part);
            let name = name::name(&mut explicit, part)?;
            explicit.finish()?;
            GeneralName::Directory(name)
        }
        0xa5 => GeneralName::EdiParty,
        0x86 => GeneralName::Uri(ia5(whole, part)?),
        0x87 => GeneralName::Ip(whole.value),
        0x88 => GeneralName::RegisteredId,
        other => return Err(Malformed::new(part, Broken::Tag(other))),
    })
}

/// Reads names to the end.
pub(super) fn general_names<'a>(mut list: Reader<'a>, part: &'static str) -> Result<Vec<GeneralName<'a>>, Malformed> {
    let mut names = Vec::new();
    while !list.is_empty() {
        names.push(general_name(&mut list, part)?);
    }
    if names.is_empty() { Err(Malformed::new(part, Broken::Empty)) } else { Ok(names) }
}

fn ia5<'a>(value: Tlv<'a>, part: &'static str) -> Result<&'a [u8], Malformed> {
    if value.value.is_ascii() { Ok(value.value) } else { Err(Malformed::new(part, Broken::Content)) }
}

/// A base of a name constraint.
#[derive(Debug)]
pub(super) struct Subtree<'a> {
    pub base: GeneralName<'a>,
    pub minimum: i64,
    pub maximum: bool,
}

/// Reads GeneralSubtrees.
pub(super) fn subtrees<'a>(mut list: Reader<'a>, part: &'static str) -> Result<Vec<Subtree<'a>>, Malformed> {
    let mut all = Vec::new();
    while !list.is_empty() {
        let mut subtree = list.sequence(part)?;
        let base = general_name(&mut subtree, part)?;
        let minimum = match subtree.optional(tag::context(0), part)? {
            Some(minimum) => tlv::integer(minimum.value, part)?,
            None => 0,
        };
        let maximum = subtree.optional(tag::context(1), part)?.is_some();
        subtree.finish()?;
        all.push(Subtree { base, minimum, maximum });
    }
    if all.is_empty() { Err(Malformed::new(part, Broken::Empty)) } else { Ok(all) }
}
