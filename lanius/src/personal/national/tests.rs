//! Every national identifier against published examples, against random values (how many pass is what `chance` says), and against the slips
//! of a pen that its check digits are made to catch.

use super::detectors;
use crate::personal::detector::detector;
use crate::personal::layout::is_place;

/// Published examples, or numbers that were made by the published rule by hand.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("pii-us-ssn", &["078051120", "536904399"]),
    ("pii-us-itin", &["912903456", "900701234"]),
    ("pii-us-mbi", &["1EG4TE5MK73"]),
    ("pii-ca-sin", &["123456782", "130692544"]),
    ("pii-mx-curp", &["BOXW310820HNERXN09"]),
    ("pii-br-cpf", &["39053344705"]),
    ("pii-ar-cuil", &["20267565393", "20055361682"]),
    ("pii-cl-rut", &["125319092"]),
    ("pii-ec-cedula", &["1714307103", "1714616123"]),
    ("pii-uy-cedula", &["12345672"]),
    ("pii-do-cedula", &["00113918205", "22400022111"]),
    ("pii-gb-nhs", &["9434765870", "9434765919"]),
    ("pii-gb-nino", &["AB123456C", "JG103759A"]),
    ("pii-gb-utr", &["1955839661"]),
    ("pii-ie-pps", &["6433435F", "6433435FT", "6433435FW", "6433435OA"]),
    ("pii-fr-nir", &["295109912611193", "253072B07300470", "253072A07300443"]),
    ("pii-nl-bsn", &["111222333", "123456782"]),
    ("pii-be-rrn", &["85073003328", "17073003384"]),
    ("pii-lu-matricule", &["1883110738551"]),
    ("pii-de-steuer-id", &["36574261809", "47036892816"]),
    ("pii-de-rvnr", &["65170839J003", "15070649C103"]),
    ("pii-at-svnr", &["1237010180"]),
    ("pii-ch-ahv", &["7569217076985"]),
    ("pii-pl-pesel", &["44051401359", "02070803628"]),
    ("pii-cz-rodne-cislo", &["7103192745", "991231123"]),
    ("pii-hu-taj", &["123456788"]),
    ("pii-hu-adoazonosito", &["8071592153"]),
    ("pii-se-personnummer", &["8112189876", "6403273813", "198112189876"]),
    ("pii-no-fodselsnummer", &["11077941012", "01010750160"]),
    ("pii-dk-cpr", &["2110625629"]),
    ("pii-fi-hetu", &["131052308T", "131052A308T"]),
    ("pii-is-kennitala", &["1201743399"]),
    ("pii-ee-isikukood", &["36805280109", "33309240064", "38703181745"]),
    ("pii-lv-personas-kods", &["16117519997", "32867300679"]),
    ("pii-es-dni", &["54362315K", "12345678Z"]),
    ("pii-es-nie", &["X2482300W", "X1234567L"]),
    ("pii-pt-nif", &["123456789", "287024008"]),
    ("pii-it-codice-fiscale", &["RCCMNL83S18D969H", "RSSMRA85T10A562S"]),
    ("pii-gr-amka", &["01013099997"]),
    ("pii-gr-afm", &["094259216", "023456780"]),
    ("pii-tr-tckn", &["10000000146", "17291716060"]),
    ("pii-hr-oib", &["33392005961", "69435151530"]),
    ("pii-si-emso", &["0101006500006"]),
    ("pii-ro-cnp", &["1630615123457", "1800101221144"]),
    ("pii-bg-egn", &["7523169263", "8032056031"]),
    ("pii-md-idnp", &["0938391519790"]),
    ("pii-ua-rnokpp", &["1759013776"]),
    ("pii-ru-snils", &["11223344595"]),
    ("pii-ru-inn", &["500100732259"]),
    ("pii-kz-iin", &["950605102842"]),
    ("pii-cn-ric", &["360426199101010071", "11010519491231002X"]),
    ("pii-hk-hkid", &["A1234563", "AB9876543"]),
    ("pii-tw-national-id", &["A123456789"]),
    ("pii-kr-rrn", &["6710196604432"]),
    ("pii-jp-my-number", &["123456789018"]),
    ("pii-sg-nric", &["S1234567D", "T1234567J", "F1234567N", "G1234567X", "M1234567K"]),
    ("pii-th-national-id", &["1234567890121"]),
    ("pii-my-nric", &["770305021234"]),
    ("pii-id-nik", &["3171011708450001"]),
    ("pii-il-teudat-zehut", &["039337423", "123456782"]),
    ("pii-in-aadhaar", &["234123412346"]),
    ("pii-in-pan", &["ABCPE1234F"]),
    ("pii-pk-cnic", &["3420103010395"]),
    ("pii-ir-national-code", &["0499370899", "0790419904"]),
    ("pii-ae-emirates-id", &["784208209949917"]),
    ("pii-sa-national-id", &["1000000008"]),
    ("pii-kw-civil-id", &["329010641251"]),
    ("pii-eg-national-id", &["29001011234567"]),
    ("pii-za-id", &["7503305044089", "8001015009087"]),
    ("pii-au-tfn", &["123456782", "565051603"]),
    ("pii-au-medicare", &["2123456701"]),
    ("pii-nz-ird", &["49091850", "136410132"]),
];

