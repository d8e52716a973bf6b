//! Where a policy stands in a file of code, statement by statement.

use std::ops::Range;
use std::path::PathBuf;

/// How lists and statements are written there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// Brackets, braces and commas: JSON, HCL's expressions, YAML's flow style.
    Brackets,
    /// YAML's block style.
    Block,
    /// HCL's `statement` blocks of an `aws_iam_policy_document`.
    Blocks,
}

/// A list of actions as the source has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actions {
    /// From its first byte to the one after its last.
    pub span: Range<usize>,
    /// What it names.
    pub items: Vec<String>,
    /// Whether it is what is left out.
    pub negated: bool,
    /// Whether it is written in YAML's block style.
    pub block: bool,
}

/// A statement as the source has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementSite {
    /// From its first byte to the one after its last.
    pub span: Range<usize>,
    /// Whether it denies.
    pub denies: bool,
    /// Its actions, if they stand there to the letter.
    pub actions: Option<Actions>,
}

/// A policy in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The file, under the folder of code.
    pub path: PathBuf,
    /// What it is called there, such as `aws_iam_role_policy.app` or `AppRole`.
    pub address: String,
    /// Whether it is a managed policy.
    pub managed: bool,
    /// The principal's name, if it stands there to the letter.
    pub principal: Option<String>,
    /// The logical name of the principal in a template.
    pub logical: Option<String>,
    /// The policy's name, if it stands there to the letter.
    pub name: Option<String>,
    /// How it is written.
    pub syntax: Syntax,
    /// Its statements, or why they cannot be read one by one.
    pub statements: Result<Vec<StatementSite>, String>,
}
