//! The finder: what it finds where, what it leaves, how sure it is, and that any bytes are survived.

use super::*;
use proptest::prelude::*;

fn all() -> &'static Finder {
    static ALL: LazyLock<Finder> = LazyLock::new(|| Finder::new(Scope::everywhere().at_least(0)));
    &ALL
}

fn finds(finder: &Finder, text: &str) -> Vec<Find> {
    let mut finds = Vec::new();
    finder.find(text.as_bytes(), |found| finds.push(found));
    finds
}

/// The one find of the text.
fn only(text: &str) -> Find {
    let mut found = finds(all(), text);
    assert_eq!(found.len(), 1, "{text}: {found:?}");
    found.remove(0)
}

#[test]
fn identifiers_are_found_with_their_borders_and_their_words() {
    for (text, id, written) in [
        ("Card: 4539 5787 6362 1486, thanks", "pii-card", "4539 5787 6362 1486"),
        ("{\"iban\":\"DE89370400440532013000\"}", "pii-iban", "DE89370400440532013000"),
        ("IBAN GB29 NWBK 6016 1331 9268 19.", "pii-iban", "GB29 NWBK 6016 1331 9268 19"),
        ("his SSN is 536-90-4399", "pii-us-ssn", "536-90-4399"),
        ("numéro de sécurité sociale 2 95 10 99 126 111 93", "pii-fr-nir", "2 95 10 99 126 111 93"),
        ("Personnummer: 850101-1236.", "pii-se-personnummer", "850101-1236"),
        ("NI number: AB 12 34 57 C", "pii-gb-nino", "AB 12 34 57 C"),
        ("codice fiscale=RCCMNL83S18D969H;", "pii-it-codice-fiscale", "RCCMNL83S18D969H"),
        ("身份证360426199101010071", "pii-cn-ric", "360426199101010071"),
        ("HKID AB987654(3)", "pii-hk-hkid", "AB987654(3"),
        ("cpf 390.533.447-05", "pii-br-cpf", "390.533.447-05"),
        ("from jane@posteo.de to you", "pii-email", "jane@posteo.de"),
        ("phone: +49 30 901820", "pii-telephone", "+49 30 901820"),
    ] {
        let found = only(text);
        assert_eq!((found.detector.id, &text[found.range.clone()]), (id, written), "{text}");
        assert!(found.evidence.valid && found.confidence >= 60, "{text}: {} {}", found.confidence, found.reason());
    }
}

#[test]
fn parts_of_longer_things_are_left() {
    for text in [
        "550e8400-e29b-41d4-a716-446655440000",
        "0.130692544",
        "1.130692544.2",
        "&#130692544;",
        "130692544@qq",
        "ax130692544",
        "130692544b",
        "2023/130692544/7",
        "deadbeef130692544deadbeef",
    ] {
        assert_eq!(finds(all(), text), [], "{text}");
    }
}

#[test]
fn a_weak_number_alone_is_not_sure_and_a_word_or_its_form_makes_it_so() {
    let sure = |text: &str| only(text).confidence;
    assert!(sure("x 130692544 y") < 30);
    assert!(sure("x 130-692-544 y") > sure("x 130692544 y"));
    assert!(sure("SIN 130692544") >= 60 && sure("SIN 130-692-544") > sure("SIN 130692544"));
    assert!(sure("x 536-90-4399 y") < 40, "no check digit");
    assert!(sure("x DE89370400440532013000 y") >= 60, "a strong check needs no word");
    assert_eq!(finds(&Finder::new(Scope::everywhere()), "x 130692544 y"), []);
}

#[test]
fn examples_are_told_apart() {
    for text in ["card 4111 1111 1111 1111", "ssn 078-05-1120", "mail a@example.com", "tel +1 212 555 0123"] {
        let found = only(text);
        assert!(found.evidence.specimen && found.confidence <= 5, "{text}: {found:?}");
    }
}

#[test]
fn a_failed_check_lowers_the_confidence_and_drops_nothing_that_a_word_names() {
    let found = only("card number 4539 5787 6362 1487");
    assert!(!found.evidence.valid && found.confidence == 40, "{found:?}");
    assert_eq!(finds(all(), "x 4539 5787 6362 1487 y"), []);
    let texts = finds(all(), "iban DE89 3704 0044 0532 0130 01 and card 4539578763621486");
    assert_eq!(
        texts.iter().map(|found| (found.detector.id, found.evidence.valid)).collect::<Vec<_>>(),
        [("pii-iban", false), ("pii-card", true)]
    );
}

