//! Identifiers of Germany, Austria, Switzerland, Poland, Czechia, Slovakia and Hungary.

use super::western_europe::begins_with_day;
use crate::personal::checksum::{date, digit, mod_11_10, number, pair, uniform, weighted};
use crate::personal::detector::Detector;

pub(super) const DETECTORS: &[Detector] = &[
    // Abgabenordnung § 139b and Bundeszentralamt für Steuern: ISO 7064 MOD 11,10; among the first ten digits one stands two or three times.
    Detector::national(
        "pii-de-steuer-id",
        "German tax identification number",
        &["DE"],
        3_300,
        &["## ### ### ###", "###########"],
        &["steuer id", "steueridentifikationsnummer", "steuerliche identifikationsnummer", "idnr", "tin", "steuernummer"],
        steuer_id,
    )
    .with_specimens(|v| matches!(v, b"86095742719" | b"47036892816" | b"65929970489")),
    // Verordnung über die Versicherungsnummer (VKVV) § 2: area, birthday, initial, order, check digit from sums of digits.
    Detector::national(
        "pii-de-rvnr",
        "German pension insurance number",
        &["DE"],
        3_700,
        &["########@###", "## ###### @ ###", "## ###### @ ## #"],
        &["rentenversicherungsnummer", "sozialversicherungsnummer", "versicherungsnummer", "rvnr", "svnr", "rentenversicherung"],
        rvnr,
    ),
    // Allgemeines Sozialversicherungsgesetz § 31 and Dachverband der Sozialversicherungsträger: weights 3790584216 without the fourth digit.
    Detector::national(
        "pii-at-svnr",
        "Austrian social insurance number",
        &["AT"],
        3_300,
        &["#### ######", "####-######", "##########"],
        &["svnr", "sozialversicherungsnummer", "sv nummer", "versicherungsnummer", "vsnr"],
        |v| {
            v[0] != b'0'
                && weighted(v, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 == digit(v[3])
                && matches!(pair(v, 4), 1..=31)
                && matches!(pair(v, 6), 1..=13)
        },
    )
    .with_specimens(|v| v == b"1237010180"),
    // Zentrale Ausgleichsstelle, "NAVS13": 756 and an EAN-13 check digit.
    Detector::national(
        "pii-ch-ahv",
        "Swiss social security number (AHV, AVS)",
        &["CH", "LI"],
        100,
        &["###.####.####.##", "### #### #### ##", "#############"],
        &["ahv", "avs", "ahvn13", "navs13", "ahv nummer", "sozialversicherungsnummer", "numéro avs", "numero avs"],
        |v| v.starts_with(b"756") && weighted(v, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]).is_multiple_of(10),
    )
    .with_specimens(|v| v == b"7569217076985" || v == b"7561234567897"),
    // Ustawa o ewidencji ludności, art. 15 and following: month carries the century; weights 1379137913 modulo 10.
    Detector::national(
        "pii-pl-pesel",
        "Polish personal number (PESEL)",
        &["PL"],
        18_000,
        &["###########"],
        &["pesel", "numer pesel", "nr pesel"],
        |v| {
            let (century, month) = (pair(v, 2) / 20, pair(v, 2) % 20);
            let year = [1900, 2000, 2100, 2200, 1800].get(century as usize).map_or(0, |base| base + pair(v, 0));
            date(year, month, pair(v, 4)) && weighted(v, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10)
        },
    )
    .with_specimens(|v| v == b"44051401359" || v == b"44051401458"),
    // Zákon č. 133/2000 Sb. § 13 and zákon č. 301/1995 Z. z.: the ten digits are a multiple of 11; women's months carry 50.
    Detector::national(
        "pii-cz-rodne-cislo",
        "Czech or Slovak birth number",
        &["CZ", "SK"],
        15_000,
        &["######/####", "##########", "######/###"],
        &["rodné číslo", "rodne cislo", "rodného čísla", "rč", "birth number"],
        rodne_cislo,
    ),
    // 1996. évi XX. törvény, annex: weights 3 and 7 modulo 10.
    Detector::national(
        "pii-hu-taj",
        "Hungarian social security number (TAJ)",
        &["HU"],
        100_000,
        &["### ### ###", "###-###-###", "#########"],
        &["taj", "taj szám", "társadalombiztosítási"],
        |v| !uniform(v) && weighted(v, &[3, 7, 3, 7, 3, 7, 3, 7]) % 10 == digit(v[8]),
    ),
    // The same law: begins with 8; each digit times its place modulo 11.
    Detector::national(
        "pii-hu-adoazonosito",
        "Hungarian tax identification number",
        &["HU"],
        8_900,
        &["##########"],
        &["adóazonosító", "adoazonosito", "adóazonosító jel"],
        |v| v[0] == b'8' && weighted(v, &[1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 == digit(v[9]),
    ),
];

fn steuer_id(v: &[u8]) -> bool {
    let mut counts = [0_u8; 10];
    for byte in &v[..10] {
        counts[digit(*byte) as usize] += 1;
    }
    let repeated = counts.iter().filter(|count| **count > 1).count() == 1 && counts.iter().all(|count| *count <= 3);
    let runs = v[..10].windows(3).any(uniform);
    v[0] != b'0' && repeated && !runs && mod_11_10(v)
}

fn rvnr(v: &[u8]) -> bool {
    let letter = u32::from(v[8].wrapping_sub(b'@'));
    let digits = [&v[..8], &[b'0' + v[8].wrapping_sub(b'@') / 10, b'0' + v[8].wrapping_sub(b'@') % 10], &v[9..11]].concat();
    let sum: u32 = digits
        .iter()
        .zip([2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1])
        .map(|(byte, weight)| digit(*byte) * weight)
        .map(|product| product / 10 + product % 10)
        .sum();
    (1..=26).contains(&letter) && begins_with_day(&v[2..8]) && sum % 10 == digit(v[11])
}

fn rodne_cislo(v: &[u8]) -> bool {
    let month = match pair(v, 2) {
        raised @ 71..=82 => raised - 70,
        raised @ 51..=62 => raised - 50,
        raised @ 21..=32 => raised - 20,
        plain => plain,
    };
    let year = if v.len() == 10 && pair(v, 0) < 54 { 2000 } else { 1900 } + pair(v, 0);
    let check = v.len() == 9 || number(v).is_multiple_of(11) || (number(&v[..9]) % 11 == 10 && v[9] == b'0');
    date(year, month, pair(v, 4)) && check
}
