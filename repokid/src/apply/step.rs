//! What is to be done next, told from what is live: grants first, removals last, whichever way it goes.
//!
//! All inline policies of a principal share one limit, which must hold at each step: those that shrink are put first, and those that grow
//! when that has made room. Where a change only narrows, each policy by itself, nothing that another policy is put for hangs on an inline
//! policy that goes: it goes once the managed policies that stand in its place are attached, before others grow.

use std::fmt;

use menagerie_policy::document::size;

use crate::state::{Document, DocumentPlace, Purpose};

/// A side of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// As it was.
    Before,
    /// As it is to be.
    After,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Before => Self::After,
            Self::After => Self::Before,
        }
    }

    /// A document's text on this side.
    #[must_use]
    pub fn text(self, document: &Document) -> Option<&str> {
        match self {
            Self::Before => document.before.as_deref(),
            Self::After => document.after.as_deref(),
        }
    }

    /// Whether a document stands on this side, when `live` is there: its text, or of an attachment anything.
    #[must_use]
    pub fn is(self, document: &Document, live: Option<&str>) -> bool {
        match document.place {
            DocumentPlace::Attached => self.text(document).is_some() == live.is_some(),
            DocumentPlace::Inline | DocumentPlace::Managed => self.text(document) == live,
        }
    }
}

/// One thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Make a managed policy.
    Create {
        /// Its ARN.
        policy: &'a str,
        /// What it says.
        text: &'a str,
    },
    /// Attach a managed policy.
    Attach {
        /// Its ARN.
        policy: &'a str,
    },
    /// Put an inline policy, in place of one of its name.
    Put {
        /// Its name.
        policy: &'a str,
        /// What it says.
        text: &'a str,
    },
    /// Put a text of a managed policy in force.
    Enforce {
        /// Its ARN.
        policy: &'a str,
        /// What it says.
        text: &'a str,
    },
    /// Delete an inline policy.
    Delete {
        /// Its name.
        policy: &'a str,
    },
    /// Detach a managed policy.
    Detach {
        /// Its ARN.
        policy: &'a str,
    },
    /// Delete a managed policy.
    Destroy {
        /// Its ARN.
        policy: &'a str,
    },
}

impl<'a> Step<'a> {
    /// What kind of document it is of.
    #[must_use]
    pub const fn place(&self) -> DocumentPlace {
        match self {
            Self::Put { .. } | Self::Delete { .. } => DocumentPlace::Inline,
            Self::Create { .. } | Self::Enforce { .. } | Self::Destroy { .. } => DocumentPlace::Managed,
            Self::Attach { .. } | Self::Detach { .. } => DocumentPlace::Attached,
        }
    }

    /// The policy's name or ARN.
    #[must_use]
    pub const fn policy(&self) -> &'a str {
        match self {
            Self::Create { policy, .. }
            | Self::Attach { policy }
            | Self::Put { policy, .. }
            | Self::Enforce { policy, .. }
            | Self::Delete { policy }
            | Self::Detach { policy }
            | Self::Destroy { policy } => policy,
        }
    }
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { policy, .. } => write!(f, "CreatePolicy {policy}"),
            Self::Attach { policy } => write!(f, "AttachPolicy {policy}"),
            Self::Put { policy, .. } => write!(f, "PutPolicy {policy}"),
            Self::Enforce { policy, .. } => write!(f, "SetPolicyVersion {policy}"),
            Self::Delete { policy } => write!(f, "DeletePolicy {policy}"),
            Self::Detach { policy } => write!(f, "DetachPolicy {policy}"),
            Self::Destroy { policy } => write!(f, "DeleteManagedPolicy {policy}"),
        }
    }
}

/// What is to be done, and what cannot be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Todo<'a> {
    /// In order.
    pub steps: Vec<Step<'a>>,
    /// Policies that stand as on neither side.
    pub foreign: Vec<&'a str>,
}

