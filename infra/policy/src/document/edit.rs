//! Changes of a document that leave everything else as it is, byte for byte. What results is read again before it is given out, so
//! that no edit can make a document that is no policy.

use super::error::ParseError;
use super::json;
use super::policy::Policy;
use super::read;
use super::splice::{self, Layout};
use super::statement::{Actions, Resources, Statement};
use crate::pattern::{ActionPattern, ResourcePattern};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// A change of a policy. Statements are named by their place in the policy that is changed.
#[derive(Debug, Clone)]
#[must_use = "nothing is changed until `finish`"]
pub struct Edit<'a> {
    policy: &'a Policy,
    dropped: BTreeSet<usize>,
    actions: BTreeMap<usize, (&'static str, Vec<String>)>,
    resources: BTreeMap<usize, Vec<String>>,
    added: Vec<String>,
}

/// Why a change cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    /// The policy has no such statement.
    #[error("there is no statement of index {index}: the policy has {count}")]
    NoStatement {
        /// The index asked for, from 0.
        index: usize,
        /// How many the policy has.
        count: usize,
    },
    /// The statement has no resources that could be replaced.
    #[error("the statement of index {index} has neither Resource nor NotResource, so that its resources cannot be replaced")]
    NoResources {
        /// The statement's index, from 0.
        index: usize,
    },
    /// What is to be added is no statement.
    #[error("what is to be added is no statement: {0}")]
    Added(ParseError),
    /// The changed document would be no policy.
    #[error("the change makes a document that is no policy: {0}")]
    Result(ParseError),
}

const ACTION: &str = "\"Action\"";
const NOT_ACTION: &str = "\"NotAction\"";

impl<'a> Edit<'a> {
    pub(super) const fn new(policy: &'a Policy) -> Self {
        Self { policy, dropped: BTreeSet::new(), actions: BTreeMap::new(), resources: BTreeMap::new(), added: Vec::new() }
    }

    /// Gives a statement these actions in the place of its own: `NotAction` becomes `Action`. Actions that it names already are
    /// written as they were.
    pub fn replace_actions(mut self, statement: usize, actions: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.actions.insert(statement, (ACTION, actions.into_iter().map(Into::into).collect()));
        self
    }

    /// Gives a statement all actions but these in the place of its own: `Action` becomes `NotAction`.
    pub fn replace_not_actions(mut self, statement: usize, actions: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.actions.insert(statement, (NOT_ACTION, actions.into_iter().map(Into::into).collect()));
        self
    }

    /// Gives a statement these resources in the place of its own: `NotResource` becomes `Resource`.
    pub fn replace_resources(mut self, statement: usize, resources: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.resources.insert(statement, resources.into_iter().map(Into::into).collect());
        self
    }

    /// Takes a statement out. Of a policy without statements an empty list is left.
    pub fn drop_statement(mut self, statement: usize) -> Self {
        self.dropped.insert(statement);
        self
    }

    /// Adds a statement at the end. One that is written on one line is laid out as the document is; one with line breaks is put in
    /// as it is.
    pub fn add_statement(mut self, json: impl Into<String>) -> Self {
        self.added.push(json.into());
        self
    }

    /// Makes the changes.
    ///
    /// # Errors
    ///
    /// A statement that is named is not there, or has no resources to replace; what is added is no statement; or the result is no
    /// policy: a list of actions or resources is empty, or an action is none.
    pub fn finish(self) -> Result<Policy, EditError> {
        let statements = self.policy.statements();
        let named = self.dropped.iter().chain(self.actions.keys()).chain(self.resources.keys()).max();
        if let Some(index) = named.copied().filter(|index| *index >= statements.len()) {
            return Err(EditError::NoStatement { index, count: statements.len() });
        }
        let mut kept = Vec::with_capacity(statements.len());
        for (index, statement) in statements.iter().enumerate().filter(|(index, _)| !self.dropped.contains(index)) {
            kept.push((index, self.statement(index, statement)?));
        }
        let (text, spans) = (self.policy.text(), &self.policy.spans);
        let value = if self.added.is_empty() && !spans.is_list && kept.len() == 1 { kept.swap_remove(0).1 } else { self.list(kept)? };
        let text = format!("{}{value}{}", &text[..spans.value.start], &text[spans.value.end..]);
        Policy::parse(&text).map_err(EditError::Result)
    }

    /// A statement's text with its new actions and resources.
    fn statement(&self, index: usize, statement: &Statement) -> Result<String, EditError> {
        let text = statement.text();
        let mut changes = Vec::new();
        if let Some((name, new)) = self.actions.get(&index) {
            let spans = &statement.spans.actions;
            let old = statement.actions().patterns().iter().map(ActionPattern::text);
            let is_negated = matches!(statement.actions(), Actions::AllBut(_));
            let name = (is_negated != (*name == NOT_ACTION)).then_some(*name);
            changes.push((spans, name, splice::strings(text, spans, old, new)));
        }
        if let Some(new) = self.resources.get(&index) {
            let (Some(spans), Some(resources)) = (&statement.spans.resources, statement.resources()) else {
                return Err(EditError::NoResources { index });
            };
            let old = resources.patterns().iter().map(ResourcePattern::text);
            let name = matches!(resources, Resources::AllBut(_)).then_some("\"Resource\"");
            changes.push((spans, name, splice::strings(text, spans, old, new)));
        }
        // From the end on, so that places stay what they are.
        changes.sort_by_key(|(spans, _, _)| std::cmp::Reverse(spans.value.start));
        let mut text = text.to_owned();
        for (spans, name, value) in changes {
            text.replace_range(spans.value.clone(), &value);
            if let Some(name) = name {
                text.replace_range(spans.name.clone(), name);
            }
        }
        Ok(text)
    }

    /// The list of statements: those kept with what stood before each, and those added.
    fn list(&self, kept: Vec<(usize, String)>) -> Result<String, EditError> {
        let (text, spans) = (self.policy.text(), &self.policy.spans);
        let layout = Layout::around(text, text.trim_end().len(), &spans.name, &spans.value);
        let (mut head, mut separator, mut tail) = layout.list();
        if let (true, [first, .., last] | [first @ last]) = (spans.is_list, spans.statements.as_slice()) {
            head = text[spans.value.start + 1..first.start].to_owned();
            tail = text[last.end..spans.value.end - 1].to_owned();
            separator = match spans.statements.get(1) {
                Some(second) => text[first.end..second.start].to_owned(),
                None if head.contains('\n') => format!(",{head}"),
                None => separator,
            };
        }
        let mut list = String::new();
        for (index, statement) in kept {
            match list.is_empty() {
                true => list.push_str(&head),
                false => list.push_str(&text[spans.statements[index - 1].end..spans.statements[index].start]),
            }
            list.push_str(&statement);
        }
        for added in &self.added {
            read::is_statement(added).map_err(EditError::Added)?;
            let node = json::parse(added).map_err(EditError::Added)?;
            list.push_str(if list.is_empty() { &head } else { &separator });
            match added.trim().contains('\n') {
                true => list.push_str(added.trim()),
                false => list.push_str(&layout.item(added, &node)),
            }
        }
        if !list.is_empty() {
            list.push_str(&tail);
        }
        Ok(format!("[{list}]"))
    }
}
