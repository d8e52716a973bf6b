//! Where the keywords of all rules stand in a text, in any case, by three sieves: the places of pairs of bytes of which each keyword has
//! one, found with vector instructions; a table of hashed groups of four bytes; and the first bytes of the keywords of a group.

use menagerie_runs::{KINDS, Pairs, kind};

/// log2 of the number of bits of the table: 32 KiB, which the first-level cache holds.
const TABLE_BITS: u32 = 18;
/// log2 of the number of buckets behind it.
const BUCKET_BITS: u32 = 13;
/// How many places are looked at together, and the bytes that groups at these may have.
const PLACES: usize = 64;
const BLOCK: usize = PLACES + GROUP;
/// The bytes of a group.
const GROUP: usize = 4;
/// How much more it costs to compare a place than to look it up.
const COMPARED: f32 = 0.5;
/// What may follow a keyword of three bytes.
const AFTER: &[u8] = b"_abcdefghijklmnopqrstuvwxyz0123456789-.=\"' :/@+$%(";

/// How common a pair of kinds of bytes is in source and logs, by measure: log2 of how often it stands in 2^15 bytes, in hexadecimal. A line for each kind
/// of the first byte.
const COMMON: [&[u8; KINDS]; KINDS] = [
    b"b7576665574465766278765651186984",
    b"42576255050376706076855144065544",
    b"44232521142350141034150004064154",
    b"57353732640655174053753002055445",
    b"75335822050234154055151011064665",
    b"76667554040065735587746564056676",
    b"65243441060440062062230002054254",
    b"54020743440031332044120000024444",
    b"56044700050011060051620002043454",
    b"24477565000465875046724020414424",
    b"06002200000000010005000000020000",
    b"45520610340000330002210110004165",
    b"56243742170161061015550003034565",
    b"56334700050044055026230000014434",
    b"76166756350451464036754222045556",
    b"54365154140456855085663503414344",
    b"36233620450260265065542003025545",
    b"10000000000000000011050000000022",
    b"77356835060443674156665134036566",
    b"75341814660623265026851304035665",
    b"87143831770034266075661235026676",
    b"23463644020055604076600040043022",
    b"46020600050010041004000000043444",
    b"34000600350000452024000400004023",
    b"44031320220001003021400000053344",
    b"50000100010012215014200000013444",
    b"01000400040000000001000000000300",
    b"855555503203131120125100103a8895",
    b"66354524355332444045433400084283",
    b"95255224555145434046544400083880",
    b"a64655443654545351674444401878a2",
    b"05565554561355546256544320040024",
];

/// How many hits back one of the same keyword is looked for.
const OVERLAPPING: usize = 16;

/// A keyword that stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit {
    /// Where it begins.
    pub(super) at: usize,
    /// Its number.
    pub(super) keyword: usize,
}

/// A group of four bytes that stands in a keyword.
#[derive(Debug, Clone, Copy)]
struct Group {
    bytes: u32,
    keyword: u32,
    /// How far into the keyword it stands.
    offset: u32,
    /// The keyword's first eight bytes, zeros for those that it does not have, and the bits that it has.
    begin: (u64, u64),
}

#[derive(Debug)]
pub(super) struct Keywords {
    literals: Vec<Box<[u8]>>,
    /// With what the groups begin.
    pairs: Pairs,
    table: Box<[u64]>,
    groups: Vec<Group>,
    /// Where each bucket's groups begin in `groups`.
    buckets: Vec<u32>,
}

/// Upper and lower case become one; some other bytes fall together too, which comparing sorts out.
fn fold(bytes: [u8; GROUP]) -> u32 {
    u32::from_le_bytes(bytes) | 0x2020_2020
}

/// The same for eight bytes.
fn fold_long(bytes: [u8; 8]) -> u64 {
    u64::from_le_bytes(bytes) | 0x2020_2020_2020_2020
}

fn hash(group: u32) -> u32 {
    group.wrapping_mul(0x9e37_79b1)
}

/// How often a pair stands in 2^15 bytes.
fn frequency(pair: &[u8]) -> f32 {
    let level = COMMON[usize::from(kind(pair[0]))][usize::from(kind(pair[1]))];
    f32::from(1_u16 << if level.is_ascii_digit() { level - b'0' } else { level - b'a' + 10 })
}

/// How often four bytes stand in 2^15, if each pair of them had nothing to do with the others.
fn frequency_of_group(group: &[u8]) -> f32 {
    group.windows(2).map(|pair| frequency(pair) / 32.0).product()
}

