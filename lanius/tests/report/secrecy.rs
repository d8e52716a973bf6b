//! No form, file or message shows a secret, or a part of one that is worth having, unless it was asked for.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::planted::Planted;

/// The longest part of a secret that may be shown: a public prefix.
const PREFIX: usize = 12;

fn parts(secret: &str) -> impl Iterator<Item = &str> {
    let length = PREFIX + 4;
    (0..secret.len().saturating_sub(length - 1)).filter_map(move |at| secret.get(at..at + length))
}

#[test]
fn no_form_shows_a_secret() {
    let planted = Planted::new();
    for form in ["human", "json", "jsonl", "sarif", "html", "csv"] {
        for what in [&["--git", "."][..], &["."], &[".", "gone"], &["--confidence", "low", "."]] {
            let finished = planted.lanius(&[&["scan", "--format", form][..], what].concat());
            let told = finished.text() + &finished.stderr;
            assert!(told.len() > 200, "{form} tells something");
            for secret in &planted.secrets {
                for part in parts(secret) {
                    assert!(!told.contains(part), "{form} of {what:?} shows {part:?} of {secret:?}");
                }
                // Nor what it was hidden by.
                assert!(!told.contains(&STANDARD.encode(secret)[..20]), "{form} shows {secret:?} in base64");
            }
        }
    }
}

#[test]
fn every_form_shows_secrets_when_it_is_asked_to() {
    let planted = Planted::new();
    for form in ["human", "json", "jsonl", "sarif", "html", "csv"] {
        let finished = planted.lanius(&["scan", "--git", ".", "--format", form, "--show-secrets"]);
        let missing: Vec<_> = planted.secrets.iter().filter(|secret| !finished.text().contains(secret.as_str())).collect();
        assert!(missing.is_empty(), "{form} does not show {missing:?}");
        for secret in &planted.secrets {
            assert!(!finished.stderr.contains(secret.as_str()), "{form} shows a secret on stderr");
        }
    }
}
