//! X.509's encodings of keys, algorithms and signatures: SubjectPublicKeyInfo and AlgorithmIdentifier (RFC 5280, RFC 3279, RFC 4055,
//! RFC 5758, RFC 8410, RFC 9881) and the contents of signatures' bit strings.
//!
//! What is signed here is by one of the [`Algorithm`]s, and [`signature`] reads those back. What others signed may pair a hash with
//! a curve or a padding that this crate does not sign by: [`verify`] checks those as well. SHA-1 and MD5 are no signatures anywhere.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    ECDSA_P384_SHA512_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
    VerificationAlgorithm,
};
use pkcs8::der::asn1::{AnyRef, BitStringRef, UintRef};
use pkcs8::der::{Decode, Encode};
use pkcs8::spki::AlgorithmIdentifierRef;
use pkcs8::{ObjectIdentifier, SubjectPublicKeyInfoRef};

use crate::der;
use crate::public_key::PublicKey;
use crate::signature::{Algorithm, Signature};

const ECDSA_SHA256: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
const ECDSA_SHA384: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03";
const ECDSA_SHA512: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x04";
const RSA_SHA256: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00";
const RSA_SHA384: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c\x05\x00";
const RSA_SHA512: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d\x05\x00";
const EDDSA: &[u8] = b"\x30\x05\x06\x03\x2b\x65\x70";
const RSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const MGF1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.8");
const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");

/// Why a signature in an X.509 structure is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum X509SignatureError {
    /// Not an AlgorithmIdentifier.
    #[error("the signature's algorithm is malformed")]
    Malformed,
    /// An algorithm that is not accepted, or not with such a key.
    #[error("signatures by {name} are not accepted from a key of type {key}")]
    Unsupported {
        /// The algorithm's name, or its object identifier.
        name: String,
        /// What kind of key it would be of.
        key: String,
    },
    /// Another key, another message or a changed signature.
    #[error("the signature is not of this key over this message")]
    Mismatch,
}

impl PublicKey {
    /// The key as a DER-encoded SubjectPublicKeyInfo.
    #[must_use]
    pub fn to_spki_der(&self) -> Vec<u8> {
        let (oid, parameters, bits) = match self {
            Self::Ed25519(point) => (der::ED25519, None, point.to_vec()),
            Self::EcdsaP256(point) => (der::EC, Some(AnyRef::from(&der::P256)), point.to_vec()),
            Self::EcdsaP384(point) => (der::EC, Some(AnyRef::from(&der::P384)), point.to_vec()),
            Self::Rsa { n, e } => (der::RSA, Some(AnyRef::NULL), rsa_public_key(n, e)),
            Self::MlDsa(set, bytes) => (set.oid(), None, bytes.clone()),
        };
        let algorithm = AlgorithmIdentifierRef { oid, parameters };
        let subject_public_key = BitStringRef::from_bytes(&bits).expect("a key is shorter than the 256 MiB that DER ends at here");
        let info = SubjectPublicKeyInfoRef { algorithm, subject_public_key };
        info.to_der().expect("a key is shorter than the 256 MiB that DER ends at here")
    }
}

fn rsa_public_key(n: &[u8], e: &[u8]) -> Vec<u8> {
    let number = |bytes| UintRef::new(bytes).expect("a number is shorter than the 256 MiB that DER ends at here");
    let key = pkcs1::RsaPublicKey { modulus: number(n), public_exponent: number(e) };
    key.to_der().expect("a key is shorter than the 256 MiB that DER ends at here")
}

/// The DER-encoded AlgorithmIdentifier of signatures by `algorithm`.
#[must_use]
pub const fn algorithm_identifier(algorithm: Algorithm) -> &'static [u8] {
    match algorithm {
        Algorithm::Ed25519 => EDDSA,
        Algorithm::EcdsaP256Sha256 => ECDSA_SHA256,
        Algorithm::EcdsaP384Sha384 => ECDSA_SHA384,
        Algorithm::RsaPkcs1Sha256 => RSA_SHA256,
        Algorithm::RsaPkcs1Sha512 => RSA_SHA512,
        Algorithm::MlDsa(set) => set.identifier(),
    }
}

