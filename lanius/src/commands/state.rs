//! `lanius state`: what became of findings; and the state of a scan that has one.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use menagerie_report::{self as output, Exit};

use super::sources::Memories;
use crate::cli::{Format, StateCommand};
use crate::durable::{self, Lock};
use crate::source::history::Memory;
use crate::state::States;

/// The longest state that is read.
const LONGEST: u64 = 1 << 30;

pub(super) fn run(command: StateCommand) -> anyhow::Result<Exit> {
    match command {
        StateCommand::Set { state, fingerprint, value, note } => {
            let mut kept = Kept::open(&state, true)?;
            let whole = kept.states.set(&fingerprint, value, note)?;
            kept.save()?;
            output::note(format_args!("{whole} is {}", format!("{value:?}").to_lowercase()));
        }
        StateCommand::List { state, format } => list(&Kept::open(&state, true)?.states, format)?,
    }
    Ok(Exit::Fine)
}

fn list(states: &States, format: Format) -> anyhow::Result<()> {
    let records = || {
        states.findings.iter().map(|(fingerprint, record)| {
            let mut value = serde_json::to_value(record).expect("a record is plain data");
            value["fingerprint"] = fingerprint.as_str().into();
            value
        })
    };
    match format {
        Format::Human => {
            let mut text = String::new();
            for (fingerprint, record) in &states.findings {
                let state = format!("{:?}", record.state).to_lowercase();
                let (path, note) = (output::shown(&record.path), output::shown(&record.note));
                let (first, last) = (record.first_seen.strftime("%F"), record.last_seen.strftime("%F"));
                text.push_str(&format!("{fingerprint}  {state:7}  {first} to {last}  {}  {path}:{}  {note}", record.rule, record.line));
                text.truncate(text.trim_end().len());
                text.push('\n');
            }
            output::data(text)?;
        }
        Format::Json => {
            output::json(&serde_json::json!({
                "schema": "lanius.state.list/1",
                "tool_version": env!("CARGO_PKG_VERSION"),
                "findings": records().collect::<Vec<_>>(),
                "errors": [],
            }))?;
        }
        Format::Jsonl => {
            let lines = records().map(|mut value| {
                value["type"] = "state".into();
                output::json_line(&value)
            });
            output::data(lines.collect::<Result<String, _>>()?)?;
        }
        Format::Sarif | Format::Html | Format::Csv => anyhow::bail!("states are listed as human, json or jsonl"),
    }
    Ok(())
}

/// The states in their file, locked until they are dropped.
#[derive(Debug)]
pub(super) struct Kept {
    path: PathBuf,
    pub(super) states: States,
    /// The version of the rules of this run.
    pub(super) rules: String,
    /// Whether histories are scanned from their beginning.
    pub(super) afresh: bool,
    _lock: Lock,
}

impl Kept {
    /// Opens a file of states; a new one, unless it `must` be there.
    pub(super) fn open(path: &Path, must: bool) -> anyhow::Result<Self> {
        let shown = path.display();
        if must && !path.is_file() {
            anyhow::bail!("there are no states at {shown}; `lanius scan --state {shown}` makes them");
        }
        let lock = Lock::of(path).with_context(|| format!("{shown} cannot be locked"))?;
        let text = durable::read(path, LONGEST, true).with_context(|| format!("{shown} cannot be read"))?;
        let states = text.map(|text| States::parse(&shown.to_string(), &text)).transpose()?.unwrap_or_default();
        Ok(Self { path: path.to_owned(), states, rules: String::new(), afresh: false, _lock: lock })
    }

    pub(super) fn save(&self) -> anyhow::Result<()> {
        output::replace(&self.path, self.states.text().as_bytes()).with_context(|| format!("{} cannot be written", self.path.display()))
    }
}

/// What a repository is called: the folder of its objects, which its worktrees share.
fn name_of(repository: &Path) -> Option<String> {
    let opened = menagerie_git::Repository::open(repository).ok()?;
    let folder = std::fs::canonicalize(opened.common_dir()).ok()?;
    Some(folder.to_string_lossy().into_owned())
}

impl Memories for Kept {
    fn recall(&self, repository: &Path) -> Option<Memory> {
        let known = name_of(repository).filter(|_| !self.afresh)?;
        self.states.memory(&known, &self.rules).cloned()
    }

    fn keep(&mut self, repository: &Path, memory: Memory) {
        if let Some(name) = name_of(repository) {
            self.states.remember(name, self.rules.clone(), memory);
        }
    }
}
