//! The kernel for processors with AVX2. Classes of bytes are looked up by their two halves with byte shuffles, as in Teddy
//! (Langdale's algorithm of Hyperscan): a byte is of a class when both halves' entries share a bit.

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm256_and_si256, _mm256_blendv_epi8, _mm256_broadcastsi128_si256, _mm256_cmpeq_epi8, _mm256_cmpgt_epi8,
    _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256, _mm256_set1_epi8, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_slli_epi16, _mm256_srli_epi16,
};

use crate::gaps::WORD;
use crate::marks::{AHEAD, Anchors, BATCH, BLOCK, Halves};
use crate::pairs::{DIGITS, KINDS, SIGNS};
use crate::triples::COUNTED;
use crate::{Masks, Pairs, Places, Triples, each_block};

/// The masks of the first blocks of a text. Must be reached only where AVX2 was detected (`kernel`).
pub(crate) fn masks(anchors: &Anchors, text: &[u8], batch: &mut [Masks; BATCH]) -> usize {
    debug_assert!(std::arch::is_x86_feature_detected!("avx2"));
    // SAFETY: `kernel` hands this function out only after it detected AVX2.
    unsafe { blocks(anchors, text, batch) }
}

#[target_feature(enable = "avx2")]
fn blocks(anchors: &Anchors, text: &[u8], batch: &mut [Masks; BATCH]) -> usize {
    let block = |bytes: &[u8; BLOCK + AHEAD]| {
        let [token, digit, joint, anchor] = half(anchors, bytes, 0);
        let [token_after, digit_after, joint_after, anchor_after] = half(anchors, bytes, 32);
        let join = |first: u32, second: u32| u64::from(first) | u64::from(second) << 32;
        Masks {
            token: join(token, token_after),
            digit: join(digit, digit_after),
            joint: join(joint, joint_after),
            anchor: join(anchor, anchor_after),
        }
    };
    each_block(text, batch, block, Masks::up_to)
}

/// The masks of 32 bytes: of runs, of digits, of joints, of anchors.
#[target_feature(enable = "avx2")]
#[inline]
fn half(anchors: &Anchors, bytes: &[u8; BLOCK + AHEAD], at: usize) -> [u32; 4] {
    let zero = _mm256_setzero_si256();
    let text = load(bytes, at);
    let class = look_up(&crate::marks::TOKEN, text);
    // In the table of classes digits are bit 0, which nothing else has; `-` and `_` are bits 3 and 4.
    let digit = _mm256_cmpeq_epi8(class, _mm256_set1_epi8(1));
    let joint = _mm256_cmpgt_epi8(class, _mm256_set1_epi8(7));
    let fold = _mm256_set1_epi8(0x20);
    let first = look_up(&anchors.first, _mm256_or_si256(text, fold));
    let second = look_up(&anchors.second, _mm256_or_si256(load(bytes, at + 1), fold));
    let third = look_up(&anchors.third, _mm256_or_si256(load(bytes, at + 2), fold));
    let anchor = _mm256_and_si256(_mm256_and_si256(first, second), third);
    [
        bits(_mm256_cmpeq_epi8(class, zero)),
        _mm256_movemask_epi8(digit).cast_unsigned(),
        _mm256_movemask_epi8(joint).cast_unsigned(),
        bits(_mm256_cmpeq_epi8(anchor, zero)),
    ]
}

/// A bit for each byte that is not 0xff.
#[target_feature(enable = "avx2")]
#[inline]
fn bits(zero: __m256i) -> u32 {
    !_mm256_movemask_epi8(zero).cast_unsigned()
}

#[target_feature(enable = "avx2")]
#[inline]
fn look_up(halves: &Halves, text: __m256i) -> __m256i {
    let nibble = _mm256_set1_epi8(0x0f);
    let low = _mm256_shuffle_epi8(table(&halves.low), _mm256_and_si256(text, nibble));
    let high = _mm256_shuffle_epi8(table(&halves.high), _mm256_and_si256(_mm256_srli_epi16::<4>(text), nibble));
    _mm256_and_si256(low, high)
}

#[target_feature(enable = "avx2")]
#[inline]
fn table(entries: &[u8; 16]) -> __m256i {
    // SAFETY: the array is 16 bytes long, and the load needs no alignment.
    _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(entries.as_ptr().cast()) })
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(bytes: &[u8], at: usize) -> __m256i {
    let text: &[u8; 32] = bytes[at..].first_chunk().expect("a block has 32 bytes after each of its offsets");
    // SAFETY: the reference is to 32 bytes, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(text.as_ptr().cast()) }
}

/// Where pairs begin in one block. Must be reached only where AVX2 was detected (`pair_kernel`).
pub(crate) fn pairs(pairs: &Pairs, bytes: &[u8; BLOCK + 1]) -> u64 {
    debug_assert!(std::arch::is_x86_feature_detected!("avx2"));
    // SAFETY: `pair_kernel` hands this function out only after it detected AVX2.
    unsafe { pairs_of_block(pairs, bytes) }
}

#[target_feature(enable = "avx2")]
fn pairs_of_block(pairs: &Pairs, bytes: &[u8; BLOCK + 1]) -> u64 {
    u64::from(pairs_of_half(pairs, bytes, 0)) | u64::from(pairs_of_half(pairs, bytes, 32)) << 32
}