/// What an X.509 structure's bit string holds of a signature: ECDSA-Sig-Value for ECDSA, the bytes themselves for others.
#[must_use]
pub fn signature_value(signature: &Signature) -> Vec<u8> {
    match signature.algorithm() {
        Algorithm::EcdsaP256Sha256 | Algorithm::EcdsaP384Sha384 => der::ecdsa_value(signature.as_bytes()),
        Algorithm::Ed25519 | Algorithm::RsaPkcs1Sha256 | Algorithm::RsaPkcs1Sha512 | Algorithm::MlDsa(_) => signature.as_bytes().to_vec(),
    }
}

/// Reads a signature by one of the algorithms that this crate signs by: `None` if it is by another one, or malformed. `key` tells
/// apart what the identifier leaves open, which is the curve.
#[must_use]
pub fn signature(key: &PublicKey, identifier: &[u8], value: &[u8]) -> Option<Signature> {
    let algorithm = match (key, identifier) {
        (PublicKey::Ed25519(_), EDDSA) => Algorithm::Ed25519,
        (PublicKey::EcdsaP256(_), ECDSA_SHA256) => Algorithm::EcdsaP256Sha256,
        (PublicKey::EcdsaP384(_), ECDSA_SHA384) => Algorithm::EcdsaP384Sha384,
        (PublicKey::Rsa { .. }, RSA_SHA256) => Algorithm::RsaPkcs1Sha256,
        (PublicKey::Rsa { .. }, RSA_SHA512) => Algorithm::RsaPkcs1Sha512,
        (PublicKey::MlDsa(set, _), identifier) if identifier == set.identifier() => Algorithm::MlDsa(*set),
        _ => return None,
    };
    match algorithm {
        Algorithm::EcdsaP256Sha256 | Algorithm::EcdsaP384Sha384 => Signature::from_ecdsa_der(algorithm, value).ok(),
        _ => Signature::new(algorithm, value.to_vec()).ok(),
    }
}

/// Checks that `value` is a signature of `key`, which has been validated, over `message` by the algorithm of `identifier`: what
/// this crate signs by, ECDSA over SHA-256, SHA-384 or SHA-512 on either curve, and RSA with PKCS #1 v1.5 or PSS over the same hashes.
///
/// # Errors
/// [`X509SignatureError`] if it is not, or is by another algorithm.
pub fn verify(key: &PublicKey, identifier: &[u8], message: &[u8], value: &[u8]) -> Result<(), X509SignatureError> {
    let checked = match key {
        PublicKey::Ed25519(point) if identifier == EDDSA => UnparsedPublicKey::new(&ED25519, point).verify(message, value),
        PublicKey::EcdsaP256(point) => {
            let algorithm: &dyn VerificationAlgorithm = match identifier {
                ECDSA_SHA256 => &ECDSA_P256_SHA256_ASN1,
                ECDSA_SHA384 => &ECDSA_P256_SHA384_ASN1,
                ECDSA_SHA512 => &ECDSA_P256_SHA512_ASN1,
                _ => return Err(unsupported(key, identifier)),
            };
            algorithm.verify_sig(point, message, value)
        }
        PublicKey::EcdsaP384(point) => {
            let algorithm: &dyn VerificationAlgorithm = match identifier {
                ECDSA_SHA256 => &ECDSA_P384_SHA256_ASN1,
                ECDSA_SHA384 => &ECDSA_P384_SHA384_ASN1,
                ECDSA_SHA512 => &ECDSA_P384_SHA512_ASN1,
                _ => return Err(unsupported(key, identifier)),
            };
            algorithm.verify_sig(point, message, value)
        }
        PublicKey::Rsa { n, e } => {
            let parameters = rsa_parameters(identifier).ok_or_else(|| unsupported(key, identifier))?;
            RsaPublicKeyComponents { n, e }.verify(parameters, message, value)
        }
        PublicKey::MlDsa(set, bytes) if identifier == set.identifier() => set.verification().verify_sig(bytes, message, value),
        PublicKey::Ed25519(_) | PublicKey::MlDsa(..) => return Err(unsupported(key, identifier)),
    };
    checked.map_err(|_| X509SignatureError::Mismatch)
}

