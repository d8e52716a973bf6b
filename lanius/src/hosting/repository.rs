//! One repository of a host: its history, its wiki, its texts, each with its own place in the ledger.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::Ordering;

use menagerie_git::ObjectId;
use menagerie_git_fetch::{FetchError, FetchOptions, Store, TransportError, fetch};

use super::state::{Note, Pending, folder};
use super::texts::Piece;
use super::transport::GitHttp;
use super::{Error, Forge, Host, Hosted, Options, Target, github, gitlab};
use crate::coverage::{Ledger, State};
use crate::scan::{Buffer, Engine, Scratch, stream};
use crate::source::Progress;
use crate::source::history::{self, Extent};
use crate::triage::Sighting;

/// What a scan of a host fills.
pub(super) struct Work<'a> {
    pub(super) engine: &'a Engine,
    pub(super) host: &'a Host,
    pub(super) options: &'a Options,
    pub(super) progress: &'a Progress,
    pub(super) sightings: &'a mut Vec<Sighting>,
    pub(super) ledger: &'a mut Ledger,
    pub(super) pending: &'a mut Pending,
}

impl Work<'_> {
    fn skip(&mut self, source: &str, reason: impl Into<String>) {
        self.ledger.add(source, 0, State::Skipped { reason: reason.into() });
    }

    fn fail(&mut self, source: &str, error: &Error) {
        self.ledger.add(source, 0, State::Error { reason: error.to_string() });
    }

    /// Looks at a repository, its wiki, its texts, its snippets.
    pub(super) fn repository(&mut self, hosted: &Hosted) {
        let endpoint = &self.host.endpoint;
        let label = format!("{}://{}", endpoint.forge.scheme(), hosted.name);
        let base = format!("{}/{}", endpoint.git, hosted.name);
        let url = format!("{base}.git");
        let place = folder(&self.options.cache, &url);
        let mut note = Note::read(&place, &label, &self.options.asked);
        if let Err(error) = self.history(&label, &url, &place, &mut note) {
            self.fail(&label, &error);
        }
        if !self.options.no_issues {
            self.texts(&label, hosted, &mut note);
        }
        self.pending.add(&place, note);
        if hosted.wiki {
            self.beside(&format!("{label}.wiki"), &format!("{base}.wiki.git"), true);
        }
        if hosted.snippets && !self.options.no_issues {
            match gitlab::snippets(self.host, hosted) {
                Ok(numbers) => {
                    for number in numbers {
                        self.beside(&format!("{label}/snippets/{number}"), &format!("{base}/snippets/{number}.git"), false);
                    }
                }
                Err(error) => self.fail(&format!("{label}/snippets"), &error),
            }
        }
    }

    /// Looks at the gists of a user.
    pub(super) fn gists(&mut self, target: &Target) {
        let label = format!("{target}/gists");
        match github::gists(self.host, target) {
            Ok(ids) => {
                for id in ids {
                    self.beside(&format!("{label}/{id}"), &format!("{}/{id}.git", self.host.endpoint.gists), false);
                }
            }
            Err(error) => self.fail(&label, &error),
        }
    }

    /// Looks at a repository that has no texts. One that is `perhaps` there may be missing: hosts list wikis that nobody wrote.
    fn beside(&mut self, label: &str, url: &str, perhaps: bool) {
        let place = folder(&self.options.cache, url);
        let mut note = Note::read(&place, label, &self.options.asked);
        match self.history(label, url, &place, &mut note) {
            Ok(()) => self.pending.add(&place, note),
            Err(Error::Fetch(FetchError::Transport(TransportError::Missing))) if perhaps => self.skip(label, "nobody wrote it yet"),
            // Who comes without a token is refused what is not there.
            Err(Error::Fetch(FetchError::Transport(TransportError::Refused))) if perhaps && !self.host.has_token() => {
                self.skip(label, "it is not there, or not open to everybody");
            }
            Err(error) => self.fail(label, &error),
        }
    }

    /// Fetches a repository and scans what the note does not tell of.
    fn history(&mut self, label: &str, url: &str, place: &Path, note: &mut Note) -> Result<(), Error> {
        let store = Store::hold(place)?;
        let mut transport = GitHttp::new(&self.host.web, url.to_owned());
        let asking = FetchOptions { agent: concat!("lanius/", env!("CARGO_PKG_VERSION")).to_owned(), largest: self.options.largest };
        let fetched = fetch(&mut transport, &store, &asking)?;
        if fetched.misnamed > 0 {
            let reason = format!("{} refs have names that git does not allow, and were not fetched", fetched.misnamed);
            self.ledger.add(&format!("{label}: refs"), 0, State::Error { reason });
        }
        let Some(repository) = store.open()? else { return Ok(()) };
        if !repository.shallow().is_empty() {
            self.skip(&format!("{label}: history"), format!("the host has no parents of {} commits", repository.shallow().len()));
        }
        let tips: BTreeSet<String> = repository.refs().tips().iter().map(ObjectId::to_string).collect();
        let held = |tip: &String| ObjectId::from_hex(tip.as_bytes()).is_some_and(|oid| repository.contains(&oid));
        // The cache may have been emptied since: then all is looked at.
        let before: BTreeSet<String> = if note.tips.iter().all(held) { note.tips.drain(..).collect() } else { BTreeSet::new() };
        if tips.is_subset(&before) && !before.is_empty() {
            self.skip(label, "nothing is new since an earlier run");
        } else if tips.is_empty() {
            self.skip(label, "it is empty");
        } else {
            if !before.is_empty() {
                self.skip(label, format!("what {} tips lead to was scanned in an earlier run", before.len()));
            }
            let extent = Extent { since: before.iter().cloned().collect(), ..Extent::default() };
            let (found, seen) = match history::scan(self.engine, place, &extent, self.options.threads, self.progress) {
                Ok(scanned) => scanned,
                Err(error) => {
                    note.tips = before.into_iter().collect();
                    return Err(error.into());
                }
            };
            let whole = seen.errors().next().is_none();
            self.take(label, place, found, seen);
            if !whole {
                // What could not be read is tried again.
                note.tips = before.into_iter().collect();
                return Ok(());
            }
        }
        note.tips = before.union(&tips).cloned().collect();
        Ok(())
    }

    /// Takes over what was found in a folder of the cache, under the name that the user knows.
    fn take(&mut self, label: &str, place: &Path, found: Vec<Sighting>, mut seen: Ledger) {
        let ours = place.display().to_string();
        for entry in &mut seen.entries {
            if let Some(rest) = entry.source.strip_prefix(&ours) {
                entry.source = format!("{label}{rest}");
            }
        }
        self.ledger.merge(seen);
        // The policy that stands inside is the repository's own and counts for nothing here: the report applies the caller's alone.
        self.sightings.extend(found.into_iter().map(|sighting| Sighting { path: format!("{label}:{}", sighting.path), ..sighting }));
    }

    fn texts(&mut self, label: &str, hosted: &Hosted, note: &mut Note) {
        let (mut scratch, mut buffer) = (Scratch::default(), Buffer::default());
        let (engine, progress) = (self.engine, self.progress);
        let (sightings, ledger) = (&mut *self.sightings, &mut *self.ledger);
        let mut visit = |piece: &Piece<'_>| {
            if piece.body.is_empty() {
                return;
            }
            let mut found = Vec::new();
            // The kind of text is told by the place and not by the repository's name.
            let read = stream(engine, &mut scratch, &mut buffer, &mut piece.body.as_bytes(), &piece.place, &mut found);
            let bytes = read.expect("bytes in memory can be read");
            let path = format!("{label}/{}", piece.place);
            ledger.add_scanned(&path, bytes, scratch.left_out());
            progress.bytes.fetch_add(bytes, Ordering::Relaxed);
            progress.sources.fetch_add(1, Ordering::Relaxed);
            sightings.extend(found.into_iter().map(|found| Sighting { path: path.clone(), found, lineage: None }));
        };
        let marks = &mut note.marks;
        let resumed = !marks.is_empty();
        let failed = match self.host.endpoint.forge {
            Forge::GitHub => github::texts(self.host, hosted, marks, &mut visit),
            Forge::GitLab => gitlab::texts(self.host, hosted, marks, &mut visit),
        };
        if resumed {
            self.skip(&format!("{label}/issues"), "what did not change since an earlier run");
        }
        for (kind, error) in failed {
            self.fail(&format!("{label}/{kind}"), &error);
        }
    }
}