/// What is to be done to bring the documents of a change to a side. `live` has for each document what is there: its text, or of an attachment
/// anything.
#[must_use]
pub fn steps<'a>(documents: &'a [Document], live: &[Option<String>], to: Side, purpose: Purpose) -> Todo<'a> {
    let mut todo = Todo::default();
    let narrows = matches!(purpose, Purpose::Repo | Purpose::Remove);
    let mut turns = Vec::new();
    for (document, live) in documents.iter().zip(live) {
        let policy = document.policy.as_str();
        if to.is(document, live.as_deref()) {
            continue;
        }
        if !to.other().is(document, live.as_deref()) {
            todo.foreign.push(policy);
            continue;
        }
        let step = match (document.place, to.text(document)) {
            (DocumentPlace::Inline, Some(text)) => Step::Put { policy, text },
            (DocumentPlace::Inline, None) => Step::Delete { policy },
            (DocumentPlace::Managed, Some(text)) if live.is_some() => Step::Enforce { policy, text },
            (DocumentPlace::Managed, Some(text)) => Step::Create { policy, text },
            (DocumentPlace::Managed, None) => Step::Destroy { policy },
            (DocumentPlace::Attached, Some(_)) => Step::Attach { policy },
            (DocumentPlace::Attached, None) => Step::Detach { policy },
        };
        turns.push((turn(step, live.as_deref(), narrows), policy, step));
    }
    turns.sort_by_key(|(turn, policy, _)| (*turn, *policy));
    todo.steps = turns.into_iter().map(|(_, _, step)| step).collect();
    todo
}

/// When a step's turn comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Create,
    Attach,
    Shrink,
    DeleteMoved,
    Grow,
    Enforce,
    Delete,
    Detach,
    Destroy,
}

