//! Everything that an organisation, user or group of a code host has: `github://ORG[/REPO]`, `gitlab://GROUP[/PROJECT]`. Each repository is
//! fetched into a cache of ours with its whole history, its wiki likewise, and its issues and pull requests are read as texts. The next run
//! asks for what is new and looks at nothing else.
//!
//! What a run looked at is noted when its report is out ([`Pending::commit`]): one that was killed before is taken up by the next, which
//! finds what was fetched in the cache, and reports what the killed one could not.

pub mod arguments;
mod endpoint;
mod github;
mod gitlab;
mod pages;
mod repository;
mod state;
mod target;
mod texts;
mod transport;
mod web;

use std::path::PathBuf;

use globset::{Glob, GlobSet, GlobSetBuilder};
use menagerie_secret::Secret;

use crate::coverage::{Ledger, State};
use crate::scan::Engine;
use crate::source::Progress;
use crate::triage::Sighting;

pub use endpoint::Endpoint;
pub use pages::next_page;
pub use state::Pending;
pub use target::{Forge, Target};
pub use web::{Clock, Web};

/// Why a code host, or a part of it, is not looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What was typed names nothing that a host has.
    #[error("{name:?} is none of github://OWNER, github://OWNER/REPOSITORY, gitlab://GROUP, gitlab://GROUP/…/PROJECT")]
    Target {
        /// As it was typed.
        name: String,
    },
    /// An endpoint that is not used.
    #[error("the endpoint {name:?} is not https://HOST[:PORT][/PATH] (plain http is for loopback)")]
    Endpoint {
        /// As it was typed.
        name: String,
    },
    /// A glob that is none.
    #[error("{glob:?} is not a glob: {reason}")]
    Glob {
        /// As it was typed.
        glob: String,
        /// What is wrong.
        reason: String,
    },
    /// A connection could not be prepared.
    #[error("no connection can be made: {reason}")]
    Client {
        /// Why.
        reason: String,
    },
    /// What was asked for is not there, or not shown to us.
    #[error("it is not there, or not open to these credentials")]
    Missing,
    /// It wants other credentials than it got.
    #[error("access is refused (status {status})")]
    Refused {
        /// The status: 401 or 403.
        status: u16,
    },
    /// The host says to wait for longer than we do.
    #[error("the host's rate limit says to wait {seconds} seconds")]
    Limited {
        /// How long.
        seconds: u64,
    },
    /// Another status than that of success.
    #[error("the host answers with status {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// It leads to another host.
    #[error("the host leads elsewhere, where these credentials do not go")]
    Elsewhere,
    /// The connection failed.
    #[error("the call failed: {reason}")]
    Call {
        /// Why.
        reason: String,
    },
    /// An answer that is not of the documented form.
    #[error("the host's answer is not of the form that it documents: {reason}")]
    Form {
        /// What is wrong with it.
        reason: String,
    },
    /// A list that has no end.
    #[error("the list has more than {limit} pages")]
    Pages {
        /// How many are read.
        limit: usize,
    },
    /// The repository could not be fetched.
    #[error(transparent)]
    Fetch(#[from] menagerie_git_fetch::FetchError),
    /// The cache cannot be used.
    #[error(transparent)]
    Store(#[from] menagerie_git_fetch::StoreError),
    /// Its history cannot be scanned.
    #[error(transparent)]
    History(#[from] crate::source::history::Error),
}

/// What of a host is looked at, and how.
#[derive(Debug)]
pub struct Options {
    /// Where repositories and notes of earlier runs are kept.
    pub cache: PathBuf,
    /// Leave out forks.
    pub no_forks: bool,
    /// Leave out what is archived.
    pub no_archived: bool,
    /// Leave out issues and pull requests.
    pub no_issues: bool,
    /// Only repositories with these names; all if there are none.
    pub include: GlobSet,
    /// No repositories with these names.
    pub exclude: GlobSet,
    /// How many bytes a repository may have.
    pub largest: u64,
    /// How many threads scan.
    pub threads: usize,
    /// Whether the ledger keeps each source by name, also those that were scanned.
    pub keep_all: bool,
    /// What was asked for: rules and level. What was looked at for something else is looked at again.
    pub asked: String,
}

/// A set of globs on names of repositories: `*-infra`, `platform/**`.
///
/// # Errors
/// The first that is none.
pub fn globs(globs: &[String]) -> Result<GlobSet, Error> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let wrong = |error: globset::Error| Error::Glob { glob: glob.clone(), reason: error.kind().to_string() };
        set.add(Glob::new(glob).map_err(wrong)?);
    }
    set.build().map_err(|error| Error::Glob { glob: globs.join(" "), reason: error.kind().to_string() })
}

