//! Certificates, revocation lists and OCSP answers, judged by OpenSSL and GnuTLS; requests and bundles, made by OpenSSL, GnuTLS and
//! Java's keytool.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bundles;
mod crls;
mod hostile;
mod ocsp;
mod paths;
mod requests;
mod world;
