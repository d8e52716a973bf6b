//! Archives within narrow limits: they are kept, each member has one entry, and what is counted is what was shown.
#![no_main]

use std::io::{Cursor, Read as _};
use std::ops::ControlFlow;

use lanius::archive::{Event, Limits, Opener, Status, open};
use libfuzzer_sys::fuzz_target;

/// Narrow, so that small inputs meet them.
fn limits() -> Limits {
    Limits {
        depth: 4,
        total: 1 << 20,
        member: 256 << 10,
        members: 64,
        ratio: 200,
        ratio_from: 64 << 10,
        spool: 128 << 10,
        window: 8 << 20,
        notebook: 64 << 10,
        ..Limits::new(std::env::temp_dir())
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((which, bytes)) = data.split_first() else { return };
    let limits = limits();
    let (mut shown, mut entries, mut listed) = (0_u64, 0_u64, 0_u64);
    let mut visit = |event: Event<'_>| {
        match event {
            Event::Member(member) => {
                let read = std::io::copy(member.read, &mut std::io::sink()).expect("members never give an error");
                assert!(read <= limits.member);
                shown += read;
            }
            Event::Entry(entry) => {
                entries += 1;
                listed += u64::from(!matches!(entry.status, Status::Opened(_)));
            }
        }
        ControlFlow::Continue(())
    };
    let name = if which & 2 == 0 { "a" } else { "a.ipynb" };
    let outcome = if which & 1 == 0 {
        open(name, bytes, &limits, &mut visit)
    } else {
        Opener::new(limits.clone()).open_seekable(name, Cursor::new(bytes), &mut visit)
    };
    assert!(!outcome.stopped && shown == outcome.bytes && shown <= limits.total);
    assert_eq!(outcome.read + outcome.opened + outcome.skipped + outcome.failed, entries);
    assert!(entries > 0 && listed <= entries);

    // A visitor that wants no more, and reads only a little.
    let mut left = u32::from(which >> 2);
    let outcome = open(name, bytes, &limits, &mut |event| {
        if let Event::Member(member) = event {
            let _ = member.read.read(&mut [0; 7]).expect("members never give an error");
        }
        left = left.saturating_sub(1);
        if left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(outcome.bytes <= limits.total);
});
