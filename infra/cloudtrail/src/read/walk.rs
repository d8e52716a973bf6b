//! Finds the files under folders, in an order that depends on their names alone.

use std::fs;
use std::path::{Path, PathBuf};

use super::problems::Problem;

/// How deep folders may be nested: an organisation's layout has ten.
const DEEPEST: usize = 64;

/// A file to be read, or what stands in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where.
    pub path: PathBuf,
    /// Why it cannot be read.
    pub problem: Option<Problem>,
}

/// The files of folders and single files, in the order that they are given in and within a folder by name. A link is followed if it was
/// given, and within a folder if it leads to a file of the same folder tree; others are passed over, since their files are not of what was
/// asked for.
#[must_use]
pub fn walk(roots: &[PathBuf]) -> Vec<Found> {
    let mut found = Vec::new();
    for root in roots {
        match fs::metadata(root) {
            Err(error) => found.push(Found { path: root.clone(), problem: Some(Problem::Unreadable(error.to_string())) }),
            Ok(metadata) if metadata.is_dir() => folder(root, &mut found),
            Ok(metadata) => found.push(Found { path: root.clone(), problem: (!metadata.is_file()).then_some(Problem::NotAFile) }),
        }
    }
    found
}

fn folder(root: &Path, found: &mut Vec<Found>) {
    let inside = fs::canonicalize(root);
    let mut open = vec![(root.to_owned(), 0_usize)];
    // The last is the next: what a folder has is put there in reverse order.
    while let Some((path, depth)) = open.pop() {
        let Ok(metadata) = fs::symlink_metadata(&path) else {
            found.push(Found { path, problem: Some(Problem::Unreadable("it is gone".into())) });
            continue;
        };
        if metadata.is_symlink() && depth > 0 {
            let leads = fs::canonicalize(&path).ok().filter(|target| inside.as_ref().is_ok_and(|inside| target.starts_with(inside)));
            if leads.is_some_and(|target| target.is_file()) {
                found.push(Found { path, problem: None });
            }
        } else if metadata.is_dir() || depth == 0 {
            if depth == DEEPEST {
                found.push(Found { path, problem: Some(Problem::TooDeep) });
                continue;
            }
            match entries(&path) {
                Ok(names) => open.extend(names.into_iter().rev().map(|path| (path, depth + 1))),
                Err(error) => found.push(Found { path, problem: Some(Problem::Unreadable(error.to_string())) }),
            }
        } else if metadata.is_file() {
            found.push(Found { path, problem: None });
        }
    }
}

fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>()?;
    paths.sort();
    Ok(paths)
}
