//! The profiles that stand without configuration: `built-in.toml`, beside this file.

use std::collections::BTreeMap;

use super::Profile;

const TEXT: &str = include_str!("built-in.toml");

impl Profile {
    /// The built-in profiles by name: `tls-server`, `tls-client` and `mtls-workload`.
    ///
    /// # Panics
    /// Never: the text is a part of the program, and tested.
    #[must_use]
    pub fn built_in() -> BTreeMap<String, Self> {
        toml::from_str(TEXT).expect("the built-in profiles are sound")
    }
}
