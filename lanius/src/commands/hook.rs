//! `lanius hook`: puts hooks into a repository, and is what they call.

use std::env;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use menagerie_git::{ObjectId, Refs, Repository};
use menagerie_report::{self as output, Exit};

use crate::cli::{HookCommand, HookInstall, HookRun, HookUninstall, Policies, Sources};
use crate::hook::{self, Hook, Installed, Options, Place, Removed, Update};
use crate::report::{self, Run, Shown};
use crate::rules::Level;
use crate::scan::Engine;
use crate::source::Progress;
use crate::source::changes::{Changes, Commits};

/// More than git writes to any hook.
const LONGEST_INPUT: u64 = 256 << 20;

pub(super) fn run(command: &HookCommand) -> anyhow::Result<Exit> {
    match command {
        HookCommand::Install(install) => put(install),
        HookCommand::Uninstall(uninstall) => take_away(uninstall),
        HookCommand::Run(run) => act(run),
    }
}

/// The repository's folder of hooks. Where its configuration names another is not read.
fn folder(repository: &Repository, other: Option<&PathBuf>) -> anyhow::Result<PathBuf> {
    let folder = other.cloned().unwrap_or_else(|| repository.common_dir().join("hooks"));
    Ok(std::path::absolute(folder)?)
}

fn put(install: &HookInstall) -> anyhow::Result<Exit> {
    let repository = Repository::discover(&install.place.repo)?;
    let folder = folder(&repository, install.place.hooks_dir.as_ref())?;
    let usual: &[Hook] = if repository.worktree().is_some() { &[Hook::PreCommit, Hook::PrePush] } else { &[Hook::PreReceive] };
    let hooks = if install.types.is_empty() { usual } else { &install.types };
    let place = match (install.force, install.chain) {
        (true, _) => Place::Force,
        (_, true) => Place::Chain,
        _ => Place::Free,
    };
    let mut arguments = Vec::new();
    if let Some(level) = &install.judging.confidence {
        arguments.push(format!("--confidence={}", format!("{level:?}").to_lowercase()));
    }
    for rules in &install.judging.rules {
        let path = std::path::absolute(rules)?;
        arguments.push(format!("--rules={}", path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?));
    }
    // Rules that cannot be read would stop every commit.
    super::rules::load(&install.judging.rules)?;
    let program = env::current_exe().context("the path of lanius itself is not known")?;
    let options = Options { program, arguments, place };
    let mut exit = Exit::Fine;
    for hook in hooks {
        match hook::install(&folder, *hook, &options).with_context(|| format!("{} in {}", hook.name(), folder.display()))? {
            Installed::Done(path) => output::note(format_args!("installed {}", path.display())),
            Installed::Chained(path) => output::note(format_args!("installed {}; the hook that was there is called first", path.display())),
            Installed::Taken(path) => {
                output::error(format_args!("{} is a hook of someone else, and stays", path.display()));
                output::hint("--chain keeps it and calls it first; --force writes over it");
                exit = Exit::Incomplete;
            }
        }
    }
    Ok(exit)
}

fn take_away(uninstall: &HookUninstall) -> anyhow::Result<Exit> {
    let repository = Repository::discover(&uninstall.place.repo)?;
    let folder = folder(&repository, uninstall.place.hooks_dir.as_ref())?;
    for hook in Hook::ALL.iter().filter(|hook| uninstall.types.is_empty() || uninstall.types.contains(hook)) {
        match hook::uninstall(&folder, *hook).with_context(|| format!("{} in {}", hook.name(), folder.display()))? {
            Removed::Done(path) => output::note(format_args!("removed {}", path.display())),
            Removed::Restored(path) => output::note(format_args!("removed {}; the hook that was there before is back", path.display())),
            Removed::Nothing => {}
        }
    }
    Ok(Exit::Fine)
}

/// The repository that git runs a hook for, or else the one we stand in, as a command for the working tree sees it.
pub(super) fn here() -> anyhow::Result<Repository> {
    let mut repository = match env::var_os("GIT_DIR") {
        Some(folder) => Repository::open(&PathBuf::from(folder))?,
        None => Repository::discover(&PathBuf::from("."))?,
    };
    if let Some(index) = env::var_os("GIT_INDEX_FILE") {
        // Of `git commit -a` and `git commit FILE`: what will be committed is in an index of its own.
        repository.use_index(PathBuf::from(index));
    }
    Ok(repository)
}

