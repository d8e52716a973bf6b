//! Tag, length, value: the one reader of ASN.1 under the linter. It is laxer than DER where a certificate can still be understood, so that
//! what is wrong is said by name ([`super::encoding`] looks for that), and it never looks past the bytes that it was given.

/// Universal and context tags as they stand in X.509.
pub(super) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const NULL: u8 = 0x05;
    pub(crate) const OID: u8 = 0x06;
    pub(crate) const ENUMERATED: u8 = 0x0a;
    pub(crate) const UTF8: u8 = 0x0c;
    pub(crate) const NUMERIC: u8 = 0x12;
    pub(crate) const PRINTABLE: u8 = 0x13;
    pub(crate) const TELETEX: u8 = 0x14;
    pub(crate) const IA5: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const VISIBLE: u8 = 0x1a;
    pub(crate) const UNIVERSAL: u8 = 0x1c;
    pub(crate) const BMP: u8 = 0x1e;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;

    /// A context-specific tag of a primitive value.
    pub(crate) const fn context(number: u8) -> u8 {
        0x80 | number
    }

    /// A context-specific tag of a constructed value.
    pub(crate) const fn constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// Why bytes are not what they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    #[error("it ends too early")]
    Truncated,
    #[error("its length is not given beforehand")]
    Indefinite,
    #[error("its length is written with too many bytes")]
    LongLength,
    #[error("its tag is not one of X.509")]
    HighTag,
    #[error("there are bytes after it")]
    Trailing,
    #[error("it is missing")]
    Missing,
    #[error("it has tag 0x{0:02x}, which does not belong there")]
    Tag(u8),
    #[error("its content is not of its type")]
    Content,
    #[error("it is empty, but must not be")]
    Empty,
}

/// A part that cannot be read, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{part}: {why}")]
pub(super) struct Malformed {
    pub part: &'static str,
    pub why: Broken,
}

impl Malformed {
    pub(super) const fn new(part: &'static str, why: Broken) -> Self {
        Self { part, why }
    }
}

/// One element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tlv<'a> {
    pub tag: u8,
    pub value: &'a [u8],
    pub raw: &'a [u8],
}

/// Where the content of an element starts, and how long it is; `minimal` says whether the length is written as DER wants it.
pub(super) struct Header {
    pub tag: u8,
    pub bytes: usize,
    pub length: usize,
    pub minimal: bool,
}

/// Reads an element's tag and length, and checks that its content is there.
pub(super) fn header(bytes: &[u8]) -> Result<Header, Broken> {
    let (&tag, rest) = bytes.split_first().ok_or(Broken::Truncated)?;
    if tag & 0x1f == 0x1f {
        return Err(Broken::HighTag);
    }
    let (&first, rest) = rest.split_first().ok_or(Broken::Truncated)?;
    let header = match first {
        0..=0x7f => Header { tag, bytes: 2, length: usize::from(first), minimal: true },
        0x80 => return Err(Broken::Indefinite),
        0x81..=0x84 => {
            let count = usize::from(first & 0x7f);
            let digits = rest.get(..count).ok_or(Broken::Truncated)?;
            let length = digits.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
            Header { tag, bytes: 2 + count, length, minimal: length > 0x7f && digits.first() != Some(&0) }
        }
        _ => return Err(Broken::LongLength),
    };
    if bytes.len() - header.bytes < header.length { Err(Broken::Truncated) } else { Ok(header) }
}

/// Elements one after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    part: &'static str,
}

impl<'a> Reader<'a> {
    /// Reads what stands in `bytes`, which is called `part` in errors.
    pub(super) const fn new(bytes: &'a [u8], part: &'static str) -> Self {
        Self { rest: bytes, part }
    }

    /// Whether nothing is left.
    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next element.
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, whatever it is.
    pub(super) fn any(&mut self) -> Result<Tlv<'a>, Malformed> {
        if self.rest.is_empty() {
            return Err(Malformed::new(self.part, Broken::Missing));
        }
        let header = header(self.rest).map_err(|why| Malformed::new(self.part, why))?;
        let (raw, rest) = self.rest.split_at(header.bytes + header.length);
        self.rest = rest;
        Ok(Tlv { tag: header.tag, value: &raw[header.bytes..], raw })
    }

    /// The next element, which must have this tag.
    pub(super) fn take(&mut self, tag: u8, part: &'static str) -> Result<Tlv<'a>, Malformed> {
        match self.peek() {
            None => Err(Malformed::new(part, Broken::Missing)),
            Some(found) if found != tag => Err(Malformed::new(part, Broken::Tag(found))),
            Some(_) => self.any().map_err(|broken| Malformed::new(part, broken.why)),
        }
    }

    /// The next element if it has this tag.
    pub(super) fn optional(&mut self, tag: u8, part: &'static str) -> Result<Option<Tlv<'a>>, Malformed> {
        if self.peek() == Some(tag) { self.take(tag, part).map(Some) } else { Ok(None) }
    }

    /// What is in the next element, which must be a SEQUENCE.
    pub(super) fn sequence(&mut self, part: &'static str) -> Result<Self, Malformed> {
        Ok(Self::new(self.take(tag::SEQUENCE, part)?.value, part))
    }

    /// The next element, which must be an OBJECT IDENTIFIER.
    pub(super) fn oid(&mut self, part: &'static str) -> Result<&'a [u8], Malformed> {
        let oid = self.take(tag::OID, part)?.value;
        if oid.last().is_none_or(|last| last & 0x80 != 0) { Err(Malformed::new(part, Broken::Content)) } else { Ok(oid) }
    }

    /// Checks that nothing is left.
    pub(super) fn finish(self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed::new(self.part, Broken::Trailing)) }
    }
}

