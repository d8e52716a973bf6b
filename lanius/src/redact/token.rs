//! Tokens: what stands for a secret where its form must stay. A token has the length of the value, its signs, and at each place a
//! character of the same class; a key chooses them, so that the same value always has the same token and nobody without the key can
//! say which value that was. Its last characters are a keyed tag of all others, by which the key's owner knows a token from a secret.
//!
//! A value with too few characters to choose from, such as a PIN, has no room for a tag: its token stands in a mark instead.

use hmac::{Hmac, Mac as _};
use menagerie_secret::Secret;
use sha2::Sha256;

use super::mark;

/// How many bits a tag has at least, in hundredths. A value is taken for a token by chance once in 2^28 times.
const TAG: u32 = 2_800;
/// How many bits the characters of a value must be worth, in hundredths, for a token in its form: a card number is.
const ROOM: u32 = 4_800;
/// How often a token is made anew when it could not be known again, because chance gave it another form.
const TRIES: u32 = 64;
/// The letters of a token in a mark.
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Makes tokens under a key, and knows them again.
pub struct Tokens {
    key: Secret<[u8; 32]>,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

/// The characters that one may be replaced by.
type Class = &'static [u8];
const DIGITS: Class = b"0123456789";
const LOWER: Class = b"abcdefghijklmnopqrstuvwxyz";
const UPPER: Class = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// What a choice from a class is worth, in hundredths of a bit.
fn worth(class: Class) -> u32 {
    match class.len() {
        6 => 258,
        10 => 332,
        _ => 470,
    }
}

impl Tokens {
    /// Tokens under this key.
    #[must_use]
    pub fn new(key: Secret<Vec<u8>>) -> Self {
        // A key of its own, short whatever the length of the file.
        Self { key: Secret::new(mac(key.expose(), &[b"lanius tokens 1"])) }
    }

    /// The token of a value that `rule` found, whose first `prefix` bytes are public and stay.
    #[must_use]
    pub fn of(&self, rule: &str, prefix: usize, value: &[u8]) -> Vec<u8> {
        let places = places(value);
        let free: Vec<_> = places.iter().copied().filter(|(at, _)| *at >= prefix).collect();
        if free.iter().map(|(_, class)| worth(class)).sum::<u32>() >= ROOM {
            for turn in 0..TRIES {
                let mut token = value.to_vec();
                self.fill(&mut token, &free, &[b"lanius token 1", value, &turn.to_be_bytes()]);
                self.tag(&mut token, &places);
                if token != value && self.recognises(&token) {
                    return token;
                }
            }
        }
        let mac = self.mac(&[b"lanius short token 1", value]);
        let text: String = mac[..24].iter().map(|byte| char::from(BASE32[usize::from(byte & 31)])).collect();
        mark::token(rule, &text)
    }

    /// Whether a value is a token that this key made.
    #[must_use]
    pub fn recognises(&self, value: &[u8]) -> bool {
        let places = places(value);
        if places.iter().map(|(_, class)| worth(class)).sum::<u32>() < ROOM {
            return false;
        }
        let mut tagged = value.to_vec();
        self.tag(&mut tagged, &places);
        let known = Secret::new(tagged);
        known.ct_eq(value)
    }

    /// Writes the tag of all that stands before it.
    fn tag(&self, token: &mut [u8], places: &[(usize, Class)]) {
        let (mut bits, mut first) = (0, places.len());
        while bits < TAG && first > 0 {
            first -= 1;
            bits += worth(places[first].1);
        }
        let Some((begin, _)) = places.get(first) else { return };
        let head = token[..*begin].to_vec();
        self.fill(token, &places[first..], &[b"lanius token tag 1", &head]);
    }

    /// Writes characters that the key and `parts` choose.
    fn fill(&self, token: &mut [u8], places: &[(usize, Class)], parts: &[&[u8]]) {
        let seed = self.mac(parts);
        for (turn, group) in (0_u32..).zip(places.chunks(8)) {
            let stream = self.mac(&[b"lanius token stream 1", &seed, &turn.to_be_bytes()]);
            for ((at, class), bytes) in group.iter().zip(stream.chunks_exact(4)) {
                let number = u32::from_be_bytes(bytes.try_into().expect("it has four bytes"));
                token[*at] = class[number as usize % class.len()];
            }
        }
    }

    fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        mac(self.key.expose(), parts)
    }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

/// The places whose characters may change, with what they may become; a token has the same as its value. What an escape is made of
/// and the lines round PEM stay.
fn places(value: &[u8]) -> Vec<(usize, Class)> {
    let mut places = Vec::new();
    let mut at = 0;
    while at < value.len() {
        match value[at] {
            b'\\' => at += 1,
            b'%' if value[at + 1..].iter().take(2).filter(|byte| byte.is_ascii_hexdigit()).count() == 2 => at += 2,
            b'-' if value[at..].starts_with(b"-----") => {
                let rest = &value[at + 5..];
                let end = rest.windows(5).take(80).position(|window| window == b"-----");
                at += end.map_or(4, |end| end + 9);
            }
            b'0'..=b'9' => places.push((at, DIGITS)),
            b'a'..=b'z' => places.push((at, LOWER)),
            b'A'..=b'Z' => places.push((at, UPPER)),
            _ => {}
        }
        at += 1;
    }
    let all = |wanted: fn(&u8) -> bool| places.iter().all(|(at, _)| wanted(&value[*at]));
    let digits = places.iter().filter(|(at, _)| value[*at].is_ascii_digit()).count();
    // Hexadecimal stays so.
    if digits > 0 && digits < places.len() {
        let letters: Option<Class> = if all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            Some(b"abcdef")
        } else if all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F')) {
            Some(b"ABCDEF")
        } else {
            None
        };
        if let Some(letters) = letters {
            places.iter_mut().filter(|(_, class)| class.len() == 26).for_each(|(_, class)| *class = letters);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tokens(key: &[u8]) -> Tokens {
        Tokens::new(Secret::new(key.to_vec()))
    }

    fn class(byte: u8) -> u8 {
        match byte {
            b'0'..=b'9' => b'0',
            b'a'..=b'z' => b'a',
            b'A'..=b'Z' => b'A',
            other => other,
        }
    }

    #[test]
    fn the_form_stays() {
        let tokens = tokens(b"k");
        let pem = b"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n-----END PRIVATE KEY-----";
        let token = tokens.of("r", 0, pem);
        assert!(token.starts_with(b"-----BEGIN PRIVATE KEY-----\n") && token.ends_with(b"\n-----END PRIVATE KEY-----") && token != pem);
        let hex = tokens.of("r", 0, b"9f86d081884c7d659a2feaa0c55ad015");
        assert!(hex.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
        let escaped = tokens.of("r", 0, br"q8Zt2kLw\n0PvN%3Dabcdef");
        assert_eq!((&escaped[8..10], &escaped[14..17]), (&br"\n"[..], &b"%3D"[..]));
        assert!(tokens.of("pin", 0, b"4711").starts_with(b"[TOKEN:pin:"));
    }

    #[test]
    fn known_by_its_key_alone() {
        let token = tokens(b"one").of("r", 4, b"ghp_q8Zt2kLw0PvNq8Zt2kLw0PvN");
        assert!(tokens(b"one").recognises(&token) && !tokens(b"two").recognises(&token));
        assert_ne!(token, tokens(b"two").of("r", 4, b"ghp_q8Zt2kLw0PvNq8Zt2kLw0PvN"));
        assert!(token.starts_with(b"ghp_"));
    }

    proptest! {
        #[test]
        fn of_any_value(value in proptest::collection::vec(prop_oneof![4 => proptest::char::range(' ', '~').prop_map(|c| c as u8), 1 => any::<u8>()], 1..80), prefix in 0_usize..6) {
            let tokens = tokens(b"key");
            let prefix = prefix.min(value.len());
            let token = tokens.of("rule", prefix, &value);
            prop_assert_eq!(&token, &tokens.of("rule", prefix, &value));
            if mark::is_redacted(&token) {
                prop_assert!(token.len() <= 64);
            } else {
                prop_assert_eq!(&token[..prefix], &value[..prefix]);
                prop_assert_eq!(token.iter().map(|byte| class(*byte)).collect::<Vec<_>>(), value.iter().map(|byte| class(*byte)).collect::<Vec<_>>());
                prop_assert!(tokens.recognises(&token) && token != value);
            }
        }
    }
}
