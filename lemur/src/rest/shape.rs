//! Bodies of requests: what fields they have, of what kind. One table for each body checks what comes in and describes it in the service's own
//! OpenAPI document, so that the two do not differ.
//!
//! As in Lemur a field may be written in camel case or with underscores, `null` is no value, a number may come as text, and fields that are not
//! known are left alone, but for bodies of which each field asks for something ([`Kind::Known`]). All that is wrong is told at once, by field.

use std::collections::BTreeMap;

use axum::body::Bytes;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use menagerie_web::Reasons;
use serde_json::Value;

use super::fault::Fault;

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Text of at most so many bytes.
    Text(usize),
    /// Text of at most so many characters, as a subject's bounds are counted (RFC 5280, A.1).
    Name(usize),
    /// An address of electronic mail.
    Email,
    /// A whole number within bounds.
    Integer(i64, i64),
    /// Yes or no.
    Flag,
    /// A moment, RFC 3339; without a zone it is UTC, and without a time midnight.
    Time,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// What is named by `id` or by `name`.
    Association,
    /// A list of these, at most 1,000.
    Associations,
    /// A body within the body.
    Object(&'static Shape),
    /// A body within the body of which every field that says something must be known.
    Known(&'static Shape),
    /// A list of bodies, at most so many.
    Objects(&'static Shape, usize),
    /// Anything: taken for the sake of clients that send it.
    Any,
}

/// A field of a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    pub(crate) about: &'static str,
}

/// A field that must be there.
pub(crate) const fn required(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { name, kind, required: true, about }
}

/// A field that may be there.
pub(crate) const fn optional(name: &'static str, kind: Kind, about: &'static str) -> Field {
    Field { name, kind, required: false, about }
}

/// A body.
#[derive(Debug)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) fields: &'static [Field],
}

/// What a request names: by its number, or by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    Id(i64),
    Name(String),
}

#[derive(Debug, Clone)]
enum Read {
    Text(String),
    Integer(i64),
    Flag(bool),
    Time(Timestamp),
    Associations(Vec<Named>),
    Objects(Vec<Fields>),
    Any(Value),
}

/// The fields that came, each of its kind.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields(BTreeMap<&'static str, Read>);

const MOST_ASSOCIATIONS: usize = 1_000;

impl Shape {
    /// Reads a body.
    pub(crate) fn read(&self, body: &Bytes) -> Result<Fields, Fault> {
        self.read_value(&json_of(body)?)
    }

    /// Reads a body that is JSON already.
    pub(crate) fn read_value(&self, value: &Value) -> Result<Fields, Fault> {
        let mut reasons = Reasons::new();
        let fields = self.fields_of(value, "", &mut reasons);
        if reasons.is_empty() { Ok(fields) } else { Err(Fault::Invalid(reasons)) }
    }

    /// Refuses fields that are not known: what they ask for would be left out in silence.
    fn refuse_unknown(&self, value: &Value, path: &str, reasons: &mut Reasons) {
        let known = |name: &str| self.fields.iter().any(|field| field.name == name || underscored(field.name) == name);
        for (name, _) in value.as_object().into_iter().flatten().filter(|(name, value)| is_something(value) && !known(name)).take(16) {
            let name: String = name.chars().take(64).collect();
            reasons.insert(format!("{path}.{name}"), "Not known here.".to_owned());
        }
    }

    fn fields_of(&self, value: &Value, path: &str, reasons: &mut Reasons) -> Fields {
        let mut fields = Fields::default();
        let Value::Object(object) = value else {
            reasons.insert(if path.is_empty() { "body".to_owned() } else { path.to_owned() }, "Not an object.".to_owned());
            return fields;
        };
        for field in self.fields {
            let path = if path.is_empty() { field.name.to_owned() } else { format!("{path}.{}", field.name) };
            let found = object.get(field.name).or_else(|| object.get(&underscored(field.name))).filter(|value| !value.is_null());
            match found.map(|value| read(field.kind, value, &path, reasons)) {
                Some(Ok(read)) => drop(fields.0.insert(field.name, read)),
                Some(Err(reason)) if reason.is_empty() => {}
                Some(Err(reason)) => drop(reasons.insert(path, reason)),
                None if field.required => drop(reasons.insert(path, "Missing data for required field.".to_owned())),
                None => {}
            }
        }
        fields
    }
}

