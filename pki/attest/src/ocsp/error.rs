//! Why an answer proves nothing, and why a responder cannot answer.

use mohur_chain::CertificateError;
use mohur_seal::SealError;
use mohur_wire::Timestamp;

use crate::asn1::Unreadable;
use crate::ocsp::Refusal;

/// Why an answer proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OcspError {
    /// Not DER, or not of RFC 6960.
    #[error("not an OCSP response of RFC 6960 in DER")]
    Unreadable,
    /// The responder refused.
    #[error("the OCSP responder refused: {}", .0.sentence())]
    Refused(Refusal),
    /// It is about other certificates.
    #[error("the OCSP response says nothing about this certificate")]
    OtherCertificate,
    /// The nonce is not the one asked with.
    #[error("the OCSP response does not carry the nonce that was asked with: an old answer, or another's")]
    Nonce,
    /// An algorithm that is not accepted.
    #[error("the OCSP response uses an algorithm that is not accepted here")]
    Algorithm,
    /// Neither the issuer nor one of its delegates signed it.
    #[error("the OCSP response is signed neither by the issuer nor by a responder that it delegated to")]
    NoSigner,
    /// The signature does not verify.
    #[error("the signature of the OCSP response does not verify")]
    Signature,
    /// The responder's certificate is not good.
    #[error("the certificate of the OCSP responder: {0}")]
    Delegate(#[from] CertificateError),
    /// It is of the future.
    #[error("the OCSP response is of {0}, which is still to come: check the clocks")]
    NotYet(Timestamp),
    /// It is too old.
    #[error("the OCSP response held until {0}")]
    Stale(Timestamp),
    /// It names no end.
    #[error("the OCSP response does not say until when it holds")]
    Endless,
}

impl From<Unreadable> for OcspError {
    fn from(_: Unreadable) -> Self {
        Self::Unreadable
    }
}

/// Why a responder cannot answer.
#[derive(Debug, thiserror::Error)]
pub enum ResponderError {
    /// A certificate cannot be used.
    #[error("a certificate of the OCSP responder: {0}")]
    Certificate(#[from] CertificateError),
    /// Its key cannot be used.
    #[error(transparent)]
    Key(#[from] SealError),
}
