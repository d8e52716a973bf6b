//! The TOML configuration.
#![no_main]

use libfuzzer_sys::fuzz_target;
use menagerie_config::MapEnvironment;
use std::path::Path;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        let _ = bless::config::parse(Path::new("/nowhere/bless.toml"), text, &MapEnvironment::default());
    }
});
