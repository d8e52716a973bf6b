//! Identifiers of Romania, Bulgaria, Moldova, Ukraine, Russia and Kazakhstan.

use crate::personal::checksum::{date, digit, number, pair, short_date, uniform, weighted};
use crate::personal::detector::Detector;

pub(super) const DETECTORS: &[Detector] = &[
    // Hotărârea 1375/2006 (CNP): sex and century, birthday, county, order; weights 279146358279 modulo 11.
    Detector::national(
        "pii-ro-cnp",
        "Romanian personal numeric code (CNP)",
        &["RO"],
        1_800,
        &["#############"],
        &["cnp", "cod numeric personal"],
        |v| {
            let century = match v[0] {
                b'3' | b'4' => 1800,
                b'5' | b'6' => 2000,
                b'0' => return false,
                _ => 1900,
            };
            let rest = weighted(v, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
            let county = matches!(pair(v, 7), 1..=48 | 51 | 52 | 70 | 80..=83);
            county && date(century + pair(v, 1), pair(v, 3), pair(v, 5)) && (if rest == 10 { 1 } else { rest }) == digit(v[12])
        },
    )
    .with_specimens(|v| v == b"1800101221144"),
    // Naredba on the uniform civil number (ЕГН): months carry 20 before 1900 and 40 since 2000; weights of powers of two modulo 11.
    Detector::national(
        "pii-bg-egn",
        "Bulgarian uniform civil number (EGN)",
        &["BG"],
        11_000,
        &["##########"],
        &["egn", "егн", "единен граждански номер"],
        |v| {
            let (base, month) = match pair(v, 2) {
                new @ 41..=52 => (2000, new - 40),
                old @ 21..=32 => (1800, old - 20),
                plain => (1900, plain),
            };
            date(base + pair(v, 0), month, pair(v, 4)) && weighted(v, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == digit(v[9])
        },
    )
    .with_specimens(|v| v == b"7523169263"),
    // Legea 1100/2000 (IDNP): begins with 20 (or 09); weights 7, 3, 1 modulo 10.
    Detector::national(
        "pii-md-idnp",
        "Moldovan personal identification number (IDNP)",
        &["MD"],
        2_000,
        &["#############"],
        &["idnp", "cod personal", "număr de identificare"],
        |v| (v.starts_with(b"20") || v.starts_with(b"09")) && weighted(v, &[7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1]) % 10 == digit(v[12]),
    ),
    // State Tax Service of Ukraine, registration number of the taxpayer's account card: weights −1 5 7 9 4 6 10 5 7 modulo 11.
    Detector::national(
        "pii-ua-rnokpp",
        "Ukrainian taxpayer number (RNOKPP)",
        &["UA"],
        100_000,
        &["##########"],
        &["рнокпп", "rnokpp", "іпн", "ідентифікаційний номер", "ідентифікаційний код"],
        // Modulo 11 a weight of −1 is one of 10.
        |v| !uniform(v) && weighted(v, &[10, 5, 7, 9, 4, 6, 10, 5, 7]) % 11 % 10 == digit(v[9]),
    ),
    // Постановление ПФР on the insurance number (СНИЛС): weights 9 to 1 modulo 101, where 100 is 00.
    Detector::national(
        "pii-ru-snils",
        "Russian pension insurance number (SNILS)",
        &["RU"],
        10_000,
        &["###-###-### ##", "###-###-###-##", "###########"],
        &["снилс", "snils", "страховой номер"],
        |v| {
            let sum = weighted(v, &[9, 8, 7, 6, 5, 4, 3, 2, 1]);
            number(&v[..9]) > 1_001_998 && !uniform(&v[..9]) && sum % 101 % 100 == pair(v, 9)
        },
    )
    .with_specimens(|v| v == b"11223344595"),
    // Приказ ФНС ММВ-7-6/435 (ИНН of a person): two check digits modulo 11.
    Detector::national(
        "pii-ru-inn",
        "Russian taxpayer number (INN) of a person",
        &["RU"],
        10_000,
        &["############"],
        &["инн", "inn"],
        |v| {
            !uniform(v)
                && weighted(v, &[7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10 == digit(v[10])
                && weighted(v, &[3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11 % 10 == digit(v[11])
        },
    )
    .with_specimens(|v| v == b"500100732259"),
    // Постановление № 853 of 2003 (ИИН): birthday, sex and century, order; two rows of weights modulo 11.
    Detector::national(
        "pii-kz-iin",
        "Kazakh individual identification number (IIN)",
        &["KZ"],
        2_200,
        &["############"],
        &["иин", "iin", "жсн"],
        |v| {
            let first = weighted(v, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11;
            let check = if first < 10 { first } else { weighted(v, &[3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11 };
            short_date(pair(v, 0), pair(v, 2), pair(v, 4)) && matches!(v[6], b'1'..=b'6') && check == digit(v[11])
        },
    ),
];
