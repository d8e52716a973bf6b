//! The folder of code: what is in it that may hold policies, and where in it a policy stands.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use menagerie_policy::document::Policy;

use super::patch::{Unpatched, agrees, patch};
use super::site::Site;
use super::terraform::Folder;
use super::{Address, Owner, cloudformation, terraform};
use crate::account::Principal;
use crate::analysis::Place;
use crate::rewrite::Narrowed;

/// The most files that are looked at, and the most bytes of one.
const FILES: usize = 50_000;
const BYTES: u64 = 4 << 20;
/// How deep folders are followed.
const DEPTH: usize = 24;

/// A folder of code, in memory as far as it may hold policies.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: BTreeMap<PathBuf, File>,
    /// By folder.
    sites: BTreeMap<PathBuf, Vec<Site>>,
}

#[derive(Debug, Clone)]
struct File {
    original: String,
    text: String,
}

/// A folder that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The system does not let.
    #[error("{} cannot be read: {error}", path.display())]
    Read {
        /// What.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// There is too much in it.
    #[error("there are more than {FILES} files of code in it")]
    TooMany,
}

impl Sources {
    /// Whether there is no code at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Reads a folder; hidden folders, `node_modules`, symbolic links and very large files are left out.
    ///
    /// # Errors
    /// The folder, or a file in it, cannot be read.
    pub fn load(folder: &Path) -> Result<Self, LoadError> {
        let mut sources = Self::default();
        let mut folders = vec![(folder.to_owned(), 0)];
        while let Some((at, depth)) = folders.pop() {
            let failed = |error| LoadError::Read { path: at.clone(), error };
            for entry in fs::read_dir(&at).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let (path, name) = (entry.path(), entry.file_name());
                let kind = entry.file_type().map_err(failed)?;
                let name = name.to_string_lossy();
                if kind.is_dir() && depth < DEPTH && !name.starts_with('.') && name != "node_modules" {
                    folders.push((path, depth + 1));
                } else if kind.is_file() && is_code(&name) && entry.metadata().map_err(failed)?.len() <= BYTES {
                    let bytes = fs::read(&path).map_err(|error| LoadError::Read { path: path.clone(), error })?;
                    let Ok(text) = String::from_utf8(bytes) else { continue };
                    let path = path.strip_prefix(folder).unwrap_or(&path).to_owned();
                    sources.add(path, text);
                    if sources.files.len() > FILES {
                        return Err(LoadError::TooMany);
                    }
                }
            }
        }
        sources.read_all();
        Ok(sources)
    }

    /// Of these files, by their paths under the folder.
    #[must_use]
    pub fn of(files: impl IntoIterator<Item = (PathBuf, String)>) -> Self {
        let mut sources = Self::default();
        files.into_iter().for_each(|(path, text)| sources.add(path, text));
        sources.read_all();
        sources
    }

    fn add(&mut self, path: PathBuf, text: String) {
        if text.contains("aws_iam_") || text.contains("AWS::IAM::") {
            self.files.insert(path, File { original: text.clone(), text });
        }
    }

    fn read_all(&mut self) {
        let folders: BTreeSet<PathBuf> = self.files.keys().map(|path| folder(path)).collect();
        folders.iter().for_each(|folder| self.read(folder));
    }

    /// Reads the files of one folder, which may refer to each other, but to no others.
    fn read(&mut self, at: &Path) {
        let files: Vec<_> = self.files.iter().filter(|(path, _)| folder(path) == at).collect();
        let mut known = Folder::default();
        for (path, file) in files.iter().filter(|(path, _)| is_terraform(path)) {
            known.add(path, &file.text);
        }
        let sites = files.into_iter().fold(Vec::new(), |mut sites, (path, file)| {
            sites.extend(if is_terraform(path) {
                terraform::sites(path, &file.text, &known)
            } else {
                cloudformation::sites(path, &file.text)
            });
            sites
        });
        self.sites.insert(at.to_owned(), sites);
    }

    fn sites(&self) -> impl Iterator<Item = &Site> {
        self.sites.values().flatten()
    }

    /// Where a policy stands.
    ///
    /// # Errors
    /// It is not found, or could be one of several.
    pub fn find(
        &self,
        principal: &Principal,
        place: Place<'_>,
        old: &Policy,
        owner: Option<&Owner>,
        address: Option<&Address>,
    ) -> Result<Site, Unpatched> {
        let inline = matches!(place, Place::Inline(_));
        let within = owner.and_then(|owner| owner.path.as_deref());
        let differs = |known: &Option<String>, live: &str| known.as_ref().is_some_and(|known| known != live);
        let fits = |site: &&Site| {
            site.managed != inline
                && within.is_none_or(|path| site.path.starts_with(path))
                && (!inline || !differs(&site.principal, &principal.name))
                && !differs(&site.name, place.name())
                && site.logical.as_deref().is_none_or(|logical| is_made_from(principal, logical, site.principal.as_deref()))
                && address.is_none_or(|address| is_at(site, address))
        };
        let candidates: Vec<_> = self.sites().filter(fits).collect();
        // What nothing but its content and the policy's own name ties to a principal may be another's.
        let is_tied = |site: &Site| {
            let to_principal = if inline { site.principal.is_some() || site.logical.is_some() } else { site.name.is_some() };
            address.is_some() || to_principal
        };
        let agreeing: Vec<_> = candidates.iter().filter(|site| is_tied(site) && agrees(site, old).is_ok()).collect();
        match (agreeing.as_slice(), candidates.as_slice()) {
            ([site], _) => Ok((**site).clone()),
            // Another's policy may have the same name.
            ([], [one]) if is_tied(one) || owner.is_some() => {
                let reason = agrees(one, old).err();
                let reason =
                    reason.unwrap_or_else(|| "whose it is does not stand there to the letter: Terraform's state would tell".to_owned());
                Err(Unpatched::Form { address: one.address.clone(), path: one.path.clone(), reason })
            }
            ([], _) => Err(Unpatched::NotFound),
            (several, _) => {
                Err(Unpatched::Several(several.iter().map(|site| format!("{} in {}", site.address, site.path.display())).collect()))
            }
        }
    }

    /// Makes a change where a policy stands.
    ///
    /// # Errors
    /// The form there does not take the change to the letter; nothing is changed then.
    pub fn change(&mut self, site: &Site, old: &Policy, narrowed: &Narrowed) -> Result<(), Unpatched> {
        let form = |reason: String| Unpatched::Form { address: site.address.clone(), path: site.path.clone(), reason };
        let shared = self.sites().filter(|other| other.path == site.path && other.statements == site.statements).count();
        if shared > 1 {
            return Err(form("several policies are made from it".to_owned()));
        }
        let Some(file) = self.files.get_mut(&site.path) else { return Err(Unpatched::NotFound) };
        let changed = patch(site, &file.text, old, narrowed).map_err(form)?;
        let before = std::mem::replace(&mut file.text, changed);
        self.read(&folder(&site.path));
        let new = narrowed.text.as_deref().and_then(|text| Policy::parse(text).ok());
        let now = self.sites().find(|other| other.path == site.path && other.address == site.address);
        // What was written is read again: it must be what was meant.
        if new.is_some_and(|new| now.is_some_and(|now| agrees(now, &new).is_ok())) {
            return Ok(());
        }
        if let Some(file) = self.files.get_mut(&site.path) {
            file.text = before;
        }
        self.read(&folder(&site.path));
        Err(form("the change does not read there as it is meant".to_owned()))
    }

    /// All changes, as a unified diff.
    #[must_use]
    pub fn diff(&self) -> String {
        let mut text = String::new();
        for (path, file) in self.files.iter().filter(|(_, file)| file.text != file.original) {
            let path = path.display();
            let diff = similar::TextDiff::from_lines(&file.original, &file.text);
            text.push_str(&diff.unified_diff().header(&format!("a/{path}"), &format!("b/{path}")).to_string());
        }
        text
    }

    /// A file as it is after the changes.
    #[must_use]
    pub fn text(&self, path: &Path) -> Option<&str> {
        self.files.get(path).map(|file| file.text.as_str())
    }
}

fn folder(path: &Path) -> PathBuf {
    path.parent().map(Path::to_owned).unwrap_or_default()
}

fn is_code(name: &str) -> bool {
    [".tf", ".tofu", ".json", ".yaml", ".yml", ".template"].iter().any(|ending| name.ends_with(ending))
}

fn is_terraform(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "tf" || ending == "tofu")
}

fn is_at(site: &Site, address: &Address) -> bool {
    let address = format!("{}.{}", address.kind, address.name);
    // An `inline_policy` of a role has the role's address and its own name.
    site.address.strip_prefix(&address).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

/// Whether a principal may be what a template calls so: CloudFormation names it `<stack>-<logical name>-<letters>`, and says so in a tag.
fn is_made_from(principal: &Principal, logical: &str, name: Option<&str>) -> bool {
    if name.is_some_and(|name| name == principal.name) {
        return true;
    }
    match principal.tags.get("aws:cloudformation:logical-id") {
        Some(tag) => tag == logical,
        None => name.is_none() && principal.name.contains(&format!("-{logical}-")),
    }
}
