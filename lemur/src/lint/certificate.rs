//! A certificate's fields (RFC 5280, 4.1), as they stand in its bytes; a TBSCertificate that has no signature yet will do.

use super::moment::{Moment, moment};
use super::name::{Name, name};
use super::tlv::{self, Bits, Broken, Malformed, Reader, Tlv, tag};

/// An AlgorithmIdentifier.
#[derive(Debug, Clone, Copy)]
pub(super) struct Algorithm<'a> {
    pub raw: &'a [u8],
    pub oid: &'a [u8],
    pub parameters: Option<Tlv<'a>>,
}

/// A SubjectPublicKeyInfo.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyInfo<'a> {
    pub raw: &'a [u8],
    pub algorithm: Algorithm<'a>,
    pub key: Bits<'a>,
}

/// An extension as it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extension<'a> {
    pub oid: &'a [u8],
    pub critical: bool,
    pub value: &'a [u8],
}

/// A certificate, or what is to become one.
#[derive(Debug)]
pub(super) struct Certificate<'a> {
    /// The signature's algorithm and bits, which a TBSCertificate alone lacks.
    pub outer: Option<(Algorithm<'a>, Bits<'a>)>,
    /// The version's INTEGER, where it is there.
    pub version: Option<&'a [u8]>,
    pub serial: &'a [u8],
    pub algorithm: Algorithm<'a>,
    pub issuer: Name<'a>,
    pub not_before: Moment<'a>,
    pub not_after: Moment<'a>,
    pub subject: Name<'a>,
    pub key: KeyInfo<'a>,
    pub issuer_unique_id: bool,
    pub subject_unique_id: bool,
    /// None where the field is absent.
    pub extensions: Option<Vec<Extension<'a>>>,
}

impl<'a> Certificate<'a> {
    /// Reads a Certificate or a TBSCertificate; which of them the first element tells.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut all = Reader::new(bytes, "the certificate");
        let outer = all.any()?;
        if outer.tag != tag::SEQUENCE {
            return Err(Malformed::new("the certificate", Broken::Tag(outer.tag)));
        }
        let mut inner = Reader::new(outer.value, "the certificate");
        if inner.peek() == Some(tag::SEQUENCE) {
            let tbs = inner.take(tag::SEQUENCE, "tbsCertificate")?;
            let signed_with = algorithm(&mut inner, "signatureAlgorithm")?;
            let signature = tlv::bits(inner.take(tag::BIT_STRING, "signatureValue")?.value, "signatureValue")?;
            inner.finish()?;
            Self::fields(tbs.value, Some((signed_with, signature)))
        } else {
            Self::fields(outer.value, None)
        }
    }

    fn fields(tbs: &'a [u8], outer: Option<(Algorithm<'a>, Bits<'a>)>) -> Result<Self, Malformed> {
        let mut fields = Reader::new(tbs, "tbsCertificate");
        let version = match fields.optional(tag::constructed(0), "version")? {
            None => None,
            Some(explicit) => {
                let mut explicit = Reader::new(explicit.value, "version");
                let version = explicit.take(tag::INTEGER, "version")?.value;
                explicit.finish()?;
                Some(version)
            }
        };
        let serial = fields.take(tag::INTEGER, "serialNumber")?.value;
        let signed_with = algorithm(&mut fields, "signature")?;
        let issuer = name(&mut fields, "issuer")?;
        let mut validity = fields.sequence("validity")?;
        let not_before = moment(&mut validity, "notBefore")?;
        let not_after = moment(&mut validity, "notAfter")?;
        validity.finish()?;
        let subject = name(&mut fields, "subject")?;
        let key = key_info(&mut fields)?;
        let issuer_unique_id = unique_id(&mut fields, 1, "issuerUniqueID")?;
        let subject_unique_id = unique_id(&mut fields, 2, "subjectUniqueID")?;
        let extensions = match fields.optional(tag::constructed(3), "extensions")? {
            None => None,
            Some(explicit) => Some(extensions(tlv::sequence(explicit.value, "extensions")?)?),
        };
        fields.finish()?;
        Ok(Self {
            outer,
            version,
            serial,
            algorithm: signed_with,
            issuer,
            not_before,
            not_after,
            subject,
            key,
            issuer_unique_id,
            subject_unique_id,
            extensions,
        })
    }

    /// Whether issuer and subject are the same bytes.
    pub(super) fn is_self_issued(&self) -> bool {
        self.issuer.raw == self.subject.raw
    }

    /// How many seconds it is valid, the last one counted (RFC 5280, 4.1.2.5).
    pub(super) fn lifetime(&self) -> Option<i64> {
        Some(self.not_after.at?.as_second() - self.not_before.at?.as_second() + 1)
    }
}

/// Reads an AlgorithmIdentifier.
pub(super) fn algorithm<'a>(reader: &mut Reader<'a>, part: &'static str) -> Result<Algorithm<'a>, Malformed> {
    let whole = reader.take(tag::SEQUENCE, part)?;
    let mut inner = Reader::new(whole.value, part);
    let oid = inner.oid(part)?;
    let parameters = if inner.is_empty() { None } else { Some(inner.any()?) };
    inner.finish()?;
    Ok(Algorithm { raw: whole.raw, oid, parameters })
}

fn key_info<'a>(reader: &mut Reader<'a>) -> Result<KeyInfo<'a>, Malformed> {
    let part = "subjectPublicKeyInfo";
    let whole = reader.take(tag::SEQUENCE, part)?;
    let mut inner = Reader::new(whole.value, part);
    let algorithm = algorithm(&mut inner, part)?;
    let key = tlv::bits(inner.take(tag::BIT_STRING, "subjectPublicKey")?.value, "subjectPublicKey")?;
    inner.finish()?;
    Ok(KeyInfo { raw: whole.raw, algorithm, key })
}

fn unique_id(reader: &mut Reader<'_>, number: u8, part: &'static str) -> Result<bool, Malformed> {
    let Some(bits) = reader.optional(tag::context(number), part)? else { return Ok(false) };
    tlv::bits(bits.value, part)?;
    Ok(true)
}

fn extensions<'a>(mut list: Reader<'a>) -> Result<Vec<Extension<'a>>, Malformed> {
    let mut extensions = Vec::new();
    while !list.is_empty() {
        let mut extension = list.sequence("an extension")?;
        let oid = extension.oid("an extension's identifier")?;
        let critical = match extension.optional(tag::BOOLEAN, "an extension's criticality")? {
            Some(critical) => tlv::boolean(critical.value, "an extension's criticality")?,
            None => false,
        };
        let value = extension.take(tag::OCTET_STRING, "an extension's value")?.value;
        extension.finish()?;
        extensions.push(Extension { oid, critical, value });
    }
    Ok(extensions)
}
