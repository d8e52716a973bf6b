//! Certificate requests, in DER or as text: names, subject and key, and the request written again.
#![no_main]

use lemur::csr::Csr;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(csr) = Csr::parse(data) {
        let _ = csr.subject();
        let again = Csr::parse(csr.to_pem().as_bytes()).expect("what is written is read");
        assert_eq!(again.all_names(), csr.all_names());
    }
});
