//! BLESS's INI configuration.
#![no_main]

use libfuzzer_sys::fuzz_target;
use menagerie_config::MapEnvironment;
use std::path::Path;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        // A section that only BLESS's file has makes it one.
        let text = format!("[Bless CA]\nca_private_key_file = ca.pem\ndefault_password = AAAA\n{text}");
        let _ = bless::config::parse(Path::new("/nowhere/bless_deploy.cfg"), &text, &MapEnvironment::default());
    }
});
