//! What stands between a name and its value, in the languages and formats of the field: `"key": "value"`, `key = 'value'`,
//! `KEY=value`, `key := "value"`, `<key>value</key>`, `setKey("value")`, `--key value`.

/// How far a name may go on after the word that told it.
const NAME: usize = 48;
/// How much may stand between name and value.
const BETWEEN: usize = 96;

/// How a value stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    /// Between quotes of this kind, which may be escaped themselves.
    Quoted {
        /// The quote.
        mark: u8,
        /// Whether a backslash precedes the quotes: text within a string.
        escaped: bool,
    },
    /// Between tags or alone.
    Bare,
}

/// What joins a name and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=`, `:=`, `=>`, `?=`.
    Assigns,
    /// `:`.
    Colon,
    /// `==`, `!=`.
    Compares,
    /// `,` between arguments.
    Comma,
    /// `(` of a call.
    Call,
    /// `>` of a tag.
    Tag,
    /// A blank: `--password value`.
    Blank,
    /// A verb: `the password is value`.
    Says,
}

/// Where a value begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connector {
    /// Where the name ends.
    pub name_end: usize,
    /// Where the value begins, after its quote.
    pub value: usize,
    /// Its quote.
    pub quote: Quote,
    /// What joined the two.
    pub operator: Operator,
    /// Whether a blank stood beside the operator.
    pub spaced: bool,
}

pub(crate) fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$')
}

