//! Commands that take a password on their line.

use std::ops::Range;

use super::{NEAR, blanks, word};

/// How an option hands its value over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `-pV`.
    Joined,
    /// `-p V`.
    Apart,
    /// `-pV` or `-p V`.
    Either,
    /// `-u user:V`, where the byte separates the two.
    After(u8),
    /// `-p V`, but only where this word stands before.
    Beside(&'static [u8]),
}

/// Programs, as a word or its beginning if that ends in `*`, the option and its form.
const OPTIONS: &[(&[u8], &[u8], Form)] = &[
    (b"mysql*", b"-p", Form::Joined),
    (b"mariadb*", b"-p", Form::Joined),
    (b"sshpass", b"-p", Form::Either),
    (b"docker", b"-p", Form::Beside(b"login")),
    (b"podman", b"-p", Form::Beside(b"login")),
    (b"nerdctl", b"-p", Form::Beside(b"login")),
    (b"buildah", b"-p", Form::Beside(b"login")),
    (b"skopeo", b"-p", Form::Beside(b"login")),
    (b"oras", b"-p", Form::Beside(b"login")),
    (b"crane", b"-p", Form::Beside(b"login")),
    (b"oc", b"-p", Form::Beside(b"login")),
    (b"cf", b"-p", Form::Beside(b"login")),
    (b"az", b"-p", Form::Beside(b"login")),
    (b"mongo*", b"-p", Form::Either),
    (b"psexec*", b"-p", Form::Apart),
    (b"sqlcmd", b"-p", Form::Either),
    (b"bcp", b"-p", Form::Either),
    (b"isql", b"-p", Form::Either),
    (b"tsql", b"-p", Form::Apart),
    (b"osql", b"-p", Form::Either),
    (b"cqlsh", b"-p", Form::Apart),
    (b"mosquitto_*", b"-p", Form::Apart),
    (b"ncftp*", b"-p", Form::Apart),
    (b"ipmitool", b"-p", Form::Apart),
    (b"7z*", b"-p", Form::Joined),
    (b"unzip", b"-p", Form::Apart),
    (b"zip", b"-p", Form::Apart),
    (b"beeline", b"-p", Form::Apart),
    (b"plink", b"-pw", Form::Apart),
    (b"pscp", b"-pw", Form::Apart),
    (b"putty", b"-pw", Form::Apart),
    (b"redis-cli", b"-a", Form::Either),
    (b"http", b"-a", Form::After(b':')),
    (b"https", b"-a", Form::After(b':')),
    (b"ldap*", b"-w", Form::Apart),
    (b"vsql", b"-w", Form::Apart),
    (b"openssl", b"-k", Form::Apart),
    (b"curl", b"-u", Form::After(b':')),
    (b"lftp", b"-u", Form::After(b',')),
    (b"smb*", b"-u", Form::After(b'%')),
    (b"rpcclient", b"-u", Form::After(b'%')),
    (b"xfreerdp", b"/p:", Form::Joined),
];

/// The value of the option that stands, after a blank, at `at`, if the program takes a password there.
pub(super) fn by_option(text: &[u8], at: usize, length: usize) -> Option<Range<usize>> {
    let option = &text[at + 1..(at + length).min(text.len())];
    let words = line_before(text, at);
    if option.eq_ignore_ascii_case(b"/user:") {
        return of_net(text, at, length, &words);
    }
    let stands = |known: &[u8]| text[at + 1..].get(..known.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(known));
    let program = |name: &[u8]| words.iter().any(|word| is_program(&text[word.clone()], name));
    let (_, name, form) = OPTIONS.iter().find(|(name, option, _)| stands(option) && program(name))?;
    let after = at + 1 + name.len();
    let next = *text.get(after)?;
    let apart = || {
        let equals = after + usize::from(next == b'=');
        let begin = blanks(text, equals);
        (begin > after && text.get(begin) != Some(&b'-')).then(|| word(text, begin)).flatten()
    };
    let joined = || (next > b' ' && next != b'-' && next != b'=').then(|| word(text, after)).flatten();
    match form {
        Form::Joined => joined(),
        Form::Apart => apart(),
        Form::Either => apart().or_else(joined),
        Form::Beside(beside) => words.iter().any(|word| text[word.clone()].eq_ignore_ascii_case(beside)).then(apart).flatten(),
        Form::After(separator) => {
            let both = apart().or_else(joined)?;
            let user = text[both.clone()].iter().position(|byte| byte == separator)?;
            (user > 0 && both.start + user + 1 < both.end).then_some(both.start + user + 1..both.end)
        }
    }
}

