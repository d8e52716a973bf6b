//! OCSP (RFC 6960, in the profile of RFC 5019): requests are read, and answers built ahead of them, one for each certificate, signed by a
//! responder that the authority delegated. No request makes a key sign: what was asked picks an answer that stands.
//!
//! Hence a nonce is read and not echoed, which both RFCs allow a server that answers ahead; and a request about several certificates
//! is refused, as no answer stands that covers them.

mod id;
mod request;
mod response;

pub use id::{CertId, HashKind, IssuerIds};
pub use request::{MAX_REQUEST_BYTES, RequestError, parse_request, parse_request_path};
pub use response::{Answer, OcspError, OcspToBeSigned, Refusal, Status};
