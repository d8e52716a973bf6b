//! The examples of rules: texts with templates such as `${hex:32}`, expanded anew from a fixed seed, so that no text that looks
//! like a real credential stands in the tree.

use super::checksum::base62_of_crc32;

const LOWER: &str = "abcdefghijklmnopqrstuvwxyz";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS: &str = "0123456789";

/// A deterministic source of characters: SplitMix64.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice that fall the same for the same seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    #[expect(clippy::cast_possible_truncation, reason = "the remainder is below the length of the alphabet")]
    fn text(&mut self, alphabet: &str, length: usize) -> String {
        let letters = alphabet.as_bytes();
        loop {
            let text: String = (0..length).map(|_| char::from(letters[(self.next() % letters.len() as u64) as usize])).collect();
            let has = |class: fn(&u8) -> bool| !letters.iter().any(class) || text.bytes().any(|byte| class(&byte));
            let mixed = length < 8 || has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
            let borders = !text.starts_with(['-', '_', '/', '+']) && !text.ends_with(['-', '_', '/', '+']);
            if mixed && borders && !(length >= 8 && super::is_placeholder(text.as_bytes())) {
                return text;
            }
        }
    }

    fn uuid(&mut self) -> String {
        let mut hex = |length| self.text("0123456789abcdef", length);
        format!("{}-{}-4{}-a{}-{}", hex(8), hex(4), hex(3), hex(3), hex(12))
    }
}

/// Why an example cannot be expanded.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the template {0:?} is not known; see the rule files' format")]
pub struct UnknownTemplate(String);

/// `text` with its templates expanded.
///
/// # Errors
/// When a template has no meaning.
pub fn expand(text: &str, dice: &mut Dice) -> Result<String, UnknownTemplate> {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        expanded.push_str(&rest[..at]);
        let Some(end) = rest[at..].find('}') else { break };
        let name = &rest[at + 2..at + end];
        match template(name, dice) {
            Some(value) => expanded.push_str(&value),
            // A shell variable or the like is no template.
            None if !name.contains(':') => expanded.push_str(&rest[at..=at + end]),
            None => return Err(UnknownTemplate(name.to_owned())),
        }
        rest = &rest[at + end + 1..];
    }
    expanded.push_str(rest);
    Ok(expanded)
}

fn template(name: &str, dice: &mut Dice) -> Option<String> {
    if name == "uuid" {
        return Some(dice.uuid());
    }
    if name == "jwt" {
        return Some(jwt(dice));
    }
    let (kind, argument) = name.split_once(':')?;
    match kind {
        "crc" => {
            let random = dice.text(&format!("{DIGITS}{UPPER}{LOWER}"), 30);
            let digits = base62_of_crc32(random.as_bytes());
            return Some(format!("{argument}{random}{}", String::from_utf8_lossy(&digits)));
        }
        "akid" => return Some(format!("{argument}{}{}", dice.text("QRSTUVWXYZ", 1), dice.text(&format!("{UPPER}234567"), 15))),
        _ => {}
    }
    let length = argument.parse().ok().filter(|length| *length <= 8192)?;
    let alphabet = match kind {
        "hex" => "0123456789abcdef".to_owned(),
        "HEX" => "0123456789ABCDEF".to_owned(),
        "alnum" => format!("{DIGITS}{UPPER}{LOWER}"),
        "lower" => format!("{DIGITS}{LOWER}"),
        "upper" => format!("{DIGITS}{UPPER}"),
        "alpha" => format!("{UPPER}{LOWER}"),
        "digits" => DIGITS.to_owned(),
        "base64" => format!("{DIGITS}{UPPER}{LOWER}+/"),
        "base64url" => format!("{DIGITS}{UPPER}{LOWER}_-"),
        "base32" => format!("{UPPER}234567"),
        _ => return None,
    };
    Some(dice.text(&alphabet, length))
}

fn jwt(dice: &mut Dice) -> String {
    use base64::Engine as _;
    let encode = |text: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let payload = format!(r#"{{"iss":"https://issuer.test","sub":"{}","exp":4102444800}}"#, dice.text(LOWER, 6));
    let signature = dice.text(&format!("{DIGITS}{UPPER}{LOWER}_-"), 43);
    format!("{}.{}.{signature}", encode(r#"{"alg":"HS256","typ":"JWT"}"#.to_owned()), encode(payload))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    #[test]
    fn templates_expand_the_same_each_time() {
        let text = r#"a = "${hex:32}" ${uuid} ${crc:ghp_} $HOME ${HOME}"#;
        let expanded = expand(text, &mut Dice::new(1)).unwrap();
        assert_eq!(expanded, expand(text, &mut Dice::new(1)).unwrap());
        assert!(expanded.ends_with("$HOME ${HOME}"));
        assert_eq!(expanded.len(), 5 + 32 + 2 + 36 + 1 + 40 + 14);
        assert_eq!(expand("${what:3}", &mut Dice::new(1)), Err(UnknownTemplate("what:3".to_owned())));
    }
}