pub(crate) const NO_FLAG: &str = "Not a valid boolean.";

/// A flag, as clients write it.
pub(crate) fn flag_in(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_i64().filter(|number| [0, 1].contains(number)).map(|number| number == 1),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Whether a value has something in it: `[]`, `{}`, `""` and `false` are nothing.
fn is_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => fields.values().any(|value| !matches!(value, Value::Null | Value::Bool(false))),
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}

/// A body as JSON; an empty one says nothing.
pub(crate) fn json_of(body: &Bytes) -> Result<Value, Fault> {
    match body.is_empty() {
        true => Ok(Value::Object(serde_json::Map::new())),
        false => serde_json::from_slice(body).map_err(|error| Fault::Bad(format!("The body is not JSON: {error}."))),
    }
}

fn underscored(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// The value, or what is wrong with it; an empty reason where parts of it said so themselves.
fn read(kind: Kind, value: &Value, path: &str, reasons: &mut Reasons) -> Result<Read, String> {
    match kind {
        Kind::Text(_) | Kind::Name(_) => match value {
            Value::String(text) => within(kind, text).map(|()| Read::Text(text.clone())),
            Value::Number(number) => Ok(Read::Text(number.to_string())),
            _ => Err("Not a valid string.".to_owned()),
        },
        Kind::Email => match value.as_str().map(crate::access::Email::parse) {
            Some(Ok(email)) => Ok(Read::Text(email.as_str().to_owned())),
            _ => Err("Not a valid email address.".to_owned()),
        },
        Kind::Integer(least, most) => {
            let number = value.as_i64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()));
            match number {
                Some(number) if (least..=most).contains(&number) => Ok(Read::Integer(number)),
                Some(_) => Err(format!("Must be between {least} and {most}.")),
                None => Err("Not a valid integer.".to_owned()),
            }
        }
        Kind::Flag => flag_in(value).map(Read::Flag).ok_or_else(|| NO_FLAG.to_owned()),
        Kind::Time => value.as_str().and_then(moment).map(Read::Time).ok_or_else(|| "Not a valid datetime.".to_owned()),
        Kind::OneOf(choices) => match value.as_str() {
            Some(text) if choices.contains(&text) => Ok(Read::Text(text.to_owned())),
            Some(_) => Err(format!("Not a valid choice: one of {} is wanted.", choices.join(", "))),
            None => Err("Not a valid string.".to_owned()),
        },
        Kind::Association => association(value).map(|named| Read::Associations(vec![named])),
        Kind::Associations => match value {
            Value::Array(items) if items.len() <= MOST_ASSOCIATIONS => {
                Ok(Read::Associations(items.iter().map(association).collect::<Result<_, _>>()?))
            }
            Value::Array(_) => Err(format!("More than {MOST_ASSOCIATIONS} items.")),
            _ => Err("Not a valid list.".to_owned()),
        },
        Kind::Object(shape) | Kind::Known(shape) => {
            let before = reasons.len();
            if matches!(kind, Kind::Known(_)) {
                shape.refuse_unknown(value, path, reasons);
            }
            let fields = shape.fields_of(value, path, reasons);
            if reasons.len() == before { Ok(Read::Objects(vec![fields])) } else { Err(String::new()) }
        }
        Kind::Objects(shape, most) => {
            let Value::Array(items) = value else { return Err("Not a valid list.".to_owned()) };
            if items.len() > most {
                return Err(format!("More than {most} items."));
            }
            let before = reasons.len();
            let fields =
                items.iter().enumerate().map(|(number, item)| shape.fields_of(item, &format!("{path}.{number}"), reasons)).collect();
            if reasons.len() == before { Ok(Read::Objects(fields)) } else { Err(String::new()) }
        }
        Kind::Any => Ok(Read::Any(value.clone())),
    }
}

/// Refuses a text that is longer than its field, or that no database keeps.
fn within(kind: Kind, text: &str) -> Result<(), String> {
    match kind {
        Kind::Text(most) if text.len() > most => Err(format!("Longer than {most} bytes.")),
        Kind::Name(most) if text.chars().count() > most => Err(format!("Longer than {most} characters.")),
        _ if text.contains('\0') => Err("Holds a NUL.".to_owned()),
        _ => Ok(()),
    }
}

