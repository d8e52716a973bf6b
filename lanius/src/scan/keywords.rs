//! Where the keywords of all rules stand in a text, in any case: a table of hashed groups of four bytes passes over nearly every
//! place at once, and what it lets through is compared.

/// log2 of the number of bits of the table: 32 KiB, which the first-level cache holds.
const TABLE_BITS: u32 = 18;
/// log2 of the number of buckets behind it.
const BUCKET_BITS: u32 = 12;
/// What may follow a keyword of three bytes.
const AFTER: &[u8] = b"_abcdefghijklmnopqrstuvwxyz0123456789-.=\"' :/@+$%(";

/// From commonest to rarest in source and logs, by measure; what is not named is rarer. Bytes are folded as `fold` does.
const COMMON: &[u8] = b" etarionsldcpumfgh\x7fb0v.,yk-x1w2:;=(/)63458\"97*#>jqz{}@'+$%";

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
}

#[derive(Debug)]
pub(super) struct Keywords {
    literals: Vec<Box<[u8]>>,
    table: Box<[u64]>,
    groups: Vec<Group>,
    /// Where each bucket's groups begin in `groups`.
    buckets: Vec<u32>,
}

/// Upper and lower case become one; some other bytes fall together too, which comparing sorts out.
fn fold(bytes: [u8; 4]) -> u32 {
    u32::from_le_bytes(bytes) | 0x2020_2020
}

fn hash(group: u32) -> u32 {
    group.wrapping_mul(0x9e37_79b1)
}

fn rarity(byte: u8) -> usize {
    COMMON.iter().position(|common| *common == byte | 0x20).unwrap_or(COMMON.len())
}

impl Keywords {
    /// Keywords, each of three bytes or more.
    pub(super) fn new(literals: Vec<Box<[u8]>>) -> Self {
        let mut groups = Vec::new();
        for (keyword, literal) in literals.iter().enumerate() {
            let keyword = u32::try_from(keyword).expect("there are fewer than 2^32 rules");
            let best = literal
                .windows(4)
                .enumerate()
                .max_by_key(|(at, window)| (window.iter().map(|byte| rarity(*byte)).sum::<usize>(), usize::MAX - at));
            if let Some((offset, window)) = best {
                let offset = u32::try_from(offset).expect("keywords are short");
                groups.push(Group { bytes: fold(window.try_into().expect("it has four bytes")), keyword, offset });
            } else if let [a, b, c] = **literal {
                groups.extend(AFTER.iter().map(|after| Group { bytes: fold([a, b, c, *after]), keyword, offset: 0 }));
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
        Self { literals, table, groups, buckets }
    }

    pub(super) fn literal(&self, keyword: usize) -> &[u8] {
        &self.literals[keyword]
    }

    /// Every keyword whose group stands within `from..to` of `text`.
    pub(super) fn find(&self, text: &[u8], from: usize, to: usize, hits: &mut Vec<Hit>) {
        let table: &[u64; 1 << (TABLE_BITS - 6)] = (&*self.table).try_into().expect("the table has its size");
        let stands = |group: u32| {
            let bit = hash(group) >> (32 - TABLE_BITS);
            table[bit as usize >> 6] >> (bit & 63) & 1 == 1
        };
        let mut at = from;
        // Four places at once: most often none of them is anything.
        while let Some(bytes) = text.get(at..to).and_then(<[u8]>::first_chunk::<8>) {
            let bytes = u64::from_le_bytes(*bytes) | 0x2020_2020_2020_2020;
            #[expect(clippy::cast_possible_truncation, reason = "a group is the four bytes from its place")]
            let group = |place: u32| (bytes >> (8 * place)) as u32;
            if stands(group(0)) | stands(group(1)) | stands(group(2)) | stands(group(3)) {
                for place in (0..4).filter(|place| stands(group(*place))) {
                    self.compare(text, at + place as usize, hits);
                }
            }
            at += 4;
        }
        while let Some(bytes) = text.get(at..to).and_then(<[u8]>::first_chunk::<4>) {
            if stands(fold(*bytes)) {
                self.compare(text, at, hits);
            }
            at += 1;
        }
    }

    #[cold]
    fn compare(&self, text: &[u8], at: usize, hits: &mut Vec<Hit>) {
        let Some(group) = text[at..].first_chunk().map(|bytes| fold(*bytes)) else { return };
        let bucket = (hash(group) >> (32 - BUCKET_BITS)) as usize;
        for known in &self.groups[self.buckets[bucket] as usize..self.buckets[bucket + 1] as usize] {
            let Some(begin) = at.checked_sub(known.offset as usize) else { continue };
            let literal = &self.literals[known.keyword as usize];
            if known.bytes == group && text.get(begin..begin + literal.len()).is_some_and(|bytes| bytes.eq_ignore_ascii_case(literal)) {
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
