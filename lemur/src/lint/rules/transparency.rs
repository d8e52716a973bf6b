//! Lints on Certificate Transparency (RFC 6962).

use super::super::definition::{Lint, of};
use super::super::oid;

pub(super) static LINTS: &[Lint] = &[
    Lint::error("rfc6962-poison-critical", of("RFC 6962", "3.1"), "A precertificate's poison is critical.", |c, say| {
        if c.extensions.get(oid::PRECERT_POISON).is_some_and(|extension| !extension.critical) {
            say("the poison is not critical".to_owned());
        }
    }),
    Lint::error("rfc6962-poison-and-scts", of("RFC 6962", "3.3"), "A precertificate has no timestamps.", |c, say| {
        if c.extensions.has(oid::PRECERT_POISON) && c.extensions.has(oid::SCT_LIST) {
            say("both poison and timestamps are there".to_owned());
        }
    }),
    Lint::error("rfc6962-scts-malformed", of("RFC 6962", "3.3"), "Timestamps are a list of at least one, each in its form.", |c, say| {
        if let Some(list) = &c.extensions.scts
            && let Err(fault) = timestamps(list.value)
        {
            say(fault.to_owned());
        }
    }),
];

/// Reads SignedCertificateTimestampList: lengths of two bytes before the list and before each timestamp.
fn timestamps(list: &[u8]) -> Result<(), &'static str> {
    let mut rest = vector(&mut { list }).filter(|inner| inner.len() + 2 == list.len()).ok_or("the list's length is wrong")?;
    if rest.is_empty() {
        return Err("the list is empty");
    }
    while !rest.is_empty() {
        timestamp(vector(&mut rest).ok_or("a timestamp's length is wrong")?).ok_or("a timestamp is not of its form")?;
    }
    Ok(())
}

/// Version 1, log, time, extensions, hash and signature algorithm, signature.
fn timestamp(bytes: &[u8]) -> Option<()> {
    let mut rest = bytes.get(1 + 32 + 8..)?;
    if bytes[0] != 0 {
        return Some(());
    }
    vector(&mut rest)?;
    rest = rest.get(2..)?;
    vector(&mut rest)?;
    rest.is_empty().then_some(())
}

/// Takes what a length of two bytes announces.
fn vector<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, after) = rest.split_at_checked(2)?;
    let (taken, after) = after.split_at_checked(usize::from(u16::from_be_bytes([length[0], length[1]])))?;
    *rest = after;
    Some(taken)
}
