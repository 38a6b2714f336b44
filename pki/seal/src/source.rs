//! Where a seal's key is: in a file, or in a token.

use std::path::PathBuf;
use std::sync::Arc;

use mohur_crypto::{Algorithm, Digest, digest::sha256};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::pkcs11::{TokenKey, TokenSeal};
use crate::{Passphrase, Seal, SealError, SoftwareSeal};

/// What a process seals with, as its configuration names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealSource {
    /// The certificate, PEM; of a chain, the end entity first.
    pub certificate: PathBuf,
    /// Its key.
    pub key: KeySource,
}

/// Where a seal's key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// An encrypted PKCS#8 file, mode 0600.
    File(PathBuf),
    /// A PKCS#11 token.
    Token(TokenKey),
}

impl SealSource {
    /// The files that it is made of: when one changes, the seal is another.
    pub fn files(&self) -> [PathBuf; 2] {
        let key = match &self.key {
            KeySource::File(key) => key,
            KeySource::Token(key) => &key.address.pin,
        };
        [self.certificate.clone(), key.clone()]
    }

    /// Opens the key. `pinned` says which algorithm the directory lists for the certificate of that fingerprint: only an RSA
    /// key leaves a choice, and it takes RSA-PSS where nothing is listed. `passphrase` opens a file; a token has its own PIN.
    pub fn open(
        &self,
        passphrase: &Passphrase,
        pinned: impl FnOnce(&Digest) -> Option<Algorithm>,
    ) -> Result<Arc<dyn Seal>, SealError> {
        let certificate = CertificateDer::from_pem_file(&self.certificate)
            .map_err(|_| SealError::format(&self.certificate, "a certificate in PEM"))?;
        let pinned = pinned(&sha256(&certificate));
        match &self.key {
            KeySource::File(key) => {
                let seal = SoftwareSeal::load(key, &self.certificate, passphrase)?;
                Ok(match pinned {
                    Some(algorithm) => Arc::new(seal.pinned_to(algorithm)?),
                    None => Arc::new(seal),
                })
            }
            KeySource::Token(key) => Ok(Arc::new(TokenSeal::open(key, &certificate, pinned)?)),
        }
    }
}
