//! What is not to be reported, gathered from the command line and from what is scanned.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use menagerie_report as report;
use menagerie_secret::Secret;

use crate::cli::{Policies, Sources};
use crate::durable;
use crate::named;
use crate::policy::{self, Baseline, Config, Layer, Policy, Top, baseline};
use crate::redact::Tokens;
use crate::rules::{Imported, Rule, built_in, import};
use crate::source::files::shown;
use crate::triage::Fingerprints;

/// The longest file of policy that is read.
const LONGEST: u64 = 256 << 20;
/// How much of a key file is read.
const LONGEST_KEY: u64 = 64 << 10;
/// The shortest key.
const SHORTEST_KEY: usize = 16;
/// How many files a Gitleaks configuration may extend, one by the other; as many as Gitleaks follows.
const MOST_EXTENDED: usize = 2;

/// Where a folder's baseline is.
const OWN_BASELINE: &str = ".lanius-baseline.json";

/// All that decides a scan beside its sources.
#[derive(Debug, Default)]
pub(super) struct Prepared {
    pub(super) rules: Vec<Rule>,
    pub(super) policy: Policy,
    pub(super) fingerprints: Fingerprints,
    /// What recognises tokens that were made with the key.
    pub(super) tokens: Option<Tokens>,
    pub(super) config: Config,
    /// What the caller's configuration and baselines say, as text.
    pub(super) texts: Vec<String>,
}

/// What a scanned folder or repository brings.
struct Site {
    top: PathBuf,
}

/// Reads all that the arguments and what is scanned say. Where the baseline at `writing` is about to be made or updated, lanius' own
/// baselines of what is scanned are left out: what they know belongs into it, too.
pub(super) fn prepare(sources: &Sources, policies: &Policies, writing: Option<&Path>) -> anyhow::Result<Prepared> {
    // It is read once: it may come through a pipe.
    let key = key(policies.key_file.as_deref())?;
    let mut prepared = Prepared {
        tokens: key.as_ref().map(|key| Tokens::new(Secret::new(key.expose().clone()))),
        fingerprints: Fingerprints::new(key),
        rules: built_in(),
        ..Prepared::default()
    };
    // What code hosts and buckets have decides nothing.
    let foreign = |path: &PathBuf| super::hosting::is_target(path) || super::bucket::is_object(path);
    let untrusted = policies.untrusted || sources.paths.iter().any(foreign);
    prepared.policy.inline = !untrusted;
    let sites = sites(sources, &mut prepared.policy.tops)?;
    let mut files: Vec<PathBuf> = sources.rules.iter().filter(|file| file.as_os_str() != "pii").cloned().collect();
    if let Some(path) = &policies.config {
        let text = must_read(path)?;
        prepared.configure(path, &text, &mut files)?;
        prepared.texts.push(text);
    }
    for site in sites.iter().filter(|_| !policies.no_config) {
        if !untrusted {
            prepared.trust(site, policies.config.is_none(), &mut files)?;
        }
    }
    for file in &files {
        let text = super::rules::text(file)?;
        prepared.take_rules(file, &text, 0)?;
    }
    let off: BTreeSet<String> = prepared.config.scan.disabled_rules.iter().cloned().collect();
    for rule in &off {
        if !prepared.rules.iter().any(|known| known.definition.id == *rule) {
            report::warning(format_args!("the rule {rule}, which is switched off, is none of ours"));
        }
    }
    prepared.rules.retain(|rule| !off.contains(&rule.definition.id));
    for path in &policies.baseline {
        let text = must_read(path)?;
        let layer = prepared.seen(path, &text)?;
        prepared.policy.counts.merge(layer);
        prepared.texts.push(text);
    }
    for site in sites.iter().filter(|_| !policies.no_config || untrusted) {
        prepared.site_baselines(site, untrusted, writing)?;
    }
    Ok(prepared)
}

impl Prepared {
    /// A configuration: ours, or Gitleaks'.
    fn configure(&mut self, path: &Path, text: &str, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
        let name = shown(path);
        if import::is_gitleaks(text) {
            return self.take_rules(path, text, 0);
        }
        let Config { scan, waivers } = policy::parse_config(&name, text, self.fingerprints.keyed())?;
        let folder = path.parent().unwrap_or(Path::new(""));
        files.extend(scan.rules.iter().map(|file| folder.join(file)));
        self.policy.counts.waivers.extend(waivers);
        let known = &mut self.config.scan;
        known.confidence = known.confidence.or(scan.confidence);
        known.disabled_rules.extend(scan.disabled_rules);
        known.exclude.extend(scan.exclude);
        Ok(())
    }

