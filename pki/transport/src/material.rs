//! Our own certificate and key, exchangeable without a restart.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use mohur_chain::{Certificate, CertificateError, Profile};
use mohur_seal::key_file::read_all_encrypted;
use mohur_seal::{Passphrase, SealError};
use mohur_wire::MemberId;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// Why a certificate and key cannot be used for TLS.
#[derive(Debug, thiserror::Error)]
pub enum MaterialError {
    /// The key cannot be read.
    #[error(transparent)]
    Key(#[from] SealError),
    /// The file has no certificates.
    #[error("{}: expected a certificate chain in PEM, the own certificate first", path.display())]
    Chain {
        /// Which file.
        path: PathBuf,
    },
    /// The certificate is not one for TLS.
    #[error("{}: {source}", path.display())]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        source: CertificateError,
    },
    /// Key and certificate do not belong together.
    #[error("{}: the private key is not the one of this certificate", path.display())]
    Mismatch {
        /// The certificate's file.
        path: PathBuf,
    },
}

/// A certificate chain with its key. Clones share what they show: a reload changes all of them.
#[derive(Clone)]
pub struct TlsMaterial {
    shown: Arc<Shown>,
}

pub(crate) struct Shown(ArcSwap<Current>);

/// Answers rustls.
#[derive(Debug)]
pub(crate) struct Resolver(Arc<Shown>);

struct Current {
    certificate: Certificate,
    key: Arc<CertifiedKey>,
}

impl TlsMaterial {
    /// Loads a chain (PEM, own certificate first) and the encrypted key of its first certificate.
    pub fn load(chain: &Path, key: &Path, passphrase: &Passphrase) -> Result<Self, MaterialError> {
        Ok(Self { shown: Arc::new(Shown(ArcSwap::from_pointee(read(chain, key, passphrase)?))) })
    }

    /// Loads again, for connections from now on. On an error the old ones stay.
    pub fn reload(&self, chain: &Path, key: &Path, passphrase: &Passphrase) -> Result<(), MaterialError> {
        self.shown.0.store(Arc::new(read(chain, key, passphrase)?));
        Ok(())
    }

    /// The certificate that is shown now.
    pub fn certificate(&self) -> Certificate {
        self.shown.0.load().certificate.clone()
    }

    /// The member that it names.
    pub fn member(&self) -> Option<MemberId> {
        self.certificate().member().cloned()
    }

    /// A new one each time: rustls resumes no session that was begun under another one, and so never shows a certificate
    /// that was exchanged in between.
    pub(crate) fn resolver(&self) -> Arc<Resolver> {
        Arc::new(Resolver(Arc::clone(&self.shown)))
    }
}

fn read(chain: &Path, key: &Path, passphrase: &Passphrase) -> Result<Current, MaterialError> {
    let path = || chain.to_owned();
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect)
        .map_err(|_| MaterialError::Chain { path: path() })?;
    let leaf = certificates.first().ok_or_else(|| MaterialError::Chain { path: path() })?;
    let refused = |source| MaterialError::Certificate { path: path(), source };
    let certificate = Certificate::parse(leaf).map_err(refused)?;
    if certificate.profile() != Profile::Tls {
        let found = certificate.profile();
        return Err(refused(CertificateError::WrongProfile { expected: Profile::Tls, found }));
    }
    let key = matching(certificates, key, passphrase)?.ok_or_else(|| MaterialError::Mismatch { path: path() })?;
    Ok(Current { certificate, key: Arc::new(key) })
}

/// The certificates with the key of the first among those in the file: it holds two while the certificate is renewed.
fn matching(
    certificates: Vec<CertificateDer<'static>>,
    key: &Path,
    passphrase: &Passphrase,
) -> Result<Option<CertifiedKey>, SealError> {
    for pkcs8 in read_all_encrypted(key, passphrase)? {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(pkcs8.as_slice()));
        let key = aws_lc_rs::sign::any_supported_type(&key).map_err(|_| SealError::UnsupportedKey)?;
        let key = CertifiedKey::new(certificates.clone(), key);
        if key.keys_match().is_ok() {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.0.load().key))
    }
}

impl ResolvesClientCert for Resolver {
    fn resolve(&self, _root_hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.0.load().key))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0.load().certificate)
    }
}

impl fmt::Debug for TlsMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsMaterial({:?})", self.shown)
    }
}
