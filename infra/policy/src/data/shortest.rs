//! The shortest list of patterns for a set of a service's actions. Only prefixes with `*` are written, and only those that cover kept
//! actions alone. The service's names, sorted, are walked like a trie: a run of names with a common prefix that are all kept becomes one
//! pattern, at the highest place where that is so. Each kept name lies under exactly one highest place and no exact pattern reaches
//! over two, so there is no list with fewer entries. The pattern's prefix is the longest that the run has in common: it reaches least into
//! what AWS may add.

use super::action::Action;
use super::table::order;

/// A name of the service, or one that must stay outside.
#[derive(Clone, Copy)]
struct Name<'a> {
    text: &'a str,
    keep: bool,
}

/// The patterns, without the service's prefix, sorted (upper case as lower).
pub(super) fn shortest(known: &[Action], keep: &[&str], apart: &[&str], permitted: &dyn Fn(&str) -> bool) -> Vec<String> {
    let names = names(known, keep, apart);
    let mut found = Vec::new();
    // A run of names and how many of their first bytes are known to be in common.
    let mut runs = vec![&names[..]];
    while let Some(run) = runs.pop() {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        if run.len() == 1 {
            found.extend(first.keep.then(|| first.text.to_owned()));
            continue;
        }
        let common = common_prefix(first.text, last.text);
        let prefix = first.text.get(..common).unwrap_or_default();
        // Of a service that the tables do not have, nobody knows what a prefix covers.
        if !known.is_empty() && run.iter().all(|name| name.keep) && permitted(prefix) {
            found.push(format!("{prefix}*"));
        } else if run.iter().any(|name| name.keep) {
            runs.extend(run.chunk_by(|one, other| after(one.text, common) == after(other.text, common)));
        }
    }
    found.sort_by(|one, other| order(one, other));
    found
}

/// All names, sorted, each once whatever its case: of one in two spellings the catalogue's.
fn names<'a>(known: &'a [Action], keep: &[&'a str], apart: &[&'a str]) -> Vec<Name<'a>> {
    let mut names: Vec<_> = known.iter().map(|action| Name { text: action.name(), keep: false }).collect();
    let mut strange = Vec::new();
    // Mostly they come in the catalogue's order.
    let mut next = 0;
    for text in keep {
        let at = match names.get(next) {
            Some(name) if name.text == *text => Ok(next),
            _ => names.binary_search_by(|name| order(name.text, text)),
        };
        match at {
            Ok(at) => {
                names[at].keep = true;
                next = at + 1;
            }
            Err(_) => strange.push(Name { text, keep: true }),
        }
    }
    strange.extend(apart.iter().map(|text| Name { text, keep: false }));
    if !strange.is_empty() {
        names.extend(strange);
        // Stable: what is kept stands before the same name that is to stay outside.
        names.sort_by(|one, other| order(one.text, other.text));
        names.dedup_by(|one, other| one.text.eq_ignore_ascii_case(other.text));
    }
    names
}

/// The character that follows a prefix, upper case as lower.
fn after(name: &str, prefix: usize) -> Option<char> {
    Some(name.get(prefix..)?.chars().next()?.to_ascii_lowercase())
}

/// How many bytes two texts have in common at their start, whole characters only, upper case as lower.
fn common_prefix(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).map(|(a, _)| a.len_utf8()).sum()
}

/// Whether a glob of `*` and `?` covers a text, upper case as lower. Time is bounded by the product of the two lengths.
pub(super) fn covers(glob: &str, text: &str) -> bool {
    let (glob, text) = (glob.as_bytes(), text.as_bytes());
    let (mut at, mut next) = (0, 0);
    // The last star, and how much of the text it has swallowed.
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(next) {
        match glob.get(at) {
            Some(b'*') => {
                star = Some((at, next));
                at += 1;
            }
            Some(wanted) if *wanted == b'?' || wanted.eq_ignore_ascii_case(byte) => {
                at += 1;
                next += 1;
            }
            _ => {
                let Some((place, swallowed)) = star else { return false };
                star = Some((place, swallowed + 1));
                at = place + 1;
                next = swallowed + 1;
            }
        }
    }
    glob.get(at..).unwrap_or_default().iter().all(|byte| *byte == b'*')
}
