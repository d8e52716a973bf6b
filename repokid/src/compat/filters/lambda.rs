//! `LambdaFilter`: a role whose trust policy names Lambda, whose functions may run seldom.
//!
//! As with Repokid, the word anywhere in the document is enough, in any case: a document is not parsed to find a way out.

use crate::state::Role;

pub(super) fn names(role: &Role) -> Option<String> {
    let Some(document) = &role.trust_policy else { return Some("its trust policy is not known".to_owned()) };
    document.to_ascii_lowercase().contains("lambda").then(|| "its trust policy names Lambda".to_owned())
}
