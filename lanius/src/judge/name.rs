//! What a name says of its value: `db_password`, `clientSecret` and `AWS_ACCESS_KEY` name credentials; `password_field`,
//! `tokenizer`, `sort_key` and `monkey` do not.

pub use crate::rules::Meaning;

/// The longest name.
const LONGEST: usize = 80;
/// What may precede `key` for it to be a credential.
const KEYS: &[&str] = &[
    "api",
    "secret",
    "access",
    "private",
    "auth",
    "encryption",
    "encrypt",
    "encrypted",
    "decryption",
    "master",
    "signing",
    "sign",
    "signature",
    "app",
    "application",
    "license",
    "account",
    "storage",
    "crypt",
    "crypto",
    "cipher",
    "aes",
    "hmac",
    "rsa",
    "jwt",
    "consumer",
    "client",
    "service",
    "server",
    "secure",
    "security",
    "subscription",
    "shared",
    "ssh",
    "admin",
    "deploy",
    "webhook",
    "vault",
    "integration",
    "write",
    "session",
    "cookie",
    "des",
    "token",
    "password",
    "user",
    "wifi",
    "wpa",
    "psk",
    "pre",
    "live",
    "prod",
    "identity",
    "developer",
    "dev",
    "function",
    "host",
    "root",
    "data",
    "des3",
    "apikey",
];
/// Words after the telling one that leave its meaning.
const NEUTRAL: &[&str] = &[
    "value",
    "val",
    "text",
    "string",
    "str",
    "default",
    "prod",
    "production",
    "dev",
    "test",
    "testing",
    "staging",
    "stage",
    "live",
    "old",
    "new",
    "current",
    "base64",
    "b64",
    "hex",
    "plain",
    "plaintext",
    "literal",
    "const",
    "raw",
    "data",
    "bytes",
    "env",
    "var",
    "backup",
    "main",
    "primary",
    "secondary",
    "local",
    "global",
    "v1",
    "v2",
    "a",
    "b",
    "s",
    "is",
    "admin",
    "user",
    "root",
    "me",
    "my",
    "db",
    "database",
    "here",
    "clear",
    "cleartext",
    "in",
    "set",
    "get",
];

/// The whole name round a word that stands at `at`.
#[must_use]
pub fn span(text: &[u8], at: usize, end: usize) -> (usize, usize) {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$');
    let begin = at - text[at.saturating_sub(LONGEST)..at].iter().rev().take_while(|byte| is_name(byte)).count();
    (begin, end)
}

/// A name that is read from its end, word by word: `dbPassword2` is `2`, `password`, `db`.
#[derive(Clone, Copy)]
struct Words<'a> {
    name: &'a [u8],
    /// The name in lower case.
    lower: &'a str,
    /// What is left of it.
    end: usize,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let end = self.name[..self.end].iter().rposition(u8::is_ascii_alphanumeric)? + 1;
        let start = (0..end).rev().find(|at| begins_word(self.name, *at)).unwrap_or_default();
        self.end = start;
        self.lower.get(start..end)
    }
}

/// Whether a word begins with the letter or digit at `at`.
fn begins_word(name: &[u8], at: usize) -> bool {
    let Some(last) = at.checked_sub(1).map(|before| name[before]) else { return true };
    let byte = name[at];
    let next_lower = || name.get(at + 1).is_some_and(u8::is_ascii_lowercase);
    !last.is_ascii_alphanumeric()
        || byte.is_ascii_uppercase() && (last.is_ascii_lowercase() || last.is_ascii_digit() || last.is_ascii_uppercase() && next_lower())
        || byte.is_ascii_digit() != last.is_ascii_digit()
}

