//! RSA numbers as OpenSSH keeps them, made into what the crypto library takes.
//!
//! OpenSSH leaves out d mod (p − 1) and d mod (q − 1). They are secret, so they are worked out in constant time.

use crypto_bigint::{BoxedUint, NonZero};
use pkcs1::UintRef;
use pkcs8::der::Encode;
use zeroize::{Zeroize, Zeroizing};

use super::KeyFileError;
use crate::weak;

/// The numbers of an OpenSSH RSA key: unsigned big-endian, without leading zeros.
pub(super) struct Numbers<'a> {
    pub(super) n: &'a [u8],
    pub(super) e: &'a [u8],
    pub(super) d: &'a [u8],
    /// q's inverse modulo p.
    pub(super) coefficient: &'a [u8],
    pub(super) p: &'a [u8],
    pub(super) q: &'a [u8],
}

/// Encodes RSAPrivateKey (RFC 8017, A.1.2). The library checks that the numbers belong together when it loads it.
pub(super) fn pkcs1(numbers: &Numbers<'_>) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    weak::check_rsa(numbers.n, numbers.e)?;
    let inconsistent = |_| KeyFileError::Inconsistent;
    let exponent1 = exponent(numbers.d, numbers.p)?;
    let exponent2 = exponent(numbers.d, numbers.q)?;
    let key = pkcs1::RsaPrivateKey {
        modulus: UintRef::new(numbers.n).map_err(inconsistent)?,
        public_exponent: UintRef::new(numbers.e).map_err(inconsistent)?,
        private_exponent: UintRef::new(numbers.d).map_err(inconsistent)?,
        prime1: UintRef::new(numbers.p).map_err(inconsistent)?,
        prime2: UintRef::new(numbers.q).map_err(inconsistent)?,
        exponent1: UintRef::new(&exponent1).map_err(inconsistent)?,
        exponent2: UintRef::new(&exponent2).map_err(inconsistent)?,
        coefficient: UintRef::new(numbers.coefficient).map_err(inconsistent)?,
        other_prime_infos: None,
    };
    Ok(Zeroizing::new(key.to_der().map_err(inconsistent)?))
}

/// d mod (p − 1).
fn exponent(d: &[u8], p: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    // A modulus has at most 1024 bytes by now, so no part of the key has more. An odd p is made p − 1 by clearing its last bit.
    let largest = weak::MAX_BITS / 8;
    if d.len() > largest || p.len() > largest || p.last().is_none_or(|last| last & 1 == 0) {
        return Err(KeyFileError::Inconsistent);
    }
    let mut less_one = Zeroizing::new(p.to_vec());
    if let Some(last) = less_one.last_mut() {
        *last &= 0xfe;
    }
    let mut d = boxed(d)?;
    let divisor = Option::from(NonZero::new(boxed(&less_one)?)).ok_or(KeyFileError::Inconsistent)?;
    let mut exponent = d.rem::<BoxedUint>(&divisor);
    d.zeroize();
    divisor.get().zeroize();
    let bytes = Zeroizing::new(exponent.to_be_bytes().into_vec());
    exponent.zeroize();
    Ok(bytes)
}

fn boxed(number: &[u8]) -> Result<BoxedUint, KeyFileError> {
    let bits = u32::try_from(8 * number.len().next_multiple_of(8)).map_err(|_| KeyFileError::Inconsistent)?;
    BoxedUint::from_be_slice(number, bits).map_err(|_| KeyFileError::Inconsistent)
}
