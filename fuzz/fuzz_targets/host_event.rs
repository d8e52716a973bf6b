//! Events of the host handler: JSON that anyone who may invoke can send.
#![no_main]

use bless::request::{HostRequest, HostRules, MAX_EVENT_BYTES};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if data.len() <= MAX_EVENT_BYTES
        && let Ok(event) = serde_json::from_slice(data)
    {
        for with_token in [false, true] {
            let rules = HostRules { with_token, ..HostRules::default() };
            if let Ok(request) = HostRequest::parse(&event, rules) {
                assert!(!request.hostnames.is_empty() && request.hostnames.len() <= 256);
                assert!(request.hostnames.iter().all(|name| !name.is_empty() && !name.contains(',')));
            }
        }
    }
});
