//! What a host's certificate says that validation needs: its key and its extensions. Dates and names are passed over unread: a certificate
//! that is made for a challenge alone may have any, and Go's makers of such put the year 1 there.

use der::asn1::ObjectIdentifier;

use crate::asn1::{BIT_STRING, INTEGER, Malformed, Reader, SEQUENCE, context, context_constructed};

/// How many extensions are looked at.
const EXTENSIONS: usize = 64;

/// A host's certificate.
#[derive(Debug)]
pub(super) struct Leaf<'a> {
    key: Reader<'a>,
    extensions: Vec<Extension<'a>>,
}

/// An extension, as it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extension<'a> {
    id: ObjectIdentifier,
    pub(super) critical: bool,
    pub(super) value: &'a [u8],
}

impl<'a> Leaf<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Self, Malformed> {
        let mut certificate = Reader::sequence_of(der)?;
        let mut fields = certificate.sequence()?;
        certificate.take(SEQUENCE)?;
        certificate.take(BIT_STRING)?;
        certificate.finish()?;
        fields.optional(context_constructed(0))?;
        fields.take(INTEGER)?;
        // The signature's algorithm, the issuer, the dates, the subject.
        for _ in 0..4 {
            fields.take(SEQUENCE)?;
        }
        let key = fields.sequence()?;
        fields.optional(context(1))?;
        fields.optional(context(2))?;
        let extensions = match fields.optional(context_constructed(3))? {
            Some(extensions) => read_extensions(Reader::sequence_of(extensions.value)?)?,
            None => Vec::new(),
        };
        fields.finish()?;
        Ok(Self { key, extensions })
    }

    /// The contents of the key's algorithm, and the key's bits.
    pub(super) fn key(&self) -> Result<(&'a [u8], &'a [u8]), Malformed> {
        let mut key = self.key;
        let algorithm = key.take(SEQUENCE)?.value;
        let bits = key.whole_bit_string()?;
        key.finish()?;
        Ok((algorithm, bits))
    }

    /// An extension that is there once.
    pub(super) fn only(&self, id: ObjectIdentifier) -> Option<Extension<'a>> {
        let mut of = self.extensions.iter().filter(|extension| extension.id == id);
        of.next().filter(|_| of.next().is_none()).copied()
    }
}

fn read_extensions(mut all: Reader<'_>) -> Result<Vec<Extension<'_>>, Malformed> {
    let mut extensions = Vec::new();
    while !all.is_finished() {
        if extensions.len() == EXTENSIONS {
            return Err(Malformed);
        }
        let mut extension = all.sequence()?;
        let (id, critical, value) = (extension.oid()?, extension.default_false()?, extension.octet_string()?);
        extension.finish()?;
        extensions.push(Extension { id, critical, value });
    }
    Ok(extensions)
}
