//! Why a time stamp is refused, and why an authority cannot begin.

use mohur_chain::CertificateError;
use mohur_seal::SealError;

use crate::asn1::Unreadable;
use crate::timestamp::Failure;

/// Why a time stamp, or an answer with one, is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not DER, or not of RFC 3161.
    #[error("not a time stamp of RFC 3161 in DER")]
    Unreadable,
    /// The authority refused.
    #[error("the time-stamping authority refused: {}", .0.map_or("it did not say why", Failure::sentence))]
    Refused(Option<Failure>),
    /// The imprint is that of something else.
    #[error("the time stamp is of other content")]
    Imprint,
    /// The nonce is not the one asked with.
    #[error("the time stamp does not carry the nonce that was asked with: an old answer, or another's")]
    Nonce,
    /// The policy is not the one asked for.
    #[error("the time stamp was issued under the policy {0}, which is not the one asked for")]
    Policy(String),
    /// It names an algorithm that is not accepted.
    #[error("the time stamp uses an algorithm that is not accepted here")]
    Algorithm,
    /// The signer's certificate is not there.
    #[error("the certificate of the time-stamping authority is not in the time stamp")]
    NoCertificate,
    /// The signed attributes do not fit content or certificate.
    #[error("the signed attributes of the time stamp do not name its content and its certificate")]
    Attributes,
    /// The signature does not verify.
    #[error("the signature of the time stamp does not verify")]
    Signature,
    /// The certificate is not good.
    #[error("the certificate of the time-stamping authority: {0}")]
    Certificate(#[from] CertificateError),
}

impl From<Unreadable> for TokenError {
    fn from(_: Unreadable) -> Self {
        Self::Unreadable
    }
}

/// Why a time-stamping authority cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// Its certificate cannot be used.
    #[error("the certificate of the time-stamping authority: {0}")]
    Certificate(#[from] CertificateError),
    /// Its key cannot be used.
    #[error(transparent)]
    Key(#[from] SealError),
}
