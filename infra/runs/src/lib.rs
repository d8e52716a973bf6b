//! One vectorised pass over bytes that marks where a scanner should look: **runs** of at least [`RUN`] ASCII letters, digits,
//! `-` and `_` that hold a digit and a letter, as nearly every credential does, and **anchors**, the places of short literals in any case.
//!
//! Most text has few of either, so that what costs time (hashing, regular expressions, judging) is spent on a small part of it. There,
//! [`Pairs`] of bytes are the first sieve of a search for thousands of keywords. The kernels work on blocks of 64 bytes: AVX2 where the processor has it, else portable code with the same answer.

#![cfg_attr(target_arch = "x86_64", expect(unsafe_code, reason = "AVX2 intrinsics, chosen at run time"))]

#[cfg(target_arch = "x86_64")]
mod avx2;
mod gaps;
mod marks;
mod pairs;
mod portable;
mod triples;

pub use gaps::gap_before;
pub use marks::{Anchors, Marks, RUN};
pub use pairs::{KINDS, Pairs, kind};
pub use triples::{Places, Triples};

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

/// Fills in the masks of the first blocks of a text that is not empty, and says of how many: of all, or of [`marks::BATCH`].
type Kernel = fn(&Anchors, &[u8], &mut [Masks; marks::BATCH]) -> usize;

/// Hands the blocks of a text to `kernel`, the last one filled up with zeros, and puts what it gives into `batch`; says how many they are.
#[inline(always)]
fn each_block<T>(
    text: &[u8],
    batch: &mut [T; marks::BATCH],
    kernel: impl Fn(&[u8; BLOCK + marks::AHEAD]) -> T,
    up_to: impl Fn(T, usize) -> T,
) -> usize {
    let mut blocks = 0;
    for (into, at) in batch.iter_mut().zip((0..text.len()).step_by(BLOCK)) {
        *into = match text[at..].first_chunk() {
            Some(bytes) => kernel(bytes),
            None => {
                let rest = &text[at..];
                let mut bytes = [0; BLOCK + marks::AHEAD];
                bytes[..rest.len()].copy_from_slice(rest);
                up_to(kernel(&bytes), rest.len())
            }
        };
        blocks += 1;
    }
    blocks
}

/// The kernel for this processor.
fn kernel() -> Kernel {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return avx2::masks;
    }
    portable::masks
}

type PairKernel = fn(&Pairs, &[u8; BLOCK + 1]) -> u64;

/// The kernel for pairs for this processor.
fn pair_kernel() -> PairKernel {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return avx2::pairs;
    }
    portable::pairs
}

/// The kernel for gaps for this processor.
fn gap_kernel() -> gaps::Kernel {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return avx2::gaps;
    }
    portable::gaps
}

/// The kernel for triples for this processor.
fn triple_kernel() -> triples::Kernel {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        return avx2::triples;
    }
    portable::triples
}