/// What one word says; with the word before it.
fn word_meaning(word: &str, before: Option<&str>) -> Option<Meaning> {
    const NOT_PASS: &[&str] =
        &["bypass", "compass", "trespass", "surpass", "encompass", "multipass", "onepass", "renderpass", "firstpass", "subpass"];
    match word {
        "password" | "passwd" | "passphrase" | "passcode" | "passwort" | "pwd" | "pw" | "passw" | "pword" | "passphase" | "pswd"
        | "passwords" | "psk" | "storepass" | "keypass" | "srcstorepass" | "deststorepass" | "requirepass" | "masterauth" => {
            return Some(Meaning::Password);
        }
        "pass" => {
            return Some(
                if before.is_some_and(|before| {
                    [
                        "db", "user", "smtp", "mail", "root", "admin", "ftp", "ldap", "mysql", "redis", "my", "proxy", "wifi", "database",
                        "auth", "login", "http", "basic", "key", "store", "cert", "sudo", "test", "ssh", "email", "pg", "postgres",
                        "mongo", "rabbitmq", "sql", "ap", "sta",
                    ]
                    .contains(&before)
                }) {
                    Meaning::Password
                } else {
                    Meaning::Weak
                },
            );
        }
        "secret" | "secrets" | "credential" | "credentials" | "cred" | "creds" => return Some(Meaning::Secret),
        "token" | "tokens" => {
            return Some(match before {
                Some(
                    "access" | "auth" | "api" | "bearer" | "refresh" | "secret" | "session" | "bot" | "id" | "oauth" | "personal"
                    | "github" | "gitlab" | "slack" | "security" | "deploy" | "user" | "app" | "vault" | "npm" | "jwt" | "authentication"
                    | "authorization" | "private" | "service" | "account" | "webhook" | "admin" | "device" | "push" | "registration"
                    | "client",
                ) => Meaning::Token,
                _ => Meaning::Weak,
            });
        }
        "key" | "keys" => return Some(if before.is_some_and(|before| KEYS.contains(&before)) { Meaning::Key } else { Meaning::Weak }),
        "apikey" | "apikeys" | "secretkey" | "accesskey" | "privatekey" | "authkey" | "masterkey" | "signingkey" | "encryptionkey"
        | "cryptkey" | "appkey" | "accountkey" | "sharedkey" | "licensekey" | "sharedaccesskey" => return Some(Meaning::Key),
        "authtoken" | "accesstoken" | "refreshtoken" | "apitoken" | "bearertoken" | "sessiontoken" => return Some(Meaning::Token),
        "pepper" => return Some(Meaning::Key),
        // Salts that a program keeps to itself are keys, as WordPress has them; those of a hash are not.
        "salt" if before.is_some_and(|before| ["auth", "in", "secret", "security", "app", "encryption"].contains(&before)) => {
            return Some(Meaning::Secret);
        }
        "auth" | "authorization" | "authentication" | "salt" | "nonce" | "otp" => return Some(Meaning::Weak),
        _ => {}
    }
    let joined = |ends: &[&str]| ends.iter().any(|end| word.len() > end.len() && word.ends_with(end));
    if joined(&["password", "passwd", "passphrase", "pwd", "passwort"]) {
        return Some(Meaning::Password);
    }
    if joined(&["secret", "secretkey", "credentials"]) {
        return Some(Meaning::Secret);
    }
    if joined(&["apikey", "accesskey", "privatekey"]) {
        return Some(Meaning::Key);
    }
    if joined(&["pass"]) && !NOT_PASS.contains(&word) && word.len() <= 12 {
        return Some(Meaning::Weak);
    }
    if joined(&["token"]) {
        return Some(Meaning::Weak);
    }
    None
}

/// What a name says together with the word before it, in text for people: `API key`, `access token`.
#[must_use]
pub fn meaning_after(before: &[u8], name: &[u8]) -> Option<Meaning> {
    const WORDS: &[&str] =
        &["api", "access", "secret", "encryption", "auth", "shared", "signing", "license", "bearer", "deploy", "account"];
    let before = before.strip_suffix(b" ")?;
    let length = before.iter().rev().take_while(|byte| byte.is_ascii_alphabetic()).count();
    let word = std::str::from_utf8(&before[before.len() - length..]).ok()?.to_ascii_lowercase();
    if !WORDS.contains(&word.as_str()) {
        return None;
    }
    meaning(&[word.as_bytes(), b"_", name].concat())
}

/// What a name says of its value, if it says that it is a credential.
#[must_use]
pub fn meaning(name: &[u8]) -> Option<Meaning> {
    let lower: String = name.iter().map(|byte| char::from(if byte.is_ascii() { byte.to_ascii_lowercase() } else { b'_' })).collect();
    let mut words = Words { name, lower: &lower, end: name.len() };
    while let Some(last) = words.next() {
        let mut before = words;
        if let Some(meaning) = word_meaning(last, { words }.next()) {
            // `public_key`, `primary_key`, `forgot_password`, `no_password`.
            let denied = |word: &str| {
                matches!(
                    word,
                    "public"
                        | "pub"
                        | "site"
                        | "publishable"
                        | "no"
                        | "without"
                        | "forgot"
                        | "reset"
                        | "invalid"
                        | "missing"
                        | "wrong"
                        | "has"
                        | "error"
                        | "err"
                        | "msg"
                        | "message"
                        | "label"
                        | "show"
                        | "hide"
                        | "need"
                        | "needs"
                        | "require"
                        | "requires"
                        | "required"
                        | "csrf"
                        | "xsrf"
                        | "cancellation"
                        | "foreign"
                        | "sort"
                        | "cache"
                        | "partition"
                        | "translation"
                        | "i18n"
                        | "locale"
                        | "hash"
                        | "hashed"
                        | "lex"
                        | "parse"
                        | "syntax"
                        | "next"
                        | "peek"
                )
            };
            return (!before.any(denied)).then_some(meaning);
        }
        if !(NEUTRAL.contains(&last) || last.bytes().all(|byte| byte.is_ascii_digit())) {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_credentials() {
        for (name, expected) in [
            ("password", Meaning::Password),
            ("DB_PASSWORD", Meaning::Password),
            ("dbPassword2", Meaning::Password),
            ("mysql.pass", Meaning::Password),
            ("adminpwd", Meaning::Password),
            ("clientSecret", Meaning::Secret),
            ("JWT_SECRET_PROD", Meaning::Secret),
            ("accessToken", Meaning::Token),
            ("AWS_SECRET_ACCESS_KEY", Meaning::Key),
            ("x-api-key", Meaning::Key),
            ("apikey", Meaning::Key),
            ("token", Meaning::Weak),
            ("key", Meaning::Weak),
        ] {
            assert_eq!(meaning(name.as_bytes()), Some(expected), "{name}");
        }
    }

    #[test]
    fn names_of_other_things() {
        for name in [
            "password_field",
            "tokenizer",
            "monkey",
            "public_key",
            "secretName",
            "bypass",
            "author",
            "keyboard",
            "password_reset_url",
            "csrf_token",
            "key_id",
            "passed",
            "forgot_password",
        ] {
            assert_eq!(meaning(name.as_bytes()), None, "{name}");
        }
    }
}
