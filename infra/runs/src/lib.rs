//! One vectorised pass over bytes that marks where a scanner should look: **runs** of at least [`RUN`] ASCII letters, digits,
//! `-` and `_` that hold a digit and a letter, as nearly every credential does, and **anchors**, the places of short literals in any case.
//!
//! Most text has few of either, so that what costs time (hashing, regular expressions, judging) is spent on a small part of it.
//! The kernel works on blocks of 64 bytes: AVX2 where the processor has it, else portable code with the same answer.

#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "AVX2 intrinsics, chosen at run time"))]

#[cfg(target_arch = "x86_64")]
mod avx2;
mod marks;
mod portable;

pub use marks::{Anchors, Marks, RUN};

use marks::BLOCK;

/// The masks of one block of 64 bytes, a bit for each byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Masks {
    /// What may stand in a run.
    token: u64,
    /// ASCII digits.
    digit: u64,
    /// `-` and `_`.
    joint: u64,
    /// Where an anchor may begin; some are none.
    anchor: u64,
}

impl Masks {
    /// Only the bits of the first `kept` bytes.
    fn up_to(self, kept: usize) -> Self {
        let mask = if kept >= BLOCK { u64::MAX } else { (1 << kept) - 1 };
        Self { token: self.token & mask, digit: self.digit & mask, joint: self.joint & mask, anchor: self.anchor & mask }
    }
}

type Kernel = fn(&Anchors, &[u8; BLOCK + marks::AHEAD]) -> Masks;

/// The kernel for this processor.
fn kernel() -> Kernel {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return avx2::masks;
    }
    portable::masks
}
