//! Identifiers of Spain, Portugal, Italy, Greece, Turkey and the states that once were Yugoslavia.

use super::western_europe::begins_with_day;
use crate::personal::checksum::{digit, luhn, mod_11_10, number, pair, short_date, uniform, weighted};
use crate::personal::detector::Detector;

pub(super) const DETECTORS: &[Detector] = &[
    // Ministerio del Interior, "Cálculo del dígito de control del NIF/NIE": the remainder by 23 chooses the letter.
    Detector::national(
        "pii-es-dni",
        "Spanish identity document number (DNI)",
        &["ES"],
        38_000,
        &["########@", "########-@", "######## @", "##.###.###-@"],
        &["dni", "nif", "documento nacional", "documento de identidad"],
        |v| letter_23(number(&v[..8])) == v.get(8).copied() && !uniform(&v[..8]),
    )
    .with_specimens(|v| v == b"12345678Z" || v == b"00000000T"),
    // The same page: X, Y and Z stand for 0, 1 and 2.
    Detector::national(
        "pii-es-nie",
        "Spanish foreigner's identity number (NIE)",
        &["ES"],
        4_500,
        &["@#######@", "@-#######-@"],
        &["nie", "número de extranjero", "identidad de extranjero", "nif"],
        |v| matches!(v[0], b'X'..=b'Z') && letter_23(u64::from(v[0] - b'X') * 10_000_000 + number(&v[1..8])) == v.get(8).copied(),
    )
    .with_specimens(|v| v == b"X1234567L"),
    // Decreto-Lei n.º 14/2013 and Portaria 386/98: persons begin with 1, 2, 3 or 45; weights 9 to 2 modulo 11.
    Detector::national(
        "pii-pt-nif",
        "Portuguese taxpayer number (NIF)",
        &["PT"],
        31_000,
        &["#########", "### ### ###"],
        &["nif", "contribuinte", "número fiscal", "numero de contribuinte", "número de contribuinte"],
        |v| {
            let rest = weighted(v, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
            let check = if rest < 2 { 0 } else { 11 - rest };
            (matches!(v[0], b'1'..=b'3') || v.starts_with(b"45")) && check == digit(v[8])
        },
    )
    .with_specimens(|v| v == b"123456789"),
    // Decreto ministeriale of 23 December 1976: two tables for odd and even places, the sum modulo 26.
    Detector::national(
        "pii-it-codice-fiscale",
        "Italian fiscal code",
        &["IT"],
        11_500,
        &["@@@@@@**@**@***@"],
        &["codice fiscale", "cod fisc", "codfisc", "cf"],
        codice_fiscale,
    )
    .with_specimens(|v| v == b"RSSMRA85T10A562S" || v == b"RSSMRA80A01H501U"),
    // Law 3655/2008, art. 153 (AMKA): birthday, order, Luhn.
    Detector::national(
        "pii-gr-amka",
        "Greek social security number (AMKA)",
        &["GR"],
        3_600,
        &["###########", "###### #####"],
        &["amka", "αμκα"],
        |v| begins_with_day(v) && luhn(v),
    ),
    // AADE, tax registration number (AFM): powers of two modulo 11.
    Detector::national("pii-gr-afm", "Greek tax number (AFM)", &["GR"], 100_000, &["#########"], &["afm", "αφμ", "α.φ.μ"], |v| {
        !uniform(v) && weighted(v, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == digit(v[8])
    }),
    // Law 5490, Turkish identity number: two check digits modulo 10.
    Detector::national(
        "pii-tr-tckn",
        "Turkish identity number",
        &["TR"],
        9_100,
        &["###########"],
        &["tckn", "tc kimlik", "t.c. kimlik", "kimlik no", "kimlik numarası"],
        |v| {
            // 7 × odd − even modulo 10, where −1 is 9.
            let tenth = weighted(v, &[7, 9, 7, 9, 7, 9, 7, 9, 7]) % 10;
            v[0] != b'0' && tenth == digit(v[9]) && weighted(&v[..10], &[1; 10]) % 10 == digit(v[10])
        },
    )
    .with_specimens(|v| v == b"10000000146"),
    // Zakon o osobnom identifikacijskom broju: ISO 7064 MOD 11,10.
    Detector::national(
        "pii-hr-oib",
        "Croatian personal identification number (OIB)",
        &["HR"],
        100_000,
        &["###########"],
        &["oib", "osobni identifikacijski broj"],
        |v| !uniform(v) && mod_11_10(v),
    ),
    // Zakon o centralnem registru prebivalstva (EMŠO), kept from the law on JMBG of 1976: birthday, region, order; modulo 11.
    Detector::national(
        "pii-si-emso",
        "Slovene EMŠO, or JMBG of Bosnia, Montenegro, North Macedonia, Serbia",
        &["SI", "BA", "ME", "MK", "RS"],
        960,
        &["#############"],
        &["emšo", "emso", "jmbg", "матични број", "матичен број", "jedinstveni matični broj"],
        |v| {
            let year = pair(v, 4) * 10 + digit(v[6]);
            let plausible = matches!(year, 800..=999 | 0..=99) && short_date(year % 100, pair(v, 2), pair(v, 0));
            plausible && weighted(v, &[7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
        },
    )
    .with_specimens(|v| v == b"0101006500006"),
];

fn letter_23(number: u64) -> Option<u8> {
    usize::try_from(number % 23).ok().and_then(|rest| b"TRWAGMYFPDXBNJZSQVHLCKE".get(rest)).copied()
}

/// What a character counts at an odd place, digits 0–9 as the letters A–J.
const ODD: [u32; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];

fn codice_fiscale(v: &[u8]) -> bool {
    let sum: u32 = v[..15]
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            let value = if byte.is_ascii_digit() { byte - b'0' } else { byte.wrapping_sub(b'A') };
            if at % 2 == 0 { ODD.get(usize::from(value)).copied().unwrap_or(0) } else { u32::from(value) }
        })
        .sum();
    // Where two people would have the same code, letters stand for digits from the right on.
    let plain: Option<Vec<u8>> = [6, 7, 9, 10, 12, 13, 14].into_iter().map(|at| omocode(v[at])).collect();
    let Some(plain) = plain else { return false };
    let month = b"ABCDEHLMPRST".iter().zip(1..).find(|(letter, _)| **letter == v[8]).map_or(0, |(_, month)| month);
    let day = match pair(&plain, 2) {
        woman @ 41..=71 => woman - 40,
        day => day,
    };
    short_date(pair(&plain, 0), month, day) && v[11].is_ascii_uppercase() && u32::from(v[15].wrapping_sub(b'A')) == sum % 26
}

/// The digit that a letter replaces.
fn omocode(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte),
        _ => b"LMNPQRSTUV".iter().zip(b'0'..).find(|(letter, _)| **letter == byte).map(|(_, digit)| digit),
    }
}
