//! The short literals that tell where to look beside runs: what opens a window for keywords, what names a value, and what hands a value
//! over without naming it.

use menagerie_runs::Anchors;

/// What a literal tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// A URL, which opens a window if it holds credentials.
    Url,
    /// Rules' keywords may stand near.
    Window,
    /// It is a part of a name; so many of its bytes are.
    Name(usize),
    /// A command's option.
    Option,
    /// A function that takes a credential among its arguments.
    Call,
    /// `IDENTIFIED BY '` of SQL.
    Sql,
    /// `ConvertTo-SecureString` of PowerShell.
    SecureString,
}

/// The literals, in groups of which the mixtures of their first three bytes are rare in source code, by measure. Where one begins with
/// another, the earlier wins.
const GROUPS: [&[(&str, Sign)]; 8] = [
    &[
        (" -p", Sign::Option),
        (" -u", Sign::Option),
        (" -a", Sign::Option),
        (" -w", Sign::Option),
        (" -k ", Sign::Option),
        (" /p:", Sign::Option),
        (" /user:", Sign::Option),
    ],
    &[("key", Sign::Name(3)), ("ogin(", Sign::Call), ("dbi->", Sign::Call), ("hf_", Sign::Window)],
    &[
        ("secret", Sign::Name(6)),
        ("securestr", Sign::SecureString),
        ("salt", Sign::Name(4)),
        ("uelize(", Sign::Call),
        ("y '", Sign::Sql),
        ("y \"", Sign::Sql),
    ],
    &[("pass", Sign::Name(4)), ("pepper", Sign::Name(6)), ("gnwith(", Sign::Call)],
    &[("auth", Sign::Name(4)), ("mysql", Sign::Call), ("jwt.", Sign::Call)],
    &[("://", Sign::Url), ("token", Sign::Name(5)), ("tconnection(", Sign::Call), ("pdo(", Sign::Call)],
    &[("-begin ", Sign::Window), ("cred", Sign::Name(4))],
    &[
        ("pwd", Sign::Name(3)),
        ("pw=", Sign::Name(2)),
        ("pw:", Sign::Name(2)),
        ("pw\"", Sign::Name(2)),
        ("pw'", Sign::Name(2)),
        ("pw ", Sign::Name(2)),
        ("psk", Sign::Name(3)),
        ("[]byte(", Sign::Call),
    ],
];

/// The literals as the pass over a text looks for them.
pub(super) fn anchors() -> Anchors {
    let words = GROUPS.map(|group| group.iter().map(|(word, _)| *word).collect::<Vec<_>>());
    Anchors::new(&words.each_ref().map(Vec::as_slice))
}

/// Every literal by its number in [`anchors`].
pub(super) fn signs() -> Vec<(&'static str, Sign)> {
    GROUPS.concat()
}
