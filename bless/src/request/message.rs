//! The faults of a request, in the words and the shape that BLESS's callers know: a Python dict of lists.

use std::fmt;

/// What is wrong with a request, by field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InvalidRequest {
    faults: Vec<(String, String)>,
}

impl InvalidRequest {
    /// One fault of one field.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { faults: vec![(field.into(), message.into())] }
    }

    /// Adds a fault.
    pub fn push(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.faults.push((field.into(), message.into()));
    }

    /// Whether there is no fault.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (index, (field, message)) in self.faults.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{}: [{}]", Quoted(field), Quoted(message))?;
        }
        f.write_str("}")
    }
}

impl std::error::Error for InvalidRequest {}

/// A text as Python's `repr` writes it.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quote = if self.0.contains('\'') && !self.0.contains('"') { '"' } else { '\'' };
        write!(f, "{quote}")?;
        for c in self.0.chars() {
            match c {
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                c if c == quote => write!(f, "\\{c}")?,
                c if c.is_control() && u32::from(c) < 0x100 => write!(f, "\\x{:02x}", u32::from(c))?,
                c if c.is_control() || is_invisible(c) => write!(f, "\\u{:04x}", u32::from(c))?,
                c => write!(f, "{c}")?,
            }
        }
        write!(f, "{quote}")
    }
}

/// The separators and formatting characters of the basic plane that Python does not print.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{2000}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{205f}'..='\u{206f}' | '\u{3000}' | '\u{feff}' | '\u{e000}'..='\u{f8ff}')
}
