//! What a ring seals and what it opens.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use proptest::prelude::*;

use super::*;

#[test]
fn what_is_sealed_opens_for_what_it_belongs_to_alone() {
    let ring = KeyRing::generate().unwrap();
    let sealed = ring.seal(b"a key", "authority/1").unwrap();
    assert_eq!(ring.open(&sealed, "authority/1").unwrap().as_slice(), b"a key");
    assert_eq!(ring.open(&sealed, "authority/2"), Err(OpenError::Damaged));
    assert_eq!(KeyRing::key_of(&sealed), Ok(ring.newest()));
    assert!(!sealed.windows(5).any(|window| window == b"a key"));
    assert_ne!(sealed, ring.seal(b"a key", "authority/1").unwrap(), "no two sealings are alike");
}

#[test]
fn every_changed_bit_is_noticed() {
    let ring = KeyRing::generate().unwrap();
    let sealed = ring.seal(b"value", "x").unwrap();
    for bit in 0..sealed.len() * 8 {
        let mut changed = sealed.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(ring.open(&changed, "x").is_err(), "bit {bit}");
    }
    for length in 0..sealed.len() {
        assert!(ring.open(&sealed[..length], "x").is_err(), "{length} bytes");
    }
}

#[test]
fn a_rotated_ring_opens_what_was_and_seals_under_the_newest() {
    let first = KeyRing::generate().unwrap();
    let old = first.seal(b"value", "x").unwrap();
    let second = first.with_fresh_key().unwrap();
    assert_eq!(second.open(&old, "x").unwrap().as_slice(), b"value");
    let new = second.seal(b"value", "x").unwrap();
    assert_eq!(first.open(&new, "x"), Err(OpenError::UnknownKey { id: second.newest() }));
    let pruned = second.without(&second.ids());
    assert_eq!(pruned.ids(), [second.newest()], "the newest stays");
    assert_eq!(pruned.open(&old, "x"), Err(OpenError::UnknownKey { id: first.newest() }));
    assert_eq!(pruned.open(&new, "x").unwrap().as_slice(), b"value");
}

#[test]
fn no_key_is_printed() {
    let ring = KeyRing::generate().unwrap();
    let shown = format!("{ring:?}");
    let key = &ring.newest.key;
    assert!(shown.contains(&ring.newest().to_string()) && !shown.contains(&format!("{:?}", &key[..4])), "{shown}");
    assert!(!shown.contains(&hex::encode(&key[..4])), "{shown}");
}

proptest! {
    #[test]
    fn any_value_comes_back(value in proptest::collection::vec(any::<u8>(), 0..2000), place in ".{0,40}") {
        let ring = KeyRing::generate().unwrap();
        let sealed = ring.seal(&value, &place).unwrap();
        let opened = ring.open(&sealed, &place).unwrap();
        prop_assert_eq!(opened.as_slice(), value.as_slice());
    }

    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(KeyRing::generate().unwrap().open(&bytes, "x").is_err());
    }
}
