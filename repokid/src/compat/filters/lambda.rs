//! `LambdaFilter`: a role whose trust policy names Lambda, whose functions may run seldom. Nobody assumes a user or a group.
//!
//! As with Repokid, the word anywhere in the document is enough, in any case: a document is not parsed to find a way out.

use crate::account::Kind;
use crate::state::Role;

pub(super) fn names(role: &Role) -> Option<String> {
    if role.kind() != Kind::Role {
        return None;
    }
    let Some(document) = &role.trust_policy else { return Some("its trust policy is not known".to_owned()) };
    document.to_ascii_lowercase().contains("lambda").then(|| "its trust policy names Lambda".to_owned())
}
