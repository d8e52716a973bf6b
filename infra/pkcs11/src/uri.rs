//! Names of keys in tokens: RFC 7512's `pkcs11:` URIs, as far as they name a token and a key. Where the module is and what its PIN is, which such
//! a URI may also say, is refused here: that is for whoever set the program up, and not for whoever names a key.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The longest URI that is read, in bytes.
const LONGEST: usize = 1024;

/// What stands for itself in an attribute's value: the unreserved characters.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Why a text names no key in a token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UriError {
    /// It does not begin with `pkcs11:`, or is too long, or is not encoded as RFC 7512 says.
    #[error("it is no URI like pkcs11:token=TOKEN;object=LABEL")]
    Malformed,
    /// It says where the module or the PIN is.
    #[error("it names no module and no PIN: those are said in the configuration")]
    Query,
    /// An attribute that has no use here.
    #[error("the attribute {0:?} is not known here")]
    Attribute(String),
    /// An attribute that stands there twice.
    #[error("the attribute {0:?} is there twice")]
    Twice(String),
    /// It names no token.
    #[error("it names no token: say token= or serial=")]
    NoToken,
    /// It names no key.
    #[error("it names no key: say object= or id=")]
    NoKey,
}

/// Which token: what is not said may be anything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct TokenName {
    /// Its label.
    pub token: Option<String>,
    /// Its serial number.
    pub serial: Option<String>,
    /// Who made it.
    pub manufacturer: Option<String>,
    /// Its model.
    pub model: Option<String>,
}

/// A key in a token.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyUri {
    /// Which token.
    pub token: TokenName,
    /// The key's label (`CKA_LABEL`).
    pub object: Option<String>,
    /// The key's ID (`CKA_ID`).
    pub id: Option<Vec<u8>>,
}

impl TokenName {
    fn attributes(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let all = [("token", &self.token), ("serial", &self.serial), ("manufacturer", &self.manufacturer), ("model", &self.model)];
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.attributes().enumerate() {
            write!(f, "{}{name}={}", if index == 0 { "" } else { ";" }, utf8_percent_encode(value, ENCODED))?;
        }
        Ok(())
    }
}

impl fmt::Display for KeyUri {
    /// The URI, its attributes in one order.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkcs11:{}", self.token)?;
        if let Some(object) = &self.object {
            write!(f, ";object={}", utf8_percent_encode(object, ENCODED))?;
        }
        if let Some(id) = &self.id {
            f.write_str(";id=")?;
            id.iter().try_for_each(|byte| write!(f, "%{byte:02X}"))?;
        }
        Ok(())
    }
}

impl FromStr for KeyUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        if text.len() > LONGEST {
            return Err(UriError::Malformed);
        }
        let path = text.strip_prefix("pkcs11:").ok_or(UriError::Malformed)?;
        if path.contains('?') {
            return Err(UriError::Query);
        }
        let mut uri = Self { token: TokenName::default(), object: None, id: None };
        let mut kind = None;
        for attribute in path.split(';') {
            let (name, value) = attribute.split_once('=').ok_or(UriError::Malformed)?;
            let slot = match name {
                "token" => &mut uri.token.token,
                "serial" => &mut uri.token.serial,
                "manufacturer" => &mut uri.token.manufacturer,
                "model" => &mut uri.token.model,
                "object" => &mut uri.object,
                "type" => &mut kind,
                "id" => {
                    if uri.id.replace(decoded(value)?).is_some() {
                        return Err(UriError::Twice(name.to_owned()));
                    }
                    continue;
                }
                other => return Err(UriError::Attribute(other.chars().take(40).collect())),
            };
            let text = String::from_utf8(decoded(value)?).map_err(|_| UriError::Malformed)?;
            if slot.replace(text).is_some() {
                return Err(UriError::Twice(name.to_owned()));
            }
        }
        // What kind of key is wanted is known from what it is wanted for.
        if kind.is_some_and(|kind| kind != "private" && kind != "secret-key") {
            return Err(UriError::Attribute("type".to_owned()));
        }
        if uri.token.token.is_none() && uri.token.serial.is_none() {
            return Err(UriError::NoToken);
        }
        if uri.object.is_none() && uri.id.is_none() { Err(UriError::NoKey) } else { Ok(uri) }
    }
}

/// The bytes of a value, which has no sign that has to be encoded and is not, and no `%` without its two digits.
fn decoded(value: &str) -> Result<Vec<u8>, UriError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:[]@!$'()*+,=&%".contains(&byte);
    let bytes = value.as_bytes();
    let encoded = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%');
    let whole =
        encoded.map(|(at, _)| bytes.get(at + 1..at + 3)).all(|digits| digits.is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)));
    if value.is_empty() || !whole || !bytes.iter().all(|byte| allowed(*byte)) {
        return Err(UriError::Malformed);
    }
    Ok(percent_decode_str(value).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_uri_is_read_and_written_in_one_way() {
        let uri: KeyUri = "pkcs11:id=%00%ab%41;object=CA%20root;token=My%20token;type=private;serial=12%3B4".parse().unwrap();
        assert_eq!(uri.token.token.as_deref(), Some("My token"));
        assert_eq!(uri.token.serial.as_deref(), Some("12;4"));
        assert_eq!(uri.object.as_deref(), Some("CA root"));
        assert_eq!(uri.id.as_deref(), Some([0, 0xab, 0x41].as_slice()));
        assert_eq!(uri.to_string(), "pkcs11:token=My%20token;serial=12%3B4;object=CA%20root;id=%00%AB%41");
        assert_eq!(uri.to_string().parse::<KeyUri>().unwrap(), uri);
    }

    #[test]
    fn what_names_no_key_or_too_much_is_refused() {
        let refused = |text: &str| text.parse::<KeyUri>().unwrap_err();
        assert_eq!(refused("pkcs11:token=a;object=b?module-path=/tmp/evil.so"), UriError::Query);
        assert_eq!(refused("pkcs11:token=a;object=b?pin-value=1234"), UriError::Query);
        assert_eq!(refused("pkcs11:object=b"), UriError::NoToken);
        assert_eq!(refused("pkcs11:token=a"), UriError::NoKey);
        assert_eq!(refused("pkcs11:token=a;object=b;object=c"), UriError::Twice("object".to_owned()));
        assert_eq!(refused("pkcs11:token=a;object=b;library-description=c"), UriError::Attribute("library-description".to_owned()));
        assert_eq!(refused("pkcs11:token=a;object=b;type=cert"), UriError::Attribute("type".to_owned()));
        for text in
            ["", "token=a", "pkcs11:", "pkcs11:token", "pkcs11:token=a;object=%4", "pkcs11:token=a b;object=c", "pkcs11:token=%ff;object=c"]
        {
            assert_eq!(refused(text), UriError::Malformed, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_again(token in ".{1,40}", object in proptest::option::of(".{1,40}"), id in proptest::collection::vec(any::<u8>(), 1..40)) {
            let token = TokenName { token: Some(token), ..TokenName::default() };
            let uri = KeyUri { token, object, id: Some(id) };
            let text = uri.to_string();
            prop_assume!(text.len() <= LONGEST);
            prop_assert_eq!(text.parse::<KeyUri>().unwrap(), uri);
        }

        #[test]
        fn no_text_brings_it_down(text in "pkcs11:.{0,80}") {
            let _ = text.parse::<KeyUri>();
        }
    }
}