/// Reads on from `at`, which is in or right after a name.
#[must_use]
pub(super) fn connect(text: &[u8], at: usize) -> Option<Connector> {
    let mut name_end = at;
    while name_end < at + NAME && text.get(name_end).is_some_and(|byte| is_name(*byte)) {
        name_end += 1;
    }
    let limit = text.len().min(name_end + BETWEEN);
    let mut place = name_end;
    let byte = |place: usize| if place < limit { text[place] } else { 0 };
    // What closes the name: quotes, brackets.
    while matches!(byte(place), b'"' | b'\'' | b'`' | b']' | b')' | b'}' | b'\\') && place < name_end + 4 {
        place += 1;
    }
    let closed = place > name_end;
    let blanks = |mut place: usize| {
        while matches!(byte(place), b' ' | b'\t') {
            place += 1;
        }
        place
    };
    let mut next = blanks(place);
    let mut spaced = next > place;
    let operator = match byte(next) {
        b':' if byte(next + 1) == b'=' => (Operator::Assigns, 2),
        b':' if byte(next + 1) == b':' => return None,
        b':' if byte(next + 1) == b'-' && is_name(byte(next + 2)) && in_braces(text, at) => (Operator::Assigns, 2),
        b':' => {
            // `password: str = "…"`: a type stands between.
            if let Some(after) = annotation(text, next + 1, limit) {
                next = after;
                (Operator::Assigns, 1)
            } else {
                (Operator::Colon, 1)
            }
        }
        b'=' if byte(next + 1) == b'>' => (Operator::Assigns, 2),
        b'=' if byte(next + 1) == b'=' => (Operator::Compares, if byte(next + 2) == b'=' { 3 } else { 2 }),
        b'=' => (Operator::Assigns, 1),
        b'!' if byte(next + 1) == b'=' => (Operator::Compares, if byte(next + 2) == b'=' { 3 } else { 2 }),
        b'?' | b'+' if byte(next + 1) == b'=' => (Operator::Assigns, 2),
        // What holds where nothing else is set: `TOKEN || '…'`, `['TOKEN'] ||= '…'`, `TOKEN ?? '…'`, `${TOKEN:-…}`.
        b'|' | b'?' if byte(next + 1) == byte(next) => (Operator::Assigns, if byte(next + 2) == b'=' { 3 } else { 2 }),
        b',' if closed => (Operator::Comma, 1),
        b'(' if !closed => (Operator::Call, 1),
        b'>' => (Operator::Tag, 1),
        b'<' if byte(next + 1) == b'/' => {
            // `<key>password</key><string>value`: the value is in the next element.
            while byte(next) != b'>' {
                if next >= limit {
                    return None;
                }
                next += 1;
            }
            let after = (next + 1..limit).find(|place| !byte(*place).is_ascii_whitespace());
            if after.is_none_or(|after| byte(after) != b'<' || byte(after + 1) == b'/') {
                return None;
            }
            (Operator::Tag, 1)
        }
        _ if spaced && matches!(byte(next), b'"' | b'\'' | b'`') => (Operator::Blank, 0),
        _ if spaced && verb(&text[next..limit]) > 0 => (Operator::Says, verb(&text[next..limit])),
        _ => {
            // Go: `password string = "…"`; a type stands between the two.
            if let Some(after) = spaced.then(|| annotation(text, next, limit)).flatten() {
                next = after;
                (Operator::Assigns, 1)
            } else if spaced && !closed && is_name(byte(next)) {
                return Some(Connector { name_end, value: next, quote: Quote::Bare, operator: Operator::Blank, spaced });
            } else {
                return None;
            }
        }
    };
    let (operator, length) = operator;
    place = next + length;
    next = blanks(place);
    spaced |= next > place;
    // `key: |`, and the value on the next line, in YAML.
    if operator == Operator::Colon && matches!(byte(next), b'|' | b'>') {
        let line = (next + 1..limit).find(|place| byte(*place) == b'\n').filter(|line| *line <= next + 3);
        let value = line.map(|line| (line..limit).find(|place| !byte(*place).is_ascii_whitespace()).unwrap_or(limit));
        return value.filter(|value| *value < limit).map(|value| Connector { name_end, value, quote: Quote::Bare, operator, spaced });
    }
    // A long value may stand on the next line.
    let breaks = |place: usize| match byte(place) {
        b'\n' | b'\r' | b'(' => true,
        b'\\' => matches!(byte(place + 1), b'\n' | b'\r'),
        _ => false,
    };
    if matches!(operator, Operator::Assigns | Operator::Colon | Operator::Tag) && breaks(next) {
        let mut line = next;
        while breaks(line) && line < next + 4 {
            line += 1;
        }
        let quoted = blanks(line);
        if matches!(byte(quoted), b'"' | b'\'') || operator == Operator::Tag && byte(quoted) == b'<' {
            next = quoted;
        }
    }
    // `<key>name</key><string>value`.
    if operator == Operator::Tag && byte(next) == b'<' {
        while next < limit && byte(next) != b'>' {
            next += 1;
        }
        next += 1;
    }
    let start = wrapped(text, next, limit);
    let (value, quote) = match byte(start) {
        b'\\' if matches!(byte(start + 1), b'"' | b'\'') => (start + 2, Quote::Quoted { mark: byte(start + 1), escaped: true }),
        mark @ (b'"' | b'\'' | b'`') => {
            let triple = byte(start + 1) == mark && byte(start + 2) == mark;
            (if triple { start + 3 } else { start + 1 }, Quote::Quoted { mark, escaped: false })
        }
        _ => (next, Quote::Bare),
    };
    (value < text.len() && value <= limit).then_some(Connector { name_end, value, quote, operator, spaced })
}

/// Whether the name at `at` is a shell's variable in braces: `${NAME`.
fn in_braces(text: &[u8], at: usize) -> bool {
    let before = &text[at.saturating_sub(NAME)..at];
    let length = before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    before[..before.len() - length].ends_with(b"${")
}

/// The length of a verb that says what something is, if the text begins with one and a blank.
fn verb(text: &[u8]) -> usize {
    const VERBS: &[&[u8]] = &[b"is ", b"was ", b"lautet ", b"ist ", b"est ", b"es ", b"is: ", b"ist: "];
    VERBS.iter().find(|verb| text.starts_with(verb)).map_or(0, |verb| verb.len() - 1)
}

