//! OCSP requests, posted or in a path; and revocation lists.
#![no_main]

use lemur::crl::Crl;
use lemur::ocsp::{parse_request, parse_request_path};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = parse_request(data);
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = parse_request_path(text);
    }
    if let Ok(crl) = Crl::parse(data) {
        let _ = (crl.entries().count(), crl.issuer().to_string());
    }
});
