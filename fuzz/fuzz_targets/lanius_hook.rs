//! What git hands to hooks: the lines of pre-push and pre-receive, and the folders of alternate objects.
#![no_main]

use lanius::hook::{alternates, pushed, received};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let lines = data.iter().filter(|byte| **byte == b'\n').count() + 1;
    for updates in [pushed(data), received(data)].into_iter().flatten() {
        assert!(updates.len() <= lines);
    }
    for folder in alternates(data).into_iter().flatten() {
        assert!(!folder.as_os_str().is_empty());
    }
});
