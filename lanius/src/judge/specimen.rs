//! Values that stand in for a credential: words that everybody writes there, however disguised, and what only looks secret, such as a
//! password's hash, a value encrypted for somebody else, or a word in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::words;

/// Letters for the digits and signs that people write in their place.
fn plain(value: &[u8]) -> Vec<u8> {
    let letter = |byte: &u8| match byte {
        b'@' | b'4' => b'a',
        b'0' => b'o',
        b'1' | b'!' => b'i',
        b'3' => b'e',
        b'5' | b'$' => b's',
        b'7' => b't',
        other => other.to_ascii_lowercase(),
    };
    value.iter().map(letter).collect()
}

/// Whether it is one of the passwords that documentation and tests are full of, such as `MyP@ssw0rd!` or `s3cr3t`.
#[must_use]
pub fn is_well_known(value: &[u8]) -> bool {
    const WORDS: &[&[u8]] = &[
        b"password",
        b"passwort",
        b"passwd",
        b"passw",
        b"secret",
        b"changeme",
        b"changeit",
        b"letmein",
        b"welcome",
        b"qwert",
        b"testpass",
        b"mypass",
        b"userpass",
        b"adminpass",
        b"rootpass",
        b"dbpass",
        b"default",
        b"correcthorse",
        b"tobechanged",
        b"opensesame",
        b"supersecret",
        b"super_secret",
        b"super-secret",
        b"topsecret",
        b"trustnoi",
        b"iloveyou",
        b"whatever",
        b"sesame",
        b"123456",
    ];
    if value.len() > 24 {
        return false;
    }
    let (plain, lower) = (plain(value), value.to_ascii_lowercase());
    let holds = |text: &[u8], word: &[u8]| text.windows(word.len()).any(|window| window == word);
    // What is left beside the word is too little to be secret.
    let word = WORDS.iter().filter(|word| holds(&plain, word) || holds(&lower, word)).map(|word| word.len()).max();
    word.is_some_and(|length| value.len() < length + 6 || words::share(value) > 0.6)
}

/// Whether it is a word that a digit or three follow: `wonderland1`.
pub(super) fn is_word_and_number(value: &[u8]) -> bool {
    let letters = value.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    let digits = value.len() - letters;
    letters >= 4 && (1..=3).contains(&digits) && value[letters..].iter().all(u8::is_ascii_digit) && words::share(&value[..letters]) > 0.9
}

/// Whether it is a password's hash in one of the forms of crypt(3), LDAP, Django or MySQL.
pub(super) fn is_hash(value: &[u8]) -> bool {
    const MARKS: &[&[u8]] = &[
        b"$1$",
        b"$5$",
        b"$6$",
        b"$y$",
        b"$7$",
        b"$2a$",
        b"$2b$",
        b"$2x$",
        b"$2y$",
        b"$apr1$",
        b"$argon2",
        b"$pbkdf2",
        b"$scrypt$",
        b"pbkdf2_",
        b"bcrypt$",
        b"bcrypt_sha256$",
        b"argon2$",
        b"scrypt:",
        b"{SSHA",
        b"{SHA",
        b"{SMD5}",
        b"{MD5}",
        b"{CRYPT}",
        b"{bcrypt}",
        b"SCRAM-SHA-256$",
        b"sha1$",
        b"sha256$",
        b"sha512$",
        b"md5$",
        b"sha256:",
        b"sha512:",
        b"sha1:",
        b"sha256-",
        b"sha384-",
        b"sha512-",
    ];
    MARKS.iter().any(|mark| value.starts_with(mark) && value.len() > mark.len() + 8)
        || value.len() == 41 && value[0] == b'*' && value[1..].iter().all(u8::is_ascii_hexdigit)
}

/// Whether it is encrypted for who has the key: a value of a SealedSecret, of Ansible's vault, of age, of Fernet, of OpenSSL.
pub(super) fn is_sealed(value: &[u8]) -> bool {
    let sealed = value.len() > 200 && value.starts_with(b"Ag") && value.iter().all(|byte| is_base64(*byte));
    sealed || value.starts_with(b"U2FsdGVkX1") && value.len() > 30
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

/// The text that a value is in base64, if that is one that people read.
pub(super) fn hidden_text(value: &[u8]) -> Option<Vec<u8>> {
    if value.len() < 8 || !value.len().is_multiple_of(4) || !value.iter().all(|byte| is_base64(*byte)) {
        return None;
    }
    let text = STANDARD.decode(value).ok()?;
    text.iter().all(|byte| (b' '..0x7f).contains(byte)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_writes() {
        for value in ["MyP@ssw0rd", "s3cr3t", "Password123!", "testpass123", "P@$$w0rd", "Welc0me1"] {
            assert!(is_well_known(value.as_bytes()), "{value}");
        }
        for value in ["B4dger#Lemon52", "q8Zt2kLw0PvN", "Secret-Garden-Kx93Lq"] {
            assert!(!is_well_known(value.as_bytes()), "{value}");
        }
        assert!(is_word_and_number(b"wonderland1") && !is_word_and_number(b"Wonder1land") && !is_word_and_number(b"x8k2"));
    }

    #[test]
    fn what_only_looks_secret() {
        for value in ["$2y$10$abcdefghijklmnopqrstuu", "{SSHA}abcdefghijklmnop", "pbkdf2_sha256$870000$abc$def"] {
            assert!(is_hash(value.as_bytes()), "{value}");
        }
        assert!(!is_hash(b"$ecret-value-of-mine"));
        assert!(is_sealed(format!("AgB{}", "x1".repeat(120)).as_bytes()) && !is_sealed(b"AgBx1x1x1"));
        assert_eq!(hidden_text(b"cGFzc3dvcmQ=").as_deref(), Some(&b"password"[..]));
        assert_eq!(hidden_text(b"q8Zt2kLw0PvN"), None);
    }
}
