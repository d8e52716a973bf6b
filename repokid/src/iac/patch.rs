//! Makes a narrowed policy's change in the source's own form: lists of actions are replaced, statements taken out, all else stays.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::PathBuf;

use menagerie_policy::document::{Actions as Live, Effect, Policy, Statement};

use super::site::{Actions, Site, StatementSite, Syntax};
use crate::rewrite::{Change, Narrowed, Selection};

/// How long a list may be to stay on one line.
const LINE: usize = 100;

/// Why code is not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unpatched {
    /// It is not there.
    #[error("it was not found in the code")]
    NotFound,
    /// It may be one of several.
    #[error("it could be any of these: {}", .0.join(", "))]
    Several(Vec<String>),
    /// Its form does not take the change to the letter.
    #[error("{address} in {} cannot be changed to the letter: {reason}", path.display())]
    Form {
        /// What it is called there.
        address: String,
        /// Where.
        path: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Whether what stands in the source is a live policy, as far as effects and actions go.
///
/// # Errors
/// In what they differ.
pub(super) fn agrees(site: &Site, policy: &Policy) -> Result<(), String> {
    let statements = site.statements.as_ref().map_err(Clone::clone)?;
    let live = policy.statements();
    if statements.len() != live.len() {
        return Err(format!("it has {} statements, and the live policy {}", statements.len(), live.len()));
    }
    for (number, (there, live)) in statements.iter().zip(live).enumerate() {
        let number = number + 1;
        if there.denies != (live.effect() == Effect::Deny) {
            return Err(format!("statement {number} has another effect than the live one"));
        }
        let actions =
            there.actions.as_ref().ok_or_else(|| format!("the actions of statement {number} do not stand there to the letter"))?;
        if !is_same(actions, live) {
            return Err(format!("statement {number} has other actions than the live one: bring the two together first"));
        }
    }
    Ok(())
}

fn is_same(there: &Actions, live: &Statement) -> bool {
    let (negated, patterns) = match live.actions() {
        Live::Only(patterns) => (false, patterns),
        Live::AllBut(patterns) => (true, patterns),
    };
    let live: Vec<_> = patterns.iter().map(|pattern| pattern.text().to_owned()).collect();
    there.negated == negated && sorted(&there.items) == sorted(&live)
}

/// Actions as a set, in lower case.
fn sorted(items: &[String]) -> BTreeSet<String> {
    items.iter().map(|item| item.to_ascii_lowercase()).collect()
}

/// The text of the source with the change made.
///
/// # Errors
/// Why it cannot be made to the letter.
pub fn patch(site: &Site, text: &str, old: &Policy, narrowed: &Narrowed) -> Result<String, String> {
    agrees(site, old)?;
    let statements = site.statements.as_ref().map_err(Clone::clone)?;
    if narrowed.text.is_none() || narrowed.changes.iter().all(|change| *change == Change::Drop) {
        return Err("nothing of the policy is left: take the whole of it out".to_owned());
    }
    for (number, there) in statements.iter().enumerate() {
        let same = |other: &&StatementSite| {
            let items = |site: &StatementSite| site.actions.as_ref().map(|actions| (actions.negated, sorted(&actions.items)));
            other.denies == there.denies && items(other) == items(there)
        };
        let twin = statements.iter().take(number).position(|other| same(&other));
        if twin.is_some_and(|twin| narrowed.changes.get(twin) != narrowed.changes.get(number)) {
            return Err(format!("statement {} has the same actions as another, and not both change alike", number + 1));
        }
    }
    let mut edits: Vec<(Range<usize>, String)> = Vec::new();
    let mut gone = vec![false; statements.len()];
    for (number, (there, change)) in statements.iter().zip(&narrowed.changes).enumerate() {
        match change {
            Change::Keep => {}
            Change::Drop => gone[number] = true,
            Change::Replace(pieces) => {
                let [piece] = pieces.as_slice() else { return Err(format!("statement {} becomes {}", number + 1, pieces.len())) };
                if piece.resources.is_some() {
                    return Err(format!("the resources of statement {} are narrowed", number + 1));
                }
                let Some(selection) = &piece.actions else { continue };
                let (negated, list) = match selection {
                    Selection::Only(list) => (false, list),
                    Selection::AllBut(list) => (true, list),
                };
                let there = there.actions.as_ref().ok_or("its actions do not stand there to the letter")?;
                if there.negated != negated {
                    return Err(format!("statement {} changes between Action and NotAction", number + 1));
                }
                edits.push((there.span.clone(), self::list(text, there, list)?));
            }
        }
    }
    edits.extend(removals(site.syntax, text, statements, &gone).into_iter().map(|span| (span, String::new())));
    edits.sort_by_key(|(span, _)| span.start);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (span, new) in edits {
        out.push_str(text.get(at..span.start).ok_or("its parts overlap")?);
        out.push_str(&new);
        at = span.end;
    }
    out.push_str(text.get(at..).ok_or("its parts overlap")?);
    Ok(out)
}

/// A list of actions in the source's form.
fn list(text: &str, there: &Actions, items: &[String]) -> Result<String, String> {
    let plain = |item: &String| item.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":*?-_.".contains(&byte));
    if let Some(strange) = items.iter().find(|item| !plain(item)) {
        return Err(format!("{strange:?} would need escapes"));
    }
    let line = text[..there.span.start].rfind('\n').map_or(0, |at| at + 1);
    if there.block {
        let column = text[line..there.span.start].chars().count();
        let was_quoted = text[there.span.clone()].trim_start_matches(['-', ' ']).starts_with(['"', '\'']);
        let item =
            |item: &String| if was_quoted || item.starts_with(['*', '?', '-']) { format!("- \"{item}\"") } else { format!("- {item}") };
        return Ok(items.iter().map(item).collect::<Vec<_>>().join(&format!("\n{}", " ".repeat(column))));
    }
    let quoted: Vec<_> = items.iter().map(|item| format!("\"{item}\"")).collect();
    let was = &text[there.span.clone()];
    let one = if was.starts_with('"') && quoted.len() == 1 { quoted[0].clone() } else { format!("[{}]", quoted.join(", ")) };
    if !was.contains('\n') && (one.len() <= LINE || one.len() <= was.len()) {
        return Ok(one);
    }
    let indent: String = text[line..].chars().take_while(|c| c.is_whitespace() && *c != '\n').collect();
    let within: String = match was.find('\n').map(|at| &was[at + 1..]) {
        Some(rest) => rest.chars().take_while(|c| c.is_whitespace() && *c != '\n').collect(),
        None => format!("{indent}  "),
    };
    let comma = if was.trim_end_matches(']').trim_end().ends_with(',') { "," } else { "" };
    Ok(format!("[\n{within}{}{comma}\n{indent}]", quoted.join(&format!(",\n{within}"))))
}