fn rsa_parameters(identifier: &[u8]) -> Option<&'static RsaParameters> {
    match identifier {
        RSA_SHA256 => Some(&RSA_PKCS1_2048_8192_SHA256),
        RSA_SHA384 => Some(&RSA_PKCS1_2048_8192_SHA384),
        RSA_SHA512 => Some(&RSA_PKCS1_2048_8192_SHA512),
        _ => pss_parameters(identifier),
    }
}

/// RSASSA-PSS with one hash for the message and the mask, and a salt as long as it.
fn pss_parameters(identifier: &[u8]) -> Option<&'static RsaParameters> {
    let identifier = AlgorithmIdentifierRef::from_der(identifier).ok()?;
    if identifier.oid != RSA_PSS {
        return None;
    }
    let pss = identifier.parameters?.to_der().ok()?;
    let pss = pkcs1::RsaPssParams::try_from(pss.as_slice()).ok()?;
    let mask_hash = pss.mask_gen.parameters.filter(|_| pss.mask_gen.oid == MGF1)?.oid;
    if mask_hash != pss.hash.oid {
        return None;
    }
    match (pss.hash.oid, pss.salt_len) {
        (SHA256, 32) => Some(&RSA_PSS_2048_8192_SHA256),
        (SHA384, 48) => Some(&RSA_PSS_2048_8192_SHA384),
        (SHA512, 64) => Some(&RSA_PSS_2048_8192_SHA512),
        _ => None,
    }
}

fn unsupported(key: &PublicKey, identifier: &[u8]) -> X509SignatureError {
    match AlgorithmIdentifierRef::from_der(identifier) {
        Ok(found) => X509SignatureError::Unsupported { name: algorithm_name(found.oid), key: key.to_string() },
        Err(_) => X509SignatureError::Malformed,
    }
}

/// What people call the signature algorithm of a DER-encoded AlgorithmIdentifier, or its object identifier.
///
/// # Errors
/// [`X509SignatureError::Malformed`] if it is none.
pub fn signature_algorithm_name(identifier: &[u8]) -> Result<String, X509SignatureError> {
    AlgorithmIdentifierRef::from_der(identifier).map(|found| algorithm_name(found.oid)).map_err(|_| X509SignatureError::Malformed)
}

fn algorithm_name(oid: ObjectIdentifier) -> String {
    let known = match oid.to_string().as_str() {
        "1.2.840.10045.4.1" => "ecdsa-with-SHA1",
        "1.2.840.10045.4.3.1" => "ecdsa-with-SHA224",
        "1.2.840.10045.4.3.2" => "ecdsa-with-SHA256",
        "1.2.840.10045.4.3.3" => "ecdsa-with-SHA384",
        "1.2.840.10045.4.3.4" => "ecdsa-with-SHA512",
        "1.2.840.113549.1.1.4" => "md5WithRSAEncryption",
        "1.2.840.113549.1.1.5" => "sha1WithRSAEncryption",
        "1.2.840.113549.1.1.10" => "RSASSA-PSS",
        "1.2.840.113549.1.1.11" => "sha256WithRSAEncryption",
        "1.2.840.113549.1.1.12" => "sha384WithRSAEncryption",
        "1.2.840.113549.1.1.13" => "sha512WithRSAEncryption",
        "1.3.101.112" => "Ed25519",
        _ => return crate::MlDsa::of_oid(oid).map_or_else(|| der::name(oid), |set| set.name().to_owned()),
    };
    known.to_owned()
}
