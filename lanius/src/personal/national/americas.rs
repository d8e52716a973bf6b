//! Identifiers of the Americas.

use crate::personal::checksum::{digit, luhn, number, pair, short_date, uniform, weighted};
use crate::personal::detector::Detector;

pub(super) const DETECTORS: &[Detector] = &[
    // Social Security Administration, "Social Security Number Randomization": no check digit; areas 000, 666 and 900–999, group 00 and
    // serial 0000 are never issued.
    Detector::national(
        "pii-us-ssn",
        "United States social security number",
        &["US"],
        890_000,
        &["###-##-####", "### ## ####", "#########"],
        &["ssn", "social security", "social security number", "soc sec", "ss no", "ssnum", "seguro social"],
        |v| !v.starts_with(b"000") && !v.starts_with(b"666") && v[0] != b'9' && &v[3..5] != b"00" && &v[5..] != b"0000" && !uniform(v),
    )
    .with_specimens(|v| matches!(v, b"078051120" | b"219099999" | b"457555462" | b"123456789" | b"123121234")),
    // Internal Revenue Service, "General ITIN information": begins with 9; the fourth and fifth digit are 50–65, 70–88, 90–92 or 94–99.
    Detector::national(
        "pii-us-itin",
        "United States individual taxpayer identification number",
        &["US"],
        44_000,
        &["###-##-####", "### ## ####", "#########"],
        &["itin", "taxpayer identification", "individual taxpayer"],
        |v| v[0] == b'9' && matches!(pair(v, 3), 50..=65 | 70..=88 | 90..=92 | 94..=99),
    ),
    // Centers for Medicare & Medicaid Services, "Understanding the MBI format": eleven places, without the letters S, L, O, I, B, Z.
    Detector::national(
        "pii-us-mbi",
        "United States Medicare beneficiary identifier",
        &["US"],
        310_000,
        &["#@*#@*#@@##", "#@*#-@*#-@@##"],
        &["mbi", "medicare", "beneficiary"],
        |v| v[0] != b'0' && !v.iter().any(|byte| b"SLOIBZ".contains(byte)),
    )
    .with_specimens(|v| v == b"1EG4TE5MK73" || v == b"1EG4TE5MK72"),
    // Employment and Social Development Canada, SIN code of practice: Luhn; 0 and 8 do not begin one.
    Detector::national(
        "pii-ca-sin",
        "Canadian social insurance number",
        &["CA"],
        80_000,
        &["### ### ###", "###-###-###", "#########"],
        &["sin", "social insurance", "social insurance number", "assurance sociale", "nas"],
        |v| !matches!(v[0], b'0' | b'8') && luhn(v) && !uniform(v),
    ),
    // RENAPO, "Instructivo normativo para la asignación de la CURP".
    Detector::national(
        "pii-mx-curp",
        "Mexican population registry code (CURP)",
        &["MX"],
        13,
        &["@@@@######@@@@@@*#"],
        &["curp", "clave única", "registro de población"],
        curp,
    ),
    // Receita Federal do Brasil, cadastro de pessoas físicas: two check digits modulo 11.
    Detector::national(
        "pii-br-cpf",
        "Brazilian individual taxpayer number (CPF)",
        &["BR"],
        10_000,
        &["###.###.###-##", "#########-##", "###########"],
        &["cpf", "cadastro de pessoas físicas", "contribuinte"],
        |v| !uniform(v) && [9, 10].into_iter().all(|at| modulo_11(&v[..at]) == digit(v[at])),
    )
    .with_specimens(|v| v == b"12345678909"),
    // AFIP, resolución general 10/97: prefixes of persons, weights 5432765432 modulo 11.
    Detector::national(
        "pii-ar-cuil",
        "Argentine labour identification (CUIL, CUIT)",
        &["AR"],
        3_600,
        &["##-########-#", "###########"],
        &["cuil", "cuit", "clave única de identificación"],
        |v| {
            matches!(pair(v, 0), 20 | 23 | 24 | 27)
                && weighted(v, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11)
                && !uniform(&v[2..10])
        },
    ),
    // Servicio de Registro Civil, decreto con fuerza de ley 3 (1969): modulo 11, where 10 is K.
    Detector::national(
        "pii-cl-rut",
        "Chilean national number (RUN, RUT)",
        &["CL"],
        90_000,
        &["##.###.###-*", "#.###.###-*", "########-*", "#######-*", "########@", "#########"],
        &["rut", "run", "rol único", "rol único tributario"],
        rut,
    )
    .with_specimens(|v| v == b"111111111" || v == b"123456785"),
    // Registro Civil del Ecuador: province, third digit below 6, Luhn.
    Detector::national(
        "pii-ec-cedula",
        "Ecuadorian identity card number",
        &["EC"],
        15_000,
        &["##########", "#########-#"],
        &["cédula", "cedula", "cédula de identidad"],
        |v| matches!(pair(v, 0), 1..=24 | 30) && v[2] < b'6' && luhn(v),
    ),
    // Dirección Nacional de Identificación Civil: weights 2987634 modulo 10.
    Detector::national(
        "pii-uy-cedula",
        "Uruguayan identity card number",
        &["UY"],
        100_000,
        &["#.###.###-#", "#######-#", "########"],
        &["cédula", "cedula", "cédula de identidad", "documento de identidad"],
        |v| !uniform(v) && weighted(v, &[2, 9, 8, 7, 6, 3, 4, 1]).is_multiple_of(10),
    ),
    // Junta Central Electoral: Luhn.
    Detector::national(
        "pii-do-cedula",
        "Dominican identity and electoral card number",
        &["DO"],
        100_000,
        &["###-#######-#", "###########"],
        &["cédula", "cedula", "cédula de identidad"],
        |v| !v.starts_with(b"000") && luhn(v) && !uniform(v),
    ),
];

