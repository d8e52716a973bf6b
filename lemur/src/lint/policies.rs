//! Certificate policies, their qualifiers and mappings (RFC 5280, 4.2.1.4 and 4.2.1.5).

use super::oid;
use super::tlv::{self, Broken, Malformed, Reader, Tlv, tag};

/// What a policy says of itself.
#[derive(Debug)]
pub(super) enum Qualifier<'a> {
    /// Where the certification practice statement is.
    Cps(&'a [u8]),
    /// A text to be shown, and whether it refers to notices elsewhere.
    Notice { reference: bool, text: Option<Tlv<'a>> },
    /// Another kind.
    Other(&'a [u8]),
}

/// A policy.
#[derive(Debug)]
pub(super) struct Policy<'a> {
    pub oid: &'a [u8],
    pub qualifiers: Vec<Qualifier<'a>>,
}

const PART: &str = "certificatePolicies";

/// Reads the certificate policies.
pub(super) fn policies(value: &[u8]) -> Result<Vec<Policy<'_>>, Malformed> {
    let mut list = tlv::sequence(value, PART)?;
    let mut all = Vec::new();
    while !list.is_empty() {
        let mut policy = list.sequence(PART)?;
        let oid = policy.oid(PART)?;
        let mut qualifiers = Vec::new();
        if !policy.is_empty() {
            let mut given = policy.sequence(PART)?;
            if given.is_empty() {
                return Err(Malformed::new("policyQualifiers", Broken::Empty));
            }
            while !given.is_empty() {
                qualifiers.push(qualifier(given.sequence(PART)?)?);
            }
        }
        policy.finish()?;
        all.push(Policy { oid, qualifiers });
    }
    if all.is_empty() { Err(Malformed::new(PART, Broken::Empty)) } else { Ok(all) }
}

fn qualifier(mut fields: Reader<'_>) -> Result<Qualifier<'_>, Malformed> {
    let kind = fields.oid(PART)?;
    let qualifier = match kind {
        x if x == oid::QUALIFIER_CPS => {
            let uri = fields.take(tag::IA5, "cPSuri")?.value;
            if !uri.is_ascii() {
                return Err(Malformed::new("cPSuri", Broken::Content));
            }
            Qualifier::Cps(uri)
        }
        x if x == oid::QUALIFIER_NOTICE => notice(fields.sequence("userNotice")?)?,
        _ => {
            fields.any()?;
            Qualifier::Other(kind)
        }
    };
    fields.finish()?;
    Ok(qualifier)
}

fn notice(mut fields: Reader<'_>) -> Result<Qualifier<'_>, Malformed> {
    let reference = match fields.optional(tag::SEQUENCE, "noticeRef")? {
        None => false,
        Some(reference) => {
            let mut inner = Reader::new(reference.value, "noticeRef");
            let organization = inner.any()?;
            if !matches!(organization.tag, tag::IA5 | tag::VISIBLE | tag::BMP | tag::UTF8) {
                return Err(Malformed::new("noticeRef", Broken::Tag(organization.tag)));
            }
            inner.sequence("noticeNumbers")?;
            inner.finish()?;
            true
        }
    };
    let text = if fields.is_empty() { None } else { Some(fields.any()?) };
    fields.finish()?;
    if let Some(text) = text
        && !matches!(text.tag, tag::IA5 | tag::VISIBLE | tag::BMP | tag::UTF8)
    {
        return Err(Malformed::new("explicitText", Broken::Tag(text.tag)));
    }
    Ok(Qualifier::Notice { reference, text })
}

/// A policy of the issuer's that is held for one of the subject's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mapping<'a> {
    pub issuer: &'a [u8],
    pub subject: &'a [u8],
}

/// Reads pairs of an issuer's and a subject's policy.
pub(super) fn mappings(value: &[u8]) -> Result<Vec<Mapping<'_>>, Malformed> {
    let part = "policyMappings";
    let mut list = tlv::sequence(value, part)?;
    let mut all = Vec::new();
    while !list.is_empty() {
        let mut pair = list.sequence(part)?;
        all.push(Mapping { issuer: pair.oid(part)?, subject: pair.oid(part)? });
        pair.finish()?;
    }
    if all.is_empty() { Err(Malformed::new(part, Broken::Empty)) } else { Ok(all) }
}
