//! The bytes that tell of an encoding outside of runs, found for all encodings in one pass. A block of 64 bytes is first judged as a
//! whole in code without branches, which the compiler makes into vector instructions; only a block with a trigger is gone through.

const BLOCK: usize = 64;
const AHEAD: usize = 2;

/// Calls `found` with each place where a trigger stands, in order. It may be none: two or three bytes are all that was looked at.
pub(super) fn each(text: &[u8], mut found: impl FnMut(usize)) {
    let mut at = 0;
    while at < text.len() {
        let mut copy = [0; BLOCK + AHEAD];
        let block = match text[at..].first_chunk() {
            Some(block) => block,
            None => {
                copy[..text.len() - at].copy_from_slice(&text[at..]);
                &copy
            }
        };
        if has_trigger(block) {
            for place in (0..BLOCK).filter(|place| trigger(block[*place], block[place + 1], block[place + 2]) != 0) {
                found(at + place);
            }
        }
        at += BLOCK;
    }
}

fn has_trigger(block: &[u8; BLOCK + AHEAD]) -> bool {
    let mut any = 0;
    for place in 0..BLOCK {
        any |= trigger(block[place], block[place + 1], block[place + 2]);
    }
    any != 0
}

fn is(byte: u8, other: u8) -> u8 {
    u8::from(byte == other)
}

fn within(byte: u8, first: u8, last: u8) -> u8 {
    u8::from(byte.wrapping_sub(first) <= last - first)
}

/// What stands between two literals that are joined.
fn joins(byte: u8) -> u8 {
    is(byte, b'+') | is(byte, b'.') | is(byte, b'&') | is(byte, b'"') | is(byte, b'\'') | is(byte, b'\\') | is(byte, b'|')
}

/// 1 if a trigger begins with these bytes, else 0. Without branches.
#[inline(always)]
fn trigger(first: u8, second: u8, third: u8) -> u8 {
    let escape = is(first, b'\\') & (is(second, b'x') | is(second | 0x20, b'u') | is(second & 0xfe, b'0'));
    let percent = is(first, b'%') & within(second, b'2', b'7');
    let entity = is(first, b'&') & (is(second, b'#') | is(second, b'a') & is(third, b'm'));
    let soft = is(first, b'=') & (is(second, b'\n') | is(second, b'\r'));
    let array = within(first, b'0', b'9') & is(third, b',');
    let quote = is(first, b'"') | is(first, b'\'');
    let joined = quote & (joins(second) | is(second, b'\n') | is(second, b'\r') | is(second, b' ') & joins(third));
    escape | percent | entity | soft | array | joined
}
