//! Where verifiers find what they need about a certificate: authority information access (RFC 5280, 4.2.2.1) and CRL distribution
//! points (4.2.1.13). An authority has them; the CRL is that of the shard that a certificate is assigned to.

use serde::{Deserialize, Serialize};

use crate::name::Uri;

/// URLs that go into certificates. They are plain HTTP (RFC 5280 warns of HTTPS there: fetching would need a certificate).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Places {
    /// OCSP responders.
    pub ocsp: Vec<Uri>,
    /// The issuer's own certificate, in DER.
    pub issuers: Vec<Uri>,
    /// The revocation list that covers the certificate, the same list at each URL.
    pub crl: Vec<Uri>,
}

impl Places {
    /// No place at all.
    pub const NONE: Self = Self { ocsp: Vec::new(), issuers: Vec::new(), crl: Vec::new() };
}
