//! Which literals stand in every match of a regular expression, so that it need only be tried where one of them stands.

use regex_syntax::hir::{Class, Hir, HirKind};

/// The shortest literal that is of use.
const SHORTEST: usize = 4;
/// How many literals one expression may be found by.
const MOST: usize = 64;
/// How many times a repetition is written out.
const MOST_TIMES: u32 = 64;
/// The longest literal that is built.
const LONGEST: usize = 32;

/// What is known of an expression's matches, in lower case.
struct Known {
    /// All matches there are, if they are few.
    exact: Option<Vec<Vec<u8>>>,
    /// Literals, one of which stands in every match.
    within: Option<Vec<Vec<u8>>>,
}

/// The literals, in lower case, one of which stands in every match of `pattern`; none if there are no such of four bytes or more.
pub(super) fn required(hir: &Hir) -> Option<Vec<String>> {
    let known = known(hir);
    let best = better(known.within, known.exact)?;
    best.into_iter().map(|literal| String::from_utf8(literal).ok()).collect()
}

/// How good a set of literals is: the shortest counts; then the fewer the better.
fn worth(set: &[Vec<u8>]) -> (usize, usize) {
    let shortest = set.iter().map(Vec::len).min().unwrap_or(0);
    (shortest.min(8), usize::MAX - set.len())
}

fn useful(set: Option<Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
    set.filter(|set| !set.is_empty() && set.len() <= MOST && set.iter().all(|literal| literal.len() >= SHORTEST))
}

fn better(a: Option<Vec<Vec<u8>>>, b: Option<Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
    match (useful(a), useful(b)) {
        (Some(a), Some(b)) => Some(if worth(&a) >= worth(&b) { a } else { b }),
        (a, b) => a.or(b),
    }
}

/// The characters of a class in lower case, if they are few.
fn few(class: &Class) -> Option<Vec<Vec<u8>>> {
    const FEW: u32 = 8;
    let mut all: Vec<Vec<u8>> = Vec::new();
    let ranges: Vec<(u32, u32)> = match class {
        Class::Unicode(class) => class.ranges().iter().map(|range| (u32::from(range.start()), u32::from(range.end()))).collect(),
        Class::Bytes(class) => class.ranges().iter().map(|range| (u32::from(range.start()), u32::from(range.end()))).collect(),
    };
    let mut count = 0_u32;
    for (from, to) in ranges {
        count = count.saturating_add(to - from + 1);
        if count > FEW || to > 127 {
            return None;
        }
        all.extend((from..=to).filter_map(|code| u8::try_from(code).ok()).map(|byte| vec![byte.to_ascii_lowercase()]));
    }
    all.sort();
    all.dedup();
    Some(all)
}

/// Every one of `a` before every one of `b`, if these are few and short.
fn product(a: &[Vec<u8>], b: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    if a.len() * b.len() > MOST || a.iter().map(Vec::len).max()? + b.iter().map(Vec::len).max()? > LONGEST {
        return None;
    }
    let mut all: Vec<_> = a.iter().flat_map(|a| b.iter().map(move |b| [a.as_slice(), b].concat())).collect();
    all.sort();
    all.dedup();
    Some(all)
}

/// The parser bounds how deep expressions nest, and so how deep this goes.
fn known(hir: &Hir) -> Known {
    let exactly = |exact| Known { exact: Some(exact), within: None };
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => exactly(vec![Vec::new()]),
        HirKind::Literal(literal) => {
            let lower = literal.0.to_ascii_lowercase();
            if lower.len() > LONGEST {
                return Known { exact: None, within: Some(vec![lower[..LONGEST].to_vec()]) };
            }
            exactly(vec![lower])
        }
        HirKind::Class(class) => Known { exact: few(class), within: None },
        HirKind::Capture(capture) => known(&capture.sub),
        HirKind::Repetition(repetition) => {
            let Known { exact, within } = known(&repetition.sub);
            if repetition.min == 0 {
                let optional = exact.filter(|_| repetition.max == Some(1)).map(|mut exact| {
                    exact.push(Vec::new());
                    exact
                });
                return Known { exact: optional, within: None };
            }
            let mut whole = Some(vec![Vec::new()]);
            for _ in 0..repetition.min.min(MOST_TIMES) {
                whole = whole.and_then(|whole| product(&whole, exact.as_ref()?));
            }
            let whole = whole.filter(|_| repetition.min < MOST_TIMES);
            let fixed = repetition.max == Some(repetition.min);
            let within = better(within, better(whole.clone(), exact));
            Known { exact: whole.filter(|_| fixed), within }
        }
        HirKind::Concat(parts) => concat(parts),
        HirKind::Alternation(parts) => {
            let (mut exact, mut within) = (Some(Vec::new()), Some(Vec::new()));
            for part in parts {
                let part = known(part);
                let any = better(part.within, part.exact.clone());
                exact = exact.zip(part.exact).map(|(mut all, more)| {
                    all.extend(more);
                    all
                });
                exact = exact.filter(|all| all.len() <= MOST);
                within = within.zip(any).map(|(mut all, more)| {
                    all.extend(more);
                    all
                });
            }
            Known { exact, within: useful(within) }
        }
    }
}

