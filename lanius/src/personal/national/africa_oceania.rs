//! Identifiers of South Africa, Australia and New Zealand.

use crate::personal::checksum::{digit, luhn, number, pair, short_date, uniform, weighted};
use crate::personal::detector::Detector;

pub(super) const DETECTORS: &[Detector] = &[
    // Identification Act 68 of 1997, Department of Home Affairs: birthday, order, citizenship, Luhn.
    Detector::national(
        "pii-za-id",
        "South African identity number",
        &["ZA"],
        1_100,
        &["#############", "###### #### ## #", "###### #### ###"],
        &["id number", "identity number", "sa id", "rsa id", "said", "id no"],
        |v| short_date(pair(v, 0), pair(v, 2), pair(v, 4)) && matches!(v[10], b'0'..=b'2') && luhn(v),
    )
    .with_specimens(|v| v == b"8001015009087"),
    // Australian Taxation Office, tax file number algorithm: weights modulo 11.
    Detector::national(
        "pii-au-tfn",
        "Australian tax file number",
        &["AU"],
        91_000,
        &["### ### ###", "###-###-###", "#########"],
        &["tfn", "tax file", "tax file number"],
        |v| !uniform(v) && weighted(v, &[1, 4, 3, 7, 5, 8, 6, 9, 10]).is_multiple_of(11),
    )
    .with_specimens(|v| v == b"123456782"),
    // Services Australia, Medicare card number: begins with 2 to 6, weights 1379 modulo 10, then the issue number.
    Detector::national(
        "pii-au-medicare",
        "Australian Medicare card number",
        &["AU"],
        45_000,
        &["#### ##### #", "####-#####-#", "##########"],
        &["medicare", "medicare number", "medicare card"],
        |v| matches!(v[0], b'2'..=b'6') && v[9] != b'0' && weighted(v, &[1, 3, 7, 9, 1, 3, 7, 9]) % 10 == digit(v[8]),
    )
    .with_specimens(|v| v.starts_with(b"2123456701")),
    // Inland Revenue, "IRD number validation": between 10 and 150 million; two rows of weights modulo 11.
    Detector::national(
        "pii-nz-ird",
        "New Zealand IRD number",
        &["NZ"],
        89_000,
        &["##-###-###", "###-###-###", "########", "#########", "### ### ###"],
        &["ird", "ird number", "inland revenue", "tax number"],
        |v| {
            let mut body = [b'0'; 8];
            let digits = &v[..v.len() - 1];
            body[8 - digits.len()..].copy_from_slice(digits);
            let check = |weights: &[u32]| match weighted(&body, weights) % 11 {
                0 => 0,
                rest => 11 - rest,
            };
            let first = check(&[3, 2, 7, 6, 5, 4, 3, 2]);
            let expected = if first < 10 { first } else { check(&[7, 4, 3, 2, 5, 2, 7, 6]) };
            matches!(number(v), 10_000_001..150_000_000) && expected == digit(v[v.len() - 1])
        },
    )
    .with_specimens(|v| v == b"49091850" || v == b"123123123"),
];
