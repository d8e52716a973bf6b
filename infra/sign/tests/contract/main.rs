//! One suite for every signer, with keys that real tools made and signatures that real tools check.

mod key_files;
#[cfg(feature = "kms")]
mod kms;
mod made_here;
mod ml_dsa;
mod refusals;
mod suite;
mod tools;
mod weak_keys;
mod x509;
