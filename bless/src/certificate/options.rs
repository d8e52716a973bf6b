//! Critical options and extensions as an authority means them: typed, unique and in the order in which they are
//! written. Names and values come from OpenSSH's `PROTOCOL.certkeys` and `PROTOCOL.u2f`.

use std::sync::Arc;

use super::source_address::SourceAddress;

/// The critical options that OpenSSH knows. A server refuses a certificate with any other, so no other can be meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CriticalOptions {
    /// The only command that the holder may run (`force-command`).
    pub force_command: Option<String>,
    /// The addresses that the holder may come from (`source-address`).
    pub source_address: Option<SourceAddress>,
    /// The security key must verify its user, by PIN or fingerprint (`verify-required`; `sk-` keys only).
    pub verify_required: bool,
}

impl CriticalOptions {
    /// Whether there is no option at all, as every host certificate must have it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.force_command.is_none() && self.source_address.is_none() && !self.verify_required
    }

    /// Names and values in the order of their names; a flag has no value.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'static str, Option<&str>)> {
        let force = self.force_command.as_deref().map(|command| ("force-command", Some(command)));
        let source = self.source_address.as_ref().map(|list| ("source-address", Some(list.as_str())));
        let verify = self.verify_required.then_some(("verify-required", None));
        [force, source, verify].into_iter().flatten()
    }
}

/// One extension: a flag, or a name with a text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Extension {
    name: String,
    value: Option<String>,
}

impl Extension {
    /// The name, `permit-pty` or `login@example.org`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text of an extension that is not a flag.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.value.as_deref()
    }
}

/// Extensions, unique and sorted by name. Cloning shares them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extensions(Arc<[Extension]>);

/// Why a set of extensions cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExtensionsError {
    /// The name is not `name` or `name@domain` of letters, digits, `.`, `_` and `-`, at most 64 characters.
    #[error("{name:?} is no extension name: use NAME or NAME@DOMAIN, of letters, digits, '.', '_' and '-', at most 64 characters")]
    Name {
        /// The name that was given.
        name: String,
    },
    /// A name stands twice.
    #[error("extension {name:?} is given twice")]
    Duplicate {
        /// The repeated name.
        name: String,
    },
    /// OpenSSH's own extensions are flags.
    #[error("extension {name:?} is a flag and takes no value")]
    FlagWithValue {
        /// The flag.
        name: String,
    },
    /// More than 64 extensions.
    #[error("{count} extensions: at most 64 are allowed")]
    TooMany {
        /// How many there were.
        count: usize,
    },
}

/// The extensions that `sshd` knows; each is a flag.
pub(super) const FLAGS: [&str; 6] =
    ["no-touch-required", "permit-X11-forwarding", "permit-agent-forwarding", "permit-port-forwarding", "permit-pty", "permit-user-rc"];

const MAX_EXTENSIONS: usize = 64;

impl Default for Extensions {
    fn default() -> Self {
        Self(Arc::from([]))
    }
}

impl Extensions {
    /// Extensions from names with their values.
    ///
    /// # Errors
    /// A name that is malformed or repeated, a value on one of OpenSSH's own flags, or more than 64 extensions.
    pub fn new<'a>(entries: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Result<Self, ExtensionsError> {
        let mut list = Vec::new();
        for (name, value) in entries {
            if !is_name(name) {
                return Err(ExtensionsError::Name { name: name.chars().take(80).collect() });
            }
            if value.is_some() && FLAGS.contains(&name) {
                return Err(ExtensionsError::FlagWithValue { name: name.to_owned() });
            }
            list.push(Extension { name: name.to_owned(), value: value.map(str::to_owned) });
        }
        list.sort();
        if let Some(pair) = list.windows(2).find(|pair| pair[0].name == pair[1].name) {
            return Err(ExtensionsError::Duplicate { name: pair[0].name.clone() });
        }
        if list.len() > MAX_EXTENSIONS {
            return Err(ExtensionsError::TooMany { count: list.len() });
        }
        Ok(Self(list.into()))
    }

    /// Extensions that are all flags.
    ///
    /// # Errors
    /// As [`Extensions::new`].
    pub fn flags<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, ExtensionsError> {
        Self::new(names.into_iter().map(|name| (name, None)))
    }

    /// The extensions in the order in which they are written.
    pub fn iter(&self) -> impl Iterator<Item = &Extension> {
        self.0.iter()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Whether a name has the syntax of an extension: `name` or `name@domain`.
pub(super) fn is_name(name: &str) -> bool {
    let part = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    name.len() <= 64
        && match name.split_once('@') {
            None => part(name),
            Some((local, domain)) => part(local) && part(domain),
        }
}
