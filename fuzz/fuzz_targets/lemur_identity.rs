//! What is shown at the door by those who come in by somebody else's word: tokens against an issuer's keys, requests signed for AWS and what AWS
//! answers, and the patterns of the configuration.
#![no_main]

use lemur::identity::{Caller, NamePattern, Pattern, SignedRequest, fuzz_token};
use lemur::name::San;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = Caller::read(data);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    fuzz_token(first, rest);
    if let Ok(request) = serde_json::from_str(text) {
        let now = jiff::Timestamp::from_second(1_795_341_600).expect("a moment");
        let _ = SignedRequest::read(&request, "https://pki.example", None, now);
        let _ = SignedRequest::read(&request, "https://pki.example", Some("http://127.0.0.1:1"), now);
    }
    if let Ok(pattern) = Pattern::parse(first) {
        let found = pattern.matches(rest);
        assert!(!found || rest.len() <= 4_096);
        assert!(first.contains('*') || found == (first == rest));
    }
    if let Ok(pattern) = first.parse::<NamePattern>() {
        assert_eq!(pattern.to_string().parse(), Ok(pattern.clone()));
        if let Ok(name) = San::guess(rest) {
            let _ = pattern.permits(&name);
        }
    }
});
