//! Events of the user handler: JSON that anyone who may invoke can send.
#![no_main]

use bless::request::{MAX_EVENT_BYTES, UserRequest, UserRules, kind_of};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if data.len() <= MAX_EVENT_BYTES
        && let Ok(event) = serde_json::from_slice(data)
    {
        let _ = kind_of(&event);
        if let Ok(request) = UserRequest::parse(&event, &UserRules::default()) {
            let principals = &request.remote_usernames;
            assert!(!principals.is_empty() && principals.len() <= 256);
            assert!(principals.iter().all(|name| !name.is_empty() && !name.contains(',')));
        }
    }
});