    /// What a trusted folder says of rules and allow-lists.
    fn trust(&mut self, site: &Site, own: bool, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
        let path = site.top.join(".lanius.toml");
        if let Some(text) = may_read(&path)?.filter(|_| own) {
            self.configure(&path, &text, files)?;
        }
        for name in [".gitleaks.toml", "gitleaks.toml"] {
            let path = site.top.join(name);
            if let Some(text) = may_read(&path)?
                && let Err(error) = self.take_rules(&path, &text, 0)
            {
                report::warning(format_args!("{} is not used: {error:#}", shown(&path)));
            }
        }
        Ok(())
    }

    /// Rules of any form; those of a user take the place of ours of the same id.
    fn take_rules(&mut self, path: &Path, text: &str, depth: usize) -> anyhow::Result<()> {
        let Imported { rules, waivers, disabled, extends, notes } = import::read(&shown(path), text)?;
        for note in notes {
            report::warning(format_args!("{}: {}", shown(path), report::shown(&note)));
        }
        if let Some(base) = extends {
            if depth == MOST_EXTENDED {
                bail!("{}: configurations extend one another more than {MOST_EXTENDED} deep", shown(path));
            }
            let base = path.parent().unwrap_or(Path::new("")).join(base);
            let text = must_read(&base)?;
            self.take_rules(&base, &text, depth + 1)?;
        }
        self.rules.retain(|known| !disabled.contains(&known.definition.id));
        for rule in rules {
            self.rules.retain(|known| known.definition.id != rule.definition.id);
            self.rules.push(rule);
        }
        self.policy.counts.waivers.extend(waivers);
        Ok(())
    }

    /// A file of what was seen before, by its content.
    fn seen(&self, path: &Path, text: &str) -> Result<Layer, policy::Error> {
        let name = shown(path);
        let mut layer = Layer::default();
        let first = text.trim_start();
        if first.starts_with('[') {
            layer.waivers = policy::gitleaks_report(&name, text)?;
        } else if first.starts_with('{') && text.contains("\"hashed_secret\"") || text.contains("\"plugins_used\"") {
            layer.waivers = policy::detect_secrets(&name, text)?;
        } else if first.starts_with('{') {
            let baseline: Baseline = baseline::parse(&name, text, &self.fingerprints)?;
            layer.baselines.push((name, baseline));
        } else {
            layer.waivers = policy::gitleaks_ignore(&name, text, |rule| self.rules.iter().any(|known| known.definition.id == rule))?;
        }
        Ok(layer)
    }

    /// What a folder says was seen before; of an untrusted one also its allow-list, all of it only asked for.
    fn site_baselines(&mut self, site: &Site, untrusted: bool, writing: Option<&Path>) -> anyhow::Result<()> {
        for name in [OWN_BASELINE, ".gitleaksignore", ".secrets.baseline"] {
            let path = site.top.join(name);
            let same = |output: &Path| std::path::absolute(output).ok() == std::path::absolute(&path).ok();
            if writing.is_some_and(|output| name == OWN_BASELINE || same(output)) {
                continue;
            }
            let read = may_read(&path).and_then(|text| text.map(|text| Ok(self.seen(&path, &text)?)).transpose());
            match read {
                Ok(None) => {}
                Ok(Some(layer)) if untrusted => self.policy.asks.merge(layer),
                Ok(Some(layer)) => self.policy.counts.merge(layer),
                Err(error) if untrusted => report::warning(format_args!("what the source asks for cannot be told: {error:#}")),
                Err(error) => return Err(error),
            }
        }
        if untrusted {
            self.asked_allowances(site);
        }
        Ok(())
    }