/// The SEQUENCE that `bytes` hold, and nothing after it.
pub(super) fn sequence<'a>(bytes: &'a [u8], part: &'static str) -> Result<Reader<'a>, Malformed> {
    let mut reader = Reader::new(bytes, part);
    let inner = reader.sequence(part)?;
    reader.finish()?;
    Ok(inner)
}

/// A BOOLEAN's truth: any byte but zero.
pub(super) fn boolean(value: &[u8], part: &'static str) -> Result<bool, Malformed> {
    match value {
        [byte] => Ok(*byte != 0),
        _ => Err(Malformed::new(part, Broken::Content)),
    }
}

/// An INTEGER that fits 64 bits; a larger one counts as the largest, a smaller one as the smallest.
pub(super) fn integer(value: &[u8], part: &'static str) -> Result<i64, Malformed> {
    let first = *value.first().ok_or(Malformed::new(part, Broken::Content))?;
    let negative = first & 0x80 != 0;
    if value.len() > 8 {
        let sign: u8 = if negative { 0xff } else { 0 };
        let (head, tail) = value.split_at(value.len() - 8);
        if head.iter().any(|byte| *byte != sign) || (tail[0] ^ sign) & 0x80 != 0 {
            return Ok(if negative { i64::MIN } else { i64::MAX });
        }
    }
    Ok(value.iter().fold(if negative { -1 } else { 0 }, |number, byte| number << 8 | i64::from(*byte)))
}

/// A BIT STRING's bytes, of which the last has this many bits that do not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bits<'a> {
    pub unused: u8,
    pub bytes: &'a [u8],
}

impl Bits<'_> {
    /// Whether the bit of this number, counted from the first, is set.
    pub(super) fn has(self, number: usize) -> bool {
        self.bytes.get(number / 8).is_some_and(|byte| byte >> (7 - number % 8) & 1 == 1)
    }

    /// Whether no bit is set.
    pub(super) fn is_zero(self) -> bool {
        self.bytes.iter().all(|byte| *byte == 0)
    }

    /// The highest bit that is set.
    pub(super) fn highest(self) -> Option<usize> {
        let at = self.bytes.iter().rposition(|byte| *byte != 0)?;
        Some(8 * at + 7 - self.bytes[at].trailing_zeros() as usize)
    }
}

/// A BIT STRING's content.
pub(super) fn bits<'a>(value: &'a [u8], part: &'static str) -> Result<Bits<'a>, Malformed> {
    match value.split_first() {
        Some((&unused, bytes)) if unused < 8 && (unused == 0 || !bytes.is_empty()) => Ok(Bits { unused, bytes }),
        _ => Err(Malformed::new(part, Broken::Content)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths() {
        assert!(matches!(header(&[4, 0x81, 0x80]), Err(Broken::Truncated)));
        assert!(header(&[4, 0x81, 1, 7]).is_ok_and(|header| !header.minimal && header.length == 1));
        assert!(matches!(header(&[0x30, 0x80, 0, 0]), Err(Broken::Indefinite)));
        assert!(matches!(header(&[4, 0x85, 0, 0, 0, 0, 1, 7]), Err(Broken::LongLength)));
        assert!(matches!(header(&[4, 0x84, 0xff, 0xff, 0xff, 0xff]), Err(Broken::Truncated)));
        assert!(matches!(header(&[0x1f, 0x81, 1, 0]), Err(Broken::HighTag)));
    }

    #[test]
    fn integers() {
        let of = |value: &[u8]| integer(value, "a number").ok();
        assert_eq!([of(&[0]), of(&[0x7f]), of(&[0x80]), of(&[0, 0x80]), of(&[])], [Some(0), Some(127), Some(-128), Some(128), None]);
        assert_eq!(of(&[0, 0, 0, 0, 0, 0, 0, 0, 5]), Some(5), "padded");
        assert_eq!(of(&[1, 0, 0, 0, 0, 0, 0, 0, 0]), Some(i64::MAX));
        assert_eq!(of(&[0xfe, 0, 0, 0, 0, 0, 0, 0, 0]), Some(i64::MIN));
        assert_eq!(of(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), Some(-1));
    }

    #[test]
    fn named_bits() {
        let usage = bits(&[5, 0xa0], "bits").expect("they can be read");
        assert!(usage.has(0) && !usage.has(1) && usage.has(2) && !usage.has(9));
        assert_eq!((usage.highest(), usage.is_zero()), (Some(2), false));
        assert!(bits(&[8, 0], "bits").is_err() && bits(&[1], "bits").is_err() && bits(&[], "bits").is_err());
    }
}
