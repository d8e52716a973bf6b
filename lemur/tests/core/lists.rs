//! Lists of certificates.
