//! Signed messages: HTTP Message Signatures (RFC 9421) with Content-Digest (RFC 9530), WS-Security 1.1 with the X.509 token
//! profile, compact JWS (RFC 7515), SD-JWT (RFC 9901), and what crosses the hop between a broker and an owner's host.
//!
//! Every `verify_*` function returns a type with private fields that only it can make: what is read afterwards was
//! verified before.

mod evidence;
pub mod handover;
pub mod hop;
pub mod http_signature;
pub mod jws;
pub mod keys;
pub mod opening;
pub mod proven;
pub mod sd_jwt;
pub mod statement;
mod unique_map;
pub mod ws_security;

pub use evidence::Evidence;
pub use http_signature::{
    HttpEvidence, Parameters, SentRequest, SignError, VerifiedRequest, VerifiedResponse, sign_request, sign_response,
    verify_request, verify_response,
};
pub use keys::{KeyError, KeySource, TrustedKeys};
pub use opening::{Form, SentOpening};
pub use proven::{
    ProvenDecision, ProvenHandover, ProvenQuery, ProvenRefusal, prove_decision, prove_handover, prove_query,
    prove_refusal,
};
pub use sd_jwt::{OwnerClaims, SealedAnswer};
pub use ws_security::SoapEvidence;

#[cfg(test)]
mod testing;
