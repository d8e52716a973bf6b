//! The key that a caller wants certified, as text.
#![no_main]

use bless::subject_key::SubjectKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = SubjectKey::parse(text);
    }
});
