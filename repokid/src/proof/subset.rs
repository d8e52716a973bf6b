//! Nothing is granted that was not, and nothing that was denied is not.

use menagerie_policy::document::{Effect, Statement};

use super::{Refusal, Rewrite, actions_within, asks_the_same, granting, resources_within};

/// How many granting statements are within old ones, and how many denying ones are still there.
pub(super) fn check(rewrite: &Rewrite<'_>) -> Result<(usize, usize), Refusal> {
    let text = |statement: &Statement| (rewrite.name.to_owned(), statement.text().to_owned());
    let mut within = 0;
    for new in rewrite.new.iter().flat_map(granting) {
        let is_within = granting(rewrite.old).any(|old| {
            asks_the_same(new, old) && actions_within(new.actions(), old.actions()) && resources_within(new.resources(), old.resources())
        });
        if !is_within {
            let (policy, statement) = text(new);
            return Err(Refusal::Wider { policy, statement });
        }
        within += 1;
    }
    let mut denials = 0;
    for old in rewrite.old.statements().iter().filter(|statement| statement.effect() == Effect::Deny) {
        if !rewrite.new.iter().any(|policy| policy.statements().contains(old)) {
            let (policy, statement) = text(old);
            return Err(Refusal::DenialLost { policy, statement });
        }
        denials += 1;
    }
    for new in rewrite.new.iter().flat_map(|policy| policy.statements()).filter(|statement| statement.effect() == Effect::Deny) {
        if !rewrite.old.statements().contains(new) {
            let (policy, statement) = text(new);
            return Err(Refusal::DenialAdded { policy, statement });
        }
    }
    // A policy variable means something in one version of the language only.
    if rewrite.new.iter().any(|policy| policy.has_variables() != rewrite.old.has_variables()) {
        return Err(Refusal::Wider { policy: rewrite.name.to_owned(), statement: "the version of the language differs".to_owned() });
    }
    Ok((within, denials))
}
