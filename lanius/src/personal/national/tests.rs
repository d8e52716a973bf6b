//! Every national identifier against published examples, against random values (how many pass is what `chance` says), and against the slips
//! of a pen that its check digits are made to catch.

use super::detectors;
use crate::personal::detector::{Detector, detector};
use crate::personal::layout::is_place;

/// Published examples, or numbers that were made by the published rule by hand.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("pii-us-ssn", &["078051120", "536904399"]),
    ("pii-us-itin", &["912903456", "900701234"]),
    ("pii-us-mbi", &["1EG4TE5MK73"]),
    ("pii-ca-sin", &["123456782", "130692544"]),
    ("pii-mx-curp", &["BOXW310820HNERXN09"]),
    ("pii-br-cpf", &["39053344705", "23100299900"]),
    ("pii-ar-cuil", &["20267565393", "20055361682"]),
    ("pii-cl-rut", &["125319092", "76086428", "16587291K"]),
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
    ("pii-lu-matricule", &[]),
    ("pii-de-steuer-id", &["36574261809", "47036892816"]),
    ("pii-de-rvnr", &["65170839J008", "15070649C103"]),
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
    ("pii-md-idnp", &[]),
    ("pii-ua-rnokpp", &["1759013776"]),
    ("pii-ru-snils", &["11223344595"]),
    ("pii-ru-inn", &["500100732259"]),
    ("pii-kz-iin", &[]),
    ("pii-cn-ric", &["360426199101010071", "11010519491231002X"]),
    ("pii-hk-hkid", &["A1234563", "AB9876543"]),
    ("pii-tw-national-id", &["A123456789"]),
    ("pii-kr-rrn", &["9710139019902"]),
    ("pii-jp-my-number", &["123456789018", "628547024700"]),
    ("pii-sg-nric", &["S1234567D", "T1234567J", "F1234567N", "G1234567X", "M1234567K"]),
    ("pii-th-national-id", &["1234567890121", "7100600445635"]),
    ("pii-my-nric", &["770305021234"]),
    ("pii-id-nik", &["3171011708450001"]),
    ("pii-il-teudat-zehut", &["039337423", "123456782"]),
    ("pii-in-aadhaar", &["234123412346"]),
    ("pii-in-pan", &["ABCPE1234F"]),
    ("pii-pk-cnic", &["3420103010395"]),
    ("pii-ir-national-code", &["0499370899", "0790419904"]),
    ("pii-ae-emirates-id", &[]),
    ("pii-sa-national-id", &["1010000002"]),
    ("pii-kw-civil-id", &[]),
    ("pii-eg-national-id", &["29001011234567"]),
    ("pii-za-id", &["7503305044089", "8001015009087"]),
    ("pii-au-tfn", &["123456782", "565051603"]),
    ("pii-au-medicare", &["2123456701"]),
    ("pii-nz-ird", &["49091850", "136410132"]),
];

#[test]
fn measure() {
    for detector in detectors() {
        let mut random = Random(7);
        let mut passed = 0_u32;
        let n = 2_000_000_u32;
        for _ in 0..n {
            let value = random.value(detector.layouts[0]);
            passed += u32::from(detector.accepts(&value));
        }
        eprintln!("CHANCE {} {}", detector.id, f64::from(passed) / f64::from(n) * 1e6);
        let examples = EXAMPLES.iter().find(|(id, _)| *id == detector.id).map(|(_, e)| *e).unwrap_or_default();
        for e in examples {
            if !detector.accepts(e.as_bytes()) {
                eprintln!("BAD {} {e}", detector.id);
            }
        }
        let mut made = Vec::new();
        let mut r = Random(11);
        for _ in 0..3_000_000 {
            let v = r.value(detector.layouts[0]);
            if detector.accepts(&v) {
                made.push(String::from_utf8(v).unwrap());
                if made.len() == 200 {
                    break;
                }
            }
        }
        for e in examples {
            made.push((*e).to_owned());
        }
        eprintln!("MADE {} {}", detector.id, made.join(" "));
    }
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
            b'#' => b"0123456789",
            b'@' => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            _ => b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        };
        alphabet[self.below(alphabet.len())]
    }

    fn value(&mut self, layout: &str) -> Vec<u8> {
        layout.bytes().filter(|byte| is_place(*byte)).map(|place| self.sign(place)).collect()
    }
}
