//! The `ssh_config` snippet that makes plain `ssh host` get a certificate first.
//!
//! `Match … exec` hands its text to the user's shell after expanding `%` tokens, some of which a remote name steers (ssh_config(5),
//! TOKENS). This snippet has none, so nothing that a host is called reaches the shell. Quoting has two readers: ssh's own parser,
//! which in OpenSSH 9 ends an argument of `Match` at the next double quote and in later versions takes backslashes before quotes away,
//! and then the shell. So a word for the shell holds neither double quote nor backslash before a quote.

use std::fmt;
use std::path::Path;

/// Why no snippet can be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnippetError {
    /// A pattern that could say more than a pattern.
    #[error("{0:?} is no pattern of host names: letters, digits and . - _ : * ? ! [ ] are wanted, with commas between patterns")]
    Pattern(String),
    /// A text that has no form in an ssh_config.
    #[error("{0:?} cannot be written into an ssh_config: it has control characters in it")]
    Control(String),
    /// A path that ssh would read variables into.
    #[error("{0:?} cannot be written into an ssh_config: ssh would put a variable in place of its ${{…}}")]
    Variable(String),
    /// A path that is no text.
    #[error("{0:?} cannot be written into an ssh_config: it is no UTF-8")]
    NotText(String),
    /// A word that Windows' shell would take apart.
    #[error("{0:?} cannot be written for Windows' shell: paths without spaces and special characters are wanted")]
    Windows(String),
}

/// Whose rules the command is quoted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shell {
    /// `$SHELL -c`: sh, bash, zsh, dash, ksh, and fish from 3.4.
    Posix,
    /// Windows.
    Windows,
}

impl Shell {
    /// That of the system this was built for.
    #[must_use]
    pub const fn here() -> Self {
        if cfg!(windows) { Self::Windows } else { Self::Posix }
    }

    /// `text` as one word of a command inside `exec "…"`.
    fn word(self, text: &str) -> Result<String, SnippetError> {
        if text.chars().any(char::is_control) {
            return Err(SnippetError::Control(text.to_owned()));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "_./:=@,+-".contains(c);
        match self {
            _ if !text.is_empty() && text.chars().all(plain) => Ok(text.to_owned()),
            Self::Posix => Ok(posix_word(text)),
            Self::Windows => Err(SnippetError::Windows(text.to_owned())),
        }
    }
}

/// A word in single quotes. What either reader could take for more than itself is printed by the shell from its octal number.
fn posix_word(text: &str) -> String {
    let mut word = String::from("'");
    for c in text.chars() {
        match c {
            '\'' | '"' | '\\' | '$' => word.push_str(&format!("'$(printf '\\{:03o}')'", u32::from(c))),
            // ssh makes one of two.
            '%' => word.push_str("%%"),
            c => word.push(c),
        }
    }
    word.push('\'');
    word
}

/// `path` as the value of `IdentityFile` or `CertificateFile`.
fn value(path: &Path) -> Result<String, SnippetError> {
    let text = text_of(path)?;
    if text.chars().any(char::is_control) {
        return Err(SnippetError::Control(text.to_owned()));
    }
    if text.contains("${") {
        return Err(SnippetError::Variable(text.to_owned()));
    }
    let text = if cfg!(windows) { text.replace('\\', "/") } else { text.replace('\\', "\\\\") };
    Ok(format!("\"{}\"", text.replace('"', "\\\"").replace('%', "%%")))
}

/// A path's text, if it has one.
///
/// # Errors
/// [`SnippetError::NotText`] if it is no UTF-8.
pub fn text_of(path: &Path) -> Result<&str, SnippetError> {
    path.to_str().ok_or_else(|| SnippetError::NotText(path.display().to_string()))
}

/// A snippet for an `ssh_config`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    hosts: String,
    command: String,
    identity: String,
    certificate: String,
}

impl Snippet {
    /// A snippet for hosts of these patterns that runs `command` and then uses `identity` with `certificate`.
    ///
    /// # Errors
    /// [`SnippetError`] for what cannot be written safely.
    pub fn new(patterns: &[String], command: &[String], identity: &Path, certificate: &Path, shell: Shell) -> Result<Self, SnippetError> {
        let hosts = patterns.iter().map(|pattern| checked(pattern)).collect::<Result<Vec<_>, _>>()?.join(",");
        let words: Vec<String> = command.iter().map(|word| shell.word(word)).collect::<Result<_, _>>()?;
        Ok(Self { hosts, command: words.join(" "), identity: value(identity)?, certificate: value(certificate)? })
    }
}

fn checked(pattern: &str) -> Result<&str, SnippetError> {
    let good = |c: char| c.is_ascii_alphanumeric() || ".-_:*?![],".contains(c);
    if pattern.split(',').any(str::is_empty) || !pattern.chars().all(good) {
        return Err(SnippetError::Pattern(pattern.to_owned()));
    }
    Ok(pattern)
}

impl fmt::Display for Snippet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hosts, command, identity, certificate } = self;
        write!(
            f,
            "\
# For ~/.ssh/config, written by `bless ssh-config`.
#
# Before ssh logs in to a host that matches, it runs `bless get`, which returns at once while the certificate is good and renews
# it when less than a quarter of its life is left. If that fails, ssh passes over this block. The command has no %-token on
# purpose: nothing that a host or user is called can reach the shell.
Match host \"{hosts}\" exec \"{command}\"
    # The key, and the certificate that was issued for it.
    IdentityFile {identity}
    CertificateFile {certificate}
    # Offer this key alone, so that the others in the agent do not use up the server's MaxAuthTries.
    IdentitiesOnly yes
"
        )
    }
}

#[cfg(test)]
mod tests;
