//! What a configuration has that does not do here what it did with Repokid.

use std::fmt;

use crate::compat::filters::FilterName;

/// Repokid's own hook, which logs what it does. What it did is done here without it.
const LOGGERS: &str = "repokid.hooks.loggers";

/// What does not do here what it did with Repokid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// A key that has no meaning.
    UnknownKey {
        /// The keys that lead to it, with dots between them.
        key: String,
    },
    /// A value that was never filled in.
    Placeholder {
        /// The keys that lead to it, with dots between them.
        key: String,
        /// The placeholder.
        text: String,
    },
    /// A filter that is Python.
    Filter {
        /// Its path.
        path: String,
    },
    /// A hook that is Python.
    Hook {
        /// Its module.
        module: String,
    },
}

impl Warning {
    pub(super) fn of_filter(name: &FilterName) -> Option<Self> {
        match name {
            FilterName::Foreign(path) => Some(Self::Filter { path: path.clone() }),
            _ => None,
        }
    }

    pub(super) fn of_hook(module: &str) -> Option<Self> {
        (module != LOGGERS).then(|| Self::Hook { module: module.to_owned() })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey { key } => write!(f, "{key}: this key is not known, and has no effect"),
            Self::Placeholder { key, text } => write!(f, "{key}: {text} is the template's placeholder, and counts as not set"),
            Self::Filter { path } => write!(
                f,
                "active_filters: {path} is a filter in Python and cannot be run, so it keeps every role from being changed; \
                 say what it does with BlocklistFilter, ExclusiveFilter, break_glass_roles or opt-outs, and take it out of the list"
            ),
            Self::Hook { module } => write!(
                f,
                "hooks: {module} is Python and is not run; what it kept from being removed, keep by a Sid that begins with NOREPO, \
                 BlocklistFilter or an opt-out; what it told, notices before and after a change tell"
            ),
        }
    }
}