/// The check digit modulo 11 with weights that rise from 2 at the right; 10 and 11 give 0.
fn modulo_11(digits: &[u8]) -> u32 {
    let sum: u32 = digits.iter().rev().zip(2..).map(|(byte, weight)| digit(*byte) * weight).sum();
    (sum * 10 % 11) % 10
}

fn rut(v: &[u8]) -> bool {
    let Some((last, body)) = v.split_last() else { return false };
    let sum: u32 = body.iter().rev().zip([2, 3, 4, 5, 6, 7].into_iter().cycle()).map(|(byte, weight)| digit(*byte) * weight).sum();
    let expected = b"0K987654321"[(sum % 11) as usize];
    *last == expected && number(body) >= 1_000_000
}

/// The states of Mexico as CURP writes them; NE is a birth abroad.
const STATES: &[u8] = b"ASBCBSCCCSCHCLCMDFDGGRGTHGJCMCMNMSNENLNTOCPLQRQTSLSPSRTCTLTSVZYNZS";

fn curp(v: &[u8]) -> bool {
    let sum: u32 = v[..17].iter().zip((2..=18).rev()).map(|(byte, weight)| curp_value(*byte) * weight).sum();
    let state = STATES.chunks_exact(2).any(|state| state == &v[11..13]);
    matches!(v[10], b'H' | b'M' | b'X')
        && state
        && short_date(pair(v, 4), pair(v, 6), pair(v, 8))
        && v[13..16].iter().all(|byte| byte.is_ascii_uppercase() && !b"AEIOU".contains(byte))
        && (10 - sum % 10) % 10 == digit(v[17])
}

/// As the alphabet of Spanish counts, where Ñ stands behind N.
fn curp_value(byte: u8) -> u32 {
    match byte {
        b'A'..=b'N' => u32::from(byte - b'A') + 10,
        b'O'..=b'Z' => u32::from(byte - b'A') + 11,
        other => digit(other),
    }
}