#[test]
fn only_the_scope_is_searched() {
    let german = Finder::new(Scope::of(["DE"]).expect("a code").at_least(0));
    let text = "ssn 536-90-4399, Steuer-ID 36574261809, telefon 030 901820, a@posteo.de";
    let mut ids: Vec<_> = finds(&german, text).into_iter().map(|found| found.detector.id).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["pii-de-steuer-id", "pii-email", "pii-telephone"]);
}

#[test]
fn a_passport_is_found_whole() {
    let zone = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10";
    let text = format!("scan\n{zone}\n");
    let found = finds(all(), &text);
    let passport = found.iter().find(|found| found.detector.kind == Kind::TravelDocument).expect("a passport");
    assert_eq!((&text[passport.range.clone()], passport.evidence.specimen), (zone, true));
}

#[test]
fn debug_and_reason_hide_the_value() {
    let found = only("card 4539 5787 6362 1486");
    let shown = format!("{found:?} {}", found.reason());
    assert!(!shown.contains("453957876362") && shown.contains("************1486"), "{shown}");
    assert_eq!(found.value.expose(), b"4539578763621486");
}

#[test]
fn a_whole_value_is_classified() {
    let ids = |value: &str| classify(value).map(|detector| detector.id).collect::<Vec<_>>();
    assert_eq!(ids(" 4539 5787 6362 1486 "), ["pii-card"]);
    assert_eq!(ids("jane@posteo.de"), ["pii-email"]);
    assert_eq!(ids("+49 30 901820"), ["pii-telephone"]);
    assert!(ids("130692544").contains(&"pii-ca-sin") && ids("AB987654(3)") == ["pii-hk-hkid"]);
    assert_eq!(ids("hello"), Vec::<&str>::new());
    assert_eq!(ids(""), Vec::<&str>::new());
}

/// A group of letters that begins in blocks without digits and goes on for megabytes was once measured again in each of its blocks.
#[test]
fn one_endless_group_is_passed_over_once() {
    let endless = format!("{}{} ssn 536-90-4399", "a".repeat(4 * BLOCK + 7), "1".repeat(8_000_000));
    assert_eq!(only(&endless).detector.id, "pii-us-ssn");
    for line in ["<<", "a@", "+1", "1-", "@@", "1 "] {
        let text = line.repeat(100_000);
        all().find(text.as_bytes(), |found| assert!(found.range.len() <= 400, "{line}"));
    }
}

/// Pieces that texts of identifiers are made of.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{1,20}",
        "[A-Z]{1,6}",
        "[ .@+<:(),-]{1,3}",
        "[A-Z0-9<]{30,44}\n",
        Just("DE89370400440532013000".to_owned()),
        Just("4539 5787 6362 1486".to_owned()),
        Just("ssn 536-90-4399".to_owned()),
        Just("+49 30 901820".to_owned()),
        Just("<<".to_owned()),
        Just("jo@posteo.de".to_owned()),
        ".{0,5}",
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        all().find(&bytes, |found| assert!(found.range.end <= bytes.len() && found.range.start < found.range.end));
    }

    #[test]
    fn what_is_found_is_accepted_again_and_does_not_depend_on_what_stands_far(pieces in prop::collection::vec(piece(), 0..40)) {
        let text = pieces.concat();
        let found = finds(all(), &text);
        for one in &found {
            let written = &text[one.range.clone()];
            if one.evidence.valid {
                let again = all().judge(written).into_iter().any(|judged| judged.detector == one.detector && judged.valid);
                prop_assert!(again, "{} {written:?}", one.detector.id);
            }
        }
        // Whole blocks before it move every border between blocks, and change nothing.
        let moved = finds(all(), &format!("{}{text}", " \n".repeat(101)));
        prop_assert_eq!(found.len(), moved.len());
        for (one, other) in found.iter().zip(&moved) {
            prop_assert_eq!((one.range.start + 202, one.detector, one.confidence), (other.range.start, other.detector, other.confidence));
        }
    }
}
