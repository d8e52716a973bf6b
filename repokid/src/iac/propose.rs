//! Gathers what would change in code.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::{Owner, Ownership, Sources, Unpatched, pull_request};
use crate::analysis::{Analysis, Outcome, PolicyAnalysis};
use crate::proof::Proof;
use crate::report::files::{FilesError, segment, write};
use crate::verdict::Universe;

/// A policy that changes in code.
#[derive(Debug)]
pub struct Change {
    /// Whose: an ARN.
    pub principal: String,
    /// The policy's name.
    pub policy: String,
    /// Who owns it.
    pub owner: Option<Owner>,
    /// How many actions go, by service.
    pub removed: BTreeMap<&'static str, usize>,
    /// What was shown of the principal's change.
    pub proof: Proof,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a change.
#[derive(Debug)]
pub enum Fate {
    /// It is in the patch.
    Patched {
        /// The file.
        path: PathBuf,
        /// What it is called there.
        address: String,
    },
    /// It is for a person to make.
    ByHand {
        /// Why.
        reason: Unpatched,
        /// The file that the new document is in, none if the policy goes.
        documents: Vec<(PathBuf, String)>,
    },
}

/// Changes in code, for one pull request.
#[derive(Debug)]
pub struct Proposed {
    sources: Sources,
    changes: Vec<Change>,
}

impl Proposed {
    /// In these files.
    #[must_use]
    pub const fn new(sources: Sources) -> Self {
        Self { sources, changes: Vec::new() }
    }

    /// The changes.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Takes a principal's change in, as far as it is in code.
    pub fn add(&mut self, analysis: &Analysis<'_>, ownership: &Ownership, universe: &Universe) {
        let Outcome::Narrowed(proof) = &analysis.outcome else { return };
        for policy in analysis.policies.iter().filter(|policy| policy.changes()) {
            let owner = ownership.owner(analysis.principal, policy.place);
            let fate = match self.change(analysis, policy, ownership, owner.as_ref()) {
                Ok(fate) => fate,
                // Neither is it owned by code, nor does it stand there.
                Err(Unpatched::NotFound) if owner.is_none() => continue,
                Err(reason) => Fate::ByHand { reason, documents: documents(analysis, policy) },
            };
            let mut removed: BTreeMap<&'static str, usize> = BTreeMap::new();
            let ids: std::collections::BTreeSet<_> =
                policy.narrowed.iter().flat_map(|narrowed| narrowed.removed.iter().flatten()).collect();
            for id in ids {
                *removed.entry(universe.action(*id).service()).or_default() += 1;
            }
            self.changes.push(Change {
                principal: analysis.principal.arn.as_str().to_owned(),
                policy: policy.place.name().to_owned(),
                owner,
                removed,
                proof: proof.clone(),
                fate,
            });
        }
    }

    fn change(
        &mut self,
        analysis: &Analysis<'_>,
        policy: &PolicyAnalysis<'_>,
        ownership: &Ownership,
        owner: Option<&Owner>,
    ) -> Result<Fate, Unpatched> {
        let (Some(old), Some(narrowed)) = (policy.policy(), &policy.narrowed) else { return Err(Unpatched::NotFound) };
        // The address of the policy itself; that of a role says nothing of where its policy stands.
        let address = ownership.state.of(analysis.principal, policy.place);
        let own = address.filter(|address| address.kind.ends_with("_policy"));
        let site = self.sources.find(analysis.principal, policy.place, old, owner, own)?;
        let form = |reason: &str| Unpatched::Form { address: site.address.clone(), path: site.path.clone(), reason: reason.to_owned() };
        if address.is_some_and(|address| address.key.is_some()) {
            return Err(form("count or for_each makes several from it"));
        }
        if address.is_some_and(|address| address.module.is_some()) {
            return Err(form("it stands in a module, which others may use too"));
        }
        if matches!(policy.place, crate::analysis::Place::Shared(_)) {
            return Err(form("others have the managed policy too, so a narrowed copy takes its place"));
        }
        if policy.after.len() > 1 {
            return Err(form("it is spread over several policies"));
        }
        self.sources.change(&site, old, narrowed)?;
        Ok(Fate::Patched { path: site.path, address: site.address })
    }

    /// Writes `changes.patch`, `pull-request.md`, and the documents that a person must put in.
    ///
    /// # Errors
    /// The first file that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), FilesError> {
        write(&folder.join("changes.patch"), &self.sources.diff())?;
        write(&folder.join("pull-request.md"), &pull_request::text(&self.changes))?;
        for change in &self.changes {
            if let Fate::ByHand { documents, .. } = &change.fate {
                for (path, text) in documents {
                    write(&folder.join(path), text)?;
                }
            }
        }
        Ok(())
    }

    /// The unified diff of all changes that could be made.
    #[must_use]
    pub fn diff(&self) -> String {
        self.sources.diff()
    }

    /// The text of a pull request.
    #[must_use]
    pub fn pull_request(&self) -> String {
        pull_request::text(&self.changes)
    }
}

fn documents(analysis: &Analysis<'_>, policy: &PolicyAnalysis<'_>) -> Vec<(PathBuf, String)> {
    let principal = analysis.principal;
    let folder = PathBuf::from("policies").join(segment(principal.account())).join(principal.kind.as_str()).join(segment(&principal.name));
    let name = |number: usize| {
        let suffix = if number == 0 { String::new() } else { format!("-{}", number + 1) };
        folder.join(format!("{}{suffix}.json", segment(policy.place.name())))
    };
    policy.after.iter().enumerate().map(|(number, text)| (name(number), text.clone())).collect()
}
