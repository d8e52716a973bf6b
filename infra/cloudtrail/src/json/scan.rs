//! Finds where JSON values end without reading what is in them: 64 bytes at a time by vector instructions, safe Rust throughout. What is
//! skipped is only balanced, not judged: strings are closed, as many brackets are closed as were opened, and the last as the first.

use std::sync::LazyLock;

use fearless_simd::{Level, Simd, SimdBase, SimdMask, u8x32, u8x64};

/// The vector instructions of this processor.
pub(crate) static LEVEL: LazyLock<Level> = LazyLock::new(Level::new);

/// Why a value has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The bytes end before the value does.
    Cut,
    /// What stands at this place cannot.
    Syntax(usize),
}

/// The first byte from `at` on that is no white space.
#[inline(always)]
pub(crate) fn space(bytes: &[u8], mut at: usize) -> Result<usize, Fault> {
    loop {
        match bytes.get(at) {
            Some(b' ' | b'\n' | b'\r' | b'\t') => at += 1,
            Some(_) => return Ok(at),
            None => return Err(Fault::Cut),
        }
    }
}

/// The closing quote of the string whose first byte after the opening quote is at `at`.
#[inline(always)]
pub(crate) fn string<S: Simd>(simd: S, bytes: &[u8], mut at: usize) -> Result<usize, Fault> {
    loop {
        at = quote_or_escape(simd, bytes, at).ok_or(Fault::Cut)?;
        if bytes[at] == b'"' {
            return Ok(at);
        }
        at += 2;
    }
}

#[inline(always)]
fn quote_or_escape<S: Simd>(simd: S, bytes: &[u8], mut at: usize) -> Option<usize> {
    let (quote, escape) = (u8x32::splat(simd, b'"'), u8x32::splat(simd, b'\\'));
    while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<32>()) {
        let block = u8x32::from_slice(simd, block);
        let found = (simd.simd_eq_u8x32(block, quote) | simd.simd_eq_u8x32(block, escape)).to_bitmask();
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize);
        }
        at += 32;
    }
    bytes.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\')).map(|place| at + place)
}

/// The end (exclusive) of the value that begins at `at`, of any kind.
#[inline(always)]
pub(crate) fn value<S: Simd>(simd: S, bytes: &[u8], at: usize) -> Result<usize, Fault> {
    match bytes.get(at) {
        Some(b'"') => Ok(string(simd, bytes, at + 1)? + 1),
        Some(open @ (b'{' | b'[')) => {
            let mut nest = Nest::default();
            let end = nest.feed(simd, &bytes[at..]).map(|length| at + length).ok_or(Fault::Cut)?;
            // `]` and `}` each stand two places behind what opens them.
            if bytes[end - 1] == open + 2 { Ok(end) } else { Err(Fault::Syntax(end - 1)) }
        }
        Some(_) => scalar(bytes, at),
        None => Err(Fault::Cut),
    }
}

/// The end of a number or a word.
#[inline(always)]
fn scalar(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    let mut end = at;
    while let Some(byte) = bytes.get(end) {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'+' | b'.' | b'E' => end += 1,
            _ => {
                let good = match bytes[at] {
                    b't' => &bytes[at..end] == b"true",
                    b'f' => &bytes[at..end] == b"false",
                    b'n' => &bytes[at..end] == b"null",
                    b'-' | b'0'..=b'9' => true,
                    _ => false,
                };
                return if good { Ok(end) } else { Err(Fault::Syntax(at)) };
            }
        }
    }
    Err(Fault::Cut)
}

/// Where within objects and arrays a skip is: it may go on in another piece of the text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Nest {
    depth: u64,
    /// All ones within a string, else zero.
    string: u64,
    /// 1 if the next byte is escaped, else 0.
    escaped: u64,
}

impl Nest {
    /// Goes on with the bytes that follow and gives where the outermost value ends in them, if it does. The first byte ever fed opens it.
    #[inline(always)]
    pub(crate) fn feed<S: Simd>(&mut self, simd: S, bytes: &[u8]) -> Option<usize> {
        let (blocks, rest) = bytes.as_chunks::<64>();
        for (number, block) in blocks.iter().enumerate() {
            if let Some(end) = self.block(simd, block) {
                return Some(number * 64 + end);
            }
        }
        let done = blocks.len() * 64;
        rest.iter().position(|byte| self.byte(*byte)).map(|place| done + place + 1)
    }

