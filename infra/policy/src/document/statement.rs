//! A statement: what it says, and the text that says it.

use super::condition::Condition;
use super::policy::Element;
use super::principal::Principals;
use super::splice::StatementSpans;
use crate::pattern::{ActionPattern, ResourcePattern};

/// A statement of a policy. Two are equal if they say the same, whatever the order and layout of their elements.
#[derive(Debug, Clone)]
pub struct Statement {
    pub(super) sid: Option<String>,
    pub(super) effect: Effect,
    pub(super) principals: Option<Principals>,
    pub(super) actions: Actions,
    pub(super) resources: Option<Resources>,
    pub(super) conditions: Vec<Condition>,
    pub(super) others: Vec<Element>,
    pub(super) text: Box<str>,
    pub(super) spans: StatementSpans,
}

/// What a statement does to what it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// It grants, where nothing denies.
    Allow,
    /// It forbids, whatever grants.
    Deny,
}

/// The actions of a statement; never an empty list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actions {
    /// `Action`: these.
    Only(Vec<ActionPattern>),
    /// `NotAction`: all but these.
    AllBut(Vec<ActionPattern>),
}

/// The resources of a statement; never an empty list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resources {
    /// `Resource`: these.
    Only(Vec<ResourcePattern>),
    /// `NotResource`: all but these.
    AllBut(Vec<ResourcePattern>),
}

impl Statement {
    /// `Sid`: its name within the policy.
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// Whether it allows or denies.
    #[must_use]
    pub const fn effect(&self) -> Effect {
        self.effect
    }

    /// Whom it is about; `None` in policies of identities.
    #[must_use]
    pub const fn principals(&self) -> Option<&Principals> {
        self.principals.as_ref()
    }

    /// Which actions it is about.
    #[must_use]
    pub const fn actions(&self) -> &Actions {
        &self.actions
    }

    /// Which resources it is about; `None` in trust policies.
    #[must_use]
    pub const fn resources(&self) -> Option<&Resources> {
        self.resources.as_ref()
    }

    /// What must hold besides, in the order written.
    #[must_use]
    pub fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    /// Elements that the grammar does not have. What they mean is not known.
    #[must_use]
    pub fn others(&self) -> &[Element] {
        &self.others
    }

    /// The statement's JSON, byte for byte as it stands in the document.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Actions {
    /// The patterns that are named.
    #[must_use]
    pub fn patterns(&self) -> &[ActionPattern] {
        match self {
            Self::Only(patterns) | Self::AllBut(patterns) => patterns,
        }
    }

    /// Whether the statement is about the action.
    #[must_use]
    pub fn matches(&self, service: &str, action: &str) -> bool {
        let named = self.patterns().iter().any(|pattern| pattern.matches(service, action));
        named == matches!(self, Self::Only(_))
    }
}

impl Resources {
    /// The patterns that are named.
    #[must_use]
    pub fn patterns(&self) -> &[ResourcePattern] {
        match self {
            Self::Only(patterns) | Self::AllBut(patterns) => patterns,
        }
    }
}

impl PartialEq for Statement {
    fn eq(&self, other: &Self) -> bool {
        (&self.sid, self.effect, &self.principals, &self.actions) == (&other.sid, other.effect, &other.principals, &other.actions)
            && (&self.resources, &self.conditions, &self.others) == (&other.resources, &other.conditions, &other.others)
    }
}

impl Eq for Statement {}
