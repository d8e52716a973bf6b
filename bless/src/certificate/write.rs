//! Writing a certificate: from what an authority means to the bytes that are signed, and from those and a signature
//! to the certificate and its line of text. Layout: OpenSSH's `PROTOCOL.certkeys` and `PROTOCOL.u2f`. Nothing is
//! judged here but sizes; [`super::check`] is the judge, and it reads with other code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::options::{CriticalOptions, Extensions};
use super::{Kind, MAX_CERTIFICATE};
use crate::subject_key::{KeyType, SubjectKey};

/// What an authority means to certify.
#[derive(Debug, Clone)]
pub struct Template<'a> {
    /// User or host.
    pub kind: Kind,
    /// The key that is certified.
    pub subject: &'a SubjectKey,
    /// A number that no other certificate of this authority has.
    pub serial: u64,
    /// What servers log of this certificate.
    pub key_id: &'a str,
    /// Account or host names.
    pub principals: Vec<String>,
    /// The first second of validity, since 1970 UTC.
    pub valid_after: u64,
    /// The first second after validity, since 1970 UTC; `u64::MAX` for ever.
    pub valid_before: u64,
    /// What a server must understand and enforce.
    pub critical_options: CriticalOptions,
    /// What a server may grant.
    pub extensions: Extensions,
    /// Fresh randomness, so that nobody who asks can choose the signed bytes.
    pub nonce: [u8; 32],
}

/// The bytes that the authority signs.
#[derive(Debug, Clone)]
pub struct ToBeSigned {
    bytes: Vec<u8>,
    type_name: &'static str,
}

/// A whole certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCertificate {
    blob: Vec<u8>,
    type_name: &'static str,
}

/// Why a certificate cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// More than [`MAX_CERTIFICATE`] bytes.
    #[error("the certificate would have {size} bytes: at most 65536 are allowed")]
    TooLarge {
        /// The size that it would have.
        size: usize,
    },
    /// A line break or another control character in the comment would end the line of text.
    #[error("the certificate's comment has a control character")]
    Comment,
}

/// Room for a signature of the largest key, an RSA key of 16384 bits, so that finishing does not move the bytes.
const SIGNATURE_ROOM: usize = 4 + 64 + 16384 / 8;

impl Template<'_> {
    /// The bytes to sign, given the authority's public key as an SSH key blob.
    ///
    /// # Errors
    /// The certificate would be larger than [`MAX_CERTIFICATE`].
    pub fn to_be_signed(&self, ca_public_key: &[u8]) -> Result<ToBeSigned, WriteError> {
        let type_name = type_name(self.subject.key_type());
        let size = self.size(type_name, ca_public_key);
        if size > MAX_CERTIFICATE {
            return Err(WriteError::TooLarge { size });
        }
        let mut out = Writer(Vec::with_capacity(size + SIGNATURE_ROOM.min(ca_public_key.len() + 128)));
        out.string(type_name.as_bytes());
        out.string(&self.nonce);
        out.raw(self.subject.fields());
        out.raw(&self.serial.to_be_bytes());
        out.raw(&kind_number(self.kind).to_be_bytes());
        out.string(self.key_id.as_bytes());
        out.nested(|out| self.principals.iter().for_each(|name| out.string(name.as_bytes())));
        out.raw(&self.valid_after.to_be_bytes());
        out.raw(&self.valid_before.to_be_bytes());
        out.nested(|out| self.critical_options.entries().for_each(|(name, value)| out.option(name, value)));
        out.nested(|out| self.extensions.iter().for_each(|extension| out.option(extension.name(), extension.value())));
        out.string(b"");
        out.string(ca_public_key);
        Ok(ToBeSigned { bytes: out.0, type_name })
    }

    /// An upper bound of the size, so that every length below it fits 32 bits.
    fn size(&self, type_name: &str, ca_public_key: &[u8]) -> usize {
        let option = |name: &str, value: Option<&str>| 12 + name.len() + value.map_or(0, str::len);
        let principals: usize = self.principals.iter().map(|name| 4 + name.len()).sum();
        let critical: usize = self.critical_options.entries().map(|(name, value)| option(name, value)).sum();
        let extensions: usize = self.extensions.iter().map(|extension| option(extension.name(), extension.value())).sum();
        let fixed = 4 + 36 + 8 + 4 + 4 + 4 + 8 + 8 + 4 + 4 + 4 + 4;
        fixed + type_name.len() + self.subject.fields().len() + self.key_id.len() + principals + critical + extensions + ca_public_key.len()
    }
}

