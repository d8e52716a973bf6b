//! Items: named attributes of the few types that the suite keeps, and what they weigh against the limit of one item.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

/// The most bytes of one item, names and values counted: 400 KB, as the service's quotas say.
pub const MAX_ITEM_BYTES: usize = 400 * 1024;

/// An attribute's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `S`.
    Text(String),
    /// `N`, whole and not negative.
    Number(u64),
    /// `L` of `S`.
    Texts(Vec<String>),
    /// Any other type, or a number of another kind: the service's own text of it.
    Other(String),
}

/// An item's attributes by name.
pub type Item = BTreeMap<String, Value>;

impl Value {
    /// At most this many bytes count for the value.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Text(text) | Self::Other(text) => text.len(),
            Self::Number(_) => 21,
            Self::Texts(texts) => texts.iter().fold(3, |size, text| size + text.len() + 1),
        }
    }

    pub(crate) fn into_sdk(self) -> AttributeValue {
        match self {
            Self::Text(text) | Self::Other(text) => AttributeValue::S(text),
            Self::Number(number) => AttributeValue::N(number.to_string()),
            Self::Texts(texts) => AttributeValue::L(texts.into_iter().map(AttributeValue::S).collect()),
        }
    }

    fn from_sdk(value: AttributeValue) -> Self {
        match value {
            AttributeValue::S(text) => Self::Text(text),
            AttributeValue::N(digits) => digits.parse().map_or(Self::Other(digits), Self::Number),
            AttributeValue::L(values) => texts(values),
            other => Self::Other(format!("{other:?}")),
        }
    }
}

fn texts(values: Vec<AttributeValue>) -> Value {
    let mut texts = Vec::with_capacity(values.len());
    for value in values {
        match value {
            AttributeValue::S(text) => texts.push(text),
            other => return Value::Other(format!("{other:?}")),
        }
    }
    Value::Texts(texts)
}

pub(crate) fn to_sdk(item: Item) -> HashMap<String, AttributeValue> {
    item.into_iter().map(|(name, value)| (name, value.into_sdk())).collect()
}

pub(crate) fn from_sdk(item: HashMap<String, AttributeValue>) -> Item {
    item.into_iter().map(|(name, value)| (name, Value::from_sdk(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_what_is_read() {
        let texts = Value::Texts(vec!["a".into(), String::new()]);
        let item = Item::from([("t".into(), Value::Text("x".into())), ("n".into(), Value::Number(u64::MAX)), ("l".into(), texts)]);
        assert_eq!(from_sdk(to_sdk(item.clone())), item);
    }

    #[test]
    fn what_is_not_ours_is_other() {
        let mixed = AttributeValue::L(vec![AttributeValue::S("a".into()), AttributeValue::N("1".into())]);
        for value in [AttributeValue::N("-1".into()), AttributeValue::N("1.5".into()), AttributeValue::Bool(true), mixed] {
            assert!(matches!(Value::from_sdk(value), Value::Other(_)));
        }
    }

    #[test]
    fn a_list_counts_its_elements() {
        assert_eq!(Value::Texts(vec!["ab".into(), "c".into()]).size(), 3 + 3 + 2);
    }
}
