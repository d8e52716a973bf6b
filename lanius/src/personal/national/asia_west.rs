//! Identifiers of Israel, India, Pakistan, Iran and the Arab states.

use crate::personal::checksum::{date, digit, luhn, pair, short_date, uniform, verhoeff, weighted};
use crate::personal::detector::Detector;

pub(super) const DETECTORS: &[Detector] = &[
    // Population and Immigration Authority (teudat zehut): Luhn over nine digits.
    Detector::national(
        "pii-il-teudat-zehut",
        "Israeli identity number",
        &["IL"],
        100_000,
        &["#########", "########-#"],
        &["תעודת זהות", "מספר זהות", "ת.ז", "teudat zehut", "tz"],
        |v| !uniform(v) && !v.starts_with(b"0000") && luhn(v),
    )
    .with_specimens(|v| v == b"123456782"),
    // UIDAI: begins with 2 to 9, Verhoeff.
    Detector::national(
        "pii-in-aadhaar",
        "Indian Aadhaar number",
        &["IN"],
        80_000,
        &["#### #### ####", "####-####-####", "############"],
        &["aadhaar", "aadhar", "uidai", "uid", "आधार"],
        |v| matches!(v[0], b'2'..=b'9') && !v.iter().eq(v.iter().rev()) && verhoeff(v),
    )
    .with_specimens(|v| v == b"999941057058" || v == b"234123412346"),
    // Income Tax Department, permanent account number: the fourth letter of a person is P. Its last letter's rule is not published.
    Detector::national(
        "pii-in-pan",
        "Indian permanent account number (PAN) of a person",
        &["IN"],
        38_000,
        &["@@@@@####@"],
        &["pan", "permanent account", "income tax", "पैन"],
        |v| v[3] == b'P' && &v[5..9] != b"0000",
    )
    .with_specimens(|v| v == b"ABCPE1234F" || v == b"AAAPL1234C"),
    // NADRA, computerised identity card: region and order; the last digit tells the sex and checks nothing.
    Detector::national(
        "pii-pk-cnic",
        "Pakistani identity card number (CNIC)",
        &["PK"],
        720_000,
        &["#####-#######-#", "#############"],
        &["cnic", "nicop", "شناختی کارڈ", "nadra"],
        |v| matches!(v[0], b'1'..=b'8') && !uniform(v) && v[12] != b'0',
    ),
    // National Organization for Civil Registration: weights 10 to 2 modulo 11.
    Detector::national(
        "pii-ir-national-code",
        "Iranian national code",
        &["IR"],
        100_000,
        &["##########", "###-######-#"],
        &["کد ملی", "شماره ملی", "code melli", "national code"],
        |v| {
            let rest = weighted(v, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
            !uniform(v) && &v[3..9] != b"000000" && (if rest < 2 { rest } else { 11 - rest }) == digit(v[9])
        },
    ),
    // Federal Authority for Identity and Citizenship: 784, year of birth, order, Luhn.
    Detector::national(
        "pii-ae-emirates-id",
        "Emirates identity number",
        &["AE"],
        4,
        &["###-####-#######-#", "###############"],
        &["emirates id", "eid", "الهوية", "رقم الهوية"],
        |v| v.starts_with(b"784") && matches!(pair(v, 3), 19 | 20) && luhn(v),
    ),
    // Ministry of Interior: 1 for citizens, 2 for residents, Luhn.
    Detector::national(
        "pii-sa-national-id",
        "Saudi national or residence number",
        &["SA"],
        20_000,
        &["##########"],
        &["iqama", "رقم الهوية", "الهوية الوطنية", "national id", "saudi id"],
        |v| matches!(v[0], b'1' | b'2') && luhn(v),
    ),
    // Public Authority for Civil Information: century, birthday, order; weights modulo 11.
    Detector::national(
        "pii-kw-civil-id",
        "Kuwaiti civil number",
        &["KW"],
        620,
        &["############"],
        &["civil id", "الرقم المدني", "paci"],
        |v| {
            let check = 11 - weighted(v, &[2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11;
            matches!(v[0], b'2' | b'3') && short_date(pair(v, 1), pair(v, 3), pair(v, 5)) && check == digit(v[11])
        },
    ),
    // Ministry of Interior of Egypt: century, birthday, governorate, order; the last digit's rule is not published.
    Detector::national(
        "pii-eg-national-id",
        "Egyptian national number",
        &["EG"],
        2_100,
        &["##############"],
        &["الرقم القومي", "رقم قومي", "national id", "egyptian id"],
        |v| {
            let century = match v[0] {
                b'2' => 1900,
                b'3' => 2000,
                _ => return false,
            };
            let governorate = matches!(pair(v, 7), 1..=4 | 11..=19 | 21..=29 | 31..=35 | 88);
            governorate && date(century + pair(v, 1), pair(v, 3), pair(v, 5))
        },
    ),
];