/// The place after the white space and the comma that follow.
fn after_comma(text: &str, at: usize) -> usize {
    let skip = |at: usize| at + text[at..].len() - text[at..].trim_start().len();
    let comma = skip(at);
    if text[comma..].starts_with(',') { skip(comma + 1) } else { comma }
}

/// What is taken out for statements that go, with the comma or the lines that go with them.
fn removals(syntax: Syntax, text: &str, statements: &[StatementSite], gone: &[bool]) -> Vec<Range<usize>> {
    let line_start = |at: usize| text[..at].rfind('\n').map_or(0, |at| at + 1);
    let line_end = |at: usize| text[at..].find('\n').map_or(text.len(), |end| at + end + 1);
    let mut spans = Vec::new();
    let mut number = 0;
    while number < statements.len() {
        if !gone[number] {
            number += 1;
            continue;
        }
        let first = number;
        while number < statements.len() && gone[number] {
            number += 1;
        }
        let (begin, end) = (&statements[first].span, &statements[number - 1].span);
        if syntax == Syntax::Brackets {
            match (statements.get(number), first.checked_sub(1)) {
                // What stands before the next one, such as a comment, is of that.
                (Some(_), _) => spans.push(begin.start..after_comma(text, end.end)),
                (None, Some(last)) => spans.push(statements[last].span.end..end.end),
                (None, None) => spans.push(begin.start..end.end),
            }
            continue;
        }
        for statement in &statements[first..number] {
            let mut start = line_start(statement.span.start);
            let before = text[..start].trim_end_matches([' ', '\t']);
            // A blank line before a block goes with it.
            if syntax == Syntax::Blocks && before.ends_with("\n\n") {
                start = before.len() - 1;
            }
            spans.push(start..line_end(statement.span.end.saturating_sub(1)));
        }
    }
    spans
}