/// The repository on a server, with what a push brought and git has not let in yet.
fn quarantined() -> anyhow::Result<Repository> {
    let mut stores: Vec<PathBuf> = env::var_os("GIT_OBJECT_DIRECTORY").map(PathBuf::from).into_iter().collect();
    if let Some(more) = env::var_os("GIT_ALTERNATE_OBJECT_DIRECTORIES") {
        stores.extend(hook::alternates(&more.into_vec()).context("GIT_ALTERNATE_OBJECT_DIRECTORIES has an open quote")?);
    }
    if let Some(missing) = stores.iter().find(|store| !store.is_dir()) {
        bail!("{}, where git says that objects are, is not a folder", missing.display());
    }
    let folder = env::var_os("GIT_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from);
    Ok(Repository::open_with_stores(&folder, &stores)?)
}

fn input() -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    io::stdin().lock().take(LONGEST_INPUT + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LONGEST_INPUT {
        bail!("git says more than {LONGEST_INPUT} bytes to the hook");
    }
    Ok(text)
}

fn act(run: &HookRun) -> anyhow::Result<Exit> {
    // The name of the remote, which may be a URL.
    let (repository, updates) = match run.hook {
        Hook::PreCommit => (here()?, Vec::new()),
        Hook::PrePush => (here()?, hook::pushed(&input()?)?),
        Hook::PreReceive => (quarantined()?, hook::received(&input()?)?),
    };
    let refs = repository.refs();
    let tips: Vec<ObjectId> = updates.iter().map(|update| update.new).filter(|oid| !oid.is_zero()).collect();
    if run.hook != Hook::PreCommit && tips.is_empty() {
        return Ok(Exit::Fine);
    }
    // What is pushed to a server decides nothing there.
    let server = run.hook == Hook::PreReceive;
    let sources = Sources {
        paths: repository.worktree().filter(|_| !server).map(PathBuf::from).into_iter().collect(),
        rules: run.judging.rules.clone(),
        confidence: run.judging.confidence,
        ..Sources::default()
    };
    let policies = Policies { untrusted: server, key_file: env::var_os("LANIUS_KEY_FILE").map(PathBuf::from), ..Policies::default() };
    let mut prepared = super::policy::prepare(&sources, &policies, None)?;
    let engine = super::sources::engine(&sources, &mut prepared)?;
    let progress = Progress::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let changes = Changes { engine: &engine, repository: &repository, refs: &refs, threads, progress: &progress };
    let (found, ledger) = match run.hook {
        Hook::PreCommit => changes.staged()?,
        Hook::PrePush => {
            let known = on_remote(&repository, &refs, &updates, run.git.first().map_or("", String::as_str));
            changes.commits(Commits { tips: &tips, known: &known, bases: &[] })?
        }
        Hook::PreReceive => changes.commits(Commits { tips: &tips, known: &refs.tips(), bases: &[] })?,
    };
    let level = sources.confidence.or(prepared.config.scan.confidence).unwrap_or(Level::Medium);
    let settled = super::scan::settle(found, ledger, &engine, &mut prepared, level);
    let exit = settled.exit(|_| true);
    tell(run.hook, &settled, &engine);
    Ok(exit)
}

/// What a remote has, as far as is known here: what the push changes, and the refs that were fetched from it.
fn on_remote(repository: &Repository, refs: &Refs, updates: &[Update], remote: &str) -> Vec<ObjectId> {
    let mut known: Vec<_> = updates.iter().map(|update| update.old).filter(|oid| !oid.is_zero() && repository.contains(oid)).collect();
    let fetched = format!("refs/remotes/{remote}/");
    known.extend(refs.iter().filter(|(name, _)| !remote.is_empty() && name.starts_with(&fetched)).map(|(_, oid)| oid));
    known
}

/// Says what was found and what to do, in short lines: git puts `remote:` before those of a server.
fn tell(hook: Hook, run: &Run, engine: &Engine) {
    for (entry, reason) in run.ledger.errors() {
        output::error(format_args!("{}: {}", output::shown(&entry.source), output::shown(reason)));
    }
    let count = run.findings.len();
    if count > 0 {
        output::note(report::human(run, engine, Shown::default()).trim_end());
        output::note("");
    } else if run.exit(|_| true) == Exit::Fine {
        return;
    }
    let what = match hook {
        Hook::PreCommit => "commit",
        Hook::PrePush | Hook::PreReceive => "push",
    };
    match count {
        0 => output::error(format_args!("the {what} is stopped: not all of it could be scanned")),
        1 => output::error(format_args!("the {what} is stopped: it brings a secret")),
        _ => output::error(format_args!("the {what} is stopped: it brings {count} secrets")),
    }
    let advice: &[&str] = match hook {
        Hook::PreCommit => &[
            "a secret: take it out, `git add` the file and commit again",
            "no secret: say `lanius:allow` in a comment in its line,",
            "  or add it to the baseline (`lanius baseline`)",
            "commit in spite of it: git commit --no-verify",
        ],
        Hook::PrePush => &[
            "a secret: revoke it if anyone may have seen it, then take it",
            "  out of the commits (git commit --amend, git rebase -i)",
            "no secret: say `lanius:allow` in a comment in its line,",
            "  or add it to the baseline (`lanius baseline`)",
            "push in spite of it: git push --no-verify",
        ],
        Hook::PreReceive => &[
            "a secret: revoke it, since it has left your machine; then take",
            "  it out of the commits (git commit --amend, git rebase -i)",
            "no secret: ask who runs this server for a waiver; comments and",
            "  files in what is pushed do not count here",
        ],
    };
    for line in advice {
        output::hint(line);
    }
}
