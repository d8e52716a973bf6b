//! Files of policy that a scanned repository may bring: configuration, baselines, ignore files, states; and comments in any line.
#![no_main]

use lanius::policy::{baseline, detect_secrets, gitleaks_ignore, gitleaks_report, inline_beside, parse_config};
use lanius::state::States;
use lanius::triage::Fingerprints;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    if which % 8 == 7 {
        let at = bytes.len() / 2;
        let _ = inline_beside(bytes, at..at + (bytes.len() - at).min(20));
        return;
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let none = Fingerprints::default();
    match which % 8 {
        0 => drop(parse_config("a.toml", text, which & 8 == 0)),
        1 => {
            if let Ok(waivers) = gitleaks_ignore("i", text, |rule| rule.len() > 4) {
                assert!(waivers.len() <= text.lines().count());
            }
        }
        2 => drop(gitleaks_report("r", text)),
        3 => drop(detect_secrets("s", text)),
        4 => {
            if let Ok(read) = baseline::parse("b", text, &none) {
                assert_eq!(baseline::parse("b", &read.text(), &none).expect("what was written is read"), read);
            }
        }
        _ => {
            if let Ok(states) = States::parse("s", text) {
                assert!(States::parse("s", &states.text()).is_ok());
            }
        }
    }
});
