//! The key that messages are signed with: in the form that BIND's `tsig-keygen` prints, or its secret alone in base64.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hickory_proto::rr::rdata::tsig::TsigAlgorithm;
use hickory_proto::rr::{Name, TSigner};
use zeroize::Zeroizing;

use crate::config::dns::{Rfc2136Settings, TsigName};
use crate::dns::record::same_name;
use crate::secret_file::{self, SecretFileError};

/// The shortest secret that is taken, in bytes.
const SHORTEST: usize = 16;

/// Why there is no key. Its secret is not shown.
#[derive(Debug, thiserror::Error)]
pub(in crate::dns) enum KeyError {
    /// The file.
    #[error("key_file: {0}")]
    File(#[from] SecretFileError),
    /// The file is not understood.
    #[error("key_file: {path}: {reason}", path = path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
    /// The file says nothing but the secret, and the configuration does not name it.
    #[error("key_name: say the key's name, since key_file holds the secret alone")]
    NoName,
    /// The file and the configuration say different things.
    #[error("{0}: key_file says something else")]
    Differs(&'static str),
    /// An algorithm that is not taken.
    #[error("algorithm: {0:?} is not taken: use hmac-sha256, hmac-sha384 or hmac-sha512")]
    Algorithm(String),
    /// What is said to be the key's name is none.
    #[error("key_name: it is no domain name")]
    Name,
    /// What is said to be the zone's name is none.
    #[error("zone: it is no domain name")]
    Zone,
}

/// A key as it is written.
#[derive(Default)]
struct Written {
    name: Option<String>,
    algorithm: Option<String>,
    secret: Zeroizing<String>,
}

pub(super) fn signer(settings: &Rfc2136Settings, fudge: u16) -> Result<TSigner, KeyError> {
    let bad = |reason| KeyError::Form { path: settings.key_file.clone(), reason };
    let text = secret_file::text(&settings.key_file)?;
    let written = written(&text).map_err(bad)?;
    let TsigName { name, algorithm } = &settings.key;
    let name = one_of("key_name", name.clone(), written.name, same_name)?;
    let algorithm = one_of("algorithm", algorithm.clone(), written.algorithm, str::eq_ignore_ascii_case)?;
    let algorithm = self::algorithm(algorithm.as_deref().unwrap_or("hmac-sha256"))?;
    let mut secret = Zeroizing::new(vec![0; written.secret.len()]);
    let length = STANDARD.decode_slice(written.secret.as_bytes(), &mut secret).map_err(|_| bad("the secret is not base64"))?;
    if length < SHORTEST {
        return Err(bad("the secret has less than 16 bytes"));
    }
    let name = Name::from_ascii(name.ok_or(KeyError::NoName)?).map_err(|_| KeyError::Name)?;
    TSigner::new(secret[..length].to_vec(), algorithm, name, fudge).map_err(|_| bad("the algorithm is not taken"))
}

/// What the configuration and the file say, which is the same if both say it.
fn one_of(
    key: &'static str,
    said: Option<String>,
    written: Option<String>,
    same: fn(&str, &str) -> bool,
) -> Result<Option<String>, KeyError> {
    match (said, written) {
        (Some(said), Some(written)) if !same(&said, &written) => Err(KeyError::Differs(key)),
        (said, written) => Ok(written.or(said)),
    }
}

fn algorithm(name: &str) -> Result<TsigAlgorithm, KeyError> {
    match name.to_ascii_lowercase().trim_end_matches('.') {
        "hmac-sha256" => Ok(TsigAlgorithm::HmacSha256),
        "hmac-sha384" => Ok(TsigAlgorithm::HmacSha384),
        "hmac-sha512" => Ok(TsigAlgorithm::HmacSha512),
        _ => Err(KeyError::Algorithm(name.chars().take(40).collect())),
    }
}

/// Reads `key "NAME" { algorithm NAME; secret "BASE64"; };`, or base64 alone.
fn written(text: &str) -> Result<Written, &'static str> {
    let mut words = Words { rest: text };
    let first = words.next()?.ok_or("it is empty")?;
    if first != "key" {
        return match words.next()? {
            None => Ok(Written { secret: Zeroizing::new(first.to_owned()), ..Written::default() }),
            Some(_) => Err("it is neither a key of BIND's form nor a secret in base64"),
        };
    }
    let mut key = Written { name: Some(words.next()?.ok_or("the key has no name")?.to_owned()), ..Written::default() };
    words.sign("{")?;
    loop {
        match words.next()?.ok_or("the key does not end")? {
            "}" => break,
            "algorithm" => key.algorithm = Some(words.next()?.ok_or("the key does not end")?.to_owned()),
            "secret" => key.secret = Zeroizing::new(words.next()?.ok_or("the key does not end")?.to_owned()),
            _ => return Err("a key has an algorithm and a secret, and nothing else"),
        }
        words.sign(";")?;
    }
    words.sign(";")?;
    match words.next()? {
        None => Ok(key),
        Some(_) => Err("there is more than one key in it"),
    }
}

/// The words and signs of a file of BIND's, without comments.
struct Words<'a> {
    rest: &'a str,
}

