//! WS-Security 1.1 with the X.509 certificate token profile, strictly.
//!
//! One parse: what is verified are nodes of the tree that is read afterwards, and [`VerifiedEnvelope`] gives out no others.
//! One signature, over Body and Timestamp and whatever else stands in its own place; exclusive C14N and nothing else; a
//! certificate in the message says which key is meant, and the directory says whether it may be used.

mod algorithm;
mod answer;
mod attachment;
mod evidence;
mod ids;
mod security;
mod sign;
mod signed_info;
mod token;
mod verify;

pub use answer::verify_answer;
pub use attachment::Attachment;
pub use evidence::SoapEvidence;
pub(crate) use evidence::{prove, read_bundle, read_query};
pub use sign::sign_envelope;
pub use verify::{VerifiedEnvelope, verify_envelope};

use mohur_wire::{Refusal, RefusalCode};

/// The URIs of tokens and their encodings.
mod token_uri {
    pub(super) const X509_V3: &str =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3";
    pub(super) const X509_PATH: &str =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509PKIPathv1";
    pub(super) const KEY_IDENTIFIER: &str =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509SubjectKeyIdentifier";
    pub(super) const THUMBPRINT: &str =
        "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1";
    pub(super) const BASE64: &str =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";
}

fn malformed(detail: &str) -> Refusal {
    Refusal::new(RefusalCode::Malformed, detail)
}

fn xml_refused(detail: &str) -> Refusal {
    Refusal::new(RefusalCode::XmlRefused, detail)
}

#[cfg(test)]
mod tests;
