//! The shortest list of patterns for a set of a service's actions. Only prefixes with `*` are written, and only those that cover kept
//! actions alone. The service's names, sorted, are walked like a trie: a run of names with a common prefix that are all kept becomes one
//! pattern, at the highest place where that is so. Each kept name lies under exactly one highest place and no exact pattern reaches
//! over two, so there is no list with fewer entries. The pattern's prefix is the longest that the run has in common: it reaches least into
//! what AWS may add.

use super::action::Action;

/// A name of the service, or one that must stay outside.
struct Name<'a> {
    lower: String,
    text: &'a str,
    keep: bool,
}

/// The patterns, without the service's prefix, sorted (upper case as lower).
pub(super) fn shortest(known: &[Action], keep: &[&str], apart: &[&str], permitted: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut kept: Vec<String> = keep.iter().map(|name| name.to_ascii_lowercase()).collect();
    kept.sort_unstable();
    kept.dedup();
    let is_kept = |lower: &String| kept.binary_search(lower).is_ok();
    let texts = known.iter().map(|action| action.name() as &str).chain(keep.iter().copied()).chain(apart.iter().copied());
    let mut names: Vec<Name<'_>> = texts.map(|text| Name { lower: text.to_ascii_lowercase(), text, keep: false }).collect();
    // Stable: of one name in two spellings the catalogue's stays.
    names.sort_by(|one, other| one.lower.cmp(&other.lower));
    names.dedup_by(|one, other| one.lower == other.lower);
    for name in &mut names {
        name.keep = is_kept(&name.lower);
    }
    let mut found = Vec::new();
    // A run of names and how many of their first bytes are known to be in common.
    let mut runs = vec![&names[..]];
    while let Some(run) = runs.pop() {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        if run.len() == 1 {
            found.extend(first.keep.then(|| first.text.to_owned()));
            continue;
        }
        let common = common_prefix(&first.lower, &last.lower);
        let prefix = first.text.get(..common).unwrap_or_default();
        // Of a service that the tables do not have, nobody knows what a prefix covers.
        if !known.is_empty() && run.iter().all(|name| name.keep) && permitted(prefix) {
            found.push(format!("{prefix}*"));
        } else if run.iter().any(|name| name.keep) {
            runs.extend(run.chunk_by(|one, other| after(&one.lower, common) == after(&other.lower, common)));
        }
    }
    found.sort_by_cached_key(|pattern| pattern.to_ascii_lowercase());
    found
}

/// The character that follows a prefix.
fn after(name: &str, prefix: usize) -> Option<char> {
    name.get(prefix..)?.chars().next()
}

/// How many bytes two texts have in common at their start, whole characters only.
fn common_prefix(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
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
