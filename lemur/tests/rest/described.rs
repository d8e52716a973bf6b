//! What the service says of itself is OpenAPI 3.1 by a validator that others wrote, and what it answers is what it says: by JSON Schema, with no
//! field that is not described.

use menagerie_tests::process::{command, run};
use menagerie_tests::venv_program;
use serde_json::{Value, json};

use super::support::{Answer, Service, new_authority, new_certificate};
use super::walk::{rows, world};

/// Reads `{document, answers: [{method, path, status, type, body}]}` and prints a line for each thing that is not as described.
const VALIDATOR: &str = r##"
import copy, json, sys
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

asked = json.load(sys.stdin)
document = asked["document"]
wrong = [f"the document: {error.message}" for error in OpenAPIV31SpecValidator(document).iter_errors()]
strict = copy.deepcopy(document)
parts = set()

def walk(value):
    if isinstance(value, dict):
        for part in value.get("allOf", []) if isinstance(value.get("allOf"), list) else []:
            parts.add(part.get("$ref", "").rsplit("/", 1)[-1])
        for inner in value.values():
            walk(inner)
    elif isinstance(value, list):
        for inner in value:
            walk(inner)

def close(value, name=None):
    if isinstance(value, dict):
        if isinstance(value.get("properties"), dict) and name not in parts and value.get("type") == "object":
            value.setdefault("additionalProperties", False)
        for key, inner in value.items():
            if key != "allOf":
                close(inner)
    elif isinstance(value, list):
        for inner in value:
            close(inner)

walk(strict)
for name, schema in strict["components"]["schemas"].items():
    close(schema, name)
close(strict["paths"])
for answer in asked["answers"]:
    about = f"{answer['method']} {answer['path']} {answer['status']}"
    responses = strict["paths"]["/api/1" + answer["path"]][answer["method"]]["responses"]
    response = responses.get(str(answer["status"]))
    if response is None and answer["status"] >= 400:
        response = responses["default"]
    if response is None:
        wrong.append(f"{about}: such an answer is not described")
        continue
    content = response.get("content", {}).get("application/json")
    is_json = answer["type"].startswith("application/json")
    if (content is None) == is_json:
        wrong.append(f"{about}: the body is {answer['type'] or 'none'}, and described as {response}")
    if content is None or not is_json:
        continue
    schema = {**content["schema"], "unevaluatedProperties": False, "components": strict["components"]}
    for error in Draft202012Validator(schema).iter_errors(answer["body"]):
        wrong.append(f"{about}: {error.json_path}: {error.message}"[:400])
print("\n".join(wrong))
"##;

fn noted(method: &str, path: &str, answer: &Answer) -> Value {
    let kind = answer.headers.get("content-type").map(|kind| kind.to_str().unwrap()).unwrap_or_default();
    let body = if kind.starts_with("application/json") { answer.json() } else { Value::Null };
    json!({"method": method, "path": path, "status": answer.status, "type": kind, "body": body})
}

#[track_caller]
fn are_as_described(document: &Value, answers: &[Value]) {
    let asked = json!({"document": document, "answers": answers}).to_string();
    let mut python = command(venv_program("python"));
    python.args(["-c", VALIDATOR]);
    let wrong = run(python, asked.as_bytes()).success().text();
    assert!(wrong.trim().is_empty(), "{wrong}");
}

#[test]
fn every_route_answers_as_it_is_described() {
    let world = world();
    let service = &world.service;
    let document = service.get("/openapi.json", "").done();
    let mut answers = Vec::new();
    for (number, (method, path, ..)) in rows().into_iter().filter(|(_, path, ..)| *path != "/auth/logout").enumerate() {
        let (asked, body) = (world.path(method, path, number), world.body(method, path, number));
        answers.push(noted(method, path, &service.call(&method.to_uppercase(), &asked, &service.admin, body.as_ref())));
        answers.push(noted(method, path, &service.call(&method.to_uppercase(), &asked, "", None)));
    }
    // What an authority elsewhere is asked for is pending, and not refused.
    let pending = service.post("/certificates", &service.admin, &new_certificate("Elsewhere", "p.example.com"));
    assert_eq!(pending.done()["state"], "waiting");
    answers.push(noted("post", "/certificates", &pending));
    for (path, token) in world.tokens.iter().map(|(who, token)| (if *who == "workload" { "/auth/me" } else { "/users" }, token)) {
        answers.push(noted("get", path, &service.get(path, token)));
    }
    for path in ["/auth/providers", "/auth/ping", "/auth/google", "/healthcheck"] {
        answers.push(noted("get", path, &service.get(path, "")));
    }
    let key = service.post("/keys", &service.admin, &json!({"name": "narrow", "roles": []}));
    answers.push(noted("post", "/keys", &key));
    let login = json!({"username": "admin", "password": "wrong"});
    answers.push(noted("post", "/auth/login", &service.post("/auth/login", "", &login)));
    answers.push(noted("post", "/certificates", &service.post("/certificates", &service.admin, &json!({"owner": 7}))));
    let refused = service.post("/certificates", &service.admin, &new_certificate("Nobody", "n.example.com"));
    answers.push(noted("post", "/certificates", &refused));
    let gone = service.delete("/certificates/1", &service.admin);
    assert_eq!(gone.status, 409, "an authority's own");
    answers.push(noted("delete", "/certificates/{id}", &gone));
    answers.push(noted("post", "/auth/logout", &service.post("/auth/logout", &service.admin, &json!({}))));
    assert!(answers.len() > 200, "{}", answers.len());
    are_as_described(&document, &answers);
}

#[test]
fn what_waits_for_a_second_person_answers_as_it_is_described() {
    let service = Service::start_with(lemur::rest::Settings { approve_authorities: true, ..lemur::rest::Settings::default() });
    let document = service.get("/openapi.json", "").done();
    let waits = service.post("/authorities", &service.admin, &new_authority("Root"));
    assert_eq!(waits.status, 202, "{waits:?}");
    let id = waits.json()["approval"]["id"].clone();
    let (one, approve) = (format!("/approvals/{id}"), format!("/approvals/{id}/approve"));
    let second = service.session("second", &["admin"]);
    let answers = [
        noted("post", "/authorities", &waits),
        noted("get", "/approvals", &service.get("/approvals", &service.admin)),
        noted("get", "/approvals/{id}", &service.get(&one, &service.admin)),
        noted("post", "/approvals/{id}/approve", &service.post(&approve, &service.admin, &json!({}))),
        noted("post", "/approvals/{id}/approve", &service.post(&approve, &second, &json!({}))),
        noted("get", "/authorities", &service.get("/authorities", &service.admin)),
        noted("post", "/approvals/{id}/reject", &service.post(&format!("{one}/reject"), &second, &json!({}))),
    ];
    let statuses: Vec<_> = answers.iter().map(|answer| answer["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [202, 200, 200, 403, 200, 200, 409]);
    are_as_described(&document, &answers);
}
