//! Where a repository's parts are: a worktree's `.git` folder or file, a linked worktree's `commondir`, a bare repository, and the object
//! stores that alternates name (git's `gitrepository-layout`).

use crate::disk;
use crate::error::{ObjectError, OpenError, Problem};
use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A file that holds a path is no longer than this.
const LONGEST_LINK: u64 = 64 << 10;
/// Alternates of alternates are read to this depth, as git does.
const DEEPEST_ALTERNATE: usize = 5;
/// How many stores are read.
const MOST_STORES: usize = 256;

/// The folders of a repository.
#[derive(Debug)]
pub(crate) struct Layout {
    /// What is of this worktree: HEAD, index, logs/HEAD.
    pub(crate) git_dir: PathBuf,
    /// What all worktrees share: objects, refs, packed-refs, config.
    pub(crate) common_dir: PathBuf,
    /// The files, unless it is bare.
    pub(crate) worktree: Option<PathBuf>,
}

impl Layout {
    /// The repository at `path`: a worktree's top, its `.git`, or a bare repository.
    pub(crate) fn of(path: &Path) -> Result<Self, OpenError> {
        let dot_git = path.join(".git");
        let (git_dir, worktree) = if dot_git.is_dir() {
            (dot_git, Some(path.to_owned()))
        } else if dot_git.is_file() {
            (follow(&dot_git, b"gitdir:")?, Some(path.to_owned()))
        } else if path.is_file() && path.file_name().is_some_and(|name| name == ".git") {
            (follow(path, b"gitdir:")?, path.parent().map(Path::to_owned))
        } else {
            let of_worktree = path.file_name().is_some_and(|name| name == ".git");
            (path.to_owned(), path.parent().filter(|_| of_worktree).map(Path::to_owned))
        };
        let link = git_dir.join("commondir");
        let common_dir = if link.is_file() { follow(&link, b"")? } else { git_dir.clone() };
        // HEAD may be a link that leads nowhere yet; it must be there all the same.
        if !common_dir.join("objects").is_dir() || git_dir.join("HEAD").symlink_metadata().is_err() {
            return Err(OpenError::NotARepository { path: path.to_owned() });
        }
        Ok(Self { git_dir, common_dir, worktree })
    }
}

/// The folder that a file names, against the folder that the file is in.
fn follow(file: &Path, prefix: &[u8]) -> Result<PathBuf, OpenError> {
    let text = disk::read(file, LONGEST_LINK).map_err(|source| OpenError::Unreadable { path: file.to_owned(), source })?;
    let broken = || OpenError::BrokenLink { path: file.to_owned() };
    let target = text.strip_prefix(prefix).ok_or_else(broken)?.trim_ascii();
    let folder = file.parent().ok_or_else(broken)?.join(std::ffi::OsStr::from_bytes(target));
    if target.is_empty() || target.contains(&0) || !folder.is_dir() { Err(broken()) } else { Ok(folder) }
}

/// These folders of objects and their alternates, each once, nearest first.
pub(crate) fn stores(objects: impl IntoIterator<Item = PathBuf>, problems: &mut Vec<Problem>) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    let mut found: Vec<PathBuf> = objects.into_iter().filter(|store| store.canonicalize().is_ok_and(|real| seen.insert(real))).collect();
    let (mut next, mut ends) = (0, found.len());
    for depth in 0..=DEEPEST_ALTERNATE {
        for store in next..ends {
            let list = found[store].join("info/alternates");
            let text = match disk::read_if_there(&list, 1 << 20) {
                Ok(text) => text.unwrap_or_default(),
                Err(error) => {
                    problems.push(Problem::file(list, error));
                    continue;
                }
            };
            for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && !line.starts_with(b"#")) {
                let named = found[store].join(std::ffi::OsStr::from_bytes(line));
                match named.canonicalize() {
                    Ok(real) if real.is_dir() && found.len() < MOST_STORES && depth < DEEPEST_ALTERNATE => {
                        if seen.insert(real.clone()) {
                            found.push(real);
                        }
                    }
                    Ok(real) if seen.contains(&real) => {}
                    Ok(_) => problems.push(Problem::file(named, ObjectError::Chain { limit: DEEPEST_ALTERNATE })),
                    Err(error) => problems.push(Problem::file(named, error)),
                }
            }
        }
        (next, ends) = (ends, found.len());
    }
    found
}
