//! Keys as listings, event notifications and inventories write them: URL-encoded, with `+` for a blank.

/// A key without its encoding. What is no whole `%XX` is left as it stands, and so is a sequence that is not UTF-8.
#[must_use]
pub fn decoded(text: &str) -> String {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16)).and_then(|digit| u8::try_from(digit).ok());
    let bytes = text.as_bytes();
    let (mut plain, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(&byte) = bytes.get(at) {
        let pair = (byte == b'%').then(|| Some(digit(bytes.get(at + 1))? * 16 + digit(bytes.get(at + 2))?)).flatten();
        match (byte, pair) {
            (_, Some(value)) => {
                plain.push(value);
                at += 3;
            }
            (b'+', None) => {
                plain.push(b' ');
                at += 1;
            }
            _ => {
                plain.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(plain).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn keys_as_they_are_written() {
        for (written, key) in [
            ("plain/key.txt", "plain/key.txt"),
            ("a+b%2Bc", "a b+c"),
            ("%C3%A4%0a", "ä\n"),
            ("100%", "100%"),
            ("%4", "%4"),
            ("%zz+", "%zz "),
            ("%ff", "%ff"),
        ] {
            assert_eq!(decoded(written), key, "{written}");
        }
    }
}