impl ToBeSigned {
    /// The bytes to sign.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The certificate, given the signature as an SSH signature blob.
    ///
    /// # Errors
    /// The certificate would be larger than [`MAX_CERTIFICATE`].
    pub fn finish(self, signature_blob: &[u8]) -> Result<SignedCertificate, WriteError> {
        let size = self.bytes.len() + 4 + signature_blob.len();
        if size > MAX_CERTIFICATE {
            return Err(WriteError::TooLarge { size });
        }
        let mut out = Writer(self.bytes);
        out.string(signature_blob);
        Ok(SignedCertificate { blob: out.0, type_name: self.type_name })
    }
}

impl SignedCertificate {
    /// The binary form.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.blob
    }

    /// The certificate's type, `ssh-ed25519-cert-v01@openssh.com` and the like.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// The line `TYPE BASE64 COMMENT`, without a line break; an empty comment leaves two fields.
    ///
    /// # Errors
    /// A control character in the comment.
    pub fn to_line(&self, comment: &str) -> Result<String, WriteError> {
        if comment.chars().any(char::is_control) {
            return Err(WriteError::Comment);
        }
        let mut line = String::with_capacity(self.type_name.len() + self.blob.len().div_ceil(3) * 4 + comment.len() + 2);
        line.push_str(self.type_name);
        line.push(' ');
        STANDARD.encode_string(&self.blob, &mut line);
        if !comment.is_empty() {
            line.push(' ');
            line.push_str(comment);
        }
        Ok(line)
    }
}

fn type_name(key: KeyType) -> &'static str {
    match key {
        KeyType::Ed25519 => "ssh-ed25519-cert-v01@openssh.com",
        KeyType::EcdsaP256 => "ecdsa-sha2-nistp256-cert-v01@openssh.com",
        KeyType::EcdsaP384 => "ecdsa-sha2-nistp384-cert-v01@openssh.com",
        KeyType::EcdsaP521 => "ecdsa-sha2-nistp521-cert-v01@openssh.com",
        KeyType::SkEd25519 => "sk-ssh-ed25519-cert-v01@openssh.com",
        KeyType::SkEcdsaP256 => "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com",
        KeyType::Rsa => "ssh-rsa-cert-v01@openssh.com",
    }
}

fn kind_number(kind: Kind) -> u32 {
    match kind {
        Kind::User => 1,
        Kind::Host => 2,
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn length(length: usize) -> [u8; 4] {
        u32::try_from(length).expect("the whole is at most 64 KiB").to_be_bytes()
    }

    fn string(&mut self, bytes: &[u8]) {
        self.raw(&Self::length(bytes.len()));
        self.raw(bytes);
    }

    /// A string whose content `fill` writes.
    fn nested(&mut self, fill: impl FnOnce(&mut Self)) {
        let at = self.0.len();
        self.raw(&[0; 4]);
        fill(self);
        let length = Self::length(self.0.len() - at - 4);
        self.0[at..at + 4].copy_from_slice(&length);
    }

    /// An option's value is a string inside a string; a flag's is an empty string.
    fn option(&mut self, name: &str, value: Option<&str>) {
        self.string(name.as_bytes());
        self.nested(|out| {
            if let Some(value) = value {
                out.string(value.as_bytes());
            }
        });
    }
}
