//! Answers about revocation (RFC 6960, with the nonces of RFC 8954 and the addresses of RFC 5019): whether a certificate is
//! revoked, now, by the word of the authority that issued it.

mod error;
mod request;
mod responder;
mod response;
mod verify;

pub use error::{OcspError, ResponderError};
pub use request::{CertId, IdHash, MAX_REQUEST_BYTES, MAX_REQUESTS, OcspRequest, from_path, to_path};
pub use responder::{Answered, Responder, State};
pub use response::{CertificateStatus, MAX_RESPONSE_BYTES, Reason, Refusal, Single};
pub use verify::{Proved, verify_answer, verify_stored};

/// `application/ocsp-request` (RFC 6960 appendix A.1).
pub const REQUEST_MEDIA_TYPE: &str = "application/ocsp-request";
/// `application/ocsp-response`.
pub const RESPONSE_MEDIA_TYPE: &str = "application/ocsp-response";
