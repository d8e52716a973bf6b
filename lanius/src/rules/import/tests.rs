//! Rule files of other tools, read.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;

#[test]
fn a_file_is_known_by_its_content() {
    assert!(is_gitleaks("title = 'x'\n[[rules]] # ours\n"));
    assert!(!is_gitleaks("[[rule]]\n"));
    assert_eq!(
        read("x", "[[rule]]\nid='a'\nname='A'\nseverity='low'\nconfidence='high'\nkeywords=['ghp_']\npattern='ghp_[a-z]+'")
            .unwrap()
            .rules
            .len(),
        1
    );
    assert_eq!(read("x", "rules:\n  - id: a\n    pattern: 'abcd[0-9]+'\n").unwrap().rules.len(), 1);
    assert_eq!(read("x", "[[rules]]\nid='a'\nregex='abcd[0-9]+'\n").unwrap().rules.len(), 1);
}

#[test]
fn ids_become_ours() {
    assert_eq!(slug("kingfisher.aws.1"), "kingfisher-aws-1");
    assert_eq!(slug("_My Rule__"), "my-rule");
}

#[test]
fn keywords_that_stand_in_the_pattern_ask_for_nothing_more() {
    let of = |text: &str| read("x", text).unwrap().rules.remove(0).definition;
    let within = of("[[rules]]\nid='a'\nregex='acme_[0-9]+'\nkeywords=['acme']\n");
    assert_eq!((within.keywords, within.requires.len()), (vec!["acme_".to_owned()], 0));
    let beside = of("[[rules]]\nid='a'\nregex='[0-9a-f]{32}'\nkeywords=['acme']\n");
    assert_eq!((beside.keywords.len(), beside.requires.len()), (0, 1));
}

#[test]
fn aliases_do_not_blow_up() {
    let mut text = "a: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        text.push_str(&format!("b{level}: &a{level} [{}]\n", [before.as_str(); 10].join(", ")));
    }
    text.push_str("rules: *a11\n");
    assert!(read("x.yml", &text).is_err());
    assert!(read("x.yml", &format!("rules: {}", "[".repeat(100_000))).is_err());
}

#[test]
fn the_old_form_of_allow_lists_and_conditions() {
    let read = |text: &str| read("x", text);
    let imported = read("[allowlist]\npaths=['a']\n[[rules]]\nid='generic-api-key'\n[rules.allowlist]\nstopwords=['x']\n").unwrap();
    assert_eq!(imported.waivers.len(), 2);
    assert_eq!(imported.waivers[1].rules.len(), 5, "the generic rule stands for ours");
    assert!(imported.rules.is_empty());
    assert!(read("[allowlist]\nregexTarget='all'\nregexes=['a']\n").is_err());
    assert!(read("[[allowlists]]\ncondition='XOR'\nregexes=['a']\n").is_err());
    assert!(read("[allowlist]\nregexes=['(']\n").is_err());
    assert!(read("[extend]\nurl='http://localhost/'\n").unwrap().notes.len() == 1);
}
