//! What comes over from Repokid and Aardvark: configuration, a blocklist, usage data, an export of its table.
#![no_main]

use jiff::{SignedDuration, Timestamp};
use libfuzzer_sys::fuzz_target;
use repokid::compat::advisor::{AardvarkPage, answer, saved};
use repokid::compat::config::Config;
use repokid::compat::dynamo;
use repokid::compat::filters::{BlocklistFile, Filters};

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(500_000);
    if which % 4 == 0 {
        let _ = dynamo::read(bytes, now, &mut |_| true);
        return;
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match which % 4 {
        1 => {
            let listed = BlocklistFile::parse(text).ok();
            if let Ok(config) = Config::parse(text) {
                let again = Config::parse(&config.original().to_string()).expect("what was read is read again");
                assert_eq!(again, config);
                let _ = Filters::new(&config, listed.as_ref());
            }
        }
        2 => drop((saved(text, now), answer(text, now))),
        _ => drop(AardvarkPage::parse(text, now)),
    }
});
