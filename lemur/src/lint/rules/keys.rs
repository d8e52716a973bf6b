//! Lints on the public key (RFC 3279, 4055, 5480, 8410, 9881; BR 6.1.1.3, 6.1.5 and 6.1.6).

use aws_lc_rs::digest::{SHA256, digest};
use menagerie_sign::weak::WeakRsa;

use super::super::context::Context;
use super::super::definition::{Kind, Lint, Say, br, of};
use super::super::key::{self, Exponent};
use super::super::oid;
use super::super::tlv::tag;

pub(super) static LINTS: &[Lint] = &[
    Lint::error("rfc3279-rsa-parameters", of("RFC 3279", "2.3.1"), "An RSA key's parameters are NULL.", |c, say| {
        let algorithm = &c.certificate.key.algorithm;
        if algorithm.oid == oid::RSA && algorithm.parameters.is_none_or(|parameters| parameters.tag != tag::NULL) {
            say("the parameters are not NULL".to_owned());
        }
    }),
    Lint::error("rfc3279-rsa-malformed", of("RFC 3279", "2.3.1"), "An RSA key is a modulus and an exponent, both positive.", |c, say| {
        if c.certificate.key.algorithm.oid == oid::RSA {
            match key::rsa(&c.certificate.key) {
                Ok(rsa) if rsa.negative => say("the modulus or the exponent is negative".to_owned()),
                Ok(_) => {}
                Err(broken) => say(broken.to_string()),
            }
        }
    }),
    Lint::error("key-rsa-size", br("6.1.5"), "An RSA modulus has at least 2048 bits, and no more than programs verify with.", |c, say| {
        weak_rsa(c, say, |weak| matches!(weak, WeakRsa::TooSmall { .. } | WeakRsa::TooLarge { .. }));
    }),
    Lint::error("key-rsa-exponent", br("6.1.6"), "An RSA exponent is an odd number, and at least 3.", |c, say| {
        exponent(c, say, Exponent::Wrong);
    }),
    Lint::warning("key-rsa-exponent-range", br("6.1.6"), "An RSA exponent is from 65537 to 2^256 - 1.", |c, say| {
        exponent(c, say, Exponent::Unusual);
    }),
    Lint::error("key-rsa-factor", br("6.1.6"), "An RSA modulus is odd, no prime, and has no factor below 752.", |c, say| {
        weak_rsa(c, say, |weak| matches!(weak, WeakRsa::Even | WeakRsa::SmallFactor(_) | WeakRsa::Prime));
    }),
    Lint::error("key-rsa-roca", br("6.1.1.3"), "An RSA key was not made by the ROCA library.", |c, say| {
        weak_rsa(c, say, |weak| matches!(weak, WeakRsa::Roca));
    }),
    Lint::error("key-rsa-fermat", br("6.1.1.3"), "Fermat's method does not find an RSA key's factors.", |c, say| {
        weak_rsa(c, say, |weak| matches!(weak, WeakRsa::FermatClose));
    }),
    Lint::error("key-compromised", br("6.1.1.3"), "The private key is not known to others.", |c, say| {
        if let Some(known) = c.claims.compromised {
            let hash = digest(&SHA256, c.certificate.key.raw);
            if known.iter().next().is_some() && <[u8; 32]>::try_from(hash.as_ref()).is_ok_and(|hash| known.contains(&hash)) {
                say(format!("the key with SHA-256 {} is known to be compromised: make a new one", hex::encode(hash.as_ref())));
            }
        }
    }),
    Lint::error("rfc5480-named-curve", of("RFC 5480", "2.1.1"), "An EC key's curve is given by its name.", |c, say| {
        if c.certificate.key.algorithm.oid == oid::EC && key::curve(&c.certificate.key).is_none() {
            say("the parameters are not a curve's name".to_owned());
        }
    }),
    Lint::error(
        "rfc5480-point",
        of("RFC 5480", "2.2"),
        "An EC key is an uncompressed or compressed point of its curve's size.",
        |c, say| {
            let Some(curve) = key::curve(&c.certificate.key) else { return };
            let point = c.certificate.key.key.bytes;
            let right = match (key::coordinate(curve), point.first()) {
                (Some(size), Some(4)) => point.len() == 1 + 2 * size,
                (Some(size), Some(2 | 3)) => point.len() == 1 + size,
                (None, Some(_)) => true,
                _ => false,
            };
            if !right {
                say(format!("a point of {} bytes that starts with {:?} on {}", point.len(), point.first(), oid::name(curve)));
            }
        },
    ),
    Lint::warning("rfc5480-compressed", of("RFC 5480", "2.2"), "An EC key is uncompressed, as programs expect it.", |c, say| {
        if key::curve(&c.certificate.key).is_some() && matches!(c.certificate.key.key.bytes.first(), Some(2 | 3)) {
            say("the point is compressed".to_owned());
        }
    }),
    Lint::error("key-not-on-curve", br("6.1.6"), "A P-256, P-384 or Ed25519 key is a point of its curve, of large order.", |c, say| {
        if let Some(fault) = key::off_curve(&c.certificate.key) {
            say(fault.to_string());
        }
    }),
    Lint::error(
        "rfc8410-parameters",
        of("RFC 8410", "3"),
        "An Ed25519, Ed448, X25519 or X448 key, or one of NIST's new ones, has no parameters.",
        |c, say| {
            let algorithm = &c.certificate.key.algorithm;
            let curve = [oid::ED25519, oid::ED448, oid::X25519, oid::X448].contains(&algorithm.oid);
            if (curve || is_post_quantum(algorithm.oid)) && algorithm.parameters.is_some() {
                say(format!("the {} key has parameters", oid::name(algorithm.oid)));
            }
        },
    ),
    Lint::error("rfc8410-length", of("RFC 8410", "4"), "A key has its algorithm's length.", |c, say| {
        let info = &c.certificate.key;
        if let Some(length) = key::raw_length(info.algorithm.oid)
            && (info.key.bytes.len() != length || info.key.unused != 0)
        {
            say(format!("the {} key has {} bytes", oid::name(info.algorithm.oid), info.key.bytes.len()));
        }
    }),
    Lint::error("rfc9881-prehash-ca", of("RFC 9881", "5"), "A CA's key is not of a pre-hashing algorithm.", |c, say| {
        if let Some([32..=46]) = c.certificate.key.algorithm.oid.strip_prefix(oid::NIST_SIGNATURES) {
            say(format!("the key is of {}", oid::name(c.certificate.key.algorithm.oid)));
        }
    })
    .of(&[Kind::Root, Kind::Intermediate]),
    Lint::warning("key-unknown", of("RFC 5280", "4.1.2.7"), "The key is of an algorithm that is known here.", |c, say| {
        let algorithm = c.certificate.key.algorithm.oid;
        let curve = key::curve(&c.certificate.key);
        if oid::known(algorithm).is_none() && !is_post_quantum(algorithm) {
            say(format!("the key is of {}", oid::name(algorithm)));
        } else if let Some(curve) = curve.filter(|curve| key::coordinate(curve).is_none()) {
            say(format!("the key is on {}", oid::name(curve)));
        }
    }),
];

