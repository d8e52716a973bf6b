//! A certificate's binary form, as `bless inspect` and the check before an answer read it.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(certificate) = bless::certificate::read(data) {
        // What was signed is the input's beginning, whatever is in it.
        assert!(data.starts_with(certificate.signed));
    }
});