fn turn(step: Step<'_>, live: Option<&str>, narrows: bool) -> Turn {
    match step {
        Step::Create { .. } => Turn::Create,
        Step::Attach { .. } => Turn::Attach,
        Step::Put { text, .. } if live.is_some_and(|live| size(text) <= size(live)) => Turn::Shrink,
        Step::Put { .. } => Turn::Grow,
        Step::Enforce { .. } => Turn::Enforce,
        Step::Delete { .. } if narrows => Turn::DeleteMoved,
        Step::Delete { .. } => Turn::Delete,
        Step::Detach { .. } => Turn::Detach,
        Step::Destroy { .. } => Turn::Destroy,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(place: DocumentPlace, policy: &str, before: Option<&str>, after: Option<&str>) -> Document {
        Document { place, policy: policy.to_owned(), before: before.map(str::to_owned), after: after.map(str::to_owned) }
    }

    fn change() -> Vec<Document> {
        vec![
            document(DocumentPlace::Inline, "gone", Some("g"), None),
            document(DocumentPlace::Inline, "less", Some("l"), Some("L")),
            document(DocumentPlace::Managed, "arn:own", Some("o"), Some("O")),
            document(DocumentPlace::Attached, "arn:shared", Some("s"), None),
            document(DocumentPlace::Managed, "arn:copy", None, Some("c")),
            document(DocumentPlace::Attached, "arn:copy", None, Some("c")),
        ]
    }

    fn live(documents: &[Document], side: Side) -> Vec<Option<String>> {
        documents.iter().map(|document| side.text(document).map(str::to_owned)).collect()
    }

    /// What is live after a step.
    fn done(documents: &[Document], live: &mut [Option<String>], step: Step<'_>) {
        let (place, policy, text) = match step {
            Step::Create { policy, text } | Step::Enforce { policy, text } => (DocumentPlace::Managed, policy, Some(text)),
            Step::Attach { policy } => (DocumentPlace::Attached, policy, Some("")),
            Step::Put { policy, text } => (DocumentPlace::Inline, policy, Some(text)),
            Step::Delete { policy } => (DocumentPlace::Inline, policy, None),
            Step::Detach { policy } => (DocumentPlace::Attached, policy, None),
            Step::Destroy { policy } => (DocumentPlace::Managed, policy, None),
        };
        let at = documents.iter().position(|document| document.place == place && document.policy == policy).expect("is of the change");
        live[at] = text.map(str::to_owned);
    }

    fn words(todo: &Todo<'_>) -> Vec<String> {
        todo.steps.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn grants_come_first_and_removals_last_either_way() {
        let change = change();
        let forth = steps(&change, &live(&change, Side::Before), Side::After, Purpose::Repo);
        let expected = [
            "CreatePolicy arn:copy",
            "AttachPolicy arn:copy",
            "PutPolicy less",
            "DeletePolicy gone",
            "SetPolicyVersion arn:own",
            "DetachPolicy arn:shared",
        ];
        assert_eq!(words(&forth), expected);
        let back = steps(&change, &live(&change, Side::After), Side::Before, Purpose::Repo);
        let expected = [
            "AttachPolicy arn:shared",
            "PutPolicy less",
            "PutPolicy gone",
            "SetPolicyVersion arn:own",
            "DetachPolicy arn:copy",
            "DeleteManagedPolicy arn:copy",
        ];
        assert_eq!(words(&back), expected);
    }

    #[test]
    fn from_every_step_it_can_be_finished_and_undone() {
        let change = change();
        for from in [Side::Before, Side::After] {
            let all = steps(&change, &live(&change, from), from.other(), Purpose::Repo).steps.len();
            for killed in 0..=all {
                for to in [Side::Before, Side::After] {
                    let mut now = live(&change, from);
                    for step in steps(&change, &now.clone(), from.other(), Purpose::Repo).steps.into_iter().take(killed) {
                        done(&change, &mut now, step);
                    }
                    for step in steps(&change, &now.clone(), to, Purpose::Repo).steps {
                        done(&change, &mut now, step);
                    }
                    assert_eq!(
                        steps(&change, &now, to, Purpose::Repo),
                        Todo::default(),
                        "killed after {killed} steps from {from:?}, then to {to:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_others_changed_is_left() {
        let change = change();
        let mut now = live(&change, Side::Before);
        now[1] = Some("theirs".to_owned());
        now[3] = None;
        let todo = steps(&change, &now, Side::Before, Purpose::Repo);
        assert_eq!((words(&todo), todo.foreign), (vec!["AttachPolicy arn:shared".to_owned()], vec!["less"]));
    }

    /// How long all inline policies are together.
    fn inline(documents: &[Document], live: &[Option<String>]) -> usize {
        let inline = documents.iter().zip(live).filter(|(document, _)| document.place == DocumentPlace::Inline);
        inline.filter_map(|(_, live)| live.as_deref()).map(size).sum()
    }

    #[test]
    fn at_no_step_inline_policies_are_longer_than_at_the_ends() {
        let text = |length: usize| "x".repeat(length);
        let change = vec![
            document(DocumentPlace::Inline, "a-grows", Some(&text(100)), Some(&text(900))),
            document(DocumentPlace::Inline, "b-moves", Some(&text(800)), None),
            document(DocumentPlace::Managed, "arn:copy", None, Some("c")),
            document(DocumentPlace::Attached, "arn:copy", None, Some("c")),
            document(DocumentPlace::Inline, "z-shrinks", Some(&text(700)), Some(&text(50))),
        ];
        let most = Side::Before;
        let limit = inline(&change, &live(&change, most)).max(inline(&change, &live(&change, most.other())));
        for (from, purpose) in [(Side::Before, Purpose::Repo), (Side::After, Purpose::Repo), (Side::After, Purpose::Rollback)] {
            let mut now = live(&change, from);
            let mut attached = now[3].is_some();
            for step in steps(&change, &now.clone(), from.other(), purpose).steps {
                attached |= matches!(step, Step::Attach { .. });
                assert!(attached || !matches!(step, Step::Delete { .. }), "what stands in its place comes first");
                assert!(now[1].is_some() || !matches!(step, Step::Detach { .. }), "and goes last");
                done(&change, &mut now, step);
                assert!(inline(&change, &now) <= limit, "after {step} from {from:?}");
            }
            assert_eq!(
                now,
                live(&change, from.other())
                    .into_iter()
                    .enumerate()
                    .map(|(at, text)| if at == 3 { text.map(|_| String::new()) } else { text })
                    .collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn what_a_rollback_restores_is_there_before_anything_goes() {
        let change = vec![
            document(DocumentPlace::Inline, "a-new-name", Some("l"), None),
            document(DocumentPlace::Inline, "b-old-name", None, Some("l")),
        ];
        let todo = steps(&change, &live(&change, Side::Before), Side::After, Purpose::Rollback);
        assert_eq!(words(&todo), ["PutPolicy b-old-name", "DeletePolicy a-new-name"]);
    }
}