impl Keywords {
    /// Keywords, each of three bytes or more.
    pub(super) fn new(literals: Vec<Box<[u8]>>) -> Self {
        let mut groups = Vec::new();
        let mut pairs = Pairs::default();
        // Those first that leave no choice.
        let mut order: Vec<usize> = (0..literals.len()).collect();
        order.sort_by_key(|number| literals[*number].len());
        for number in order {
            let literal = &literals[number];
            let keyword = u32::try_from(number).expect("there are fewer than 2^32 rules");
            let mut begin = [0; 8];
            let known = literal.len().min(8);
            begin[..known].copy_from_slice(&literal[..known]);
            let mask = u64::MAX >> (64 - 8 * known);
            let begin = (fold_long(begin) & mask, mask);
            // Rare groups, and of these such as bring no pair or a rare one.
            let cost = |group: &[u8]| {
                let pair = [group[0], group[1]];
                frequency_of_group(group) * COMPARED + if pairs.has(pair) { 0.0 } else { frequency(&pair) }
            };
            let best = literal.windows(GROUP).enumerate().min_by(|(_, one), (_, other)| cost(one).total_cmp(&cost(other)));
            if let Some((offset, window)) = best {
                let offset = u32::try_from(offset).expect("keywords are short");
                pairs.insert([window[0], window[1]]);
                groups.push(Group { bytes: fold(window.try_into().expect("it has four bytes")), keyword, offset, begin });
            } else if let [a, b, c] = **literal {
                pairs.insert([a, b]);
                groups.extend(AFTER.iter().map(|after| Group { bytes: fold([a, b, c, *after]), keyword, offset: 0, begin }));
            }
        }
        groups.sort_by_key(|group| (hash(group.bytes) >> (32 - BUCKET_BITS), group.bytes, group.keyword));
        let mut table = vec![0_u64; 1 << (TABLE_BITS - 6)].into_boxed_slice();
        let mut buckets = vec![0_u32; (1 << BUCKET_BITS) + 1];
        for group in &groups {
            let bit = hash(group.bytes) >> (32 - TABLE_BITS);
            table[bit as usize >> 6] |= 1 << (bit & 63);
            buckets[(hash(group.bytes) >> (32 - BUCKET_BITS)) as usize + 1] += 1;
        }
        for at in 1..buckets.len() {
            buckets[at] += buckets[at - 1];
        }
        Self { literals, pairs, table, groups, buckets }
    }

    pub(super) fn literal(&self, keyword: usize) -> &[u8] {
        &self.literals[keyword]
    }

    /// Every keyword whose group stands within `from..to` of `text`.
    pub(super) fn find(&self, text: &[u8], from: usize, to: usize, hits: &mut Vec<Hit>) {
        let table: &[u64; 1 << (TABLE_BITS - 6)] = (&*self.table).try_into().expect("the table has its size");
        self.pairs.each(text, from..(to + 1).saturating_sub(GROUP), |base, mut places| {
            let mut copy = [0; BLOCK];
            let block: &[u8; BLOCK] = text[base..].first_chunk().unwrap_or_else(|| {
                copy[..text.len() - base].copy_from_slice(&text[base..]);
                &copy
            });
            // Those that stand in the table, put together without a branch, which nobody could foretell.
            let (mut passed, mut count) = ([0_u32; PLACES], 0);
            while places != 0 {
                let place = places.trailing_zeros();
                places &= places - 1;
                let [a, b, c, d, ..] = block[place as usize % PLACES..] else { break };
                let bit = hash(fold([a, b, c, d])) >> (32 - TABLE_BITS);
                passed[count % PLACES] = place;
                count += (table[bit as usize >> 6] >> (bit & 63) & 1) as usize;
            }
            for place in &passed[..count] {
                self.compare(text, base + *place as usize, hits);
            }
        });
    }

    fn compare(&self, text: &[u8], at: usize, hits: &mut Vec<Hit>) {
        let group = group_at(text, at);
        let bucket = (hash(group) >> (32 - BUCKET_BITS)) as usize;
        for known in &self.groups[self.buckets[bucket] as usize..self.buckets[bucket + 1] as usize] {
            if known.bytes != group {
                continue;
            }
            let Some(begin) = at.checked_sub(known.offset as usize) else { continue };
            let (first, mask) = known.begin;
            if text[begin..].first_chunk().is_some_and(|bytes| fold_long(*bytes) & mask != first) {
                continue;
            }
            let literal = &self.literals[known.keyword as usize];
            if text.get(begin..begin + literal.len()).is_some_and(|bytes| bytes.eq_ignore_ascii_case(literal)) {
                let keyword = known.keyword as usize;
                // One that overlaps itself, as in `aaaaaa`, counts once.
                let overlaps = |hit: &&Hit| hit.keyword == keyword && begin < hit.at + literal.len();
                if !hits.iter().rev().take(OVERLAPPING).any(|hit| overlaps(&hit)) {
                    hits.push(Hit { at: begin, keyword });
                }
            }
        }
    }
}

/// The group that stands at `at`; zeros, which is none, if less than a group does.
fn group_at(text: &[u8], at: usize) -> u32 {
    text.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| fold(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WORDS: &[&str] = &["ghp_", "sk-", "datadog", "dd_api", "-----begin", "AccountKey="];

    fn find(text: &[u8]) -> Vec<(usize, usize)> {
        let keywords = Keywords::new(WORDS.iter().map(|word| word.as_bytes().into()).collect());
        let mut hits = Vec::new();
        keywords.find(text, 0, text.len(), &mut hits);
        let mut hits: Vec<_> = hits.into_iter().map(|hit| (hit.at, hit.keyword)).collect();
        hits.sort_unstable();
        hits
    }

    #[test]
    fn in_any_case() {
        assert_eq!(find(b"x GHP_1 DataDog sk-a accountkey= _sk-"), [(2, 0), (8, 2), (16, 1), (21, 5)]);
    }

    proptest! {
        #[test]
        fn as_comparing_at_every_place(parts in proptest::collection::vec(prop_oneof![
            proptest::sample::select(WORDS.to_vec()).prop_map(str::to_owned), "[a-zA-Z_-]{0,9}"
        ], 0..20)) {
            let text = format!("{}a", parts.concat());
            let mut expected = Vec::new();
            for at in 0..text.len() {
                for (number, word) in WORDS.iter().enumerate() {
                    if text.get(at..at + word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word)) && (word.len() > 3 || at + 3 < text.len()) {
                        expected.push((at, number));
                    }
                }
            }
            expected.sort_unstable();
            prop_assert_eq!(find(text.as_bytes()), expected);
        }
    }
}
