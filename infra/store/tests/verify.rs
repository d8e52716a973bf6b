//! The verifier: any one change inside a chain is found, and hostile input costs no more than its size.

use std::fmt::Write as _;

use menagerie_store::log::{Digest, MAX_LINE, MAX_PROBLEMS, Notice, Position, Problem, RawLine, Verification, Verifier, WriterId};
use proptest::prelude::*;

/// Lines of some writers, and each writer's positions, made by the description of the format and not by the library's code.
fn log(writers: &[(u8, Vec<String>)]) -> (Vec<Vec<u8>>, Vec<Position>) {
    let mut lines = Vec::new();
    let mut positions = Vec::new();
    for (writer, bodies) in writers {
        let mut prev = "0".repeat(64);
        for (seq, body) in (1_u64..).zip(bodies) {
            let mut line = String::new();
            write!(line, r#"{{"writer":"{}","seq":{seq},"prev":"{prev}","body":"{body}"}}"#, format!("{writer:02x}").repeat(16))
                .expect("fits");
            let hash = Digest::of(line.as_bytes());
            prev = hash.to_string();
            positions.push(Position { writer: WriterId::from_bytes([*writer; 16]), seq, hash });
            lines.push(line.into_bytes());
        }
    }
    (lines, positions)
}

fn check(lines: &[Vec<u8>], expected: &[Position]) -> Verification {
    let mut verifier = Verifier::new(expected);
    for line in lines {
        verifier.line(RawLine { bytes: line, ended: true });
    }
    verifier.finish()
}

/// Where a line's writer ends: behind `{"writer":"` and 32 digits.
const WRITER_END: usize = 43;

#[derive(Debug, Clone)]
enum Mutation {
    Flip { line: prop::sample::Index, byte: prop::sample::Index, bit: u8 },
    Drop(prop::sample::Index),
    Swap(prop::sample::Index),
    DuplicateChanged { line: prop::sample::Index, to: prop::sample::Index, byte: prop::sample::Index, bit: u8 },
    Shorten { line: prop::sample::Index, by: usize },
}

fn mutations() -> impl Strategy<Value = Mutation> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        (index(), index(), 0..8_u8).prop_map(|(line, byte, bit)| Mutation::Flip { line, byte, bit }),
        index().prop_map(Mutation::Drop),
        index().prop_map(Mutation::Swap),
        (index(), index(), index(), 0..8_u8).prop_map(|(line, to, byte, bit)| Mutation::DuplicateChanged { line, to, byte, bit }),
        (index(), 1..40_usize).prop_map(|(line, by)| Mutation::Shorten { line, by }),
    ]
}

fn flip(line: &mut [u8], byte: &prop::sample::Index, bit: u8) {
    let at = byte.index(line.len());
    line[at] ^= 1 << bit;
}

/// Changes the log; false where the change would leave it as it is.
fn mutate(lines: &mut Vec<Vec<u8>>, mutation: &Mutation) -> bool {
    let count = lines.len();
    match mutation {
        Mutation::Flip { line, byte, bit } => flip(&mut lines[line.index(count)], byte, *bit),
        Mutation::Drop(line) => drop(lines.remove(line.index(count))),
        Mutation::Swap(line) => {
            let at = line.index(count - 1);
            lines.swap(at, at + 1);
            // Lines of two writers may stand in either order.
            return lines[at][..WRITER_END] == lines[at + 1][..WRITER_END];
        }
        Mutation::DuplicateChanged { line, to, byte, bit } => {
            let mut copy = lines[line.index(count)].clone();
            // A copy under another writer's name is the beginning of another chain.
            flip(&mut copy[WRITER_END..], byte, *bit);
            let to = to.index(count);
            // Between two chains, what breaks off looks like a torn write, and is none's.
            let inside = !lines[to][WRITER_END..].starts_with(br#"","seq":1,"#);
            lines.insert(to, copy);
            return inside;
        }
        Mutation::Shorten { line, by } => {
            let at = line.index(count);
            let length = lines[at].len();
            lines[at].truncate(length - by);
        }
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(5), ..ProptestConfig::default() })]

    #[test]
    fn any_one_change_is_found(
        bodies in prop::collection::vec(prop::collection::vec("[a-z]{0,12}", 1..8), 1..4),
        mutation in mutations(),
    ) {
        let writers: Vec<(u8, Vec<String>)> = (1..).zip(bodies).collect();
        let (mut lines, positions) = log(&writers);
        prop_assume!(lines.len() > 1);
        let sound = check(&lines, &positions);
        prop_assert!(sound.is_sound() && sound.notices.is_empty(), "{sound:?}");
        prop_assert_eq!(sound.entries, lines.len() as u64);
        prop_assume!(mutate(&mut lines, &mutation));
        let found = check(&lines, &positions);
        prop_assert!(!found.is_sound(), "{mutation:?} is not found");
    }

    #[test]
    fn anything_is_read_without_harm(lines in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..20)) {
        let found = check(&lines, &[]);
        prop_assert_eq!(found.entries, 0);
        let torn = lines.iter().filter(|line| b"{\"writer\":\"".starts_with(line)).count();
        prop_assert!(found.problems.len() >= lines.len() - torn);
    }
}