#[target_feature(enable = "avx2")]
#[inline]
fn pairs_of_half(pairs: &Pairs, bytes: &[u8; BLOCK + 1], at: usize) -> u32 {
    let (first, second) = (kinds(load(bytes, at)), kinds(load(bytes, at + 1)));
    // Of the four quarters of the first byte's row, that which has the second byte's bit: the fourth and fifth bit of its kind tell.
    let [a, b, c, d] = &pairs.quarters;
    let (fourth, fifth) = (_mm256_slli_epi16::<4>(second), _mm256_slli_epi16::<3>(second));
    let lower = _mm256_blendv_epi8(row(a, first), row(b, first), fourth);
    let upper = _mm256_blendv_epi8(row(c, first), row(d, first), fourth);
    let bit = _mm256_shuffle_epi8(table(&[1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128]), second);
    bits(_mm256_cmpeq_epi8(_mm256_and_si256(_mm256_blendv_epi8(lower, upper, fifth), bit), _mm256_setzero_si256()))
}

/// The entry of each kind. Shuffles look at the lower four bits; the fifth, moved to where a blend looks, tells the half.
#[target_feature(enable = "avx2")]
#[inline]
fn row(entries: &[u8; KINDS], kinds: __m256i) -> __m256i {
    let (low, high) = entries.split_at(KINDS / 2);
    let (low, high) = (low.first_chunk().expect("a half has 16"), high.first_chunk().expect("a half has 16"));
    let (low, high) = (_mm256_shuffle_epi8(table(low), kinds), _mm256_shuffle_epi8(table(high), kinds));
    _mm256_blendv_epi8(low, high, _mm256_slli_epi16::<3>(kinds))
}

/// [`crate::kind`] of each byte.
#[target_feature(enable = "avx2")]
#[inline]
fn kinds(text: __m256i) -> __m256i {
    let folded = _mm256_or_si256(text, _mm256_set1_epi8(0x20));
    let low = _mm256_and_si256(folded, _mm256_set1_epi8(0x0f));
    let (signs, digits) = (_mm256_shuffle_epi8(table(&SIGNS), low), _mm256_shuffle_epi8(table(&DIGITS), low));
    let others = _mm256_blendv_epi8(signs, digits, _mm256_slli_epi16::<3>(folded));
    _mm256_blendv_epi8(others, _mm256_and_si256(folded, _mm256_set1_epi8(0x1f)), _mm256_slli_epi16::<1>(folded))
}

/// Which bytes but the first and the last are blanks between two words. Must be reached only where AVX2 was detected (`gap_kernel`).
pub(crate) fn gaps(bytes: &[u8; BLOCK + 2]) -> u64 {
    debug_assert!(std::arch::is_x86_feature_detected!("avx2"));
    // SAFETY: `gap_kernel` hands this function out only after it detected AVX2.
    unsafe { u64::from(gaps_of_half(bytes, 0)) | u64::from(gaps_of_half(bytes, 32)) << 32 }
}

#[target_feature(enable = "avx2")]
#[inline]
fn gaps_of_half(bytes: &[u8; BLOCK + 2], at: usize) -> u32 {
    let blank = _mm256_cmpeq_epi8(load(bytes, at + 1), _mm256_set1_epi8(0x20));
    let zero = _mm256_setzero_si256();
    let (before, after) = (look_up(&WORD, load(bytes, at)), look_up(&WORD, load(bytes, at + 2)));
    _mm256_movemask_epi8(blank).cast_unsigned() & bits(_mm256_cmpeq_epi8(before, zero)) & bits(_mm256_cmpeq_epi8(after, zero))
}

/// Where triples begin in the first blocks of a text. Must be reached only where AVX2 was detected (`triple_kernel`).
pub(crate) fn triples(triples: &Triples, text: &[u8], batch: &mut [Places; BATCH]) -> usize {
    debug_assert!(std::arch::is_x86_feature_detected!("avx2"));
    // SAFETY: `triple_kernel` hands this function out only after it detected AVX2.
    unsafe { triples_of_blocks(triples, text, batch) }
}

#[target_feature(enable = "avx2")]
fn triples_of_blocks(triples: &Triples, text: &[u8], batch: &mut [Places; BATCH]) -> usize {
    let block = |bytes: &[u8; BLOCK + AHEAD]| {
        let ((any, counted), (any_after, counted_after)) = (triples_of_half(triples, bytes, 0), triples_of_half(triples, bytes, 32));
        let join = |first: u32, second: u32| u64::from(first) | u64::from(second) << 32;
        Places { any: join(any, any_after), counted: join(counted, counted_after) }
    };
    each_block(text, batch, block, Places::up_to)
}

#[target_feature(enable = "avx2")]
#[inline]
fn triples_of_half(triples: &Triples, bytes: &[u8; BLOCK + AHEAD], at: usize) -> (u32, u32) {
    let [first, second, third] = &triples.sets;
    let (first, second) = (look_up(first, load(bytes, at)), look_up(second, load(bytes, at + 1)));
    let found = _mm256_and_si256(_mm256_and_si256(first, second), look_up(third, load(bytes, at + 2)));
    let others = _mm256_and_si256(found, _mm256_set1_epi8((!COUNTED).cast_signed()));
    // The counted alternative has the highest bit, which a mask is made of.
    (bits(_mm256_cmpeq_epi8(others, _mm256_setzero_si256())), _mm256_movemask_epi8(found).cast_unsigned())
}
