use super::*;
use proptest::prelude::*;

const WORDS: &[&str] = &["pass", "secret", "://", "-----begin", "key", "aut"];

/// The definition, a byte at a time.
fn slowly(text: &[u8]) -> Marks {
    let mut marks = Marks::default();
    let mut at = 0;
    while at < text.len() {
        let length = text[at..].iter().take_while(|byte| is_token(**byte)).count();
        let run = &text[at..at + length];
        if length >= RUN && is_marked(run) {
            marks.runs.push((at, at + length));
        }
        at += length.max(1);
    }
    for at in 0..text.len() {
        if let Some(word) =
            WORDS.iter().position(|word| text.len() - at >= word.len() && text[at..at + word.len()].eq_ignore_ascii_case(word.as_bytes()))
        {
            marks.anchors.push((at, word));
        }
    }
    marks
}

fn check(text: &[u8]) {
    let anchors = Anchors::new(&[&WORDS[..2], &WORDS[2..]]);
    let (mut fast, mut portable) = (Marks::default(), Marks::default());
    fast.mark(&anchors, text);
    portable.mark_portably(&anchors, text);
    assert_eq!(fast, portable);
    assert_eq!(fast, slowly(text), "{:?}", String::from_utf8_lossy(text));
}

#[test]
fn borders_of_blocks() {
    for before in 0..140 {
        for length in [11, 12, 13, 40, 64, 65, 130] {
            let mut text = vec![b' '; before];
            text.extend(std::iter::repeat_n(b"a1".iter().copied(), length).flatten().take(length));
            check(&text);
            text.extend(b" SeCret Password=x https://h");
            check(&text);
        }
    }
}

#[test]
fn names_are_not_marked() {
    for marked in ["a1b2c3d4e5f6", "aaaaaaaaaaa1", "x8k2-m4qz-p7rt-4b2c", "A3-XK29QZ-R7"] {
        assert!(is_marked(marked.as_bytes()), "{marked}");
    }
    for name in ["mt8173_disp_ovl0_2l", "some_long_name_of_things", "123456789012", "CONFIG_X86_64_SMP"] {
        assert!(!is_marked(name.as_bytes()), "{name}");
    }
}

#[test]
fn words_are_found_in_any_case() {
    let (mut marks, anchors) = (Marks::default(), Anchors::new(&[&WORDS[..2], &WORDS[2..]]));
    marks.mark(&anchors, b"myPASSword -----BEGIN x://");
    assert_eq!(marks.anchors, [(2, 0), (11, 3), (23, 2)]);
}

proptest! {
    #[test]
    fn the_kernels_agree_with_the_definition(text in proptest::collection::vec(prop_oneof![
        8 => proptest::sample::select(b"aZ09qP-_".to_vec()), 2 => any::<u8>(), 1 => Just(b' ')
    ], 0..400)) {
        check(&text);
    }

    #[test]
    fn words_among_noise(parts in proptest::collection::vec(prop_oneof![
        proptest::sample::select(WORDS.to_vec()).prop_map(str::to_owned), "[ -~]{0,30}"
    ], 0..20)) {
        check(parts.concat().as_bytes());
    }
}