    /// The allow-lists of an untrusted folder, so that it can be told what they ask for.
    fn asked_allowances(&mut self, site: &Site) {
        let mut read = |name: &str, parse: &dyn Fn(&str, &str) -> anyhow::Result<Vec<policy::Waiver>>| {
            let path = site.top.join(name);
            match may_read(&path).and_then(|text| text.map(|text| parse(&shown(&path), &text)).transpose()) {
                Ok(waivers) => self.policy.asks.waivers.extend(waivers.into_iter().flatten()),
                Err(error) => report::warning(format_args!("what the source asks for cannot be told: {error:#}")),
            }
        };
        let keyed = self.fingerprints.keyed();
        read(".lanius.toml", &|name, text| {
            let config = policy::parse_config(name, text, keyed)?;
            let excluded = (!config.scan.exclude.is_empty()).then(|| exclusion(name, &config.scan.exclude)).transpose()?;
            let off = config.scan.disabled_rules;
            let off = (!off.is_empty()).then(|| policy::Waiver {
                source: format!("{name}, disabled_rules"),
                rules: off,
                ..policy::Waiver::default()
            });
            Ok(config.waivers.into_iter().chain(excluded).chain(off).collect())
        });
        for name in [".gitleaks.toml", "gitleaks.toml"] {
            read(name, &|name, text| Ok(import::read(name, text)?.waivers));
        }
    }
}

/// A waiver for the paths that are excluded.
pub(super) fn exclusion(name: &str, globs: &[String]) -> anyhow::Result<policy::Waiver> {
    let globs = policy::globs(globs).map_err(anyhow::Error::msg)?;
    let tests = vec![policy::Test::Globs(globs)];
    Ok(policy::Waiver { source: format!("{name}, exclude"), all: true, tests, ..policy::Waiver::default() })
}

/// The key of fingerprints and tokens in a key file, if one is named.
pub(super) fn key(path: Option<&Path>) -> anyhow::Result<Option<Secret<Vec<u8>>>> {
    let Some(path) = path.filter(|path| !path.as_os_str().is_empty()) else { return Ok(None) };
    let mut bytes = Vec::new();
    let read = named::open(path).and_then(|file| file.take(LONGEST_KEY).read_to_end(&mut bytes));
    let key = Secret::new(bytes);
    read.with_context(|| format!("the key file {} cannot be read", path.display()))?;
    let trimmed = key.expose().trim_ascii();
    if trimmed.len() < SHORTEST_KEY {
        bail!("the key in {} is shorter than {SHORTEST_KEY} bytes; make one: head -c 32 /dev/urandom | base64", path.display());
    }
    Ok(Some(Secret::new(trimmed.to_vec())))
}

fn must_read(path: &Path) -> anyhow::Result<String> {
    let text = durable::read(path, LONGEST, true).with_context(|| format!("{} cannot be read", path.display()))?;
    text.with_context(|| format!("{} cannot be read: it is not there", path.display()))
}

/// A file of what is scanned: a link in it may lead anywhere, and is none.
fn may_read(path: &Path) -> anyhow::Result<Option<String>> {
    match durable::read(path, LONGEST, false) {
        // The folder cannot be entered, which the scan of it tells.
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Ok(None),
        other => other.with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// Whether a path is one of this machine.
fn is_local(path: &Path) -> bool {
    path.as_os_str() != "-" && !super::sources::is_server(path) && !super::hosting::is_target(path) && !super::bucket::is_object(path)
}

/// The tops of what is scanned: of a repository's file or folder the repository's, else the folder itself.
fn sites(sources: &Sources, tops: &mut Vec<Top>) -> anyhow::Result<Vec<Site>> {
    let mut sites: Vec<Site> = Vec::new();
    let mut add = |top: PathBuf| {
        if !sites.iter().any(|site| site.top == top) {
            sites.push(Site { top });
        }
    };
    for path in sources.paths.iter().filter(|path| is_local(path)) {
        let named = std::path::absolute(path).with_context(|| format!("{}: the current folder is gone", path.display()))?;
        let named: PathBuf = named.components().collect();
        let folder = if named.is_dir() { named.as_path() } else { named.parent().unwrap_or(Path::new("/")) };
        let top = folder.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(folder);
        let within = named.strip_prefix(top).map(|path| path.to_string_lossy().into_owned()).unwrap_or_default();
        let text = shown(path);
        tops.push(Top { shown: if text == "." { String::new() } else { text }, within });
        add(top.to_owned());
    }
    for path in &sources.git {
        let repository = menagerie_git::Repository::open(path)?;
        if let Some(worktree) = repository.worktree() {
            add(std::path::absolute(worktree).unwrap_or_else(|_| worktree.to_owned()));
        }
    }
    Ok(sites)
}