/// `net use Z: \\host\share /user:NAME V`.
fn of_net(text: &[u8], at: usize, length: usize, words: &[Range<usize>]) -> Option<Range<usize>> {
    words.iter().find(|word| is_program(&text[(*word).clone()], b"net"))?;
    let name = word(text, at + length)?;
    let begin = blanks(text, name.end);
    if begin > name.end && !matches!(text.get(begin), Some(b'/' | b'-')) {
        return word(text, begin);
    }
    // `net use \\host\share V /user:NAME`.
    let last = words.last()?;
    let share = words.get(words.len().checked_sub(2)?)?;
    text[share.clone()].starts_with(b"\\\\").then(|| last.clone())
}

/// Where the word that stands at `at` belongs to a command that takes a password by its place.
pub(super) fn by_word(text: &[u8], at: usize) -> Option<Range<usize>> {
    let before = &text[at.saturating_sub(16)..at];
    let after = text.get(at + 4..)?;
    if after.starts_with(b":") {
        let before = before.strip_suffix(b"\"").or_else(|| before.strip_suffix(b"'")).unwrap_or(before);
        let option = [&b"-passin "[..], b"-passout ", b"-pass "].iter().any(|option| before.ends_with(option));
        return option.then(|| word(text, at + 5)).flatten();
    }
    if !after.starts_with(b"w") {
        return None;
    }
    if before.ends_with(b"ch") && after.starts_with(b"wd") {
        // `echo 'user:V' | chpasswd`.
        let from = at.saturating_sub(NEAR);
        let line = memchr::memrchr(b'\n', &text[from..at]).map_or(from, |newline| from + newline + 1);
        let echo = line + memchr::memmem::find(&text[line..at], b"echo ")? + 5;
        let both = word(text, blanks(text, echo))?;
        let user = memchr::memchr(b':', &text[both.clone()])?;
        return (both.end < at && both.start + user + 1 < both.end).then_some(both.start + user + 1..both.end);
    }
    let mut rest = [None, None, None, None, None];
    let mut place = at + after.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count() + 4;
    for slot in &mut rest {
        let begin = blanks(text, place);
        if begin == place {
            break;
        }
        let Some(next) = word(text, begin) else { break };
        place = next.end + usize::from(matches!(text.get(next.end), Some(b'"' | b'\'')));
        *slot = Some(next);
    }
    let words: Vec<_> = rest.into_iter().flatten().collect();
    if before.ends_with(b"ht") && after.starts_with(b"wd ") {
        // `htpasswd -b FILE NAME V`, `htpasswd -nb NAME V`.
        let options = words.iter().take_while(|word| text[word.start] == b'-').count();
        let all: Vec<u8> = words[..options].iter().flat_map(|word| text[word.clone()].to_vec()).collect();
        let file = usize::from(!all.contains(&b'n'));
        return words.get(options + file + 1).filter(|_| all.contains(&b'b')).cloned();
    }
    // `rabbitmqctl change_password NAME V`.
    (before.ends_with(b"ctl change_") && after.starts_with(b"word ")).then(|| words.get(1).cloned()).flatten()
}

/// The words of a command line before `end`, back to where it begins: a line, or after `;`, `|`, `&`, `(`.
fn line_before(text: &[u8], end: usize) -> Vec<Range<usize>> {
    let from = end.saturating_sub(NEAR);
    let mut begin = end;
    while begin > from {
        match text[begin - 1] {
            b'\n' if !text[..begin - 1].ends_with(b"\\") => break,
            b';' | b'|' | b'&' | b'`' | b'(' => break,
            _ => begin -= 1,
        }
    }
    let mut words = Vec::new();
    let mut at = begin;
    while at < end {
        at += text[at..end].iter().take_while(|byte| **byte <= b' ' || matches!(byte, b'"' | b'\'' | b'[' | b',')).count();
        let length = text[at..end].iter().take_while(|byte| **byte > b' ' && !matches!(byte, b'"' | b'\'')).count();
        if length > 0 {
            words.push(at..at + length);
        }
        at += length;
    }
    words
}

/// Whether a word calls a program, with or without its path and `.exe`.
fn is_program(word: &[u8], name: &[u8]) -> bool {
    let word = word.rsplit(|byte| matches!(byte, b'/' | b'\\')).next().unwrap_or(word);
    let word = word.strip_suffix(b".exe").unwrap_or(word);
    match name.strip_suffix(b"*") {
        Some(begin) => word.get(..begin.len()).is_some_and(|start| start.eq_ignore_ascii_case(begin)),
        None => word.eq_ignore_ascii_case(name),
    }
}
