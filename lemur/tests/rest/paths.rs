//! Every path of Lemur's own OpenAPI file answers, and what this service says of itself is true.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::support::{Service, new_upstream_authority};

/// Lemur's own description, with the other reference data beside the workspace.
fn lemurs_file() -> Option<String> {
    let path: PathBuf = menagerie_tests::workspace().join("../shared/reference/lemur-openapi.yml");
    let text = std::fs::read_to_string(&path);
    assert!(text.is_ok() || std::env::var("MENAGERIE_SHARED").as_deref() != Ok("required"), "{} is not there", path.display());
    text.ok()
}

/// Paths and methods, by their indentation.
fn operations(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut path = String::new();
    for line in text.lines().skip_while(|line| *line != "paths:").skip(1).take_while(|line| line.starts_with(' ') || line.is_empty()) {
        if let Some(name) = line.strip_prefix("  /").and_then(|line| line.strip_suffix(':')) {
            path = format!("/{name}");
        }
        let method = line
            .strip_prefix("    ")
            .and_then(|line| line.strip_suffix(':'))
            .filter(|word| ["get", "post", "put", "delete"].contains(word));
        found.extend(method.map(|method| (path.clone(), method.to_owned())));
    }
    found
}

/// The path with something in its places that may be there.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| match part {
        "{name}" | "{certificate_name}" => "openssl-csr",
        part if part.starts_with('{') => "1",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[test]
fn every_path_of_lemurs_file_answers() {
    let Some(text) = lemurs_file() else { return };
    let operations = operations(&text);
    assert_eq!(operations.len(), 82, "the file's operations were not read");
    let service = Service::start();
    service.authority("Root");
    for (path, method) in operations {
        let body = ["post", "put"].contains(&method.as_str()).then(|| json!({}));
        let answer = service.call(&method.to_uppercase(), &filled(&path), &service.admin, body.as_ref());
        let about = format!("{method} {path}: {answer:?}");
        assert!([200, 204, 400, 403, 404, 405, 409, 501].contains(&answer.status), "{about}");
        if answer.status != 200 && answer.status != 204 {
            let message = answer.refused(answer.status)["message"].as_str().unwrap().to_owned();
            assert_ne!(message, "There is no such address.", "nothing is served there: {about}");
        }
        if answer.status == 405 {
            assert_eq!((method.as_str(), path.as_str()), ("delete", "/certificates/{id}"), "{about}");
        }
    }
}

#[test]
fn what_comes_later_is_empty_and_says_so() {
    let service = Service::start();
    for feature in lemur::rest::FEATURES {
        assert_eq!(service.get(feature.path, &service.admin).done(), json!({"items": [], "total": 0}));
        let one = feature.one.replace("{id}", "1");
        service.get(&one, &service.admin).refused(404);
        for (method, path) in [("POST", feature.path), ("PUT", one.as_str()), ("DELETE", one.as_str())] {
            let body = (method != "DELETE").then(|| json!({"label": "x"}));
            let refused = service.call(method, path, &service.admin, body.as_ref()).refused(501);
            assert!(refused["message"].as_str().unwrap().contains(feature.name), "{refused}");
        }
    }
}

#[test]
fn the_services_own_description_is_openapi_3_1_of_what_is_served() {
    let service = Service::start();
    let document = service.get("/openapi.json", "").done();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        assert!(path.starts_with("/api/1/"), "{path}");
        for (method, operation) in item.as_object().unwrap() {
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path} has another's ID");
            let places = path.split('/').filter(|part| part.starts_with('{')).count();
            let declared = operation["parameters"].as_array().unwrap().iter().filter(|parameter| parameter["in"] == "path").count();
            assert_eq!(places, declared, "{method} {path}");
            let inside = path.strip_prefix("/api/1").unwrap();
            let answer = service.call(&method.to_uppercase(), &filled(inside), "", None);
            let open = operation["security"] == json!([]);
            assert_eq!(answer.status == 401, !open, "{method} {path} is open, or is not, and says otherwise: {answer:?}");
        }
    }
    // Whatever is referred to is there.
    let (schemas, mut references) = (document["components"]["schemas"].as_object().unwrap(), Vec::new());
    collect(&document, &mut references);
    assert!(references.len() > 100);
    for reference in references {
        let name = reference.strip_prefix("#/components/schemas/").unwrap_or_else(|| panic!("{reference}"));
        assert!(schemas.contains_key(name), "{name} is not described");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str().filter(|_| name == "$ref") {
                    Some(reference) => references.push(reference.to_owned()),
                    None => collect(value, references),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

/// What is answered has the fields that the description says, of their types.
#[test]
fn answers_are_as_described() {
    let service = Service::start();
    service.authority("Root");
    let certificate = service.certificate(&service.admin, "Root", "www.example.com");
    let _ = service.post("/authorities", &service.admin, &new_upstream_authority("Elsewhere")).done();
    let pending = service.certificate(&service.admin, "Elsewhere", "www.example.com");
    let document = service.get("/openapi.json", "").done();
    let schemas = &document["components"]["schemas"];
    for (name, value) in [
        ("Certificate", certificate),
        ("PendingCertificate", pending),
        ("Authority", service.get("/authorities/1", &service.admin).done()),
        ("User", service.get("/auth/me", &service.admin).done()),
        ("Role", service.get("/roles/1", &service.admin).done()),
        ("Defaults", service.get("/defaults", &service.admin).done()),
    ] {
        let schema = &schemas[name]["properties"];
        for (field, value) in value.as_object().unwrap() {
            let kinds = &schema[field]["type"];
            let kind = match value {
                Value::Null => "null",
                Value::Bool(_) => "boolean",
                Value::Number(_) => "integer",
                Value::String(_) => "string",
                Value::Array(_) => "array",
                Value::Object(_) => "object",
            };
            let said = match kinds {
                Value::String(one) => one == kind,
                Value::Array(several) => several.iter().any(|one| one == kind),
                // A reference, or one of several.
                _ => schema[field].is_object(),
            };
            assert!(said, "{name}.{field} is {kind}, and described as {}", schema[field]);
        }
    }
}

#[test]
fn the_service_answers_whoever_asks_for_its_health() {
    let service = Service::start();
    let answer = service.get("/healthcheck", "");
    assert_eq!((answer.status, answer.text.as_str()), (200, "ok"));
    assert_eq!(service.get("/auth/ping", "").done(), json!({"status": "ok"}));
    assert_eq!(service.get("/auth/providers", "").done(), json!([]));
    service.get("/nothing", &service.admin).refused(404);
    service.call("PATCH", "/users", &service.admin, Some(&json!({}))).refused(405);
}
