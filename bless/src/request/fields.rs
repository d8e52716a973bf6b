//! Reading the fields of an event one by one while collecting every fault.

use serde_json::{Map, Value};

use super::InvalidRequest;

pub(super) struct Fields<'a> {
    event: &'a Map<String, Value>,
    known: Vec<&'static str>,
    faults: InvalidRequest,
}

impl<'a> Fields<'a> {
    pub(super) fn of(event: &'a Value) -> Result<Self, InvalidRequest> {
        let event = event.as_object().ok_or_else(|| InvalidRequest::new("_schema", "Invalid input type."))?;
        Ok(Self { event, known: Vec::with_capacity(8), faults: InvalidRequest::default() })
    }

    pub(super) fn required<T>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        if !self.event.contains_key(name) {
            self.known.push(name);
            self.faults.push(name, "Missing data for required field.");
            return None;
        }
        self.optional(name, parse)
    }

    pub(super) fn optional<T>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        self.known.push(name);
        let result = match self.event.get(name)? {
            Value::String(text) => parse(text),
            Value::Null => Err("Field may not be null.".to_owned()),
            _ => Err("Not a valid string.".to_owned()),
        };
        result.map_err(|message| self.faults.push(name, message)).ok()
    }

    pub(super) fn finish(mut self) -> Result<(), InvalidRequest> {
        if self.event.len() > self.known.len() || self.event.keys().any(|name| !self.known.contains(&name.as_str())) {
            for name in self.event.keys().filter(|name| !self.known.contains(&name.as_str())).take(32) {
                self.faults.push(name.chars().take(64).collect::<String>(), "Unknown field");
            }
        }
        if self.faults.is_empty() { Ok(()) } else { Err(self.faults) }
    }
}
