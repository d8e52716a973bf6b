//! JSON (RFC 8259) that cannot drive the terminal it is shown on: what [`crate::shown`] writes out stands as `\uXXXX`, which means the
//! same to whoever parses it.

use serde::Serialize;

use crate::is_hostile;

/// A value as indented JSON, with a newline at its end.
///
/// # Errors
/// If the value has no form in JSON, such as a map with keys that are no texts.
pub fn json_text(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(harmless(serde_json::to_string_pretty(value)?) + "\n")
}

/// A value as one line of JSON, with a newline at its end.
///
/// # Errors
/// If the value has no form in JSON, such as a map with keys that are no texts.
pub fn json_line(value: &impl Serialize) -> serde_json::Result<String> {
    Ok(harmless(serde_json::to_string(value)?) + "\n")
}

/// JSON without a raw control character in its texts. Outside of texts, JSON is ASCII; within them, what is below U+0020 is escaped by
/// whoever writes JSON.
fn harmless(json: String) -> String {
    let hostile = |c: char| c >= '\u{7f}' && is_hostile(c);
    if !json.contains(hostile) {
        return json;
    }
    let mut text = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if hostile(c) {
            text.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    #[test]
    fn what_drives_a_terminal_is_escaped_and_means_the_same() {
        let hostile = "a\u{1b}[2J\u{7f}\u{9b}\u{202e}\u{2066}\u{200f}\u{61c}\u{2028}\u{feff}é\u{1f600}\n\"\\";
        let value = serde_json::json!({ hostile: [hostile] });
        for text in [json_line(&value).unwrap(), json_text(&value).unwrap()] {
            assert!(!text.trim_end().contains(|c: char| is_hostile(c) && c != '\n'), "{text:?}");
            assert!(text.contains("\\u202e") && text.contains("\\u009b") && text.contains("é\u{1f600}"), "{text}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
        }
        assert_eq!(json_line(&value).unwrap().lines().count(), 1);
    }
}
