//! Private key files of every form, read and unlocked: OpenSSH, PKCS#8, PKCS#1, SEC1, encrypted and plain. A file must not be able
//! to make its reader work or use memory without bound, so one whose key derivation is dear is not unlocked here.
#![no_main]

use libfuzzer_sys::fuzz_target;
use menagerie_sign::KeyFile;

fuzz_target!(|data: &[u8]| {
    if let Ok(file) = KeyFile::parse(data)
        && !file.is_encrypted()
    {
        let _ = file.unlock(None);
    }
});
