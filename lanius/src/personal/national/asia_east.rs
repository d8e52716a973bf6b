//! Identifiers of China, Hong Kong, Taiwan, Korea, Japan and South-East Asia.

use crate::personal::checksum::{alphanumeric, date, digit, pair, short_date, uniform, weighted};
use crate::personal::detector::Detector;

pub(super) const DETECTORS: &[Detector] = &[
    // GB 11643-1999: region, birthday, order, ISO 7064 MOD 11-2.
    Detector::national(
        "pii-cn-ric",
        "Chinese resident identity number",
        &["CN"],
        43,
        &["#################*"],
        &["身份证", "身份證", "公民身份号码", "身份证号", "id card", "resident identity", "sfz", "shenfenzheng"],
        |v| {
            let sum = weighted(v, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
            matches!(pair(v, 0), 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83)
                && matches!(pair(v, 6), 18..=20)
                && date(pair(v, 6) * 100 + pair(v, 8), pair(v, 10), pair(v, 12))
                && b"10X98765432"[(sum % 11) as usize] == v[17]
        },
    )
    .with_specimens(|v| v == b"11010519491231002X" || v == b"440524188001010014"),
    // Immigration Department, HKID: a letter or two, six digits, weights 9 to 1 modulo 11, where a missing first letter counts 36.
    Detector::national(
        "pii-hk-hkid",
        "Hong Kong identity card number",
        &["HK"],
        91_000,
        &["@######(*", "@@######(*", "@######*"],
        &["hkid", "identity card", "身份證", "身份證號碼", "hk id"],
        |v| {
            let (head, rest) = v.split_at(v.len() - 7);
            let letters = match head {
                [one] => 36 * 9 + alphanumeric(*one) * 8,
                [one, two] => alphanumeric(*one) * 9 + alphanumeric(*two) * 8,
                _ => return false,
            };
            let last = match rest[6] {
                b'A' => 10,
                digit @ b'0'..=b'9' => u32::from(digit - b'0'),
                _ => return false,
            };
            (letters + weighted(rest, &[7, 6, 5, 4, 3, 2]) + last).is_multiple_of(11)
        },
    )
    .with_specimens(|v| v == b"A1234563" || v == b"Z6833652"),
    // Ministry of the Interior, national identification card: the letter as two digits, weights 1 9 8 … 1 1 modulo 10.
    Detector::national(
        "pii-tw-national-id",
        "Taiwanese national identification number",
        &["TW"],
        40_000,
        &["@#########"],
        &["身分證", "身分證字號", "national id", "統一證號"],
        |v| {
            let letter = b"ABCDEFGHJKLMNPQRSTUVXYWZIO".iter().zip(10..).find(|(letter, _)| **letter == v[0]).map_or(0, |(_, value)| value);
            let sum: u32 = letter / 10 + letter % 10 * 9 + weighted(&v[1..], &[8, 7, 6, 5, 4, 3, 2, 1, 1]);
            matches!(v[1], b'1' | b'2' | b'8' | b'9') && sum.is_multiple_of(10)
        },
    )
    .with_specimens(|v| v == b"A123456789"),
    // 주민등록법 시행규칙: birthday, sex and century, weights 2 to 9 and 2 to 5 modulo 11. Numbers since October 2020 have no check digit.
    Detector::national(
        "pii-kr-rrn",
        "South Korean resident registration number",
        &["KR"],
        2_900,
        &["######-#######", "#############"],
        &["주민등록번호", "주민번호", "외국인등록번호", "rrn", "jumin", "resident registration"],
        |v| {
            let sum = weighted(v, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]);
            short_date(pair(v, 0), pair(v, 2), pair(v, 4)) && matches!(v[6], b'1'..=b'8') && (11 - sum % 11) % 10 == digit(v[12])
        },
    ),
    // Ordinance of the Ministry of Internal Affairs 85 of 2014, art. 5 (個人番号): weights modulo 11.
    Detector::national(
        "pii-jp-my-number",
        "Japanese individual number (My Number)",
        &["JP"],
        100_000,
        &["#### #### ####", "####-####-####", "############"],
        &["マイナンバー", "個人番号", "my number", "mynumber", "kojin bango"],
        |v| {
            let rest = weighted(v, &[6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
            !uniform(v) && (if rest < 2 { 0 } else { 11 - rest }) == digit(v[11])
        },
    )
    .with_specimens(|v| v == b"123456789018"),
    // Immigration & Checkpoints Authority, NRIC and FIN: weights 2765432, an offset and a row of letters for each prefix.
    Detector::national(
        "pii-sg-nric",
        "Singaporean NRIC or FIN",
        &["SG"],
        7_400,
        &["@#######@"],
        &["nric", "fin", "identity card", "nric no"],
        |v| {
            let sum = weighted(&v[1..8], &[2, 7, 6, 5, 4, 3, 2]);
            let (offset, letters) = match v[0] {
                b'S' => (0, b"JZIHGFEDCBA"),
                b'T' => (4, b"JZIHGFEDCBA"),
                b'F' => (0, b"XWUTRQPNMLK"),
                b'G' => (4, b"XWUTRQPNMLK"),
                b'M' => (3, b"XWUTRQPNJLK"),
                _ => return false,
            };
            letters[((sum + offset) % 11) as usize] == v[8]
        },
    )
    .with_specimens(|v| v == b"S1234567D" || v == b"S0000001I"),
    // Department of Provincial Administration: weights 13 to 2 modulo 11.
    Detector::national(
        "pii-th-national-id",
        "Thai identification number",
        &["TH"],
        80_000,
        &["#-####-#####-##-#", "# #### ##### ## #", "#############"],
        &["เลขประจำตัวประชาชน", "บัตรประชาชน", "thai id", "citizen id", "national id"],
        |v| matches!(v[0], b'1'..=b'8') && (11 - weighted(v, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 10 == digit(v[12]),
    )
    .with_specimens(|v| v == b"1234567890121"),
    // National Registration Department, MyKad: birthday and place; no check digit.
    Detector::national(
        "pii-my-nric",
        "Malaysian identity card number (MyKad)",
        &["MY"],
        32_000,
        &["######-##-####", "############"],
        &["mykad", "nric", "kad pengenalan", "ic number", "ic no", "no kp"],
        |v| {
            short_date(pair(v, 0), pair(v, 2), pair(v, 4)) && matches!(pair(v, 6), 1..=16 | 21..=68 | 71 | 72 | 74..=79 | 82..=93 | 98 | 99)
        },
    ),
    // Ministry of Home Affairs, NIK: province, birthday (women's days carry 40), order; no check digit.
    Detector::national(
        "pii-id-nik",
        "Indonesian population number (NIK)",
        &["ID"],
        29_000,
        &["################", "######.######.####"],
        &["nik", "ktp", "nomor induk kependudukan"],
        |v| {
            let day = pair(v, 6);
            matches!(pair(v, 0), 11..=21 | 31..=36 | 51..=53 | 61..=65 | 71..=76 | 81 | 82 | 91..=97)
                && pair(v, 2) > 0
                && pair(v, 4) > 0
                && short_date(pair(v, 10), pair(v, 8), if day > 40 { day - 40 } else { day })
                && &v[12..] != b"0000"
        },
    ),
];
