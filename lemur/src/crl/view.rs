//! Reading a revocation list: for checking what was signed, and for answering from it. Entries are read as they are asked for.

use jiff::Timestamp;

use super::build::{Covers, Revoked, Scope};
use super::reason::Reason;
use crate::asn1::{self, Malformed, Reader, context, context_constructed};
use crate::certificate::extensions;
use crate::certificate::{Issuer, KeyId, Serial};
use crate::name::{DistinguishedName, GeneralName, Uri, general_name};

/// The largest list that is read, in bytes: a shard of 100,000 entries is a tenth of it.
pub const MAX_CRL_BYTES: usize = 64 * 1024 * 1024;

/// Why bytes are no revocation list that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CrlReadError {
    /// Larger than any list.
    #[error("a revocation list of {len} bytes is not read: at most {MAX_CRL_BYTES}")]
    TooLarge {
        /// Its length in bytes.
        len: usize,
    },
    /// Not the structure that a list is.
    #[error("the revocation list's {part} cannot be read")]
    Malformed {
        /// The part of it.
        part: &'static str,
    },
    /// A critical extension that is not known here: a delta list, say.
    #[error("the revocation list has a critical extension that is not supported")]
    Critical,
    /// Another issuer's list, or a signature that is not the issuer's.
    #[error("the revocation list is not this issuer's")]
    NotTheIssuers,
}

/// A revocation list. Its bytes are kept as they were.
#[derive(Debug, Clone)]
pub struct Crl<'a> {
    to_be_signed: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
    issuer: DistinguishedName,
    this_update: Timestamp,
    next_update: Option<Timestamp>,
    entries: &'a [u8],
    number: Option<u64>,
    issuer_key_id: Option<KeyId>,
    scope: Scope,
}

fn at(part: &'static str) -> impl Fn(Malformed) -> CrlReadError {
    move |_| CrlReadError::Malformed { part }
}

impl<'a> Crl<'a> {
    /// Reads a DER-encoded list, all but its entries.
    ///
    /// # Errors
    /// [`CrlReadError`] says what keeps it from being one.
    pub fn parse(der: &'a [u8]) -> Result<Self, CrlReadError> {
        if der.len() > MAX_CRL_BYTES {
            return Err(CrlReadError::TooLarge { len: der.len() });
        }
        let outline = at("outline");
        let mut list = Reader::sequence_of(der).map_err(&outline)?;
        let to_be_signed = list.take(asn1::SEQUENCE).map_err(&outline)?;
        let algorithm = list.take(asn1::SEQUENCE).map_err(&outline)?;
        let signature = list.whole_bit_string().map_err(&outline)?;
        list.finish().map_err(&outline)?;

        let mut fields = to_be_signed.reader();
        if fields.integer().map_err(at("version"))? != [1] {
            return Err(CrlReadError::Malformed { part: "version" });
        }
        if fields.take(asn1::SEQUENCE).map_err(at("signature algorithm"))?.whole != algorithm.whole {
            return Err(CrlReadError::Malformed { part: "signature algorithm" });
        }
        let issuer = fields.take(asn1::SEQUENCE).and_then(|name| DistinguishedName::read(name.whole)).map_err(at("issuer"))?;
        let this_update = fields.time().map_err(at("time"))?;
        let mut next_update = None;
        let mut probe = fields;
        if let Ok(time) = probe.time() {
            fields = probe;
            next_update = Some(time);
        }
        let entries = fields.optional(asn1::SEQUENCE).map_err(at("entries"))?.map_or(&[][..], |element| element.value);
        let mut crl = Self {
            to_be_signed: to_be_signed.whole,
            algorithm: algorithm.whole,
            signature,
            issuer,
            this_update,
            next_update,
            entries,
            number: None,
            issuer_key_id: None,
            scope: Scope::default(),
        };
        if let Some(element) = fields.optional(context_constructed(0)).map_err(at("extensions"))? {
            crl.read_extensions(element.value)?;
        }
        fields.finish().map_err(at("extensions"))?;
        Ok(crl)
    }

    fn read_extensions(&mut self, der: &[u8]) -> Result<(), CrlReadError> {
        let malformed = at("extensions");
        let mut list = Reader::sequence_of(der).map_err(&malformed)?;
        while !list.is_finished() {
            let mut extension = list.sequence().map_err(&malformed)?;
            let oid = extension.oid().map_err(&malformed)?;
            let critical = extension.default_false().map_err(&malformed)?;
            let value = extension.octet_string().map_err(&malformed)?;
            extension.finish().map_err(&malformed)?;
            match oid {
                extensions::CRL_NUMBER => self.number = Some(read_number(value).map_err(at("number"))?),
                extensions::AUTHORITY_KEY_ID => self.issuer_key_id = read_key_id(value).map_err(at("authority key identifier"))?,
                extensions::ISSUING_DISTRIBUTION_POINT => self.scope = read_scope(value)?,
                _ if critical => return Err(CrlReadError::Critical),
                _ => {}
            }
        }
        Ok(())
    }

