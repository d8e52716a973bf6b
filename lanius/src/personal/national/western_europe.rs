//! Identifiers of the British Isles, France and the Low Countries.

use crate::personal::checksum::{date, digit, luhn, number, pair, short_date, uniform, verhoeff, weighted};
use crate::personal::detector::Detector;

pub(super) const DETECTORS: &[Detector] = &[
    // NHS Data Model and Dictionary, "NHS number": weights 10 to 2 modulo 11; numbers that begin with 999 are for tests.
    Detector::national(
        "pii-gb-nhs",
        "United Kingdom NHS number",
        &["GB"],
        91_000,
        &["### ### ####", "###-###-####", "##########"],
        &["nhs", "nhs number", "nhs no", "patient number", "patient id"],
        |v| !uniform(v) && weighted(v, &[10, 9, 8, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11),
    )
    .with_specimens(|v| v.starts_with(b"999") || v == b"9434765919" || v == b"1234567881"),
    // HM Revenue & Customs, National Insurance Manual NIM39110: prefixes and suffixes; no check digit.
    Detector::national(
        "pii-gb-nino",
        "United Kingdom national insurance number",
        &["GB"],
        85_000,
        &["@@ ## ## ## @", "@@######@", "@@-##-##-##-@", "@@ ###### @"],
        &["nino", "national insurance", "national insurance number", "ni number", "ni no"],
        |v| {
            !b"DFIQUV".contains(&v[0])
                && !b"DFIOQUV".contains(&v[1])
                && !matches!(&v[..2], b"BG" | b"GB" | b"KN" | b"NK" | b"NT" | b"TN" | b"ZZ")
                && matches!(v[8], b'A'..=b'D')
        },
    )
    .with_specimens(|v| &v[2..8] == b"123456"),
    // HM Revenue & Customs, "Unique Taxpayer Reference modulus check": the first digit checks the others.
    Detector::national(
        "pii-gb-utr",
        "United Kingdom unique taxpayer reference",
        &["GB"],
        100_000,
        &["##########", "##### #####"],
        &["utr", "unique taxpayer reference", "tax reference"],
        |v| !uniform(v) && b"21987654321"[(weighted(&v[1..], &[6, 7, 8, 9, 10, 5, 4, 3, 2]) % 11) as usize] == v[0],
    ),
    // Department of Social Protection, PPS number: weights 8 to 2, the second letter times 9, modulo 23.
    Detector::national(
        "pii-ie-pps",
        "Irish personal public service number",
        &["IE"],
        38_000,
        &["#######@", "#######@@", "#######@ @", "####### @@"],
        &["pps", "ppsn", "pps number", "personal public service", "rsi number"],
        |v| {
            let second = v.get(8).map_or(0, |letter| if matches!(letter, b'T' | b'W' | b'X') { 0 } else { u32::from(letter - b'@') });
            let letters = v.get(8).is_none_or(|letter| matches!(letter, b'A'..=b'I' | b'T' | b'W' | b'X'));
            let sum = weighted(v, &[8, 7, 6, 5, 4, 3, 2]) + second * 9;
            letters && b"WABCDEFGHIJKLMNOPQRSTUV"[(sum % 23) as usize] == v[7]
        },
    )
    .with_specimens(|v| v.starts_with(b"1234567")),
    // INSEE, "Numéro de sécurité sociale": sex, year, month, department, commune, order, and 97 less the remainder by 97.
    Detector::national(
        "pii-fr-nir",
        "French social security number (NIR)",
        &["FR", "MC"],
        4_800,
        &["# ## ## ** ### ### ##", "#############-##", "#####**########", "############# ##", "# ## ## ** ### ###-##"],
        &["nir", "sécurité sociale", "securite sociale", "numéro de sécurité", "numero de securite", "insee", "carte vitale"],
        nir,
    ),
    // Rijksdienst voor Identiteitsgegevens, "Elfproef": weights 9 to 2 and −1 modulo 11.
    Detector::national(
        "pii-nl-bsn",
        "Dutch citizen service number (BSN)",
        &["NL"],
        90_000,
        &["#########", "####.##.###", "#### ## ###"],
        &["bsn", "burgerservicenummer", "sofinummer", "sofi nummer"],
        |v| !v.starts_with(b"00") && !uniform(v) && weighted(v, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == digit(v[8]),
    )
    .with_specimens(|v| matches!(v, b"123456782" | b"111222333" | b"999999990")),
    // Koninklijk besluit of 25 November 1997 on the national register: 97 less the remainder by 97, from 2000 with a 2 before.
    Detector::national(
        "pii-be-rrn",
        "Belgian national register number",
        &["BE"],
        2_600,
        &["##.##.##-###.##", "######-###-##", "###### ### ##", "###########"],
        &["rijksregister", "rijksregisternummer", "registre national", "numéro national", "niss", "insz", "nrn"],
        |v| {
            let body = number(&v[..9]);
            let check = number(&v[9..]);
            let month = pair(v, 2);
            let plausible = matches!(month, 0..=12 | 20..=32 | 40..=52) && pair(v, 4) <= 31;
            plausible && body > 0 && [body, body + 2_000_000_000].into_iter().any(|value| 97 - value % 97 == check)
        },
    ),
    // Règlement grand-ducal of 28 November 2013: date, order, a Luhn and a Verhoeff digit over the first eleven.
    Detector::national(
        "pii-lu-matricule",
        "Luxembourg national identification number",
        &["LU"],
        13,
        &["#############", "########-###-##", "#### ## ## ### ##"],
        &["matricule", "numéro d'identification national", "national identification"],
        |v| {
            let mut second = v[..12].to_vec();
            second[11] = v[12];
            date_of_century(v) && luhn(&v[..12]) && verhoeff(&second)
        },
    ),
];

/// A date as YYYYMMDD of a living person or one's parents.
fn date_of_century(v: &[u8]) -> bool {
    matches!(pair(v, 0), 18..=20) && date(pair(v, 0) * 100 + pair(v, 2), pair(v, 4), pair(v, 6))
}

fn nir(v: &[u8]) -> bool {
    // Corsica's departments 2A and 2B count as 19 and 18 in the key.
    let mut body = v[..13].to_vec();
    match &v[5..7] {
        b"2A" => body[5..7].copy_from_slice(b"19"),
        b"2B" => body[5..7].copy_from_slice(b"18"),
        _ => {}
    }
    let month = matches!(pair(v, 3), 1..=12 | 20 | 30..=42 | 50..=99);
    let place = pair(&body, 5) >= 1 && &body[7..10] != b"000" && &body[10..13] != b"000";
    body.iter().all(u8::is_ascii_digit)
        && matches!(v[0], b'1'..=b'4' | b'7' | b'8')
        && month
        && place
        && 97 - number(&body) % 97 == number(&v[13..])
}

/// Whether ddmmyy at the beginning is a day.
pub(super) fn begins_with_day(v: &[u8]) -> bool {
    short_date(pair(v, 4), pair(v, 2), pair(v, 0))
}
