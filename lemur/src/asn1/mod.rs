//! The DER (X.690) that certificates, requests, revocation lists and OCSP are made of, written in one pass and read in place.
//!
//! Structures that lemur signs are put together here, so that an issuer's name goes into them byte for byte as its own certificate
//! has it; what is read keeps its bytes, since a signature is over them. Headers, object identifiers and times are those of `der`.

mod read;
mod write;

pub(crate) use read::{Element, Reader, object_identifier, small_unsigned};
pub(crate) use write::{Writer, signed};

/// DER that cannot be read; where it stands, whoever asked for it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const IA5_STRING: u8 = 0x16;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;

/// The tag of a context-specific element with primitive contents.
pub(crate) const fn context(number: u8) -> u8 {
    0x80 | number
}

/// The tag of a context-specific element with constructed contents.
pub(crate) const fn context_constructed(number: u8) -> u8 {
    0xa0 | number
}

#[cfg(test)]
mod tests;
