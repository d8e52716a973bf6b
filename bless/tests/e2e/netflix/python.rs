//! BLESS's messages of validation are what Python's `str` makes of a dict: read here by Python itself.

use std::collections::{BTreeMap, BTreeSet};

use menagerie_tests::process::{command, run};
use menagerie_tests::venv_program;

/// Fields with their faults, in no order: what clients can rely on.
pub(crate) type Faults = BTreeMap<String, BTreeSet<String>>;

const PROGRAM: &str = "import ast, json, sys\nprint(json.dumps([ast.literal_eval(text) for text in json.load(sys.stdin)]))";

/// Reads messages as Python reads its own dicts.
pub(crate) fn read(messages: &[&str]) -> Vec<Faults> {
    let mut python = command(venv_program("python"));
    python.args(["-c", PROGRAM]);
    let finished = run(python, serde_json::to_string(messages).expect("texts are JSON").as_bytes());
    assert_eq!(finished.status, Some(0), "Python cannot read one of {messages:?}: {}", finished.stderr);
    serde_json::from_slice(&finished.stdout).expect("dicts of lists of texts")
}

/// The faults by pairs of field and message.
pub(crate) fn faults(pairs: &[(&str, &str)]) -> Faults {
    let mut faults = Faults::new();
    for (field, message) in pairs {
        faults.entry((*field).to_owned()).or_default().insert((*message).to_owned());
    }
    faults
}
