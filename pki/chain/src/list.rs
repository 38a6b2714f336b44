//! What a revocation list says of itself, for whoever serves or renews it. Nothing is proved of it: see [`crate::Trust`].

use mohur_wire::Timestamp;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::CertificateError;
use crate::certificate::hex;
use crate::reading::timestamp;

/// Whose list it is, and from when until when it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListHeader {
    /// The issuer.
    pub issuer: String,
    /// Its number, hexadecimal.
    pub number: String,
    /// Made at.
    pub this_update: Timestamp,
    /// A newer one is there at this time at the latest.
    pub next_update: Timestamp,
}

impl ListHeader {
    /// Reads a list, DER.
    pub fn parse(der: &[u8]) -> Result<Self, CertificateError> {
        let (rest, parsed) = CertificateRevocationList::from_der(der).map_err(|_| CertificateError::Unreadable)?;
        let (number, next) = (parsed.crl_number(), parsed.next_update());
        let (Some(number), Some(next)) = (number, next) else { return Err(CertificateError::Unreadable) };
        if !rest.is_empty() {
            return Err(CertificateError::Unreadable);
        }
        Ok(Self {
            issuer: parsed.issuer().to_string(),
            number: hex(&number.to_bytes_be()),
            this_update: timestamp(parsed.last_update())?,
            next_update: timestamp(next)?,
        })
    }
}
