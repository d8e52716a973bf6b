//! Certificate requests (PKCS #10, RFC 2986). Of a request lemur takes the public key, which must have signed it, and the names that it
//! asks for. Extensions other than the subject alternative name, basic constraints above all, are passed over unread: what a certificate
//! says comes from its profile.

mod read;
mod write;

pub use read::{Csr, CsrError, MAX_CSR_BYTES, MAX_CSR_NAMES};
pub use write::RequestTemplate;
