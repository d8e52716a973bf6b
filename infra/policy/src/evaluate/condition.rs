//! Whether a condition holds. Rules: IAM User Guide, "IAM JSON policy elements: Condition operators" (with `IfExists` and `Null`)
//! and "Multivalued context keys".

use super::compare::compare;
use super::request::{Request, Values};
use crate::document::{Base, Condition, Quantifier};
use crate::pattern::Truth;

pub(super) fn holds(condition: &Condition, request: &Request, variables: bool) -> Truth {
    let values = match request.values(&condition.key) {
        // A key without values is as one that is missing.
        Values::Known(values) if values.is_empty() => Values::Missing,
        values => values,
    };
    if condition.operator.base() == Base::Unknown {
        return Truth::Unknown;
    }
    if condition.operator.base() == Base::Null {
        return is_null(condition, &values);
    }
    match values {
        Values::Unknown => Truth::Unknown,
        Values::Missing => without_key(condition),
        Values::Known(values) => with_key(condition, &values, request, variables),
    }
}

fn is_null(condition: &Condition, values: &Values<'_>) -> Truth {
    let missing = match values {
        Values::Unknown => Truth::Unknown,
        values => Truth::from(*values == Values::Missing),
    };
    Truth::any(condition.values.iter().map(|value| match value.to_ascii_lowercase().as_str() {
        "true" => missing,
        "false" => !missing,
        _ => Truth::Unknown,
    }))
}

fn without_key(condition: &Condition) -> Truth {
    let operator = &condition.operator;
    match operator.quantifier() {
        Some(Quantifier::AllValues) => Truth::Yes,
        // One page says that `IfExists` holds without the key, the other that `ForAnyValue` does not.
        Some(Quantifier::AnyValue) if operator.if_exists() => Truth::Unknown,
        Some(Quantifier::AnyValue) => Truth::No,
        None => Truth::from(operator.if_exists() || is_negated(operator.base())),
    }
}

fn with_key(condition: &Condition, values: &[String], request: &Request, variables: bool) -> Truth {
    let (base, negated) = (condition.operator.base(), is_negated(condition.operator.base()));
    let fits = |value: &String| {
        let one = Truth::any(condition.values.iter().map(|policy| compare(base, value, policy, request, variables)));
        if negated { !one } else { one }
    };
    let each = values.iter().map(fits);
    match condition.operator.quantifier() {
        Some(Quantifier::AllValues) => Truth::all(each),
        Some(Quantifier::AnyValue) => Truth::any(each),
        // Without a quantifier a key has one value. Of more than one AWS does not say how they are taken.
        None => {
            let (all, any) = (Truth::all(each.clone()), Truth::any(each));
            if all == any { all } else { Truth::Unknown }
        }
    }
}

/// Whether the operator holds where no value fits. For these a missing key is no match, and so they hold.
const fn is_negated(base: Base) -> bool {
    matches!(
        base,
        Base::StringNotEquals
            | Base::StringNotEqualsIgnoreCase
            | Base::StringNotLike
            | Base::NumericNotEquals
            | Base::DateNotEquals
            | Base::NotIpAddress
            | Base::ArnNotEquals
            | Base::ArnNotLike
    )
}
