//! The decoders on any bytes: what they give stays within the limits, and an outer layer comes before what is within it.
#![no_main]

use std::cell::RefCell;

use lanius::decode::{DEEPEST, Extent, Limits, Scratch, layers};
use libfuzzer_sys::fuzz_target;
use menagerie_runs::{Anchors, Marks};

thread_local! {
    static MEMORY: RefCell<(Scratch, Marks)> = RefCell::default();
}

fuzz_target!(|data: &[u8]| {
    let Some((limit, text)) = data.split_first() else { return };
    let mut limits = Limits::of(text.len());
    if limit & 1 == 1 {
        limits.output = usize::from(*limit) * 8;
    }
    MEMORY.with_borrow_mut(|(scratch, marks)| {
        marks.mark(&Anchors::new(&[]), text);
        let (mut output, mut deepest) = (0, 0);
        let extent = layers(text, &marks.runs, &limits, scratch, &mut |layer| {
            assert!(layer.range.start < layer.range.end && layer.range.end <= text.len());
            assert!(!layer.bytes.is_empty() && (1..=DEEPEST).contains(&layer.depth) && layer.depth <= deepest + 1);
            output += layer.bytes.len();
            deepest = layer.depth;
        });
        assert!(output <= limits.output);
        assert!(extent == Extent::Cut || output > 0 || deepest == 0);
    });
});
