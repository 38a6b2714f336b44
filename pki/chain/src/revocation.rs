//! Revocation lists (RFC 5280 §5): full, of one authority, signed by it, and fresh.

use std::collections::HashSet;

use mohur_crypto::digest::{Digest, sha256};
use mohur_crypto::public_key::verify_ecdsa_asn1;
use mohur_wire::Timestamp;
use webpki::{CertRevocationList, OwnedCertRevocationList};
use x509_parser::oid_registry::OID_X509_EXT_CRL_NUMBER;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;

use crate::profile::CRL_SIGN;
use crate::reading::{KeyKind, Reading, serial, timestamp};
use crate::{CertificateError, Standing};

/// One authority's list, whose signature was verified.
pub(crate) struct RevocationList {
    /// The same list for the library that walks the path.
    pub(crate) list: CertRevocationList<'static>,
    /// SHA-256 of the list: the evidence of what is judged by it.
    digest: Digest,
    der: Vec<u8>,
    number: Vec<u8>,
    next_update: Timestamp,
    revoked: HashSet<Vec<u8>>,
}

impl RevocationList {
    /// Reads `der` if it is `issuer`'s. `None` when it is another authority's, or wrong in any way.
    pub(crate) fn read(der: &[u8], issuer: &Reading) -> Option<Self> {
        let (rest, parsed) = CertificateRevocationList::from_der(der).ok()?;
        let p384 = issuer.key == Some(KeyKind::P384);
        let signed = verify_ecdsa_asn1(&issuer.spki, p384, parsed.tbs_cert_list.as_ref(), &parsed.signature_value.data);
        if !rest.is_empty() || parsed.issuer().as_raw() != issuer.subject_der || signed.is_err() {
            return None;
        }
        // Refuses deltas, indirect lists and unknown critical extensions.
        // RFC 5280 §4.2.1.3: its issuer signs lists; §5.2.3: the number is not critical.
        let number = parsed.extensions().iter().find(|extension| extension.oid == OID_X509_EXT_CRL_NUMBER)?;
        if issuer.key_usage & CRL_SIGN == 0 || number.critical {
            return None;
        }
        let list = CertRevocationList::from(OwnedCertRevocationList::from_der(der).ok()?);
        if list.issuing_distribution_point().is_some() {
            return None;
        }
        Some(Self {
            list,
            digest: sha256(der),
            der: der.to_vec(),
            number: parsed.crl_number()?.to_bytes_be(),
            next_update: timestamp(parsed.next_update()?).ok()?,
            revoked: parsed.iter_revoked_certificates().map(|entry| serial(entry.raw_serial())).collect(),
        })
    }

    /// Whether this list supersedes `other`.
    pub(crate) fn is_newer_than(&self, other: &Self) -> bool {
        (self.number.len(), &self.number) > (other.number.len(), &other.number)
    }

    /// Refuses a revoked serial number and a list that is stale, beyond the grace that there may be. Gives the evidence.
    pub(crate) fn check(
        &self,
        serial: &[u8],
        at: Timestamp,
        standing: Option<&Standing>,
    ) -> Result<Digest, CertificateError> {
        let admitted = standing.map_or(at < self.next_update, |standing| standing.admits(self.next_update, at));
        if self.revoked.contains(serial) {
            Err(CertificateError::Revoked)
        } else if admitted {
            Ok(self.digest)
        } else {
            Err(CertificateError::StaleRevocationList)
        }
    }

    /// The list and its digest.
    pub(crate) fn evidence(&self) -> (Digest, &[u8]) {
        (self.digest, &self.der)
    }

    pub(crate) fn number(&self) -> &[u8] {
        &self.number
    }

    pub(crate) fn serials(&self) -> impl Iterator<Item = &[u8]> {
        self.revoked.iter().map(Vec::as_slice)
    }

    /// Whether the serial number stands in it.
    pub(crate) fn has(&self, serial: &[u8]) -> bool {
        self.revoked.contains(serial)
    }

    pub(crate) const fn next_update(&self) -> Timestamp {
        self.next_update
    }
}
