//! HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530).
//!
//! The signature base is built from the parameters as received: their order is the signer's. A message carries exactly
//! one signature, and everything that Möhür reads from it is covered.

mod base;
mod component;
mod content_digest;
mod evidence;
mod input;
mod message;
mod request;
mod response;

pub use base::signature_base;
pub use component::Component;
pub use content_digest::{content_digest, verify_content_digest};
pub use evidence::{EvidenceBase, HttpEvidence, verify_evidence};
pub use input::{Parameters, SignatureInput, read_signature};
pub use message::{Message, RequestView, normal_authority};
pub(crate) use request::verify_legs_contain;
pub use request::{SentRequest, SignError, VerifiedRequest, sign_request, verify_request};
pub use response::{VerifiedResponse, sign_response, verify_response};

/// The headers of Möhür, all lower case.
pub mod header {
    /// Who asks: a `MemberId`.
    pub const CLIENT: &str = "mohur-client";
    /// What is asked: a `ServiceId`, or for a bundle `definition@version`.
    pub const SERVICE: &str = "mohur-service";
    /// The message's id.
    pub const ID: &str = "mohur-id";
    /// A bundle's digests, one a leg: a list of byte sequences.
    pub const LEGS: &str = "mohur-legs";
    /// The receipt of the log, never covered: it proves itself.
    pub const RECEIPT: &str = "mohur-receipt";
    /// The receipt of the broker that decided, where that is not the caller's own: the home broker covers it.
    pub const PROVIDER_RECEIPT: &str = "mohur-provider-receipt";
    /// RFC 9530.
    pub const CONTENT_DIGEST: &str = "content-digest";
    /// RFC 9421 §4.1.
    pub const SIGNATURE_INPUT: &str = "signature-input";
    /// RFC 9421 §4.2.
    pub const SIGNATURE: &str = "signature";
    /// Every header of ours begins like this, and must be covered where it is present (but for the receipt).
    pub(crate) const OURS: &str = "mohur-";
}

/// The label of our own signatures.
const LABEL: &str = "mohur";

#[cfg(test)]
mod tests;
