//! Files of rules: ours, Gitleaks', TruffleHog's, Kingfisher's and Nosey Parker's. What is taken works on a text.
#![no_main]

use lanius::rules::{examples, import, parse};
use lanius::scan::{Engine, Scratch, Text};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((which, text)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let _ = examples::expand(text, &mut examples::Dice::new(1));
    let rules = match which % 3 {
        0 => parse("rules.toml", text).ok(),
        1 => import::read("rules.toml", text).ok().map(|imported| imported.rules),
        _ => import::read("rules.yml", text).ok().map(|imported| imported.rules),
    };
    if let Some(rules) = rules.filter(|rules| !rules.is_empty()) {
        let mut found = Vec::new();
        let _ = Engine::new(rules).scan(&mut Scratch::default(), &Text::whole(text.as_bytes(), "a.txt"), &mut found);
        assert!(found.iter().all(|found| found.start < found.end && found.end <= text.len() as u64));
    }
});
