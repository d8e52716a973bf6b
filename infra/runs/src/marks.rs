//! From the masks of blocks to runs and anchors, whatever kernel made them.

use crate::{Kernel, Masks, kernel, portable};

/// The shortest run that is marked.
pub const RUN: usize = 12;

/// How many bytes a block has.
pub(crate) const BLOCK: usize = 64;
/// How many bytes after a block its kernel reads.
pub(crate) const AHEAD: usize = 2;
/// How many blocks a kernel takes at once.
pub(crate) const BATCH: usize = 32;

/// A set of bytes, by the halves of a byte: it holds those whose two entries share a bit.
#[derive(Debug, Clone, Default)]
pub(crate) struct Halves {
    pub(crate) low: [u8; 16],
    pub(crate) high: [u8; 16],
}

impl Halves {
    pub(crate) fn insert(&mut self, byte: u8, bit: u8) {
        self.low[usize::from(byte & 15)] |= bit;
        self.high[usize::from(byte >> 4)] |= bit;
    }

    pub(crate) fn insert_all(&mut self, bit: u8) {
        self.low.iter_mut().chain(&mut self.high).for_each(|entry| *entry |= bit);
    }

    pub(crate) fn of(&self, byte: u8) -> u8 {
        self.low[usize::from(byte & 15)] & self.high[usize::from(byte >> 4)]
    }
}

/// ASCII letters, digits, `-` and `_`: `0`–`9` are bit 0, `A`–`O` and `a`–`o` bit 1, `P`–`Z` and `p`–`z` bit 2, `-` bit 3, `_` bit 4.
pub(crate) const TOKEN: Halves =
    Halves { low: [5, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 2, 2, 10, 2, 18], high: [0, 0, 8, 1, 2, 20, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0] };

/// Whether a byte may stand in a run.
pub(crate) const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// How often digits and letters must alternate in a run whose pieces between `-` and `_` are short: names such as
/// `mt8173_disp_ovl0_2l` do so seldom, what was drawn at random does so often.
const TURNS: usize = 4;

/// Whether a run of at least [`RUN`] bytes deserves a look.
pub(crate) fn is_marked(run: &[u8]) -> bool {
    let (mut turns, mut last) = (0, 0);
    // Of the piece: its length, and the kinds of its bytes.
    let (mut length, mut piece) = (0, 0);
    for byte in run {
        let kind = match byte {
            b'0'..=b'9' => 1,
            b'-' | b'_' => {
                (length, piece, last) = (0, 0, 0);
                continue;
            }
            _ => 2,
        };
        length += 1;
        piece |= kind;
        turns += usize::from(last + kind == 3);
        last = kind;
        if turns >= TURNS || length >= RUN && piece == 3 {
            return true;
        }
    }
    false
}

/// Literals to be found in any case, by their first three bytes.
#[derive(Debug, Clone)]
pub struct Anchors {
    literals: Vec<Box<[u8]>>,
    /// The first four bytes of each literal, folded, with a mask for one that is shorter, by the first byte.
    by_first: Vec<Vec<(u32, u32, usize)>>,
    pub(crate) first: Halves,
    pub(crate) second: Halves,
    pub(crate) third: Halves,
}

impl Anchors {
    /// Anchors for literals, each of three bytes or more, in lower case, numbered through all groups. Where one begins with another, the
    /// earlier wins. What a group has in its first three bytes passes in any mixture: those belong together of which that is rare.
    ///
    /// # Panics
    /// When a literal is shorter than three bytes, or there are more than eight groups.
    #[must_use]
    pub fn new(groups: &[&[&str]]) -> Self {
        assert!(groups.len() <= 8, "a bit of a byte stands for each group");
        let mut anchors = Self {
            literals: Vec::new(),
            by_first: vec![Vec::new(); 256],
            first: Halves::default(),
            second: Halves::default(),
            third: Halves::default(),
        };
        for (group, literals) in groups.iter().enumerate() {
            for literal in *literals {
                let bytes: Box<[u8]> = literal.bytes().map(|byte| byte.to_ascii_lowercase()).collect();
                assert!(bytes.len() >= 3, "an anchor has at least three bytes: {literal:?}");
                anchors.first.insert(bytes[0] | 0x20, 1 << group);
                anchors.second.insert(bytes[1] | 0x20, 1 << group);
                anchors.third.insert(bytes[2] | 0x20, 1 << group);
                let begin = [bytes[0], bytes[1], bytes[2], bytes.get(3).copied().unwrap_or_default()];
                let mask = if bytes.len() > 3 { u32::MAX } else { 0x00ff_ffff };
                let known = (u32::from_le_bytes(begin.map(|byte| byte | 0x20)) & mask, mask, anchors.literals.len());
                anchors.by_first[usize::from(bytes[0] | 0x20)].push(known);
                anchors.literals.push(bytes);
            }
        }
        anchors
    }

    /// Whether these three bytes may begin a literal.
    pub(crate) fn may_begin(&self, bytes: [u8; 3]) -> bool {
        self.first.of(bytes[0] | 0x20) & self.second.of(bytes[1] | 0x20) & self.third.of(bytes[2] | 0x20) != 0
    }