#[test]
fn every_identifier_has_examples_and_they_pass() {
    for detector in detectors() {
        let (_, examples) = EXAMPLES.iter().find(|(id, _)| *id == detector.id).unwrap_or_else(|| panic!("{} has no example", detector.id));
        assert!(!examples.is_empty(), "{}", detector.id);
        for example in *examples {
            assert!(detector.accepts(example.as_bytes()), "{}: {example}", detector.id);
            let written = detector.layouts.iter().any(|layout| places(layout).len() == example.len());
            assert!(written, "{}: no layout for {example}", detector.id);
        }
    }
    assert_eq!(EXAMPLES.len(), detectors().count());
}

#[test]
fn as_many_random_values_pass_as_the_detector_says() {
    let mut wrong = Vec::new();
    for detector in detectors() {
        let mut random = Random(7);
        let tries = 60_000_u32;
        let passed = (0..tries).filter(|_| detector.accepts(&random.value(detector.layouts[0]))).count();
        let expected = f64::from(detector.chance) / 1e6 * f64::from(tries);
        let passed = f64::from(u32::try_from(passed).expect("at most the tries"));
        // Six standard deviations, and the two digits to which the table is rounded.
        let slack = 6.0 * expected.sqrt() + 0.06 * expected + 3.0;
        if (passed - expected).abs() > slack {
            wrong.push(format!("{}: {:.0} in a million pass, {} are said", detector.id, passed / f64::from(tries) * 1e6, detector.chance));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Check digits that catch every wrong digit: a prime modulus or weights that share no factor with it, and no remainder folded away.
const CATCH_EVERY_DIGIT: &[&str] = &[
    "pii-ca-sin",
    "pii-ar-cuil",
    "pii-cl-rut",
    "pii-gb-nhs",
    "pii-ie-pps",
    "pii-fr-nir",
    "pii-nl-bsn",
    "pii-de-steuer-id",
    "pii-at-svnr",
    "pii-ch-ahv",
    "pii-pl-pesel",
    "pii-es-dni",
    "pii-es-nie",
    "pii-it-codice-fiscale",
    "pii-gr-amka",
    "pii-il-teudat-zehut",
    "pii-in-aadhaar",
    "pii-cn-ric",
    "pii-hk-hkid",
    "pii-sg-nric",
    "pii-za-id",
    "pii-au-tfn",
    "pii-hr-oib",
    "pii-si-emso",
    "pii-hu-taj",
    "pii-do-cedula",
    "pii-no-fodselsnummer",
    "pii-fi-hetu",
    "pii-lu-matricule",
    "pii-md-idnp",
    "pii-sa-national-id",
    "pii-ae-emirates-id",
];

/// Those that catch every swap of neighbouring digits as well.
const CATCH_EVERY_SWAP: &[&str] = &[
    "pii-ar-cuil",
    "pii-cl-rut",
    "pii-gb-nhs",
    "pii-ie-pps",
    "pii-fr-nir",
    "pii-nl-bsn",
    "pii-at-svnr",
    "pii-es-dni",
    "pii-in-aadhaar",
    "pii-cn-ric",
    "pii-au-tfn",
    "pii-no-fodselsnummer",
    "pii-si-emso",
];

#[test]
fn check_digits_catch_each_wrong_digit() {
    for id in CATCH_EVERY_DIGIT {
        for value in valid_values(id) {
            for at in (0..value.len()).filter(|at| value[*at].is_ascii_digit()) {
                for other in (b'0'..=b'9').filter(|other| *other != value[at]) {
                    let mut changed = value.clone();
                    changed[at] = other;
                    refuses(id, &value, &changed);
                }
            }
        }
    }
}

#[test]
fn check_digits_catch_each_swap_of_neighbours() {
    for id in CATCH_EVERY_SWAP {
        for value in valid_values(id) {
            for at in
                (1..value.len()).filter(|at| value[at - 1].is_ascii_digit() && value[*at].is_ascii_digit() && value[at - 1] != value[*at])
            {
                let mut changed = value.clone();
                changed.swap(at - 1, at);
                refuses(id, &value, &changed);
            }
        }
    }
}

fn refuses(id: &str, value: &[u8], changed: &[u8]) {
    let detector = detector(id).expect("a detector");
    assert!(!detector.accepts(changed), "{id}: {} of {}", String::from_utf8_lossy(changed), String::from_utf8_lossy(value));
}

/// The examples and values that come from them by changing digits until the check passes again.
fn valid_values(id: &str) -> Vec<Vec<u8>> {
    let detector = detector(id).expect("a detector");
    let (_, examples) = EXAMPLES.iter().find(|(other, _)| *other == id).expect("examples");
    let mut random = Random(11);
    let mut values: Vec<Vec<u8>> = examples.iter().map(|example| example.as_bytes().to_vec()).collect();
    for _ in 0..20_000 {
        let mut value = values[random.below(values.len())].clone();
        for _ in 0..3 {
            let at = random.below(value.len());
            if value[at].is_ascii_digit() {
                value[at] = random.sign(b'#');
            }
        }
        if detector.accepts(&value) && !values.contains(&value) && values.len() < 40 {
            values.push(value);
        }
    }
    assert!(values.len() > 3, "{id}: only {} values", values.len());
    values
}

fn places(layout: &str) -> Vec<u8> {
    layout.bytes().filter(|byte| is_place(*byte)).collect()
}

/// A generator of test values that is the same in every run (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % limit as u64).expect("below the limit")
    }

    fn sign(&mut self, place: u8) -> u8 {
        let alphabet: &[u8] = match place {
            b'@' => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            _ => b"0123456789",
        };
        alphabet[self.below(alphabet.len())]
    }

    fn value(&mut self, layout: &str) -> Vec<u8> {
        places(layout).into_iter().map(|place| self.sign(place)).collect()
    }
}
