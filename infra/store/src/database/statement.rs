//! A statement that is put together from constant text and parameters: a list with filters has no one text.
//!
//! Only text that is in the program gets in, and values only as parameters, so that no input ever is SQL.

use std::fmt::Write as _;

use super::value::Value;

/// A statement in the making.
#[derive(Debug, Clone, Default)]
pub struct Statement<'a> {
    sql: String,
    values: Vec<Value<'a>>,
}

impl<'a> Statement<'a> {
    /// One that begins with `sql`.
    #[must_use]
    pub fn new(sql: &'static str) -> Self {
        Self { sql: sql.to_owned(), values: Vec::new() }
    }

    /// Goes on with `sql`.
    pub fn push(&mut self, sql: &'static str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Goes on with a parameter.
    pub fn bind(&mut self, value: impl Into<Value<'a>>) -> &mut Self {
        self.values.push(value.into());
        write!(self.sql, "${}", self.values.len()).expect("writing to a String does not fail");
        self
    }

    /// Goes on with parameters, commas between them: what stands in the brackets of an `IN`. None at all is `NULL`, which nothing equals.
    pub fn bind_all(&mut self, values: impl IntoIterator<Item = impl Into<Value<'a>>>) -> &mut Self {
        let mut first = true;
        for value in values {
            if !std::mem::take(&mut first) {
                self.sql.push_str(", ");
            }
            self.bind(value);
        }
        if first {
            self.sql.push_str("NULL");
        }
        self
    }

    /// Goes on with another statement, whose parameters are numbered on.
    pub fn append(&mut self, other: &Self) -> &mut Self {
        let before = self.values.len();
        let mut rest = other.sql.as_str();
        while let Some((text, after)) = rest.split_once('$') {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let number: usize = after[..digits].parse().expect("a dollar sign stands before a parameter's number only");
            write!(self.sql, "{text}${}", before + number).expect("writing to a String does not fail");
            rest = &after[digits..];
        }
        self.sql.push_str(rest);
        self.values.extend_from_slice(&other.values);
        self
    }

    pub(super) fn sql(&self) -> String {
        self.sql.clone()
    }

    pub(super) fn values(&self) -> &[Value<'a>] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_through() {
        let mut condition = Statement::new("b = ");
        condition.bind(2_i64).push(" OR c IN (").bind_all(["x", "y"]).push(")");
        let mut statement = Statement::new("SELECT a FROM t WHERE a = ");
        statement.bind("it's").push(" AND (").append(&condition).push(") AND d IN (").bind_all(Vec::<i64>::new()).push(")");
        assert_eq!(statement.sql(), "SELECT a FROM t WHERE a = $1 AND (b = $2 OR c IN ($3, $4)) AND d IN (NULL)");
        assert_eq!(statement.values(), ["it's".into(), 2_i64.into(), "x".into(), Value::from("y")]);
    }
}