/// A repository as a host lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hosted {
    /// `owner/name`, `group/subgroup/name`; of parts that can stand in a URL as they are.
    name: String,
    fork: bool,
    archived: bool,
    wiki: bool,
    issues: bool,
    requests: bool,
    snippets: bool,
}

/// A host with the credentials for it.
#[derive(Debug)]
pub struct Host {
    endpoint: Endpoint,
    web: Web,
}

impl Host {
    /// A host that is asked with a token, or as nobody.
    ///
    /// # Errors
    /// If the system's certificates cannot be read.
    pub fn new(endpoint: Endpoint, token: Option<Secret<String>>, clock: Clock) -> Result<Self, Error> {
        let web = Web::new(endpoint.forge, token, clock)?;
        Ok(Self { endpoint, web })
    }

    fn has_token(&self) -> bool {
        self.web.git().1.is_some()
    }
}

/// Looks at all that `target` has. What fails is in the ledger by its name while the rest goes on.
#[must_use]
pub fn scan(engine: &Engine, target: &Target, host: &Host, options: &Options, progress: &Progress) -> (Vec<Sighting>, Ledger, Pending) {
    let mut ledger = Ledger::keeping_all(options.keep_all);
    let (mut sightings, mut pending) = (Vec::new(), Pending::default());
    let listed = match host.endpoint.forge {
        Forge::GitHub => github::repositories(host, target),
        Forge::GitLab => gitlab::repositories(host, target),
    };
    let mut repositories = match listed {
        Ok(listed) => listed,
        Err(error) => {
            ledger.add(&target.to_string(), 0, State::Error { reason: error.to_string() });
            return (sightings, ledger, pending);
        }
    };
    repositories.sort_by(|a, b| a.name.cmp(&b.name));
    repositories.dedup_by(|a, b| a.name == b.name);
    if repositories.is_empty() {
        ledger.add(&target.to_string(), 0, State::Error { reason: "it has no repository that is open to these credentials".to_owned() });
    }
    let scheme = host.endpoint.forge.scheme();
    let mut work =
        repository::Work { engine, host, options, progress, sightings: &mut sightings, ledger: &mut ledger, pending: &mut pending };
    for repository in &repositories {
        match left_out(repository, options) {
            Some(reason) => work.ledger.add(&format!("{scheme}://{}", repository.name), 0, State::Skipped { reason: reason.to_owned() }),
            None => work.repository(repository),
        }
    }
    if host.endpoint.forge == Forge::GitHub && target.repository().is_none() {
        work.gists(target);
    }
    ledger.sort();
    (sightings, ledger, pending)
}

/// Why a repository is not looked at.
fn left_out(repository: &Hosted, options: &Options) -> Option<&'static str> {
    let last = repository.name.rsplit('/').next().unwrap_or_default();
    let in_set = |set: &GlobSet| set.is_match(last) || set.is_match(&repository.name);
    if options.no_forks && repository.fork {
        Some("a fork")
    } else if options.no_archived && repository.archived {
        Some("archived")
    } else if !options.include.is_empty() && !in_set(&options.include) {
        Some("not among --include")
    } else if in_set(&options.exclude) {
        Some("among --exclude")
    } else {
        None
    }
}
