//! Files of policy as hostile text, and the names that paths go by.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use proptest::prelude::*;

use super::*;
use crate::rules::import;
use crate::triage::Fingerprints;

#[test]
fn paths_are_named_from_the_top() {
    let top = |shown: &str, within: &str| Top { shown: shown.to_owned(), within: within.to_owned() };
    assert_eq!(top("", "").name("a/b").as_deref(), Some("a/b"));
    assert_eq!(top("repo", "").name("repo/a").as_deref(), Some("a"));
    assert_eq!(top("repo", "").name("repository/a"), None);
    assert_eq!(top("", "src").name("a").as_deref(), Some("src/a"));
    assert_eq!(top("../src/a.py", "src/a.py").name("../src/a.py").as_deref(), Some("src/a.py"));
    assert_eq!(top("/x/", "src").name("/x/a").as_deref(), Some("src/a"));
}

#[test]
fn a_baseline_is_read_as_it_was_written() {
    let none = Fingerprints::default();
    let empty = Baseline::empty(&none);
    assert_eq!(baseline::parse("b", &empty.text(), &none).unwrap(), empty);
    let other = empty.text().replace("lanius.baseline/1", "lanius.baseline/9");
    assert!(baseline::parse("b", &other, &none).unwrap_err().to_string().contains("schema"));
}

/// Pieces of all forms, so that drawn texts come far into the parsers.
fn pieces() -> impl Strategy<Value = String> {
    let words = [
        "[[allow]]\n",
        "paths = ['a/**']\n",
        "values = ['(a']\n",
        "until = '2027-01-01'\n",
        "[scan]\n",
        "[[rules]]\n",
        "id = 'a'\n",
        "regex = '''(a|b){1,9}x[[]'''\n",
        "[[rules.allowlists]]\n",
        "[extend]\n",
        "keywords = ['x']\n",
        "rules:\n",
        "  - id: a\n",
        "    pattern: '(?x) a b'\n",
        "detectors:\n",
        "  - name: x\n",
        "    regex: {a: '{b}'}\n",
        "&a [*a, *a]",
        "{",
        "[",
        "]",
        "\"",
        ":",
        "\n",
        "{\"results\": {\"a\": []}}",
        "a:b:c:4\n",
        "- ",
        "  ",
        "\u{0}",
        "é",
    ];
    proptest::collection::vec(prop_oneof![8 => proptest::sample::select(words.to_vec()).prop_map(str::to_owned), 1 => ".{0,8}"], 0..16)
        .prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn no_text_breaks_a_parser(text in pieces(), name in "[ab]\\.(toml|yml|json)") {
        let none = Fingerprints::default();
        let _ = parse_config(&name, &text, true);
        let _ = gitleaks_ignore(&name, &text, |_| true);
        let _ = gitleaks_report(&name, &text);
        let _ = detect_secrets(&name, &text);
        let _ = baseline::parse(&name, &text, &none);
        let _ = import::read(&name, &text);
        let _ = crate::state::States::parse(&name, &text);
    }

    #[test]
    fn comments_are_read_in_any_line(before in "\\PC{0,40}", after in "\\PC{0,40}") {
        let text = format!("{before}SECRET{after}");
        let at = before.len();
        let _ = inline_beside(text.as_bytes(), at..at + 6);
    }
}