    #[inline(always)]
    fn block<S: Simd>(&mut self, simd: S, block: &[u8; 64]) -> Option<usize> {
        let block = u8x64::from_slice(simd, block);
        let is = |byte: u8| simd.simd_eq_u8x64(block, u8x64::splat(simd, byte)).to_bitmask();
        // `[` and `{`, and `]` and `}`, differ in this bit alone.
        let folded = simd.or_u8x64(block, u8x64::splat(simd, 0x20));
        let is_folded = |byte: u8| simd.simd_eq_u8x64(folded, u8x64::splat(simd, byte)).to_bitmask();
        let escapes = is(b'\\');
        let escaped = if escapes | self.escaped == 0 { 0 } else { self.after_escapes(escapes) };
        let quotes = is(b'"') & !escaped;
        let strings = running_parity(quotes) ^ self.string;
        self.string = if strings >> 63 == 1 { u64::MAX } else { 0 };
        let (open, close) = (is_folded(b'{') & !strings, is_folded(b'}') & !strings);
        let closed = u64::from(close.count_ones());
        if closed < self.depth {
            self.depth += u64::from(open.count_ones());
            self.depth -= closed;
            return None;
        }
        let mut brackets = open | close;
        while brackets != 0 {
            let bit = brackets & brackets.wrapping_neg();
            if open & bit != 0 {
                self.depth += 1;
            } else if self.depth <= 1 {
                return Some(brackets.trailing_zeros() as usize + 1);
            } else {
                self.depth -= 1;
            }
            brackets ^= bit;
        }
        None
    }

    /// The bytes that an odd run of backslashes before them escapes.
    #[inline(always)]
    fn after_escapes(&mut self, escapes: u64) -> u64 {
        let escapes = escapes & !self.escaped;
        let follows = escapes << 1 | self.escaped;
        const EVEN: u64 = 0x5555_5555_5555_5555;
        let odd_starts = escapes & !EVEN & !follows;
        let (even_runs, carry) = odd_starts.overflowing_add(escapes);
        self.escaped = u64::from(carry);
        (EVEN ^ (even_runs << 1)) & follows
    }

    /// Takes one byte and says whether it ends the outermost value.
    fn byte(&mut self, byte: u8) -> bool {
        if self.escaped == 1 {
            self.escaped = 0;
        } else if byte == b'\\' {
            self.escaped = 1;
        } else if byte == b'"' {
            self.string = !self.string;
        } else if self.string == 0 {
            match byte {
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' if self.depth <= 1 => return true,
                b'}' | b']' => self.depth -= 1,
                _ => {}
            }
        }
        false
    }
}

/// Each bit is the parity of the bits up to it.
#[inline(always)]
fn running_parity(bits: u64) -> u64 {
    let bits = bits ^ bits << 1;
    let bits = bits ^ bits << 2;
    let bits = bits ^ bits << 4;
    let bits = bits ^ bits << 8;
    let bits = bits ^ bits << 16;
    bits ^ bits << 32
}

/// What follows a member of an object or an element of an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// A comma was passed; the next one begins here.
    Another(usize),
    /// The closing bracket was passed.
    Closed(usize),
}

/// Reads what stands after a member or an element: a comma or `close`.
#[inline(always)]
pub(crate) fn next(bytes: &[u8], at: usize, close: u8) -> Result<Next, Fault> {
    let at = space(bytes, at)?;
    match bytes[at] {
        b',' => Ok(Next::Another(space(bytes, at + 1)?)),
        byte if byte == close => Ok(Next::Closed(at + 1)),
        _ => Err(Fault::Syntax(at)),
    }
}

/// A member's name: its bytes as they stand between quotes, and where its value begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'b> {
    pub(crate) text: &'b [u8],
    pub(crate) value: usize,
}

/// Reads the name of a member, whose opening quote is at `at`, and the colon after it.
#[inline(always)]
pub(crate) fn name<S: Simd>(simd: S, bytes: &[u8], at: usize) -> Result<Name<'_>, Fault> {
    match bytes.get(at) {
        Some(b'"') => {}
        Some(_) => return Err(Fault::Syntax(at)),
        None => return Err(Fault::Cut),
    }
    let end = string(simd, bytes, at + 1)?;
    let colon = space(bytes, end + 1)?;
    if bytes[colon] != b':' {
        return Err(Fault::Syntax(colon));
    }
    Ok(Name { text: &bytes[at + 1..end], value: space(bytes, colon + 1)? })
}
