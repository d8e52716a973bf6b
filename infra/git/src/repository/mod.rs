//! An open repository: its folders, hash function, packs and loose stores. It is read-only and shared by threads; what a thread needs
//! for itself is an [`ObjectReader`].

mod config;
mod layout;

use crate::disk;
use crate::error::{ObjectError, OpenError, Problem};
use crate::loose;
use crate::oid::{HashKind, ObjectId};
use crate::pack::{self, Pack, PackIndex, Unindexed};
use crate::read::{DEFAULT_CACHE, DEFAULT_LARGEST, ObjectReader, Place};
use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

/// How many packs are opened.
const MOST_PACKS: usize = 10_000;
/// The longest of the other files that are read whole: `config`, `shallow`.
const LONGEST_TEXT: u64 = 64 << 20;

/// A repository of git's, open for reading.
#[derive(Debug)]
pub struct Repository {
    pub(crate) git_dir: PathBuf,
    pub(crate) common_dir: PathBuf,
    worktree: Option<PathBuf>,
    hash: HashKind,
    partial: bool,
    pub(crate) stores: Vec<PathBuf>,
    pub(crate) index: PathBuf,
    pub(crate) packs: Vec<Pack>,
    shallow: HashSet<ObjectId>,
    problems: Vec<Problem>,
}

