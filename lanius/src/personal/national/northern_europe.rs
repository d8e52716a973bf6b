//! Identifiers of the Nordic and the Baltic states.

use super::western_europe::begins_with_day;
use crate::personal::checksum::{date, digit, luhn, number, pair, short_date, weighted};
use crate::personal::detector::Detector;

pub(super) const DETECTORS: &[Detector] = &[
    // Skatteverket, SKV 704: birthday, order, Luhn; a coordination number has 60 added to the day.
    Detector::national(
        "pii-se-personnummer",
        "Swedish personal number",
        &["SE"],
        7_300,
        &["######-####", "########-####", "##########", "############"],
        &["personnummer", "person nr", "pnr", "samordningsnummer", "personal identity number"],
        |v| {
            let short = &v[v.len() - 10..];
            let day = pair(short, 4);
            let century = v.len() == 10 || matches!(pair(v, 0), 18..=20);
            century && short_date(pair(short, 0), pair(short, 2), if day > 60 { day - 60 } else { day }) && luhn(short)
        },
    )
    .with_specimens(|v| v.ends_with(b"8112189876") || v.ends_with(b"6403273813")),
    // Skatteetaten, folkeregisterforskriften § 2-2-3: two check digits modulo 11; D-numbers have 40 added to the day.
    Detector::national(
        "pii-no-fodselsnummer",
        "Norwegian birth number",
        &["NO"],
        1_900,
        &["###### #####", "###########"],
        &["fødselsnummer", "fodselsnummer", "fnr", "personnummer", "d nummer"],
        fodselsnummer,
    )
    // The months of synthetic persons carry 40 (health) or 80 (Tenor, the tax administration's test population).
    .with_specimens(|v| pair(v, 2) > 40),
    // CPR-kontoret, "Personnummeret i CPR-systemet": modulo 11 was given up in 2007, so a day is all that is asked.
    Detector::national(
        "pii-dk-cpr",
        "Danish personal number (CPR)",
        &["DK"],
        36_000,
        &["######-####", "##########"],
        &["cpr", "cpr nummer", "cprnr", "personnummer"],
        begins_with_day,
    ),
    // Digital and Population Data Services Agency, "The personal identity code": the remainder by 31 chooses the last character.
    Detector::national(
        "pii-fi-hetu",
        "Finnish personal identity code",
        &["FI"],
        990,
        &["######-###*", "######@###*"],
        &["hetu", "henkilötunnus", "henkilotunnus", "personbeteckning", "sotu"],
        hetu,
    )
    .with_specimens(|v| v[v.len() - 4] == b'9' || v.ends_with(b"131052308T")),
    // Þjóðskrá, "Um kennitölur": weights 32765432 modulo 11, the last digit is the century.
    Detector::national(
        "pii-is-kennitala",
        "Icelandic identification number",
        &["IS"],
        1_000,
        &["######-####", "##########"],
        &["kennitala", "kt"],
        |v| begins_with_day(v) && matches!(v[9], b'0' | b'9') && weighted(v, &[3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11),
    )
    .with_specimens(|v| v == b"1201743399"),
    // Standard EVS 585 and Lietuvos gyventojų registro įstatymas: sex and century, birthday, order; two rows of weights modulo 11.
    Detector::national(
        "pii-ee-isikukood",
        "Estonian or Lithuanian personal code",
        &["EE", "LT"],
        2_200,
        &["###########"],
        &["isikukood", "asmens kodas", "personal code", "ik"],
        isikukood,
    )
    .with_specimens(|v| matches!(v, b"37605030299" | b"38001085718" | b"33309240064")),
    // Pilsonības un migrācijas lietu pārvalde: date and century, or since 2017 32 and no date; one row of weights.
    Detector::national(
        "pii-lv-personas-kods",
        "Latvian personal code",
        &["LV"],
        2_100,
        &["######-#####", "###########"],
        &["personas kods", "personas kodu", "pk"],
        |v| {
            let century = matches!(v[6], b'0'..=b'2') && begins_with_day(v);
            (v.starts_with(b"32") || century) && (1 + weighted(v, &[10, 5, 8, 4, 2, 1, 6, 3, 7, 9])) % 11 % 10 == digit(v[10])
        },
    ),
];

fn fodselsnummer(v: &[u8]) -> bool {
    let day = if pair(v, 0) > 40 { pair(v, 0) - 40 } else { pair(v, 0) };
    let month = match pair(v, 2) {
        tenor @ 81..=92 => tenor - 80,
        synthetic @ 41..=52 => synthetic - 40,
        plain => plain,
    };
    short_date(pair(v, 4), month, day)
        && weighted(v, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11)
        && weighted(v, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
}

fn hetu(v: &[u8]) -> bool {
    // Without its hyphen a code of the twentieth century has ten characters; the other signs of a century are letters.
    let (order, century) = match v.len() {
        10 => (&v[6..9], true),
        11 => (&v[7..10], matches!(v[6], b'A'..=b'F' | b'U'..=b'Y')),
        _ => return false,
    };
    let rest = (number(&v[..6]) * 1000 + number(order)) % 31;
    let expected = usize::try_from(rest).ok().and_then(|rest| b"0123456789ABCDEFHJKLMNPRSTUVWXY".get(rest));
    century && begins_with_day(v) && number(order) >= 2 && expected == v.last()
}

fn isikukood(v: &[u8]) -> bool {
    let century = match v[0] {
        b'1' | b'2' => 1800,
        b'3' | b'4' => 1900,
        b'5' | b'6' => 2000,
        _ => return false,
    };
    let first = weighted(v, &[1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11;
    let check = if first < 10 { first } else { weighted(v, &[3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11 % 10 };
    date(century + pair(v, 1), pair(v, 3), pair(v, 5)) && check == digit(v[10])
}