/// Where the name is itself a value, beside that of its pair: `- name: DB_PASSWORD` and `value: "…"` in the next line,
/// `{"name": "token", "value": "…"}`, `variable "db_password" { default = "…" }`.
pub(super) fn connect_pair(text: &[u8], at: usize) -> Option<Connector> {
    const WORDS: &[&[u8]] = &[b"value", b"default", b"val"];
    let name_end = at + text[at..].iter().take(NAME).take_while(|byte| is_name(**byte)).count();
    let limit = text.len().min(name_end + 2 * BETWEEN);
    let rest = &text[name_end..limit];
    let between =
        |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b',' | b'{')).count();
    let mut skipped = between(rest);
    // What a variable says of itself before its default.
    for known in [&b"type"[..], b"description", b"sensitive"].iter().cycle().take(6) {
        if rest[..skipped].contains(&b'{') && rest[skipped..].starts_with(known) {
            let line = memchr::memchr(b'\n', &rest[skipped..])?;
            skipped += line + between(&rest[skipped + line..]);
        }
    }
    let first = *rest.first()?;
    if !matches!(first, b'"' | b'\'' | b'\n' | b'\r' | b',') || skipped < 2 {
        return None;
    }
    let word = &rest[skipped..];
    let known = WORDS.iter().find(|known| word.get(..known.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(known)))?;
    let end = name_end + skipped + known.len();
    if text.get(end).is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let connector = connect(text, end)?;
    matches!(connector.operator, Operator::Assigns | Operator::Colon).then_some(Connector { name_end, ..connector })
}

/// As [`connect`]; and where the value is an object, as in `service: { key: "value" }`, also the connectors of its first members.
#[must_use]
pub(super) fn connect_within(text: &[u8], at: usize) -> [Option<Connector>; 4] {
    let mut connectors = [connect(text, at), None, None, None];
    let mut place = match connectors[0] {
        Some(Connector { value, quote: Quote::Bare, .. }) if text[value] == b'{' => value + 1,
        _ => return connectors,
    };
    for member in &mut connectors[1..] {
        let limit = text.len().min(place + BETWEEN);
        let Some(name) = text[place..limit].iter().position(|byte| byte.is_ascii_alphanumeric()) else { break };
        if text[place..place + name].contains(&b'}') {
            break;
        }
        let Some(connector) = connect(text, place + name) else { break };
        *member = Some(connector);
        let Some(end) = value_end(text, &connector, 512) else { break };
        place = end + 1;
    }
    connectors
}

/// Where the `=` is after a type annotation: `: Option<&'static str> =`.
fn annotation(text: &[u8], from: usize, limit: usize) -> Option<usize> {
    let mut place = from;
    let end = limit.min(from + 40);
    let mut letters = false;
    while place < end {
        match text[place] {
            b'=' => return (letters && !matches!(text.get(place + 1), Some(b'=' | b'>'))).then_some(place),
            byte if byte.is_ascii_alphabetic() => letters = true,
            b' ' | b'<' | b'>' | b'&' | b'_' | b'|' | b'[' | b']' | b'*' | b'?' | b'.' => {}
            b'\'' if text[place..].starts_with(b"'static") => {}
            _ => return None,
        }
        place += 1;
    }
    None
}

/// After what may stand before a quoted value: `String::from(`, `new SecureString(`, the `b` of `b"…"`. Elsewhere `from` itself.
fn wrapped(text: &[u8], from: usize, limit: usize) -> usize {
    const CALLS: &[&[u8]] = &[
        b"String::from(",
        b"String(",
        b"str(",
        b"SecureString(",
        b"Buffer.from(",
        b"bytes(",
        b"Some(",
        b"b64decode(",
        b"base64.b64decode(",
        b"[]byte(",
    ];
    const PREFIXES: &[&[u8]] = &[b"rb", b"br", b"u8", b"b", b"r", b"u", b"f", b"L", b"@", b"$", b"N"];
    let mut place = from;
    if text[place.min(limit)..limit].starts_with(b"new ") {
        place += 4;
    }
    if let Some(call) = CALLS.iter().find(|call| text[place.min(limit)..limit].starts_with(call)) {
        place += call.len();
    }
    let quoted = |place: usize| place < limit && matches!(text[place], b'"' | b'\'' | b'`');
    if quoted(place) {
        return place;
    }
    match PREFIXES.iter().find(|prefix| text[place.min(limit)..limit].starts_with(prefix) && quoted(place + prefix.len())) {
        Some(prefix) => place + prefix.len(),
        None => from,
    }
}

