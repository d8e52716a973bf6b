//! Functions and constructors that take a credential among their arguments.

use std::ops::Range;

use super::{Handed, NEAR, quoted};
use crate::rules::Meaning;

/// The last part of a function's name in lower case, the place of the credential among its arguments from 0, and what that is.
const FUNCTIONS: &[(&[u8], usize, Meaning)] = &[
    (b"getconnection", 2, Meaning::Password),
    (b"mysqli_connect", 2, Meaning::Password),
    (b"mysql_connect", 2, Meaning::Password),
    (b"mysql_pconnect", 2, Meaning::Password),
    (b"mysql_real_connect", 3, Meaning::Password),
    (b"real_connect", 2, Meaning::Password),
    (b"oci_connect", 1, Meaning::Password),
    (b"connect", 2, Meaning::Password),
    (b"mysqli", 2, Meaning::Password),
    (b"pdo", 2, Meaning::Password),
    (b"ftp_login", 2, Meaning::Password),
    (b"login", 1, Meaning::Password),
    (b"sequelize", 2, Meaning::Password),
    (b"httpbasicauth", 1, Meaning::Password),
    (b"httpdigestauth", 1, Meaning::Password),
    (b"setbasicauth", 1, Meaning::Password),
    (b"withbasicauth", 1, Meaning::Password),
    (b"basic_auth", 1, Meaning::Password),
    (b"basicauth", 1, Meaning::Password),
    (b"basicauthentication", 1, Meaning::Password),
    (b"auth", 1, Meaning::Password),
    (b"basic", 1, Meaning::Password),
    (b"plainauth", 2, Meaning::Password),
    (b"networkcredential", 1, Meaning::Password),
    (b"usernamepasswordcredentials", 1, Meaning::Password),
    (b"usernamepasswordcredential", 1, Meaning::Password),
    (b"passwordauthentication", 1, Meaning::Password),
    (b"passwordcredential", 1, Meaning::Password),
    (b"basicawscredentials", 1, Meaning::Key),
    (b"basicsessioncredentials", 1, Meaning::Key),
    (b"secretkeyspec", 0, Meaning::Key),
    (b"symmetricsecuritykey", 0, Meaning::Key),
    (b"hmac256", 0, Meaning::Key),
    (b"hmac384", 0, Meaning::Key),
    (b"hmac512", 0, Meaning::Key),
    (b"signwith", 1, Meaning::Key),
    (b"jwt.sign", 1, Meaning::Key),
    (b"jwt.verify", 1, Meaning::Key),
    (b"jwt.encode", 1, Meaning::Key),
    (b"jwt.decode", 1, Meaning::Key),
    (b"signedstring", 0, Meaning::Key),
];
/// Those whose names are common words: the argument before must be a literal too, a user's name.
const COMMON: &[&[u8]] = &[b"connect", b"login", b"auth", b"basic"];

/// The credential among the arguments of a function of this name that begin at `arguments`.
pub(in crate::scan) fn by_call(text: &[u8], name: &[u8], arguments: usize) -> Option<Handed> {
    let ends = |known: &[u8]| {
        let Some(begin) = name.len().checked_sub(known.len()) else { return false };
        let alone = begin == 0 || !name[begin - 1].is_ascii_alphanumeric() && name[begin - 1] != b'_';
        alone && name[begin..].eq_ignore_ascii_case(known)
    };
    let (known, place, meaning) = FUNCTIONS.iter().find(|(known, ..)| ends(known))?;
    let literals = arguments_of(text, arguments);
    let common = COMMON.contains(known);
    let value = match literals.get(*place) {
        Some(literal) if !common || literals[place - 1].is_some() => literal.clone(),
        // `redis.auth("V")`.
        None if *known == b"auth" && literals.len() == 1 => literals[0].clone(),
        _ => None,
    };
    value.map(|value| Handed { value, meaning: *meaning, argument: true })
}

/// The function whose name a sign of so many bytes is a part of.
pub(super) fn named(text: &[u8], at: usize, length: usize) -> Option<Handed> {
    if text[at..].starts_with(b"[]byte(") {
        let outer = text[at.saturating_sub(64)..at].strip_suffix(b"(")?;
        let (begin, end) = crate::judge::span(outer, outer.len(), outer.len());
        return by_call(text, &outer[begin..end], at);
    }
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    // `mysqli_connect`, but also `MySQLdb.connect` and `DBI->connect`.
    let is_name = |byte: &u8| is_name(byte) || matches!(byte, b'.' | b'-' | b'>');
    let sign = length - usize::from(text.get(at + length - 1) == Some(&b'('));
    let end = at + sign + text.get(at + sign..)?.iter().take(48).take_while(|byte| is_name(byte)).count();
    let (begin, _) = crate::judge::span(text, at, end);
    (text.get(end) == Some(&b'(')).then(|| by_call(text, &text[begin..end], end + 1)).flatten()
}

/// The arguments that begin at `from`: where the literal of each stands, if it is one. It may stand in a conversion, such as
/// `"…".toCharArray()` or `Some("…")`.
pub(in crate::scan) fn arguments_of(text: &[u8], from: usize) -> Vec<Option<Range<usize>>> {
    const MOST: usize = 6;
    let mut literals = vec![None];
    let (mut at, mut depth) = (from, 0_usize);
    // Whether what was read of an argument so far may precede its literal.
    let mut fresh = true;
    while at < text.len().min(from + NEAR) && literals.len() <= MOST {
        match text[at] {
            b'"' | b'\'' | b'`' => {
                let end = match quoted(text, at) {
                    Some(literal) => {
                        let end = literal.end;
                        if let Some(last) = literals.last_mut().filter(|last| fresh && last.is_none()) {
                            *last = Some(literal);
                        }
                        end
                    }
                    None if text.get(at + 1) == Some(&text[at]) => at + 1,
                    None => break,
                };
                fresh = false;
                at = end;
            }
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => break,
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                literals.push(None);
                fresh = true;
            }
            // What is joined to something else is no literal.
            b'+' => {
                fresh = false;
                if let Some(last) = literals.last_mut() {
                    *last = None;
                }
            }
            b';' | b'=' => break,
            _ => {}
        }
        at += 1;
    }
    literals
}
