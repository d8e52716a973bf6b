//! Certificates that are linted before they are signed: whatever the bytes, the linter answers, briefly, and passes nothing that it
//! cannot read.
#![no_main]

use lemur::lint::{self, Claims};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((first, der)) = data.split_first() else { return };
    let claims = Claims { baseline: first & 1 == 1, foreign_key: false, ..Claims::default() };
    let findings = lint::check(der, &claims);
    for finding in &findings {
        assert!(finding.detail.chars().count() <= 301 && !finding.detail.chars().any(char::is_control), "{finding}");
    }
    assert!(findings.len() <= 16 * lint::lints().count());
    if lint::summary(der).is_none() {
        assert!(findings.iter().any(lint::Finding::forbids), "what cannot be read is passed");
    }
});
