//! What comes over from Repokid and Aardvark: configuration, a blocklist, usage data, an export of its table; and what is told of an organisation.
#![no_main]

use jiff::{SignedDuration, Timestamp};
use libfuzzer_sys::fuzz_target;
use repokid::compat::advisor::{AardvarkPage, answer, saved};
use repokid::compat::config::Config;
use repokid::compat::dynamo;
use repokid::compat::filters::{BlocklistFile, Filters};
use repokid::organization;
use repokid::verdict::Universe;

/// What an organisation withholds from an account has a level for each that it is in.
fn withheld(text: &str) {
    thread_local!(static UNIVERSE: Universe = Universe::new());
    let Ok(organization) = organization::saved(text) else { return };
    if let Ok(Some(controls)) = UNIVERSE.with(|universe| organization.of("111122223333", universe)) {
        let levels = [&controls.service, &controls.resource].map(Vec::len);
        assert!(levels.iter().all(|count| [0, levels[0].max(levels[1])].contains(count)), "{levels:?}");
        assert!(controls.service.iter().chain(&controls.resource).all(|level| !level.is_empty()));
    }
}

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
        _ => {
            drop(AardvarkPage::parse(text, now));
            withheld(text);
        }
    }
});
