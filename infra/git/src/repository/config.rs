//! What is read of a repository's configuration: `core.repositoryformatversion` and `extensions.*`, and nothing else of it, since the
//! rest names programs to run (git's `repository-version` document).

use crate::error::OpenError;
use crate::oid::HashKind;
use std::path::Path;

/// How the repository is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) hash: HashKind,
    /// Objects may be missing rightly: they are fetched when git needs them.
    pub(crate) partial: bool,
}

/// Extensions of version 1 that change nothing for a reader.
const HARMLESS: &[&str] = &["noop", "noop-v1", "preciousobjects", "worktreeconfig", "relativeworktrees", "compatobjectformat"];
/// Extensions that version 0 may have too.
const OF_VERSION_0: &[&str] = &["noop", "preciousobjects", "worktreeconfig", "partialclone"];

/// Reads the format out of a configuration file's text.
pub(crate) fn format_of(text: &[u8], path: &Path) -> Result<Format, OpenError> {
    let mut version = String::from("0");
    let mut extensions = Vec::new();
    for (section, key, value) in entries(text, path)? {
        match section.as_str() {
            "core" if key == "repositoryformatversion" => version = value,
            "extensions" => extensions.push((key, value)),
            _ => {}
        }
    }
    let version = match version.trim() {
        "0" => 0,
        "1" => 1,
        other => return Err(OpenError::Version { version: cut(other) }),
    };
    let mut format = Format { hash: HashKind::Sha1, partial: false };
    for (name, value) in extensions {
        if version == 0 && !OF_VERSION_0.contains(&name.as_str()) {
            let known = HARMLESS.contains(&name.as_str()) || name == "objectformat" || name == "refstorage";
            if known {
                return Err(OpenError::ExtensionOfVersion1 { name });
            }
            continue;
        }
        match (name.as_str(), value.to_ascii_lowercase().as_str()) {
            ("objectformat", "sha1") | ("refstorage", "files") => {}
            ("objectformat", "sha256") => format.hash = HashKind::Sha256,
            ("objectformat", _) => return Err(OpenError::UnsupportedExtension { name: "objectFormat", value: cut(&value) }),
            ("refstorage", _) => return Err(OpenError::UnsupportedExtension { name: "refStorage", value: cut(&value) }),
            ("partialclone", _) => format.partial = true,
            (known, _) if HARMLESS.contains(&known) => {}
            _ => return Err(OpenError::UnknownExtension { name: cut(&name) }),
        }
    }
    Ok(format)
}

fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}

/// Section, key (both in lower case) and value of the two sections that are read.
fn entries(text: &[u8], path: &Path) -> Result<Vec<(String, String, String)>, OpenError> {
    let text = String::from_utf8_lossy(text);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let (mut section, mut found) = (String::new(), Vec::new());
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let fault = || OpenError::Config { path: path.to_owned(), line: number + 1 };
        let mut line = line.trim();
        if let Some(rest) = line.strip_prefix('[') {
            let end = section_end(rest).ok_or_else(fault)?;
            // A subsection makes it another section.
            section = rest[..end].trim().to_ascii_lowercase();
            line = rest[end + 1..].trim();
        }
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let (key, value) = line.split_once('=').map_or((line, None), |(key, value)| (key, Some(value)));
        let mut value = value.map(str::to_owned);
        // A value goes on where its line ends in a lone backslash.
        while value.as_ref().is_some_and(|value| value.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1) {
            let whole = value.get_or_insert_default();
            whole.pop();
            whole.push_str(lines.next().map_or("", |(_, next)| next));
        }
        if section == "core" || section == "extensions" {
            let key = key.split(['#', ';']).next().unwrap_or_default().trim().to_ascii_lowercase();
            if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
                return Err(fault());
            }
            found.push((section.clone(), key, value.map_or_else(|| "true".into(), |value| plain(&value))));
        }
    }
    Ok(found)
}

/// Where a section's head ends: at the first `]` that is not within quotes.
fn section_end(rest: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    rest.char_indices().find_map(|(at, letter)| {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ']' if !quoted => return Some(at),
            _ => {}
        }
        None
    })
}

/// A value without its quotes, escapes and comment.
fn plain(value: &str) -> String {
    let (mut out, mut quoted, mut letters) = (String::new(), false, value.trim().chars());
    while let Some(letter) = letters.next() {
        match letter {
            '"' => quoted = !quoted,
            '#' | ';' if !quoted => break,
            '\\' => out.extend(letters.next()),
            _ => out.push(letter),
        }
    }
    out.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Format, OpenError> {
        format_of(text.as_bytes(), Path::new("config"))
    }

    #[test]
    fn formats_as_git_knows_them() {
        assert_eq!(of("").expect("the default").hash, HashKind::Sha1);
        let sha256 = "[core]\n\trepositoryformatversion = 1 # so\n\tfsmonitor = evil\n[Extensions] ObjectFormat=\"sha256\"\n[extensions]\npartialClone = origin\n";
        assert_eq!(of(sha256).expect("known"), Format { hash: HashKind::Sha256, partial: true });
        assert!(matches!(of("[core]\nrepositoryformatversion=2"), Err(OpenError::Version { .. })));
        let v1 = "[core]\nrepositoryformatversion=1\n[extensions]\n";
        assert!(matches!(of(&format!("{v1}refStorage = reftable")), Err(OpenError::UnsupportedExtension { name: "refStorage", .. })));
        assert!(matches!(of(&format!("{v1}shiny")), Err(OpenError::UnknownExtension { name }) if name == "shiny"));
        assert!(matches!(of("[extensions]\nobjectformat=sha256"), Err(OpenError::ExtensionOfVersion1 { .. })));
        assert!(of("[extensions]\nshiny=1\n[core \"x]\"]\nrepositoryformatversion=9").is_ok());
        assert!(matches!(of("[core"), Err(OpenError::Config { line: 1, .. })));
    }
}