impl<'a> Words<'a> {
    fn sign(&mut self, wanted: &str) -> Result<(), &'static str> {
        if self.next()? == Some(wanted) { Ok(()) } else { Err("a key has the form: key \"NAME\" { algorithm NAME; secret \"BASE64\"; };") }
    }

    fn next(&mut self) -> Result<Option<&'a str>, &'static str> {
        loop {
            self.rest = self.rest.trim_ascii_start();
            let comment = if self.rest.starts_with('#') || self.rest.starts_with("//") {
                Some(self.rest.find('\n').unwrap_or(self.rest.len()))
            } else if self.rest.starts_with("/*") {
                Some(self.rest.find("*/").ok_or("a comment does not end")? + 2)
            } else {
                None
            };
            match comment {
                Some(end) => self.rest = &self.rest[end..],
                None => break,
            }
        }
        if let Some(quoted) = self.rest.strip_prefix('"') {
            let (word, rest) = quoted.split_once('"').ok_or("a quote does not end")?;
            self.rest = rest;
            return Ok(Some(word));
        }
        let is_sign = |letter: char| matches!(letter, '{' | '}' | ';');
        let end = match self.rest.chars().next() {
            None => return Ok(None),
            Some(first) if is_sign(first) => 1,
            Some(_) => {
                self.rest.find(|letter: char| is_sign(letter) || letter == '"' || letter.is_ascii_whitespace()).unwrap_or(self.rest.len())
            }
        };
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(Some(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "c2VjcmV0IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXMgbG9uZw==";

    fn settings(folder: &tempfile::TempDir, text: &str, name: Option<&str>, algorithm: Option<&str>) -> Rfc2136Settings {
        let key_file = folder.path().join("key");
        std::fs::write(&key_file, text).expect("a file");
        std::fs::set_permissions(&key_file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("a mode");
        let key = TsigName { name: name.map(str::to_owned), algorithm: algorithm.map(str::to_owned) };
        Rfc2136Settings { server: "127.0.0.1:53".parse().expect("an address"), zone: None, key_file, key }
    }

    fn read(text: &str, name: Option<&str>, algorithm: Option<&str>) -> Result<TSigner, KeyError> {
        signer(&settings(&tempfile::tempdir().expect("a folder"), text, name, algorithm), 300)
    }

    #[test]
    fn both_forms_are_read() {
        let bind =
            format!("# made by hand\nkey \"lemur.\" {{\n\talgorithm hmac-sha512; // strong\n\tsecret \"{SECRET}\";\n}};\n/* end */\n");
        let key = read(&bind, None, None).expect("a key");
        assert_eq!((key.signer_name().to_ascii(), key.algorithm().clone()), ("lemur.".to_owned(), TsigAlgorithm::HmacSha512));
        assert_eq!(key.key(), b"secret of the tests, 32 bytes long");
        let alone = read(&format!("{SECRET}\n"), Some("lemur"), None).expect("a key");
        assert_eq!((alone.signer_name().to_ascii(), alone.key()), ("lemur.".to_owned(), key.key()));
        assert_eq!(*alone.algorithm(), TsigAlgorithm::HmacSha256);
        read(&bind, Some("Lemur"), Some("HMAC-SHA512")).expect("the same said twice");
    }

    #[test]
    fn what_is_no_key_is_refused_and_its_secret_not_shown() {
        let key = |inner: &str| format!("key k {{ {inner} }};");
        for (text, name, algorithm, wanted) in [
            (String::new(), None, None, "empty"),
            (SECRET.to_owned(), None, None, "key_name"),
            (SECRET.to_owned(), Some("k"), Some("hmac-md5"), "hmac-md5"),
            ("c2hvcnQ=".to_owned(), Some("k"), None, "16 bytes"),
            ("!!!".to_owned(), Some("k"), None, "base64"),
            (format!("{SECRET} {SECRET}"), Some("k"), None, "neither"),
            (key(&format!("secret \"{SECRET}")), None, None, "quote"),
            (key(&format!("secret \"{SECRET}\"")), None, None, "form"),
            (key(&format!("algorithm hmac-sha1; secret \"{SECRET}\";")), None, None, "hmac-sha1"),
            (key("algorithm hmac-sha256;"), None, None, "16 bytes"),
            (key(&format!("secret \"{SECRET}\"; more 1;")), None, None, "nothing else"),
            (format!("{0}{0}", key(&format!("secret \"{SECRET}\";"))), None, None, "more than one"),
            (key(&format!("secret \"{SECRET}\";")), Some("other"), None, "key_name"),
            ("key k { /* ".to_owned(), None, None, "comment"),
        ] {
            let error = read(&text, name, algorithm).err().unwrap_or_else(|| panic!("taken: {text}")).to_string();
            assert!(error.contains(wanted) && !error.contains(SECRET), "{text}: {error}");
        }
    }
}
