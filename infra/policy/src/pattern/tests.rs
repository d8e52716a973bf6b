use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// Letters of patterns; `z` is in none, as inclusion over a large alphabet wants.
const ALPHABET: [char; 3] = ['a', 'b', 'z'];
const LONGEST: usize = 7;

fn words() -> &'static [String] {
    static WORDS: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    WORDS.get_or_init(|| {
        let mut words = vec![String::new()];
        let mut from = 0;
        for _ in 0..LONGEST {
            let until = words.len();
            for at in from..until {
                let longer: Vec<_> = ALPHABET.iter().map(|letter| format!("{}{letter}", words[at])).collect();
                words.extend(longer);
            }
            from = until;
        }
        words
    })
}

/// Matching as its definition says it, tried in every way.
fn by_definition(pattern: &[char], word: &[char]) -> bool {
    match (pattern.first(), word.first()) {
        (None, None) => true,
        (Some('*'), _) => by_definition(&pattern[1..], word) || !word.is_empty() && by_definition(pattern, &word[1..]),
        (Some('?'), Some(_)) => by_definition(&pattern[1..], &word[1..]),
        (Some(letter), Some(actual)) => letter == actual && by_definition(&pattern[1..], &word[1..]),
        _ => false,
    }
}

fn language(pattern: &str) -> BTreeSet<&'static str> {
    let pattern: Vec<char> = pattern.chars().collect();
    let fits = |word: &&String| by_definition(&pattern, &word.chars().collect::<Vec<_>>());
    words().iter().filter(fits).map(String::as_str).collect()
}

/// Inclusion decided by automata: some word of the inner takes it to its end while it leaves the outer, as all the places that it can
/// have reached, without the end. Exponential, and plainly right.
fn includes_by_automata(outer: &str, inner: &str) -> bool {
    let (outer, inner): (Vec<char>, Vec<char>) = (outer.chars().collect(), inner.chars().collect());
    let skip = |pattern: &[char], places: BTreeSet<usize>| -> BTreeSet<usize> {
        let past = |place: usize| place..=place + pattern[place..].iter().take_while(|sign| **sign == '*').count();
        places.into_iter().flat_map(past).collect()
    };
    let step = |pattern: &[char], places: &BTreeSet<usize>, letter: char| -> BTreeSet<usize> {
        let next = |place: &usize| match pattern.get(*place) {
            Some('*') => Some(*place),
            Some(sign) if *sign == '?' || *sign == letter => Some(*place + 1),
            _ => None,
        };
        skip(pattern, places.iter().filter_map(next).collect())
    };
    let begin = (skip(&outer, BTreeSet::from([0])), skip(&inner, BTreeSet::from([0])));
    let (mut seen, mut open) = (BTreeSet::from([begin.clone()]), vec![begin]);
    while let Some((outer_places, inner_places)) = open.pop() {
        if inner_places.contains(&inner.len()) && !outer_places.contains(&outer.len()) {
            return false;
        }
        for letter in ALPHABET {
            let next = (step(&outer, &outer_places, letter), step(&inner, &inner_places, letter));
            if !next.1.is_empty() && seen.insert(next.clone()) {
                open.push(next);
            }
        }
    }
    true
}

