//! The folder for review: each changed principal's policies before and after, and what differs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::analysis::{Analysis, Outcome, Place, PolicyAnalysis};
use crate::permission_set::{Proposal, State};

/// Writes `DIR/<account>/<role|user|group>/<name>/{before,after}/<policy>.json`, managed ones under `managed/`, and `changes.diff`.
#[derive(Debug)]
pub struct Files {
    folder: PathBuf,
}

/// A file that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written: {error}", path.display())]
pub struct FilesError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub error: io::Error,
}

impl Files {
    /// Into this folder, which is made if it is not there.
    ///
    /// # Errors
    /// The folder cannot be made, or holds something else than such a review already.
    pub fn new(folder: &Path) -> Result<Self, FilesError> {
        fs::create_dir_all(folder).map_err(|error| FilesError { path: folder.to_owned(), error })?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Writes a principal, if it would change.
    ///
    /// # Errors
    /// The first file that cannot be written.
    pub fn principal(&self, analysis: &Analysis<'_>) -> Result<(), FilesError> {
        let changes = analysis.policies.iter().any(PolicyAnalysis::changes);
        let principal = analysis.principal;
        let home = self.folder.join(segment(principal.account())).join(principal.kind.as_str()).join(segment(&principal.name));
        // What an earlier run left there would pass for this one's.
        match fs::remove_dir_all(&home) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(FilesError { path: home, error }),
            _ => {}
        }
        if !changes || matches!(analysis.outcome, Outcome::Refused(_)) {
            return Ok(());
        }
        let mut diff = String::new();
        for policy in &analysis.policies {
            let name = self.name_of(policy, analysis);
            let under = |side: &str, suffix: &str| {
                let folder = home.join(side);
                let stays = matches!(policy.place, Place::Inline(_)) && !(policy.moved && side == "after");
                let folder = if stays { folder } else { folder.join("managed") };
                folder.join(format!("{name}{suffix}.json"))
            };
            write(&under("before", ""), policy.document.text())?;
            for (number, text) in policy.after.iter().enumerate() {
                let suffix = if number == 0 { String::new() } else { format!("-{}", number + 1) };
                // Inline policies and managed ones may have the same name.
                let suffix = if policy.moved { format!(".inline{suffix}") } else { suffix };
                write(&under("after", &suffix), text)?;
            }
            if policy.changes() {
                let after = policy.after.join("\n");
                let (before, after) = (pretty(policy.document.text()), if policy.after.len() == 1 { pretty(&after) } else { after });
                let path = under("before", "");
                let path = path.strip_prefix(home.join("before")).unwrap_or(&path).display().to_string();
                let gone = policy.after.is_empty();
                let header = (format!("before/{path}"), if gone { "/dev/null".to_owned() } else { format!("after/{path}") });
                diff.push_str(&similar::TextDiff::from_lines(&before, &after).unified_diff().header(&header.0, &header.1).to_string());
            }
        }
        write(&home.join("changes.diff"), &diff)
    }
}

impl Files {
    /// A policy's name as a segment. Managed ones of one name are told apart by their whole ARN.
    fn name_of(&self, policy: &PolicyAnalysis<'_>, analysis: &Analysis<'_>) -> String {
        let same = |other: &&PolicyAnalysis<'_>| other.place.arn().is_some() && other.place.name() == policy.place.name();
        match policy.place.arn() {
            Some(arn) if analysis.policies.iter().filter(same).count() > 1 => segment(arn.split_once("::").map_or(arn, |(_, rest)| rest)),
            _ => segment(policy.place.name()),
        }
    }

    /// Writes what is proposed for permission sets, `permission-sets/<name>/{before,after}/<policy>.json`, with the proof beside it.
    ///
    /// # Errors
    /// The first file that cannot be written.
    pub fn proposals(&self, proposals: &[Proposal]) -> Result<(), FilesError> {
        for proposal in proposals {
            let home = self.folder.join("permission-sets").join(segment(&proposal.name));
            match fs::remove_dir_all(&home) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(FilesError { path: home, error }),
                _ => {}
            }
            let State::Narrowed { policies, .. } = &proposal.state else { continue };
            for policy in policies {
                let name =
                    policy.managed.as_deref().map_or_else(|| "inline.json".to_owned(), |name| format!("managed/{}.json", segment(name)));
                write(&home.join("before").join(&name), &policy.before)?;
                if let Some(after) = &policy.after {
                    write(&home.join("after").join(&name), after)?;
                }
            }
            let proof = serde_json::to_string_pretty(proposal).unwrap_or_default();
            write(&home.join("proposal.json"), &format!("{proof}\n"))?;
        }
        Ok(())
    }
}

/// A document laid out for people, ended by a line break.
pub(super) fn pretty(text: &str) -> String {
    if text.contains('\n') {
        return format!("{}\n", text.trim_end());
    }
    let value: Result<serde_json::Value, _> = serde_json::from_str(text);
    let laid_out = value.ok().and_then(|value| serde_json::to_string_pretty(&value).ok()).unwrap_or_else(|| text.to_owned());
    format!("{laid_out}\n")
}

/// A name as one segment of a path: IAM's names have letters, digits and `+=,.@_-`, and none is `..`.
pub(crate) fn segment(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || "+=,.@_-".contains(c) { c } else { '_' }).collect();
    if plain.is_empty() || plain.chars().all(|c| c == '.') { format!("_{plain}") } else { plain }
}

pub(crate) fn write(path: &Path, text: &str) -> Result<(), FilesError> {
    let failed = |error| FilesError { path: path.to_owned(), error };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    fs::write(path, text).map_err(failed)
}