/// The lint that finds an RSA key of this weakness.
pub(crate) const fn of_weak_rsa(weak: &WeakRsa) -> &'static str {
    match weak {
        WeakRsa::TooSmall { .. } | WeakRsa::TooLarge { .. } => "key-rsa-size",
        WeakRsa::Exponent => "key-rsa-exponent",
        WeakRsa::Even | WeakRsa::SmallFactor(_) | WeakRsa::Prime => "key-rsa-factor",
        WeakRsa::Roca => "key-rsa-roca",
        WeakRsa::FermatClose => "key-rsa-fermat",
    }
}

fn is_post_quantum(algorithm: &[u8]) -> bool {
    matches!(algorithm.strip_prefix(oid::NIST_SIGNATURES), Some([17..=46]))
        || matches!(algorithm.strip_prefix(oid::NIST_KEMS), Some([1..=3]))
}

fn weak_rsa(c: &Context<'_>, say: &mut Say<'_>, is_it: fn(&WeakRsa) -> bool) {
    if let Some(weak) = c.weak_rsa.filter(is_it) {
        say(weak.to_string());
    }
}

fn exponent(c: &Context<'_>, say: &mut Say<'_>, is_it: Exponent) {
    if c.certificate.key.algorithm.oid == oid::RSA
        && let Ok(rsa) = key::rsa(&c.certificate.key)
        && key::exponent(&rsa) == is_it
    {
        say(format!("the exponent is 0x{}", hex::encode(&rsa.exponent[..rsa.exponent.len().min(40)])));
    }
}