fn association(value: &Value) -> Result<Named, String> {
    let wrong = || "Must be an object with id or name.".to_owned();
    let object = value.as_object().ok_or_else(wrong)?;
    let id = object.get("id").filter(|id| !id.is_null()).map(|id| id.as_i64().or_else(|| id.as_str().and_then(|text| text.parse().ok())));
    match (id, object.get("name").or_else(|| object.get("label")).and_then(Value::as_str)) {
        (Some(Some(id)), _) => Ok(Named::Id(id)),
        (None, Some(name)) if name.len() <= 512 && !name.contains('\0') => Ok(Named::Name(name.to_owned())),
        _ => Err(wrong()),
    }
}

/// RFC 3339; without a zone UTC, and without a time midnight.
fn moment(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse::<Timestamp>().ok().or_else(|| {
        let local = text.parse::<DateTime>().ok().or_else(|| Some(text.parse::<jiff::civil::Date>().ok()?.at(0, 0, 0, 0)))?;
        local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

impl Fields {
    /// Whether the field came.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        if let Some(Read::Text(text)) = self.0.get(name) { Some(text) } else { None }
    }

    /// The text without spaces around it, if something is left.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.text(name).map(str::trim).filter(|text| !text.is_empty())
    }

    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        if let Some(Read::Integer(number)) = self.0.get(name) { Some(*number) } else { None }
    }

    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        if let Some(Read::Flag(flag)) = self.0.get(name) { Some(*flag) } else { None }
    }

    pub(crate) fn time(&self, name: &str) -> Option<Timestamp> {
        if let Some(Read::Time(time)) = self.0.get(name) { Some(*time) } else { None }
    }

    pub(crate) fn association(&self, name: &str) -> Option<&Named> {
        self.associations(name)?.first()
    }

    pub(crate) fn associations(&self, name: &str) -> Option<&[Named]> {
        if let Some(Read::Associations(named)) = self.0.get(name) { Some(named) } else { None }
    }

    pub(crate) fn object(&self, name: &str) -> Option<&Self> {
        self.objects(name)?.first()
    }

    pub(crate) fn objects(&self, name: &str) -> Option<&[Self]> {
        if let Some(Read::Objects(objects)) = self.0.get(name) { Some(objects) } else { None }
    }

    /// Whether a field of any kind came with something in it: `[]`, `{}`, `""` and `false` are nothing.
    pub(crate) fn says_something(&self, name: &str) -> bool {
        match self.0.get(name) {
            None => false,
            Some(Read::Any(value)) => is_something(value),
            Some(Read::Text(text)) => !text.is_empty(),
            Some(Read::Associations(named)) => !named.is_empty(),
            Some(Read::Objects(objects)) => !objects.is_empty(),
            Some(Read::Flag(flag)) => *flag,
            Some(_) => true,
        }
    }

    pub(crate) fn any(&self, name: &str) -> Option<&Value> {
        if let Some(Read::Any(value)) = self.0.get(name) { Some(value) } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: Shape = Shape { name: "Inner", fields: &[required("value", Kind::Text(8), "")] };
    const SHAPE: Shape = Shape {
        name: "Test",
        fields: &[
            required("commonName", Kind::Text(8), ""),
            optional("owner", Kind::Email, ""),
            optional("years", Kind::Integer(1, 30), ""),
            optional("notify", Kind::Flag, ""),
            optional("start", Kind::Time, ""),
            optional("authority", Kind::Association, ""),
            optional("roles", Kind::Associations, ""),
            optional("inner", Kind::Object(&INNER), ""),
            optional("list", Kind::Objects(&INNER, 2), ""),
            optional("known", Kind::Known(&INNER), ""),
        ],
    };

    fn read(body: &str) -> Result<Fields, Fault> {
        SHAPE.read(&Bytes::copy_from_slice(body.as_bytes()))
    }

    fn reasons(body: &str) -> Reasons {
        match read(body) {
            Err(Fault::Invalid(reasons)) => reasons,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let body = r#"{"owner": "nobody", "years": 31, "notify": "perhaps", "start": "soon", "authority": "x", "roles": [{}], "inner": {}, "list": [{"value": "123456789"}]}"#;
        let reasons = reasons(body);
        let fields: Vec<_> = reasons.keys().map(String::as_str).collect();
        assert_eq!(fields, ["authority", "commonName", "inner.value", "list.0.value", "notify", "owner", "roles", "start", "years"]);
        assert_eq!(reasons["commonName"], "Missing data for required field.");
    }

    #[test]
    fn lemurs_clients_write_as_they_please() {
        let body = r#"{"common_name": "a", "owner": "A@example.com", "years": "2", "notify": "True", "start": "2026-01-02T03:04:05+00:00",
            "authority": {"name": "x"}, "roles": [{"id": 1}, {"name": "y"}, {"id": "3"}], "unknown": {}, "inner": null}"#;
        let fields = read(body).expect("a body");
        assert_eq!(fields.text("commonName"), Some("a"));
        assert_eq!((fields.integer("years"), fields.flag("notify")), (Some(2), Some(true)));
        assert_eq!(fields.association("authority"), Some(&Named::Name("x".to_owned())));
        assert_eq!(fields.associations("roles"), Some(&[Named::Id(1), Named::Name("y".to_owned()), Named::Id(3)][..]));
        assert!(!fields.has("inner"));
        let at = |text: &str| moment(text).map(|moment| moment.to_string());
        assert_eq!(at("2026-01-02T03:04:05").as_deref(), Some("2026-01-02T03:04:05Z"));
        assert_eq!(at("2026-01-02").as_deref(), Some("2026-01-02T00:00:00Z"));
        assert_eq!(at("2026-01-02T03:04:05.123456+02:00").as_deref(), Some("2026-01-02T01:04:05.123456Z"));
        assert_eq!(at("2026-13-02"), None);
    }

    #[test]
    fn what_is_not_known_is_refused_where_it_asks_for_something() {
        let reasons =
            reasons(r#"{"commonName": "a", "known": {"value": "x", "other": 1, "more": {"a": 1}, "none": {}, "no": false, "null": null}}"#);
        assert_eq!(reasons.keys().map(String::as_str).collect::<Vec<_>>(), ["known.more", "known.other"]);
        assert!(read(r#"{"commonName": "a", "known": {"value": "x", "none": [], "empty": ""}}"#).is_ok());
    }

    #[test]
    fn hostile_bodies_are_refused() {
        assert!(matches!(read("{"), Err(Fault::Bad(_))));
        assert!(matches!(read(&"[".repeat(100_000)), Err(Fault::Bad(_))));
        assert!(reasons("[]").contains_key("body"));
        assert!(reasons(r#"{"commonName": "a\u0000b"}"#).contains_key("commonName"));
        assert!(reasons(r#"{"commonName": "a", "list": [{}, {}, {}]}"#).contains_key("list"));
        let roles = vec![r#"{"id": 1}"#; MOST_ASSOCIATIONS + 1].join(",");
        assert!(reasons(&format!(r#"{{"commonName": "a", "roles": [{roles}]}}"#)).contains_key("roles"));
        assert!(reasons(r#"{"commonName": "a", "years": 9223372036854775808}"#).contains_key("years"));
    }

    fn json() -> impl proptest::strategy::Strategy<Value = Value> {
        use proptest::prelude::*;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        let names = prop_oneof![
            proptest::sample::select(SHAPE.fields.iter().map(|field| field.name.to_owned()).collect::<Vec<_>>()),
            Just("id".to_owned()),
            Just("value".to_owned())
        ];
        leaf.prop_recursive(3, 24, 6, move |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::hash_map(names.clone(), inner, 0..8).prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest::proptest! {
        /// Whatever comes is read or refused, and a refusal names a field.
        #[test]
        fn any_json_is_read_or_refused(value in json()) {
            match SHAPE.read(&Bytes::from(value.to_string())) {
                Ok(fields) => proptest::prop_assert!(fields.text("commonName").is_some()),
                Err(Fault::Invalid(reasons)) => proptest::prop_assert!(!reasons.is_empty()),
                Err(other) => proptest::prop_assert!(false, "{other:?}"),
            }
        }
    }
}