fn pattern(longest: usize) -> impl Strategy<Value = String> {
    let letters = prop::sample::select(vec!['a', 'b', '?', '*']);
    prop::collection::vec(letters, 0..=longest).prop_map(|letters| letters.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn a_glob_matches_as_defined(text in pattern(6)) {
        let (glob, language) = (Glob::new(&text), language(&text));
        for word in words() {
            prop_assert_eq!(glob.matches(word).is_yes(), language.contains(word.as_str()), "{} {}", text, word);
        }
    }

    /// Words of up to seven letters tell apart any two patterns of up to four.
    #[test]
    fn covers_is_inclusion_of_languages(outer in pattern(4), inner in pattern(4)) {
        let covers = Glob::new(&outer).covers(&Glob::new(&inner));
        prop_assert_eq!(covers, language(&outer).is_superset(&language(&inner)), "{} {}", outer, inner);
    }

    #[test]
    fn covers_is_what_automata_say(outer in pattern(9), inner in pattern(9)) {
        let covers = Glob::new(&outer).covers(&Glob::new(&inner));
        prop_assert_eq!(covers, includes_by_automata(&outer, &inner), "{} {}", outer, inner);
    }

    /// Of random pairs few are covered: here the inner is the outer with some signs made narrower.
    #[test]
    fn covers_is_what_automata_say_of_kin(
        signs in prop::collection::vec((prop::sample::select(vec!['a', 'b', '?', '?', '*', '*']), prop::sample::select(vec!["", "a", "b", "?", "*", "*?", "a*", "?b"])), 0..9),
        narrowed in prop::collection::vec(any::<bool>(), 9),
    ) {
        let outer: String = signs.iter().map(|(sign, _)| *sign).collect();
        let inner = signs.iter().zip(narrowed).map(|((sign, other), narrow)| match (sign, narrow) {
            ('*', true) => (*other).to_owned(),
            ('?', true) => other.chars().next().unwrap_or('z').to_string(),
            _ => sign.to_string(),
        });
        let inner: String = inner.collect();
        let covers = Glob::new(&outer).covers(&Glob::new(&inner));
        prop_assert_eq!(covers, includes_by_automata(&outer, &inner), "{} {}", outer, inner);
    }

    #[test]
    fn overlap_is_a_word_of_both(one in pattern(5), other in pattern(5)) {
        let overlaps = Glob::new(&one).overlaps(&Glob::new(&other));
        let shared = language(&one).intersection(&language(&other)).next().is_some();
        // A shared word may be longer than the words tried, never the other way round.
        prop_assert!(overlaps || !shared, "{} {}", one, other);
        if one.len() + other.len() <= LONGEST {
            prop_assert_eq!(overlaps, shared, "{} {}", one, other);
        }
        prop_assert_eq!(overlaps, Glob::new(&other).overlaps(&Glob::new(&one)));
    }

    #[test]
    fn every_pattern_covers_itself(text in "[a-z*?:/${}']{0,12}") {
        prop_assert!(Glob::with_variables(&text).covers(&Glob::with_variables(&text)));
        prop_assert!(ResourcePattern::new(&text).covers(&ResourcePattern::new(&text)));
    }

    /// What a pattern surely has, what covers it surely has; and two patterns that may share a resource overlap.
    #[test]
    fn covering_and_overlapping_agree_with_matching(
        one in "arn(:[ab*?]{0,2}){0,6}|\\*", other in "arn(:[ab*?]{0,2}){0,6}|\\*", resource in "arn(:[ab]{0,2}){5,6}",
    ) {
        let (outer, inner) = (ResourcePattern::new(&one), ResourcePattern::new(&other));
        if outer.covers(&inner) {
            prop_assert!(outer.matches(&resource) >= inner.matches(&resource), "{} {} {}", one, other, resource);
        }
        if !outer.overlaps(&inner) {
            prop_assert!(outer.matches(&resource).and(inner.matches(&resource)).is_no(), "{} {} {}", one, other, resource);
        }
    }

    /// With values put in, what was covered stays covered.
    #[test]
    fn covering_holds_for_all_values_of_variables(
        outer in prop::collection::vec(prop::sample::select(vec!["a", "b", "?", "*", "${v}"]), 0..5),
        inner in prop::collection::vec(prop::sample::select(vec!["a", "b", "?", "*", "${v}"]), 0..5),
        value in "[abz]{0,2}",
    ) {
        let (outer, inner) = (outer.concat(), inner.concat());
        if Glob::with_variables(&outer).covers(&Glob::with_variables(&inner)) {
            let (outer, inner) = (outer.replace("${v}", &value), inner.replace("${v}", &value));
            prop_assert!(language(&outer).is_superset(&language(&inner)), "{} {}", outer, inner);
        }
    }
}

/// All pairs of patterns of up to four signs: exhaustive where the random ones are many.
#[test]
fn covers_and_overlaps_are_right_for_all_small_patterns() {
    let signs = ['a', 'b', '?', '*'];
    let mut patterns = vec![String::new()];
    let mut from = 0;
    for _ in 0..3 {
        let until = patterns.len();
        for at in from..until {
            let longer: Vec<_> = signs.iter().map(|sign| format!("{}{sign}", patterns[at])).collect();
            patterns.extend(longer);
        }
        from = until;
    }
    let all: Vec<_> = patterns.iter().map(|text| (text, Glob::new(text), language(text))).collect();
    for (outer, outer_glob, outer_words) in &all {
        for (inner, inner_glob, inner_words) in &all {
            assert_eq!(outer_glob.covers(inner_glob), outer_words.is_superset(inner_words), "{outer} covers {inner}");
            assert_eq!(outer_glob.overlaps(inner_glob), !outer_words.is_disjoint(inner_words), "{outer} overlaps {inner}");
        }
    }
}

#[test]
fn runs_of_wildcards_have_one_form() {
    assert_eq!(Glob::new("a*??*b"), Glob::new("a??*b"));
    assert!(Glob::new("*?*").covers(&Glob::new("?*")) && Glob::new("?*").covers(&Glob::new("*?*")));
}

#[test]
fn actions_ignore_case_and_divide_at_the_colon() {
    let pattern = ActionPattern::parse("S3:get*").expect("a pattern");
    assert!(pattern.matches("s3", "GetObject") && !pattern.matches("s3", "PutObject") && !pattern.matches("s3-outposts", "GetObject"));
    assert_eq!((pattern.text(), pattern.service(), pattern.name()), ("S3:get*", "S3", "get*"));
    assert_eq!(pattern, ActionPattern::parse("s3:Get*").expect("a pattern"));
    let any = ActionPattern::parse("*").expect("a pattern");
    assert!(any.is_any() && any.matches("sqs", "SendMessage") && any.covers(&pattern) && !pattern.covers(&any));
    assert_eq!(any, ActionPattern::parse("*:*").expect("a pattern"));
    for bad in ["", "s3", "s3*", ":Get", "a*"] {
        assert_eq!(ActionPattern::parse(bad), Err(BadAction), "{bad}");
    }
}

#[test]
fn a_glob_of_one_service_is_not_of_another() {
    let parse = |text| ActionPattern::parse(text).expect("a pattern");
    assert!(parse("ec2:*").covers(&parse("EC2:Describe?nstances")));
    assert!(!parse("ec2:Describe*").covers(&parse("ec2:*Instances")) && parse("ec2:Describe*").overlaps(&parse("ec2:*Instances")));
    assert!(!parse("ec2:*").overlaps(&parse("sqs:*")) && parse("*:*").overlaps(&parse("sqs:Send*")));
}

#[test]
fn resources_match_by_the_fields_of_the_arn() {
    let bucket = ResourcePattern::new("arn:aws:s3:::photos/*");
    assert_eq!(bucket.matches("arn:aws:s3:::photos/a/b:c"), Truth::Yes);
    assert_eq!(bucket.matches("arn:aws:s3:::photos"), Truth::No);
    assert_eq!(ResourcePattern::new("*").matches("*"), Truth::Yes);
    assert_eq!(ResourcePattern::new("arn:aws:s3:::Photos/*").matches("arn:aws:s3:::photos/a"), Truth::No, "resources have case");
    // Fewer than six fields: the rest are `*`.
    assert_eq!(ResourcePattern::new("arn:aws:sqs").matches("arn:aws:sqs:us-east-1:111122223333:jobs"), Truth::Yes);
    assert_eq!(ResourcePattern::new("arn:aws:iam::*").matches("arn:aws:iam::111122223333:role/a"), Truth::Yes);
}

#[test]
fn a_wildcard_over_a_colon_is_not_decided() {
    let pattern = ResourcePattern::new("arn:aws:ec2:*:instance/*");
    let instance = "arn:aws:ec2:us-east-1:111122223333:instance/i-1";
    assert_eq!(pattern.matches(instance), Truth::Unknown);
    assert_eq!(pattern.matches("arn:aws:ec2:us-east-1:111122223333:volume/i-1"), Truth::No);
    assert!(!pattern.covers(&ResourcePattern::new(instance)) && pattern.overlaps(&ResourcePattern::new(instance)));
    let short = ResourcePattern::new("arn:aws:sqs");
    assert!(!short.is_exact() && short.covers(&short) && short.overlaps(&ResourcePattern::new("arn:aws:sqs:*:*:jobs")));
    let pattern = ResourcePattern::new("arn:aws:ec2:*:*/i-1:*");
    assert_eq!(pattern.matches("arn:aws:ec2:us-east-1:111122223333:instance/i-1:x"), Truth::Unknown);
    assert!(ResourcePattern::new("arn:aws:s3:::*").covers(&ResourcePattern::new("arn:aws:s3:::a:*")));
    assert!(!ResourcePattern::new("arn:*").covers(&ResourcePattern::new("*")) && ResourcePattern::new("*").covers(&bucket("arn:*")));
}

fn bucket(text: &str) -> ResourcePattern {
    ResourcePattern::new(text)
}

#[test]
fn variables_leave_a_match_open_until_a_request_tells() {
    let home = bucket("arn:aws:s3:::home/${aws:username}/*");
    assert_eq!(home.matches("arn:aws:s3:::home/ann/a"), Truth::Unknown);
    assert_eq!(home.matches("arn:aws:s3:::other/ann/a"), Truth::No);
    let ann = |key: &str| if key == "aws:username" { Lookup::Value("ann".to_owned()) } else { Lookup::Missing };
    assert_eq!(home.matches_with("arn:aws:s3:::home/ann/a", ann), Truth::Yes);
    assert_eq!(home.matches_with("arn:aws:s3:::home/bob/a", ann), Truth::No);
    assert_eq!(home.matches_with("arn:aws:s3:::home/ann/a", |_| Lookup::Missing), Truth::No);
    assert_eq!(home.matches_with("arn:aws:s3:::home/ann/a", |_| Lookup::Unknown), Truth::Unknown);
    let team = bucket("arn:aws:s3:::team-${aws:PrincipalTag/team, 'none'}");
    assert_eq!(team.matches_with("arn:aws:s3:::team-none", |_| Lookup::Missing), Truth::Yes);
    let wild = |_: &str| Lookup::Value("*".to_owned());
    assert_eq!(home.matches_with("arn:aws:s3:::home/ann/a", wild), Truth::No, "wildcards in a value stand for themselves");
    assert_eq!(bucket("arn:aws:s3:::a${*}b").matches("arn:aws:s3:::axb"), Truth::No);
    assert_eq!(bucket("arn:aws:s3:::a${*}b").matches("arn:aws:s3:::a*b"), Truth::Yes);
}

#[test]
fn covering_knows_a_variable_by_its_name_only() {
    assert!(bucket("arn:aws:s3:::home/${aws:username}/*").covers(&bucket("arn:aws:s3:::home/${aws:username}/a*")));
    assert!(bucket("arn:aws:s3:::home/*").covers(&bucket("arn:aws:s3:::home/${aws:username}")));
    assert!(!bucket("arn:aws:s3:::home/${aws:username}").covers(&bucket("arn:aws:s3:::home/${aws:userid}")));
    assert!(!bucket("arn:aws:s3:::home/${aws:username}").covers(&bucket("arn:aws:s3:::home/ann")));
    assert!(!bucket("arn:aws:s3:::home/?*").covers(&bucket("arn:aws:s3:::home/${aws:username}")), "a value may be empty");
    assert!(bucket("arn:aws:s3:::home/${aws:username}").overlaps(&bucket("arn:aws:s3:::home/ann")));
    let old = ResourcePattern::without_variables("arn:aws:s3:::home/${aws:username}");
    assert_eq!(old.matches("arn:aws:s3:::home/ann"), Truth::No);
}

/// Patterns made to make a matcher try everything are answered at once.
#[test]
fn hostile_patterns_cost_no_more_than_the_product_of_lengths() {
    let stars = "*a".repeat(2_000) + "*b";
    let questions = "*?a".repeat(1_000) + "b";
    let text = "a".repeat(4_000);
    let started = Instant::now();
    assert!(Glob::new(&stars).matches(&text).is_no() && Glob::new(&questions).matches(&text).is_no());
    assert!(Glob::new(&("*".to_owned() + &"a".repeat(2_000) + "b")).matches(&text).is_no());
    assert!(Glob::new(&stars).covers(&Glob::new(&stars)) && !Glob::new(&stars).covers(&Glob::new(&questions)));
    assert!(!Glob::new(&("*".to_owned() + &"a?".repeat(1_000) + "b*")).covers(&Glob::new(&text)));
    assert!(Glob::new(&stars).overlaps(&Glob::new(&(questions.clone() + "*b"))) && !Glob::new(&stars).overlaps(&Glob::new(&text)));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

/// What is longer than anything of IAM is answered on the safe side rather than late.
#[test]
fn what_is_longer_than_iam_has_is_not_decided() {
    let text = "a".repeat(1 << 18);
    let long = Glob::new(&("*".to_owned() + &text + "b*"));
    let started = Instant::now();
    assert!(long.matches(&text).is_unknown() && Glob::new("*").matches(&text).is_yes() && Glob::new(&text).matches(&text).is_yes());
    assert!(long.covers(&long) && !long.covers(&Glob::new(&text)) && long.overlaps(&Glob::new(&text)) && Glob::new("*").covers(&long));
    assert!(Glob::with_variables(&"${".repeat(1 << 18)).is_exact() && Glob::with_variables(&"${'".repeat(1 << 18)).is_exact());
    assert_eq!(Glob::with_variables(&"${a}".repeat(1 << 16)).variables().len(), 1 << 16);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[test]
fn truth_is_kleenes() {
    use Truth::{No, Unknown, Yes};
    assert_eq!((!Yes, !Unknown, !No), (No, Unknown, Yes));
    assert_eq!((Yes.and(Unknown), No.and(Unknown), Yes.or(Unknown), No.or(Unknown)), (Unknown, No, Yes, Unknown));
    assert_eq!((Truth::all([]), Truth::any([])), (Yes, No));
}
