//! Finding a key in a token, and what is public of it.

use cryptoki::mechanism::MechanismType;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};

use crate::error::Pkcs11Error;
use crate::key::PublicHalf;
use crate::pool::LoggedIn;
use crate::uri::KeyUri;

/// A private key that signs.
pub(crate) struct Found {
    pub(crate) handle: ObjectHandle,
    pub(crate) public: PublicHalf,
}

/// The one private key that the URI names.
pub(crate) fn signing_key(open: &LoggedIn, uri: &KeyUri) -> Result<Found, Pkcs11Error> {
    let handle = one(open, uri, ObjectClass::PRIVATE_KEY, "private key")?;
    let unusable = |reason| Pkcs11Error::Key { key: Box::new(uri.clone()), reason };
    let wanted = [AttributeType::KeyType, AttributeType::Sign, AttributeType::AlwaysAuthenticate, AttributeType::Id, AttributeType::Label];
    let (mut kind, mut id, mut label) = (None, None, None);
    for attribute in open.session.get_attributes(handle, &wanted)? {
        match attribute {
            Attribute::KeyType(found) => kind = Some(found),
            Attribute::Sign(false) => return Err(unusable("it is not for signing (CKA_SIGN)")),
            Attribute::AlwaysAuthenticate(true) => return Err(unusable("it wants the PIN for each signature (CKA_ALWAYS_AUTHENTICATE)")),
            Attribute::Id(found) if !found.is_empty() => id = Some(found),
            Attribute::Label(found) => label = Some(found),
            _ => {}
        }
    }
    // RSA's numbers may stand with the private key; points stand with the public one, which has the same ID or, without one, the same label.
    let same = match (id, label) {
        (Some(id), _) => Attribute::Id(id),
        (None, Some(label)) => Attribute::Label(label),
        (None, None) => return Err(unusable("it has neither ID nor label, by which its public half could be found")),
    };
    let template = [Attribute::Class(ObjectClass::PUBLIC_KEY), Attribute::Token(true), same];
    let publics = open.session.find_objects(&template)?;
    let public = match kind {
        Some(KeyType::RSA) => {
            let source = publics.first().copied().unwrap_or(handle);
            rsa(open, source)?.ok_or_else(|| unusable("its modulus and exponent are not to be had"))?
        }
        Some(KeyType::EC | KeyType::EC_EDWARDS) => {
            let source = match publics[..] {
                [public] => public,
                [] => return Err(unusable("its public key is not in the token")),
                _ => return Err(unusable("there are several public keys of its ID")),
            };
            let edwards = kind == Some(KeyType::EC_EDWARDS);
            point(open, source, edwards)?.ok_or_else(|| unusable("its point and curve are not to be had"))?
        }
        _ => return Err(unusable("it is no key of RSA, ECDSA or Ed25519")),
    };
    Ok(Found { handle, public })
}

/// The one AES-256 key that the URI names.
pub(crate) fn secret_key(open: &LoggedIn, uri: &KeyUri) -> Result<ObjectHandle, Pkcs11Error> {
    let handle = one(open, uri, ObjectClass::SECRET_KEY, "secret key")?;
    let unusable = |reason| Pkcs11Error::Key { key: Box::new(uri.clone()), reason };
    let (mut is_aes, mut bytes) = (false, None);
    for attribute in open.session.get_attributes(handle, &[AttributeType::KeyType, AttributeType::ValueLen])? {
        match attribute {
            Attribute::KeyType(found) => is_aes = found == KeyType::AES,
            Attribute::ValueLen(found) => bytes = Some(*found),
            _ => {}
        }
    }
    if !is_aes || bytes.is_some_and(|bytes| bytes != 32) {
        return Err(unusable("it is no AES key of 256 bits"));
    }
    Ok(handle)
}

/// Whether a token signs what has its padding's prefix already.
pub(crate) fn signs_digest_info(open: &LoggedIn) -> Result<bool, Pkcs11Error> {
    let offered = open.context.get_mechanism_list(open.slot)?;
    Ok(offered.contains(&MechanismType::RSA_PKCS) && open.context.get_mechanism_info(open.slot, MechanismType::RSA_PKCS)?.sign())
}

fn one(open: &LoggedIn, uri: &KeyUri, class: ObjectClass, kind: &'static str) -> Result<ObjectHandle, Pkcs11Error> {
    let mut template = vec![Attribute::Class(class), Attribute::Token(true)];
    template.extend(uri.object.as_ref().map(|label| Attribute::Label(label.as_bytes().to_vec())));
    template.extend(uri.id.as_ref().map(|id| Attribute::Id(id.clone())));
    match open.session.find_objects(&template)?[..] {
        [handle] => Ok(handle),
        [] => Err(Pkcs11Error::NoKey { key: Box::new(uri.clone()), kind }),
        ref several => Err(Pkcs11Error::ManyKeys { key: Box::new(uri.clone()), count: several.len() }),
    }
}

fn rsa(open: &LoggedIn, key: ObjectHandle) -> Result<Option<PublicHalf>, Pkcs11Error> {
    let (mut modulus, mut exponent) = (None, None);
    for attribute in open.session.get_attributes(key, &[AttributeType::Modulus, AttributeType::PublicExponent])? {
        match attribute {
            Attribute::Modulus(found) => modulus = Some(without_zeros(&found)),
            Attribute::PublicExponent(found) => exponent = Some(without_zeros(&found)),
            _ => {}
        }
    }
    Ok(modulus.zip(exponent).map(|(n, e)| PublicHalf::Rsa { n, e }))
}

fn point(open: &LoggedIn, key: ObjectHandle, edwards: bool) -> Result<Option<PublicHalf>, Pkcs11Error> {
    let (mut curve, mut point) = (None, None);
    for attribute in open.session.get_attributes(key, &[AttributeType::EcParams, AttributeType::EcPoint])? {
        match attribute {
            Attribute::EcParams(found) => curve = Some(found),
            Attribute::EcPoint(found) => point = Some(unwrapped(&found)),
            _ => {}
        }
    }
    Ok(curve.zip(point).map(|(curve, point)| if edwards { PublicHalf::Edwards { curve, point } } else { PublicHalf::Ec { curve, point } }))
}

/// A point is an OCTET STRING (PKCS #11 2.40, 2.3.3); some tokens give its contents alone.
fn unwrapped(value: &[u8]) -> Vec<u8> {
    match value {
        [4, length, point @ ..] if *length < 0x80 && usize::from(*length) == point.len() => point.to_vec(),
        [4, 0x81, length, point @ ..] if usize::from(*length) == point.len() => point.to_vec(),
        bare => bare.to_vec(),
    }
}

fn without_zeros(number: &[u8]) -> Vec<u8> {
    number.iter().copied().skip_while(|byte| *byte == 0).collect()
}
