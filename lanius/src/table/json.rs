//! JSON taken apart one value at a time: what is not looked at is passed over, and a number keeps its digits.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Who is shown the members of a value: key (empty in an array), number, value.
type Visit<'a, E> = dyn FnMut(&str, usize, &RawValue) -> Result<(), E> + 'a;

/// Why a value was not taken apart to its end.
#[derive(Debug)]
pub(crate) enum End<E> {
    /// It is no JSON, or neither an object nor an array.
    Malformed,
    /// What the visitor said.
    Visitor(E),
}

/// Shows each member of an object with its key, or each element of an array, with its number. Holds no more than one in memory.
pub(crate) fn each<E>(json: &str, visit: &mut Visit<'_, E>) -> Result<(), End<E>> {
    let mut each = Each { visit, end: None };
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let read = DeserializeSeed::deserialize(&mut each, &mut deserializer).and_then(|()| deserializer.end());
    match (each.end, read) {
        (Some(end), _) => Err(End::Visitor(end)),
        (None, Err(_)) => Err(End::Malformed),
        (None, Ok(())) => Ok(()),
    }
}

struct Each<'a, 'b, E> {
    visit: &'a mut Visit<'b, E>,
    end: Option<E>,
}

impl<E> Each<'_, '_, E> {
    fn one<F: serde::de::Error>(&mut self, key: &str, number: usize, value: &RawValue) -> Result<(), F> {
        (self.visit)(key, number, value).map_err(|end| {
            self.end = Some(end);
            F::custom("ended")
        })
    }
}

impl<'de, E> DeserializeSeed<'de> for &mut Each<'_, '_, E> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, E> Visitor<'de> for &mut Each<'_, '_, E> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value::<&'de RawValue>()?;
            self.one(&key, number, value)?;
            number += 1;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(value) = sequence.next_element::<&'de RawValue>()? {
            self.one("", number, value)?;
            number += 1;
        }
        Ok(())
    }
}
