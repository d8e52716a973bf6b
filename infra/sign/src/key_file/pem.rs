//! The text form of keys: RFC 7468's, with RFC 1421's headers, which encrypted PKCS #1 and SEC 1 files have.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::KeyFileError;

/// The first block of a file.
pub(super) struct Block<'a> {
    pub(super) label: &'a str,
    pub(super) headers: Vec<(&'a str, &'a str)>,
    pub(super) body: Zeroizing<Vec<u8>>,
}

const MALFORMED: KeyFileError = KeyFileError::Malformed { form: "PEM", reason: "the text is cut or is not base64" };

/// Reads the first block, past the curve parameters that `openssl ecparam` puts in front of a key.
pub(super) fn read(text: &str) -> Result<Block<'_>, KeyFileError> {
    let mut lines = text.lines().map(str::trim);
    loop {
        let Some(label) = lines.by_ref().find_map(|line| line.strip_prefix("-----BEGIN ")?.strip_suffix("-----")) else {
            return Err(what_else(text));
        };
        let end = format!("-----END {label}-----");
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != end).collect();
        if label == "EC PARAMETERS" {
            continue;
        }
        if !text.contains(&end) {
            return Err(MALFORMED);
        }
        return read_block(label, &block);
    }
}

fn read_block<'a>(label: &'a str, lines: &[&'a str]) -> Result<Block<'a>, KeyFileError> {
    let headers: Vec<(&str, &str)> =
        lines.iter().map_while(|line| line.split_once(':')).map(|(name, value)| (name.trim(), value.trim())).collect();
    let mut base64 = Zeroizing::new(String::with_capacity(lines.iter().map(|line| line.len()).sum()));
    for line in &lines[headers.len()..] {
        base64.extend(line.split_whitespace());
    }
    let mut body = Zeroizing::new(vec![0; base64.len()]);
    let len = STANDARD.decode_slice(base64.as_bytes(), &mut body).map_err(|_| MALFORMED)?;
    body.truncate(len);
    Ok(Block { label, headers, body })
}

/// What a text without a block is.
fn what_else(text: &str) -> KeyFileError {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#')).unwrap_or("");
    let kind = line.split_whitespace().next().unwrap_or("");
    let known = ["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-", "rsa-sha2-"].iter().any(|prefix| kind.starts_with(prefix));
    if known && kind.contains("-cert-v") {
        KeyFileError::Certificate
    } else if known || line.starts_with("---- BEGIN SSH2 PUBLIC KEY") {
        KeyFileError::PublicKey
    } else {
        KeyFileError::NotAKey
    }
}
