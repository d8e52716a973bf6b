//! What git says to hooks: a line for each ref on standard input, and where objects are in the environment.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use menagerie_git::ObjectId;

/// A ref that a push changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The ref, as the remote calls it.
    pub name: String,
    /// What it leads to on the remote; zeros if it is new.
    pub old: ObjectId,
    /// What it is to lead to; zeros if it is to go.
    pub new: ObjectId,
}

/// A line that is none of git's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of what git says to {hook} is not {form}")]
pub struct LineError {
    hook: &'static str,
    line: usize,
    form: &'static str,
}

/// What git says to `pre-push`: local ref, local object, remote ref, remote object. The first may hold blanks.
///
/// # Errors
/// If a line is not of that form.
pub fn pushed(text: &[u8]) -> Result<Vec<Update>, LineError> {
    let form = "`<local ref> <local object> <remote ref> <remote object>`";
    updates(text, "pre-push", form, |line| {
        let mut words = line.rsplitn(4, |byte| *byte == b' ');
        let (old, name, new) = (words.next()?, words.next()?, words.next()?);
        words.next()?;
        Some((name, ObjectId::from_hex(old)?, ObjectId::from_hex(new)?))
    })
}

/// What git says to `pre-receive`: old object, new object, ref.
///
/// # Errors
/// If a line is not of that form.
pub fn received(text: &[u8]) -> Result<Vec<Update>, LineError> {
    updates(text, "pre-receive", "`<old object> <new object> <ref>`", |line| {
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let (old, new) = (ObjectId::from_hex(words.next()?)?, ObjectId::from_hex(words.next()?)?);
        Some((words.next()?, old, new))
    })
}

fn updates(
    text: &[u8],
    hook: &'static str,
    form: &'static str,
    read: impl Fn(&[u8]) -> Option<(&[u8], ObjectId, ObjectId)>,
) -> Result<Vec<Update>, LineError> {
    let lines = text.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
    let read = |(number, line)| {
        let (name, old, new) = read(line).filter(|(name, ..)| !name.is_empty()).ok_or(LineError { hook, line: number + 1, form })?;
        Ok(Update { name: String::from_utf8_lossy(name).into_owned(), old, new })
    };
    lines.map(read).collect()
}

/// The folders in `GIT_ALTERNATE_OBJECT_DIRECTORIES`: parted by `:`, and quoted as in C where one begins with `"`. None if a quote is open.
#[must_use]
pub fn alternates(value: &[u8]) -> Option<Vec<PathBuf>> {
    let (mut found, mut rest) = (Vec::new(), value);
    while !rest.is_empty() {
        let (part, after) = if let Some(quoted) = rest.strip_prefix(b"\"") {
            unquoted(quoted)?
        } else {
            let end = rest.iter().position(|byte| *byte == b':').unwrap_or(rest.len());
            (rest[..end].to_vec(), &rest[end..])
        };
        if !part.is_empty() {
            found.push(PathBuf::from(OsString::from_vec(part)));
        }
        rest = match after {
            [] => after,
            [b':', after @ ..] => after,
            _ => return None,
        };
    }
    Some(found)
}

/// What stands before the closing quote, and what follows it.
fn unquoted(mut text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut part = Vec::new();
    loop {
        let (byte, rest) = text.split_first()?;
        text = rest;
        match byte {
            b'"' => return Some((part, text)),
            b'\\' => {
                let (escape, rest) = text.split_first()?;
                text = rest;
                part.push(match escape {
                    b'a' => 7,
                    b'b' => 8,
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 11,
                    b'f' => 12,
                    b'r' => b'\r',
                    b'"' | b'\\' => *escape,
                    b'0'..=b'3' => {
                        let digits = text.get(..2).filter(|digits| digits.iter().all(|digit| (b'0'..=b'7').contains(digit)))?;
                        text = &text[2..];
                        (escape - b'0') * 64 + (digits[0] - b'0') * 8 + (digits[1] - b'0')
                    }
                    _ => return None,
                });
            }
            other => part.push(*other),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111";
    const ZERO: &str = "0000000000000000000000000000000000000000";

    #[test]
    fn lines_of_both_hooks() {
        let oid = |text: &str| ObjectId::from_hex(text.as_bytes()).unwrap();
        let update = |name: &str, old, new| Update { name: name.to_owned(), old: oid(old), new: oid(new) };
        let text =
            format!("refs/heads/a {ONE} refs/heads/b {ZERO}\n:/fix it {ONE} refs/heads/c {ONE}\n(delete) {ZERO} refs/heads/d {ONE}\n");
        let expected = [update("refs/heads/b", ZERO, ONE), update("refs/heads/c", ONE, ONE), update("refs/heads/d", ONE, ZERO)];
        assert_eq!(pushed(text.as_bytes()).unwrap(), expected);
        assert_eq!(received(format!("{ZERO} {ONE} refs/heads/b\n").as_bytes()).unwrap(), expected[..1]);
        assert!(received(b"").unwrap().is_empty());
        let error = received(format!("{ZERO} {ONE} refs/heads/b\n{ONE} refs/heads/b\n").as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "line 2 of what git says to pre-receive is not `<old object> <new object> <ref>`");
        assert!(pushed(format!("{ONE} refs/heads/b {ZERO}\n").as_bytes()).is_err());
    }

    #[test]
    fn folders_quoted_and_not() {
        let paths = |text: &str| alternates(text.as_bytes());
        let expected = |all: &[&str]| Some(all.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(paths(""), expected(&[]));
        assert_eq!(paths("/a:/b c:"), expected(&["/a", "/b c"]));
        assert_eq!(paths(r#""/a:\"\\\303\244":/b"#), expected(&["/a:\"\\ä", "/b"]));
        assert_eq!(paths(r#""/a"#), None);
        assert_eq!(paths(r#""/a"b"#), None);
        assert_eq!(paths(r#""\9""#), None);
    }
}