    /// The bytes that are signed.
    #[must_use]
    pub const fn to_be_signed(&self) -> &'a [u8] {
        self.to_be_signed
    }

    /// The issuer's name.
    #[must_use]
    pub const fn issuer(&self) -> &DistinguishedName {
        &self.issuer
    }

    /// When it was made.
    #[must_use]
    pub const fn this_update(&self) -> Timestamp {
        self.this_update
    }

    /// When the next one is there at the latest.
    #[must_use]
    pub const fn next_update(&self) -> Option<Timestamp> {
        self.next_update
    }

    /// Its number.
    #[must_use]
    pub const fn number(&self) -> Option<u64> {
        self.number
    }

    /// The identifier of the key that signed it.
    #[must_use]
    pub const fn issuer_key_id(&self) -> Option<&KeyId> {
        self.issuer_key_id.as_ref()
    }

    /// What it covers.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Its entries, one after the other; an entry that cannot be read is the last.
    pub fn entries(&self) -> impl Iterator<Item = Result<Revoked, CrlReadError>> + use<'a> {
        let mut rest = Reader::new(self.entries);
        std::iter::from_fn(move || {
            if rest.is_finished() {
                return None;
            }
            let entry = read_entry(&mut rest).map_err(at("entry"));
            if entry.is_err() {
                rest = Reader::new(&[]);
            }
            Some(entry)
        })
    }

    /// Checks that it is this issuer's, by name and by signature.
    ///
    /// # Errors
    /// [`CrlReadError::NotTheIssuers`] if it is not.
    pub fn check(&self, issuer: &Issuer) -> Result<(), CrlReadError> {
        let is_named = &self.issuer == issuer.subject();
        if is_named && issuer.signed(self.to_be_signed, self.algorithm, self.signature) { Ok(()) } else { Err(CrlReadError::NotTheIssuers) }
    }
}

fn read_entry(list: &mut Reader<'_>) -> Result<Revoked, Malformed> {
    let mut entry = list.sequence()?;
    let serial = Serial::from_integer(entry.integer()?).map_err(|_| Malformed)?;
    let at = entry.time()?;
    let mut reason = Reason::Unspecified;
    if let Some(element) = entry.optional(asn1::SEQUENCE)? {
        let mut list = element.reader();
        while !list.is_finished() {
            let mut extension = list.sequence()?;
            let oid = extension.oid()?;
            let critical = extension.default_false()?;
            let mut value = Reader::new(extension.octet_string()?);
            if oid == extensions::CRL_REASON {
                let [code] = value.take(asn1::ENUMERATED)?.value else { return Err(Malformed) };
                reason = Reason::from_code(*code).map_err(|_| Malformed)?;
            } else if critical {
                return Err(Malformed);
            }
        }
    }
    entry.finish()?;
    Ok(Revoked { serial, at, reason })
}

fn read_number(value: &[u8]) -> Result<u64, Malformed> {
    let mut reader = Reader::new(value);
    let contents = reader.integer()?;
    reader.finish()?;
    let serial = Serial::from_integer(contents).map_err(|_| Malformed)?;
    let digits = serial.as_unsigned();
    if digits.len() > 8 {
        return Err(Malformed);
    }
    Ok(digits.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

fn read_key_id(value: &[u8]) -> Result<Option<KeyId>, Malformed> {
    Reader::sequence_of(value)?.optional(context(0))?.map(|element| KeyId::new(element.value)).transpose()
}

fn read_scope(value: &[u8]) -> Result<Scope, CrlReadError> {
    let malformed = at("issuing distribution point");
    let mut fields = Reader::sequence_of(value).map_err(&malformed)?;
    let mut places = Vec::new();
    if let Some(point) = fields.optional(context_constructed(0)).map_err(&malformed)? {
        let mut names = point.reader().take(context_constructed(0)).map_err(&malformed)?.reader();
        while !names.is_finished() {
            let element = names.element().map_err(&malformed)?;
            if let Ok(GeneralName::Uri(url)) = general_name(element) {
                places.push(Uri::parse(url).map_err(|_| CrlReadError::Malformed { part: "issuing distribution point" })?);
            }
        }
    }
    let mut flag = |number| {
        let value = fields.optional(context(number)).map_err(&malformed)?.map(|element| element.value);
        match value {
            None => Ok(false),
            Some([0xff]) => Ok(true),
            Some(_) => Err(CrlReadError::Malformed { part: "issuing distribution point" }),
        }
    };
    let covers = match (flag(1)?, flag(2)?) {
        (false, false) => Covers::Everything,
        (true, false) => Covers::Leaves,
        (false, true) => Covers::Authorities,
        (true, true) => return Err(CrlReadError::Malformed { part: "issuing distribution point" }),
    };
    // What else may stand there, reasons and other issuers' entries, changes what the list means.
    fields.finish().map_err(|_| CrlReadError::Critical)?;
    Ok(Scope { places, covers })
}