/// Where the value that begins at `connector.value` ends, and whether its closing quote was found.
#[must_use]
pub(super) fn value_end(text: &[u8], connector: &Connector, longest: usize) -> Option<usize> {
    let limit = text.len().min(connector.value + longest);
    let mut place = connector.value;
    match connector.quote {
        Quote::Quoted { mark, escaped } => {
            while place < limit {
                match text[place] {
                    b'\n' => return None,
                    b'\\' if escaped && text.get(place + 1) == Some(&mark) => return Some(place),
                    b'\\' => place += 2,
                    byte if byte == mark => return Some(place),
                    _ => place += 1,
                }
            }
            None
        }
        Quote::Bare => {
            while place < limit {
                let byte = text[place];
                let ends = byte <= b' ' || matches!(byte, b'"' | b'\'' | b'`') || connector.operator == Operator::Tag && byte == b'<';
                if ends {
                    break;
                }
                place += 1;
            }
            (place > connector.value).then_some(place)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<&str> {
        let at = text.to_lowercase().find("pass")?;
        let connector = connect(text.as_bytes(), at)?;
        value_end(text.as_bytes(), &connector, 256).map(|end| &text[connector.value..end])
    }

    #[test]
    fn the_forms_of_the_field() {
        for text in [
            "password = \"v4lue\"",
            "password='v4lue'",
            "PASSWORD=v4lue",
            "\"password\": \"v4lue\",",
            "password := \"v4lue\"",
            "'password' => 'v4lue'",
            "<password>v4lue</password>",
            "setPassword(\"v4lue\")",
            "put(\"password\", \"v4lue\")",
            "password: str = \"v4lue\"",
            "const PASSWORD: &'static str = \"v4lue\";",
            "let password: Option<String> = Some(\"v4lue\")",
            "password string = \"v4lue\"",
            "if password == \"v4lue\"",
            "config[\"password\"] = \"v4lue\"",
            "\\\"password\\\": \\\"v4lue\\\"",
            "--password v4lue",
            "<key>password</key>\n  <string>v4lue</string>",
            "password = b'v4lue'",
            "password =\n    \"v4lue\"",
            "password: v4lue",
        ] {
            assert_eq!(value(text), Some("v4lue"), "{text}");
        }
    }

    #[test]
    fn pairs() {
        for text in [
            "- name: DB_PASSWORD\n  value: \"v4lue\"",
            "{\"name\": \"password\", \"value\": \"v4lue\"}",
            "variable \"db_password\" {\n  default = \"v4lue\"\n}",
        ] {
            let at = text.to_lowercase().find("password").unwrap();
            let connector = connect_pair(text.as_bytes(), at + 8).unwrap_or_else(|| panic!("{text}"));
            let end = value_end(text.as_bytes(), &connector, 256).unwrap();
            assert_eq!(&text[connector.value..end], "v4lue", "{text}");
        }
        assert_eq!(connect_pair(b"\"password\": \"v4lue\"", 9), None);
    }

    #[test]
    fn a_block_of_yaml() {
        assert_eq!(value("password: |\n    v4lue\n"), Some("v4lue"));
    }

    #[test]
    fn no_value() {
        for text in ["password", "password;", "pass::word", "password = \"unclosed\n", "password)"] {
            assert_eq!(value(text), None, "{text}");
        }
    }
}
