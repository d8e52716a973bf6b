//! The OpenAPI 3.1 document of what is served, made from the routes that serve it.

use serde_json::{Map, Value, json};

use super::route::{AnswerShape, Route};
use super::shape::{Field, Kind, Shape};

/// The document.
pub(crate) fn document(routes: &[Route], prefix: &str) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    schemas.insert("Error".to_owned(), error());
    for route in routes {
        let item = paths.entry(format!("{prefix}{}", route.path)).or_insert_with(|| json!({}));
        item[route.method] = operation(route, &mut schemas);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "lemur",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Certificates by REST, as Lemur's clients speak it.",
            "license": {"name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT"},
        },
        "security": [{"bearerAuth": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"bearerAuth": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    })
}

fn error() -> Value {
    json!({
        "type": "object",
        "required": ["message"],
        "properties": {
            "message": {"type": "string"},
            "reasons": {"type": "object", "additionalProperties": {"type": "string"}, "description": "What is wrong, by field"},
        },
    })
}

fn operation(route: &Route, schemas: &mut Map<String, Value>) -> Value {
    let mut parameters: Vec<Value> = Vec::new();
    for part in route.path.split('/') {
        if let Some(name) = part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            let kind = if name == "name" { "string" } else { "integer" };
            parameters.push(json!({"name": name, "in": "path", "required": true, "schema": {"type": kind}}));
        }
    }
    for (name, about) in &route.query {
        let kind = if matches!(*name, "page" | "count") { "integer" } else { "string" };
        parameters.push(json!({"name": name, "in": "query", "required": false, "description": about, "schema": {"type": kind}}));
    }
    let mut responses = Map::new();
    responses.insert(route.status.to_string(), done(route, schemas));
    if route.may_wait {
        let waits = json!({
            "type": "object",
            "required": ["message", "approval"],
            "properties": {"message": {"type": "string"}, "approval": reference("Approval")},
        });
        responses.insert("202".to_owned(), json!({"description": "It waits for another person's approval", "content": content(&waits)}));
    }
    let mut refuse = |status: &str, about: &str| {
        responses.insert(status.to_owned(), json!({"description": about, "content": content(&reference("Error"))}));
    };
    if !route.open {
        refuse("401", "There is no token");
        refuse("403", "The token is not valid, or its user may not do this");
    }
    if route.body.is_some() || !route.query.is_empty() {
        refuse("400", "Fields or parameters are wrong");
    }
    if route.path.contains('{') {
        refuse("404", "There is none");
    }
    // Conflicts, limits, failures: whatever is refused says so alike.
    refuse("default", "It was not done");
    let tag = route.path.split('/').nth(1).unwrap_or_default();
    let mut operation = json!({
        "summary": route.summary,
        "operationId": operation_id(route),
        "tags": [tag],
        "parameters": parameters,
        "responses": responses,
    });
    if let Some(shape) = route.body {
        operation["requestBody"] = json!({"required": true, "content": content(&schema_of(shape, schemas))});
    }
    if route.open {
        operation["security"] = json!([]);
    }
    operation
}

fn operation_id(route: &Route) -> String {
    let mut id = route.method.to_owned();
    for part in route.path.split('/').filter(|part| !part.is_empty()) {
        id.push('_');
        id.push_str(part.trim_matches(['{', '}']));
    }
    id
}

fn done(route: &Route, schemas: &mut Map<String, Value>) -> Value {
    if let Some(feature) = route.later {
        return json!({"description": format!("The feature {feature} is not part of this version"), "content": content(&reference("Error"))});
    }
    if route.status >= 400 {
        return json!({"description": "It is always refused", "content": content(&reference("Error"))});
    }
    let Some(answer) = &route.answer else { return json!({"description": "Done"}) };
    for (name, schema) in &answer.schemas {
        schemas.insert(name.clone(), serde_json::to_value(schema).unwrap_or_default());
    }
    let mut one = reference(&answer.name);
    if !answer.or.is_empty() {
        let all: Vec<_> = std::iter::once(&answer.name).chain(&answer.or).map(|name| reference(name)).collect();
        one = json!({"oneOf": all});
    }
    let mut list = json!({
        "type": "object",
        "required": ["items", "total"],
        "properties": {"items": {"type": "array", "items": one}, "total": {"type": "integer", "minimum": 0}},
    });
    let schema = match answer.shape {
        AnswerShape::One => one,
        AnswerShape::Several => json!({"type": "array", "items": one}),
        AnswerShape::List => list,
        AnswerShape::EstimatedList => {
            list["required"] = json!(["items", "total", "exact"]);
            list["properties"]["exact"] = json!({"type": "boolean", "description": "Whether total is how many there are now"});
            list["properties"]["total"]["description"] = json!(
                "How many there are, or were within five minutes; a thousand beyond the page and no more where that is not counted yet"
            );
            list
        }
    };
    json!({"description": "Done", "content": content(&schema)})
}

fn content(schema: &Value) -> Value {
    json!({"application/json": {"schema": schema}})
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// A reference to a body's schema, which is added when it is not there yet.
fn schema_of(shape: &Shape, schemas: &mut Map<String, Value>) -> Value {
    if !schemas.contains_key(shape.name) {
        let mut properties = Map::new();
        for field in shape.fields {
            properties.insert(field.name.to_owned(), property(field, schemas));
        }
        let required: Vec<_> = shape.fields.iter().filter(|field| field.required).map(|field| field.name).collect();
        schemas.insert(shape.name.to_owned(), json!({"type": "object", "properties": properties, "required": required}));
    }
    reference(shape.name)
}

fn property(field: &Field, schemas: &mut Map<String, Value>) -> Value {
    let association = || json!({"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}});
    let mut property = match field.kind {
        Kind::Text(most) => json!({"type": "string", "maxLength": most}),
        Kind::Email => json!({"type": "string", "format": "email"}),
        Kind::Integer(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Time => json!({"type": "string", "format": "date-time"}),
        Kind::OneOf(choices) => json!({"type": "string", "enum": choices}),
        Kind::Association => association(),
        Kind::Associations => json!({"type": "array", "items": association()}),
        Kind::Object(shape) | Kind::Known(shape) => schema_of(shape, schemas),
        Kind::Objects(shape, most) => json!({"type": "array", "maxItems": most, "items": schema_of(shape, schemas)}),
        Kind::Any => json!({}),
    };
    if !field.about.is_empty() {
        property["description"] = json!(field.about);
    }
    property
}
