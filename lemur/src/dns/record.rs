//! The record that is written: a name and a text, both of a form that every provider can take as it is.

use super::DnsError;

/// The longest text: what one character string of a TXT record holds.
const LONGEST_VALUE: usize = 255;

/// How deep a name may be: each zone that may hold it is asked for.
const MOST_LABELS: usize = 32;

/// How long a record may be kept by those who ask, in seconds: soon gone.
pub(super) const TTL: u32 = 60;

/// A TXT record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Record<'a> {
    name: &'a str,
    value: &'a str,
}

impl<'a> Record<'a> {
    /// Checks both. What passes has nothing that a zone file, JSON, XML or a command line reads as its own.
    ///
    /// # Errors
    /// [`DnsError::Unfit`].
    pub(super) fn new(name: &'a str, value: &'a str) -> Result<Self, DnsError> {
        let label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
                && !label.starts_with('-')
        };
        if name.len() > 253 || name.split('.').count() > MOST_LABELS || !name.split('.').all(label) {
            return Err(DnsError::Unfit(format!("{} is no name for a TXT record", shown(name))));
        }
        let letter = |byte: u8| (b' '..=b'~').contains(&byte) && !matches!(byte, b'"' | b'\\');
        if value.is_empty() || value.len() > LONGEST_VALUE || !value.bytes().all(letter) {
            return Err(DnsError::Unfit(format!("no text for a TXT record: {}", shown(value))));
        }
        Ok(Self { name, value })
    }

    /// The name, without a dot at its end.
    pub(super) fn name(&self) -> &'a str {
        self.name
    }

    /// The text.
    pub(super) fn value(&self) -> &'a str {
        self.value
    }

    /// The text in the quotes that it has in a zone file.
    pub(super) fn quoted(&self) -> String {
        format!("\"{}\"", self.value)
    }

    /// The zones that may hold it, the closest first.
    pub(super) fn zones(&self) -> impl Iterator<Item = &'a str> {
        let behind = self.name.match_indices('.').map(|(at, _)| at + 1);
        let name = self.name;
        std::iter::once(0).chain(behind).map(move |from| &name[from..])
    }
}

/// Whether two names are the same: the dot at the end and the letters' case do not count.
pub(super) fn same_name(one: &str, other: &str) -> bool {
    one.trim_end_matches('.').eq_ignore_ascii_case(other.trim_end_matches('.'))
}

/// A text of others in quotes, its beginning alone.
pub(super) fn shown(text: &str) -> String {
    let short: String = text.chars().take(120).collect();
    if short.len() < text.len() { format!("{short:?}…") } else { format!("{short:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_plain() {
        let record = Record::new("_acme-challenge.www.example.com", "LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0").expect("a record");
        assert_eq!(record.quoted(), "\"LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0\"");
        let zones: Vec<_> = record.zones().collect();
        assert_eq!(zones, ["_acme-challenge.www.example.com", "www.example.com", "example.com", "com"]);
        Record::new("_validation-persist.example.com", "ca.example; accounturi=https://ca.example/1; policy=wildcard").expect("a record");
    }

    #[test]
    fn what_others_would_read_otherwise_is_refused() {
        let deep = "a.".repeat(32) + "com";
        for name in
            ["", ".", "a..b", "a.b.", "*.example.com", "-n.example", "a b.example", "a\\046.example", "ä.example", "$(x).example", &deep]
        {
            assert!(matches!(Record::new(name, "x"), Err(DnsError::Unfit(_))), "{name}");
        }
        let long = "x".repeat(256);
        for value in ["", "a\"b", "a\\b", "a\nb", "ä", "\0", &long] {
            assert!(matches!(Record::new("a.example", value), Err(DnsError::Unfit(_))), "{value}");
        }
    }

    #[test]
    fn what_is_shown_is_short_and_has_no_control_characters() {
        assert_eq!(shown("a\nb"), "\"a\\nb\"");
        assert_eq!(shown(&"x".repeat(500)).chars().count(), 123);
    }
}
