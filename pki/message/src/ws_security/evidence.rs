//! What a SOAP caller signed, as data: the broker forwards it and the owner's host verifies it, rebuilding nothing.

use std::fmt;

/// The canonical octets of what an XML Signature covers, with the signature and its certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct SoapEvidence {
    /// The canonical octets of `ds:SignedInfo`, over which the signature is.
    pub signed_info: Vec<u8>,
    /// The canonical octets of `wsu:Timestamp`.
    pub timestamp: Vec<u8>,
    /// The canonical octets of the Body that lists a bundle's digests. Of a single query the Body is the opening.
    pub body: Option<Vec<u8>>,
    /// `ds:SignatureValue`, decoded.
    pub signature: Vec<u8>,
    /// The signer's seal certificate, DER.
    pub certificate: Vec<u8>,
    /// The URI of the signature method.
    pub algorithm: String,
}

impl fmt::Debug for SoapEvidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SoapEvidence({}, SignedInfo of {} bytes)", self.algorithm, self.signed_info.len())
    }
}