impl Repository {
    /// Opens the repository whose worktree's top, `.git` or bare folder is `path`. Packs and alternates that cannot be read are among
    /// [`Repository::problems`].
    ///
    /// # Errors
    /// If it is no repository, or one of a format that is not known.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_with_stores(path, &[])
    }

    /// As [`Repository::open`], and looks for objects in these folders first: where git keeps what a push brought until the server's
    /// hooks have let it in.
    ///
    /// # Errors
    /// As [`Repository::open`].
    pub fn open_with_stores(path: &Path, more: &[PathBuf]) -> Result<Self, OpenError> {
        let layout::Layout { git_dir, common_dir, worktree } = layout::Layout::of(path)?;
        let config = common_dir.join("config");
        let text = disk::read_if_there(&config, LONGEST_TEXT).map_err(|source| OpenError::Unreadable { path: config.clone(), source })?;
        let format = config::format_of(&text.unwrap_or_default(), &config)?;
        let mut problems = Vec::new();
        let stores = layout::stores(more.iter().cloned().chain([common_dir.join("objects")]), &mut problems);
        let packs = open_packs(&stores, format.hash, &mut problems)?;
        let shallow = common_dir.join("shallow");
        let text = disk::read_if_there(&shallow, LONGEST_TEXT).map_err(|source| OpenError::Unreadable { path: shallow, source })?;
        let text = text.unwrap_or_default();
        let shallow = text.split(|byte| *byte == b'\n').filter_map(|line| ObjectId::from_hex(line.trim_ascii())).collect();
        let (hash, partial) = (format.hash, format.partial || has_promises(&stores));
        let index = git_dir.join("index");
        Ok(Self { git_dir, common_dir, worktree, hash, partial, stores, index, packs, shallow, problems })
    }

    /// Takes another file for the index: git commits from one of its own when it is told which files to commit.
    pub fn use_index(&mut self, index: PathBuf) {
        self.index = index;
    }

    /// Opens the repository that `path` is in: `path` itself or the nearest folder above it that is one.
    ///
    /// # Errors
    /// As [`Repository::open`].
    pub fn discover(path: &Path) -> Result<Self, OpenError> {
        let start = std::path::absolute(path).map_err(|source| OpenError::Unreadable { path: path.to_owned(), source })?;
        for folder in start.ancestors() {
            match Self::open(folder) {
                Err(OpenError::NotARepository { .. }) => {}
                result => return result,
            }
        }
        Err(OpenError::NotARepository { path: path.to_owned() })
    }

    /// The folder of its files, unless it is bare.
    #[must_use]
    pub fn worktree(&self) -> Option<&Path> {
        self.worktree.as_deref()
    }

    /// The folder with its HEAD and index.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The folder with its objects and refs.
    #[must_use]
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// The hash function of its names.
    #[must_use]
    pub const fn hash_kind(&self) -> HashKind {
        self.hash
    }

    /// Whether it is a partial clone, which lacks objects rightly.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.partial
    }

    /// The commits whose parents were not cloned.
    #[must_use]
    pub const fn shallow(&self) -> &HashSet<ObjectId> {
        &self.shallow
    }

    /// What of it could not be opened.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How many bytes its packs have.
    #[must_use]
    pub fn packed_bytes(&self) -> u64 {
        self.packs.iter().map(|pack| pack.end).sum()
    }

    /// A reader of its objects, with a cache of 64 MiB, that loads objects of at most 64 MiB.
    #[must_use]
    pub fn objects(&self) -> ObjectReader<'_> {
        self.objects_within(DEFAULT_CACHE, DEFAULT_LARGEST)
    }

    /// A reader of its objects with a cache of `cache` bytes, that loads objects of at most `largest` bytes.
    #[must_use]
    pub fn objects_within(&self, cache: usize, largest: u64) -> ObjectReader<'_> {
        ObjectReader::new(self, cache, largest)
    }

    /// Whether a pack or a file has an object of that name.
    #[must_use]
    pub fn contains(&self, oid: &ObjectId) -> bool {
        self.places(oid).next().is_some()
    }

    /// Where an object stands: every pack and store that has it.
    pub(crate) fn places(&self, oid: &ObjectId) -> impl Iterator<Item = Place> {
        let of_kind = oid.hash_kind() == self.hash;
        let packed = self.packs.iter().enumerate().filter(move |_| of_kind);
        let packed = packed.filter_map(|(pack, held)| held.index.find(oid).map(|offset| Place::Packed { pack, offset }));
        let loose = self.stores.iter().enumerate().filter(move |_| of_kind);
        packed.chain(loose.filter_map(|(store, folder)| loose::path(folder, oid).is_file().then_some(Place::Loose { store })))
    }

    /// The names of all objects, in their order, each once.
    ///
    /// # Errors
    /// If a folder of loose objects cannot be listed.
    pub fn object_ids(&self) -> Result<Vec<ObjectId>, ObjectError> {
        let mut all = Vec::new();
        for pack in &self.packs {
            all.extend((0..pack.index.len()).map(|position| pack.index.oid(position)));
        }
        for store in &self.stores {
            all.extend(loose::names(store, self.hash)?);
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    /// The names that begin with these hexadecimal digits, of which there must be two or more; at most `most` of them.
    pub(crate) fn abbreviated(&self, digits: &str, most: usize) -> BTreeSet<ObjectId> {
        let wide = self.hash.hex_len();
        let bound = |fill: &str| ObjectId::from_hex(format!("{digits}{}", fill.repeat(wide.saturating_sub(digits.len()))).as_bytes());
        let (Some(low), Some(high)) = (bound("0"), bound("f")) else { return BTreeSet::new() };
        let mut found = BTreeSet::new();
        for pack in &self.packs {
            found.extend(pack.index.between(&low, &high).take(most).map(|position| pack.index.oid(position)));
        }
        for store in &self.stores {
            let names = loose::names_beginning(store, self.hash, low.as_bytes()[0]).unwrap_or_default();
            found.extend(names.into_iter().filter(|oid| (low..=high).contains(oid)).take(most));
        }
        found
    }
}

/// Whether a pack is marked as one whose objects may name others that were not fetched.
fn has_promises(stores: &[PathBuf]) -> bool {
    let entries = stores.iter().filter_map(|store| std::fs::read_dir(store.join("pack")).ok()).flatten().flatten();
    entries.into_iter().any(|entry| entry.path().extension().is_some_and(|end| end == "promisor"))
}

fn open_packs(stores: &[PathBuf], hash: HashKind, problems: &mut Vec<Problem>) -> Result<Vec<Pack>, OpenError> {
    let mut packs = Vec::new();
    for store in stores {
        let folder = store.join("pack");
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(source) => return Err(OpenError::Unreadable { path: folder, source }),
        };
        let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        let paths: BTreeSet<_> = paths.filter(|path| path.extension().is_some_and(|end| end == "pack")).collect();
        if packs.len() + paths.len() > MOST_PACKS {
            return Err(OpenError::TooMany { what: "packs", limit: MOST_PACKS });
        }
        for path in paths {
            match open_pack(&path, hash, problems) {
                Ok(pack) => packs.push(pack),
                Err(why) => problems.push(Problem::file(path, why)),
            }
        }
    }
    Ok(packs)
}

fn open_pack(path: &Path, hash: HashKind, problems: &mut Vec<Problem>) -> Result<Pack, ObjectError> {
    let (file, end, count) = pack::open_file(path, hash)?;
    let beside = path.with_extension("idx");
    let longest = 2_048 + u64::from(count) * (hash.len() as u64 + 16);
    let index = match disk::read_if_there(&beside, longest) {
        Ok(None) => None,
        Ok(Some(bytes)) => {
            // Git writes as many as the pack has; another number is another pack's index.
            let parsed = PackIndex::parse(bytes, hash).filter(|index| u32::try_from(index.len()) == Ok(count));
            if parsed.is_none() {
                problems.push(Problem::file(beside, ObjectError::Header));
            }
            parsed
        }
        Err(error) => {
            problems.push(Problem::file(beside, error));
            None
        }
    };
    let index = index.unwrap_or_else(|| pack::index_of(&Unindexed { path, file: &file, end, hash }, count, problems));
    Ok(Pack { file, end, index, hash })
}