fn concat(parts: &[Hir]) -> Known {
    let mut run: Vec<Vec<u8>> = vec![Vec::new()];
    let mut best = None;
    let mut whole = true;
    for part in parts {
        let part = known(part);
        if let Some(longer) = part.exact.as_ref().and_then(|exact| product(&run, exact)) {
            run = longer;
            continue;
        }
        whole = false;
        best = better(best, better(part.within, Some(std::mem::take(&mut run))));
        // What comes next begins anew, with this part if it is known.
        run = part.exact.filter(|exact| exact.len() <= MOST).unwrap_or_else(|| vec![Vec::new()]);
    }
    if whole {
        return Known { exact: Some(run), within: None };
    }
    Known { exact: None, within: better(best, Some(run)) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(pattern: &str) -> Option<Vec<String>> {
        required(&regex_syntax::ParserBuilder::new().utf8(false).unicode(false).build().parse(pattern).unwrap())
    }

    #[test]
    fn finds_what_every_match_has() {
        for (pattern, expected) in [
            (r"\b(ghp_[0-9a-zA-Z]{36})\b", Some(vec!["ghp_"])),
            (r"(?i)adafruit[ \t]{0,20}[a-z0-9_-]{32}", Some(vec!["adafruit"])),
            (r"(?:alpha|beta1)_[a-z]+", Some(vec!["alpha_", "beta1_"])),
            (r"[a-f0-9]{32}", None),
            (r"(?:alpha)?[0-9]+", None),
            (r"(?:alpha|x)[0-9]+", None),
            (r"sk_(?:live|test)_[0-9a-z]{24}", Some(vec!["sk_live_", "sk_test_"])),
            (r"[0-9]+-token", Some(vec!["-token"])),
            (r"abc[0-9]+", None),
            (r"(?x) foo   bar # words", Some(vec!["foobar"])),
            (r"(?:ab){3}[0-9]", None),
        ] {
            let expected: Option<Vec<String>> = expected.map(|all: Vec<&str>| all.into_iter().map(str::to_owned).collect());
            if pattern.starts_with("(?:ab){3}") {
                assert!(of(pattern).is_some_and(|all| all.iter().all(|literal| literal.starts_with("ababab"))));
            } else {
                assert_eq!(of(pattern), expected, "{pattern}");
            }
        }
    }

    proptest! {
        /// Whatever an expression matches holds one of its literals.
        #[test]
        fn no_match_is_without_one(
            parts in proptest::collection::vec(prop_oneof![
                Just("abcd".to_owned()), Just("[xy]".to_owned()), Just("(?:key_|token)".to_owned()), Just("(?i:secret)".to_owned()),
                Just("[0-9]{2,3}".to_owned()), Just("(?:abcd)?".to_owned()), Just("(?:pq){2}".to_owned()), Just("(?:long|er)+".to_owned()),
                Just("(a|b)".to_owned()), Just("x*".to_owned()),
            ], 1..6),
            text in "(abcd|[xy]|key_|token|SECRET|secret|[0-9]{2}|pqpq|long|er|a|b){0,12}",
        ) {
            let pattern = parts.concat();
            if let (Some(literals), Some(found)) = (of(&pattern), regex::Regex::new(&pattern).unwrap().find(&text)) {
                let matched = found.as_str().to_ascii_lowercase();
                prop_assert!(literals.iter().any(|literal| matched.contains(literal)), "{} in {}: {:?}", pattern, matched, literals);
            }
        }
    }
}
