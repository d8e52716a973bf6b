//! Events of CloudTrail, whose requestParameters their callers write, mapped to actions and resources.
#![no_main]

use libfuzzer_sys::fuzz_target;
use menagerie_cloudtrail::Event;
use menagerie_cloudtrail::map::{MOST_RESOURCES, Mapped, Mapper, Resource};

thread_local! {
    static MAPPER: std::cell::RefCell<Mapper> = std::cell::RefCell::new(Mapper::new());
}

fuzz_target!(|text: &str| {
    let Ok(event) = Event::parse(text) else { return };
    let Mapped::Uses(uses) = MAPPER.with_borrow_mut(|mapper| mapper.map(&event)) else { return };
    assert!(!uses.is_empty() && uses.len() <= 64 * (MOST_RESOURCES + 1));
    for one in uses {
        match one.resource {
            Resource::Arn(arn) => assert!(arn.starts_with("arn:"), "{arn}"),
            Resource::Part { start, end } => assert!(!start.is_empty() || !end.is_empty()),
            Resource::Any | Resource::Unknown => {}
        }
    }
});
