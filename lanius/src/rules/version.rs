//! A name for a set of rules: what was scanned by it need not be scanned again until the set, or the program, changes.

use sha2::{Digest as _, Sha256};

use super::{Definition, Rule};

/// Sixteen hexadecimal digits that change with any rule, with the version of the program, and with `settings`, which is whatever else
/// decides what is reported.
#[must_use]
pub fn version(rules: &[Rule], settings: &str) -> String {
    let definitions: Vec<&Definition> = rules.iter().map(|rule| &rule.definition).collect();
    let mut hash = Sha256::new();
    for part in [env!("CARGO_PKG_VERSION").as_bytes(), settings.as_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(postcard::to_allocvec(&definitions).expect("rules can be written down"));
    for rule in rules {
        hash.update(format!("{:?}", rule.foreign()));
    }
    hex::encode(&hash.finalize()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_changes_with_what_it_stands_for() {
        let mut rules = crate::rules::built_in();
        let before = version(&rules, "medium");
        assert_eq!(version(&rules, "medium"), before);
        assert_ne!(version(&rules, "low"), before);
        rules.pop();
        assert_ne!(version(&rules, "medium"), before);
    }
}
