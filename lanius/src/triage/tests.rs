//! Groups against their promise: one for each rule and value, in the order of places, whatever the order of the sightings.

use menagerie_secret::Secret;

use super::{Fingerprints, Sighting, group};
use crate::rules;
use crate::rules::examples::{Dice, expand};
use crate::scan::{Engine, Scratch, Text};

#[test]
fn equal_values_are_one_finding_wherever_they_stand() {
    let engine = Engine::new(rules::built_in());
    let keys = [1, 2, 3].map(|seed| expand("${crc:ghp_}", &mut Dice::new(seed)).expect("a known template"));
    let sightings = |order: &[usize]| -> Vec<Sighting> {
        let mut all = Vec::new();
        for number in order {
            let (path, text) = (format!("{number}.conf"), format!("a {}\nb {}\n", keys[number % 3], keys[(number + 1) % 3]));
            let mut found = Vec::new();
            let _ = engine.scan(&mut Scratch::default(), &Text::whole(text.as_bytes(), &path), &mut found);
            all.extend(found.into_iter().map(|found| Sighting { path: path.clone(), found, lineage: None }));
        }
        all
    };
    let told = |sightings: Vec<Sighting>| {
        let findings = group(sightings, &engine, &Fingerprints::new(Some(Secret::new(b"key".to_vec()))));
        let places = |finding: &super::Finding| finding.places.iter().map(|place| (place.path.clone(), place.line)).collect::<Vec<_>>();
        findings.iter().map(|finding| (String::from_utf8_lossy(finding.secret.expose()).into_owned(), places(finding))).collect::<Vec<_>>()
    };
    let findings = told(sightings(&[0, 1, 2, 3]));
    let place = |path: usize, line: u64| (format!("{path}.conf"), line);
    assert_eq!(
        findings,
        [
            (keys[0].clone(), vec![place(0, 1), place(2, 2), place(3, 1)]),
            (keys[1].clone(), vec![place(0, 2), place(1, 1), place(3, 2)]),
            (keys[2].clone(), vec![place(1, 2), place(2, 1)]),
        ]
    );
    assert_eq!(told(sightings(&[3, 1, 0, 2])), findings);
    assert!(told(Vec::new()).is_empty());
}
