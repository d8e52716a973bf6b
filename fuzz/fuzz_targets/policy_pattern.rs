//! Patterns of policies, two and a text to a line each: what one covers it matches, what both match overlaps, and each covers itself.
#![no_main]

use libfuzzer_sys::fuzz_target;
use menagerie_policy::pattern::{ActionPattern, Glob, ResourcePattern};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.splitn(3, '\n');
    let (Some(one), Some(other), Some(text)) = (lines.next(), lines.next(), lines.next()) else { return };
    let globs = (Glob::new(one), Glob::new(other));
    assert!(globs.0.covers(&globs.0) && globs.0.overlaps(&globs.1) == globs.1.overlaps(&globs.0));
    if globs.0.covers(&globs.1) {
        assert!(globs.0.overlaps(&globs.1) && (globs.0.matches(text).is_yes() || globs.1.matches(text).is_no()));
    }
    if globs.0.matches(text).is_yes() && globs.1.matches(text).is_yes() {
        assert!(globs.0.overlaps(&globs.1));
    }
    let resources = (ResourcePattern::new(one), ResourcePattern::new(other));
    assert!(resources.0.covers(&resources.0));
    if resources.0.covers(&resources.1) {
        assert!(resources.0.matches(text) >= resources.1.matches(text) || !resources.1.variables().is_empty());
    }
    if !resources.0.overlaps(&resources.1) {
        assert!(resources.0.matches(text).and(resources.1.matches(text)).is_no());
    }
    let (Ok(one), Ok(other)) = (ActionPattern::parse(one), ActionPattern::parse(other)) else { return };
    assert!(one.covers(&one));
    if let Some((service, action)) = text.split_once(':') {
        assert!(!one.covers(&other) || one.matches(service, action) || !other.matches(service, action));
        assert!(one.overlaps(&other) || !one.matches(service, action) || !other.matches(service, action));
    }
});