fn two_writers() -> (Vec<Vec<u8>>, Vec<Position>) {
    let bodies = || vec!["a".to_owned(), "b".to_owned(), "c".to_owned()];
    log(&[(1, bodies()), (2, bodies())])
}

#[test]
fn torn_lines_before_a_first_line_are_notices() {
    let (mut lines, positions) = two_writers();
    let torn = lines[2][..90].to_vec();
    lines.insert(3, torn.clone());
    lines.insert(3, b"{\"wri".to_vec());
    let found = check(&lines, &positions);
    assert_eq!((found.problems, found.notices), (vec![], vec![Notice::Torn { place: 4 }, Notice::Torn { place: 5 }]));
    // Before a line that is no first one, it is none.
    lines.insert(7, torn);
    assert_eq!(check(&lines, &positions).problems, [Problem::Garbage { place: 8 }]);
}

#[test]
fn a_torn_line_at_the_end_is_a_notice_only_without_a_newline() {
    let (lines, positions) = two_writers();
    for (ended, problems) in [(false, 0), (true, 1)] {
        let mut verifier = Verifier::new(&positions);
        for line in &lines {
            verifier.line(RawLine { bytes: line, ended: true });
        }
        verifier.line(RawLine { bytes: &lines[0][..70], ended });
        let found = verifier.finish();
        assert_eq!((found.problems.len(), found.notices.len()), (problems, 1 - problems));
    }
}

#[test]
fn a_whole_line_without_its_newline_counts() {
    let (lines, positions) = two_writers();
    let mut verifier = Verifier::new(&positions);
    for line in &lines {
        verifier.line(RawLine { bytes: line, ended: false });
    }
    assert!(verifier.finish().is_sound());
}

#[test]
fn repeated_batches_are_notices() {
    let (lines, positions) = two_writers();
    let mut repeated = lines.clone();
    repeated.splice(2..2, [lines[0].clone(), lines[1].clone()]);
    let found = check(&repeated, &positions);
    assert!(found.is_sound(), "{:?}", found.problems);
    assert_eq!((found.entries, found.notices.len()), (6, 2));
}

#[test]
fn an_expected_head_may_lie_before_the_end() {
    let (lines, positions) = two_writers();
    assert!(check(&lines, &positions[1..2]).is_sound());
    let later = Position { seq: 4, ..positions[2] };
    assert_eq!(check(&lines, &[later]).problems, [Problem::CutTail { expected: later, found: 3 }]);
    let both = [positions[1], Position { hash: positions[0].hash, ..positions[1] }];
    assert_eq!(check(&lines, &both).problems, [Problem::NotExpected { expected: both[1] }]);
}

#[test]
fn a_chain_that_begins_late_or_with_a_hash_is_found() {
    let (lines, positions) = two_writers();
    let writer = positions[0].writer;
    assert_eq!(check(&lines[1..], &[]).problems, [Problem::Missing { place: 1, writer, first: 1, last: 1 }]);
    let text = String::from_utf8(lines[0].clone()).expect("UTF-8");
    let hashed = text.replace(&"0".repeat(64), &"9".repeat(64)).into_bytes();
    assert_eq!(check(&[hashed], &[]).problems, [Problem::BrokenLink { place: 1, writer, seq: 1 }]);
    let last = text.replace("\"seq\":1", "\"seq\":18446744073709551615").into_bytes();
    let found = check(&[last.clone(), last], &[]);
    assert_eq!((found.problems.len(), found.notices.len()), (1, 1));
}

#[test]
fn a_line_past_the_bound_is_garbage() {
    let (lines, _) = log(&[(1, vec!["x".repeat(MAX_LINE)])]);
    assert_eq!(check(&lines, &[]).problems, [Problem::Garbage { place: 1 }]);
}

#[test]
fn a_flood_of_problems_is_counted_and_not_kept() {
    let mut verifier = Verifier::new(&[]);
    for _ in 0..3 * MAX_PROBLEMS {
        verifier.line(RawLine { bytes: b"{\"writer\":\"", ended: true });
        verifier.line(RawLine { bytes: b"\xff\xfe", ended: true });
    }
    let found = verifier.finish();
    assert_eq!(found.problems.len(), MAX_PROBLEMS);
    assert_eq!(found.further_problems, 5 * MAX_PROBLEMS as u64);
}

#[test]
fn problems_serialize_with_a_code() {
    let problem = Problem::Garbage { place: 3 };
    assert_eq!(serde_json::to_string(&problem).expect("serializes"), r#"{"code":"garbage","place":3}"#);
    assert_eq!(problem.to_string(), "line 3 is no line of a log");
}