    /// The number of the literal that stands at the beginning of `text`.
    fn at(&self, text: &[u8]) -> Option<usize> {
        let begin = text.first_chunk::<4>().copied().or_else(|| text.first_chunk().map(|[a, b, c]| [*a, *b, *c, 0]))?;
        let begin = u32::from_le_bytes(begin) | 0x2020_2020;
        for (known, mask, number) in &self.by_first[(begin & 0xff) as usize] {
            let literal = &self.literals[*number];
            if begin & mask == *known && text.get(..literal.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(literal)) {
                return Some(*number);
            }
        }
        None
    }
}

/// What a pass over a text marked. Kept between texts for its memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    /// Beginning and end of each run, in order.
    pub runs: Vec<(usize, usize)>,
    /// Place and number of the literal of each anchor, in order.
    pub anchors: Vec<(usize, usize)>,
}

impl Marks {
    /// Marks `text` anew.
    pub fn mark(&mut self, anchors: &Anchors, text: &[u8]) {
        self.mark_with(kernel(), anchors, text);
    }

    /// Marks `text` anew without vector instructions; the answer is the same.
    pub fn mark_portably(&mut self, anchors: &Anchors, text: &[u8]) {
        self.mark_with(portable::masks, anchors, text);
    }

    fn mark_with(&mut self, kernel: Kernel, anchors: &Anchors, text: &[u8]) {
        self.runs.clear();
        self.anchors.clear();
        // A run is told by its first RUN bytes, which may reach into the next block: each block waits for the masks of its successor.
        let mut waiting = Masks::default();
        let mut batch = [Masks::default(); BATCH];
        let mut at = 0;
        // Where the last run ended: what begins before it is a part of it.
        let mut done = 0;
        while at < text.len() {
            let blocks = kernel(anchors, &text[at..], &mut batch);
            for masks in &batch[..blocks] {
                if masks.anchor != 0 {
                    self.anchors_of(masks.anchor, anchors, text, at);
                }
                if waiting.token != 0 {
                    self.runs_of(&waiting, masks, text, at - BLOCK, &mut done);
                }
                waiting = *masks;
                at += BLOCK;
            }
        }
        if waiting.token != 0 {
            self.runs_of(&waiting, &Masks::default(), text, at - BLOCK, &mut done);
        }
    }

    /// Marks the anchors of the block at `base`, given where they may be.
    fn anchors_of(&mut self, mut places: u64, anchors: &Anchors, text: &[u8], base: usize) {
        while places != 0 {
            let place = base + places.trailing_zeros() as usize;
            places &= places - 1;
            if let Some(literal) = anchors.at(&text[place..]) {
                self.anchors.push((place, literal));
            }
        }
    }

    /// Marks the runs that begin in the block at `base`, given its masks and the next one's.
    fn runs_of(&mut self, block: &Masks, next: &Masks, text: &[u8], base: usize, done: &mut usize) {
        if block.digit | next.digit == 0 && next.token != u64::MAX {
            // What begins here ends in the next block and has no digit.
            if block.token >> (BLOCK - 1) & next.token & 1 == 1 {
                *done = (*done).max(base + BLOCK + next.token.trailing_ones() as usize);
            }
            return;
        }
        let both = join(block.token, next.token);
        #[expect(clippy::cast_possible_truncation, reason = "the lower half is the block's own")]
        let mut starts = long(both) as u64;
        if *done > base {
            // The rest of a run that is known.
            let skip = *done - base;
            starts &= if skip >= BLOCK { 0 } else { u64::MAX << skip };
        }
        if starts == 0 {
            return;
        }
        let digits = join(block.digit, next.digit);
        let joints = join(block.joint, next.joint);
        while starts != 0 {
            let place = starts.trailing_zeros();
            let start = base + place as usize;
            // The run and what follows it, from its beginning on.
            #[expect(clippy::cast_possible_truncation, reason = "so much is looked at")]
            let from = |mask: u128| (mask >> place) as u64;
            let length = from(both).trailing_ones();
            if (length as usize) < BLOCK {
                starts &= u64::MAX.checked_shl(place + length).unwrap_or(0);
                *done = start + length as usize;
                let run = (1 << length) - 1;
                let digits = from(digits) & run;
                let plain = run & !from(joints);
                let letters = plain & !digits;
                if digits == 0 || letters == 0 {
                    continue;
                }
                // Where a digit follows a letter or a letter a digit.
                let turns = digits & letters << 1 | letters & digits << 1;
                // A long piece counts if it holds both; which of several does is read.
                if turns.count_ones() as usize >= TURNS || long(plain.into()) != 0 && is_marked(&text[start..*done]) {
                    self.runs.push((start, *done));
                }
            } else {
                starts = 0;
                *done = start + text[start..].iter().position(|byte| !is_token(*byte)).unwrap_or(text.len() - start);
                if is_marked(&text[start..*done]) {
                    self.runs.push((start, *done));
                }
            }
        }
    }
}

const fn join(first: u64, second: u64) -> u128 {
    first as u128 | (second as u128) << 64
}

/// A bit stays where it and the `RUN - 1` bits after it are set.
const fn long(mask: u128) -> u128 {
    let two = mask & mask >> 1;
    let four = two & two >> 2;
    let eight = four & four >> 4;
    eight & four >> 8
}

#[cfg(test)]
mod tests;
