//! Certificates in files.

use std::path::Path;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::TrustError;

/// All certificates of a PEM file in their order, DER; whatever else stands in the file is passed over.
pub fn read_pem_file(path: &Path) -> Result<Vec<Vec<u8>>, TrustError> {
    let text = std::fs::read(path).map_err(|source| TrustError::Io { path: path.to_owned(), source })?;
    CertificateDer::pem_slice_iter(&text)
        .map(|der| der.map(|der| der.to_vec()).map_err(|_| TrustError::BadPem { path: path.to_owned() }))
        .collect()
}
