//! What is not proved unused is still granted, under the same conditions.

use menagerie_policy::document::{Actions, Resources, Statement};
use menagerie_policy::pattern::ResourcePattern;

use super::{Refusal, Rewrite, actions_within, asks_the_same, granting, resources_within};
use crate::verdict::{ActionId, ActionSet, Base, Evidence, JudgedStatement, Per, Resource, Standing, Verdict, grants};

/// A statement of the new policies that stands for an old one, with the known actions that it grants.
struct Heir<'a> {
    statement: &'a Statement,
    grants: ActionSet,
    /// Whether it grants on all resources of the old one.
    everywhere: bool,
}

/// How many permissions of the old policy are still granted.
pub(super) fn check(rewrite: &Rewrite<'_>, base: &Base<'_>) -> Result<usize, Refusal> {
    let mut kept = 0;
    for (old, judged) in rewrite.old.statements().iter().zip(&rewrite.judged.statements) {
        if rewrite.new.iter().any(|policy| policy.statements().iter().any(|new| new.text() == old.text())) {
            kept += judged.actions.len();
            continue;
        }
        if judged.standing != Standing::Grants {
            // Denials are looked at apart; what is protected, or is not an identity's, must stay to the letter.
            if matches!(judged.standing, Standing::Protected | Standing::Foreign) {
                return Err(lost(rewrite, "a protected statement".to_owned(), "*"));
            }
            continue;
        }
        let heirs: Vec<_> = rewrite
            .new
            .iter()
            .flat_map(granting)
            .filter(|new| asks_the_same(new, old) && resources_within(new.resources(), old.resources()))
            .map(|statement| Heir {
                statement,
                grants: grants(statement, base.universe()),
                everywhere: resources_within(old.resources(), statement.resources()),
            })
            .collect();
        kept += known(rewrite, old, judged, &heirs, base)?;
        strange(rewrite, old, judged, &heirs)?;
    }
    Ok(kept)
}

fn lost(rewrite: &Rewrite<'_>, action: String, resource: &str) -> Refusal {
    Refusal::Lost { policy: rewrite.name.to_owned(), action, resource: resource.to_owned() }
}

fn known(rewrite: &Rewrite<'_>, old: &Statement, judged: &JudgedStatement, heirs: &[Heir<'_>], base: &Base<'_>) -> Result<usize, Refusal> {
    let mut kept = 0;
    for action in &judged.actions {
        if action.verdicts.is_unused() {
            continue;
        }
        let granting: Vec<_> = heirs.iter().filter(|heir| heir.grants.contains(action.id)).collect();
        kept += 1;
        if granting.iter().any(|heir| heir.everywhere) {
            continue;
        }
        let numbers = match &action.verdicts {
            Per::All(..) => 0..judged.resources.len(),
            Per::Each(each) => 0..each.len(),
        };
        for number in numbers {
            let (verdict, evidence) = action.verdicts.of(number);
            if verdict == Verdict::Unused {
                continue;
            }
            let resource = &judged.resources[number];
            let named = granting.iter().any(|heir| names(heir.statement, resource));
            // Where every use would have shown, it is enough that those which did are still granted.
            let shown = verdict == Verdict::Used && matches!(evidence, Evidence::Events { .. }) && base.would_show(action.id);
            let granted = named || (shown && uses_granted(old, number, action.id, &granting, base));
            if !granted {
                return Err(lost(rewrite, base.universe().text(action.id), resource));
            }
        }
    }
    Ok(kept)
}

/// Whether a statement names this pattern of resources among its own.
fn names(statement: &Statement, resource: &str) -> bool {
    matches!(statement.resources(), Some(Resources::Only(patterns)) if patterns.iter().any(|pattern| pattern.text() == resource))
}

/// Whether the uses that the old statement's resource of this number may have allowed are granted.
fn uses_granted(old: &Statement, number: usize, id: ActionId, heirs: &[&Heir<'_>], base: &Base<'_>) -> bool {
    let Some(uses) = base.usage().actions.get(&id) else { return false };
    let reached = |arn: &str| match old.resources() {
        Some(Resources::Only(patterns)) => {
            // Some services take names in any case.
            let folded = ResourcePattern::new(&patterns[number].text().to_ascii_lowercase());
            !patterns[number].matches(arn).is_no() || !folded.matches(&arn.to_ascii_lowercase()).is_no()
        }
        _ => true,
    };
    uses.iter().all(|one| match &one.resource {
        Resource::Arn(arn) if !reached(arn) => true,
        Resource::Arn(arn) => heirs.iter().any(|heir| {
            heir.statement.resources().is_some_and(|resources| match resources {
                Resources::Only(patterns) => patterns.iter().any(|pattern| pattern.matches(arn).is_yes()),
                Resources::AllBut(patterns) => patterns.iter().all(|pattern| pattern.matches(arn).is_no()),
            })
        }),
        Resource::Any | Resource::Part { .. } | Resource::Unknown => false,
    })
}

/// Patterns that no known action matches, and those of which unknown actions may have been used, must stay whole.
fn strange(rewrite: &Rewrite<'_>, old: &Statement, judged: &JudgedStatement, heirs: &[Heir<'_>]) -> Result<(), Refusal> {
    let Actions::Only(patterns) = old.actions() else {
        let whole =
            judged.open.is_empty() || heirs.iter().any(|heir| heir.everywhere && actions_within(old.actions(), heir.statement.actions()));
        return if whole { Ok(()) } else { Err(lost(rewrite, "NotAction".to_owned(), "*")) };
    };
    for number in judged.strange.iter().chain(judged.open.iter().map(|(number, _)| number)) {
        let alone = Actions::Only(vec![patterns[*number].clone()]);
        if !heirs.iter().any(|heir| heir.everywhere && actions_within(&alone, heir.statement.actions())) {
            return Err(lost(rewrite, patterns[*number].text().to_owned(), &judged.resources.join(", ")));
        }
    }
    Ok(())
}
