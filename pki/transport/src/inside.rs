//! TLS of the inside leg: between this process and a ministry's own systems, which are not members and have certificates of
//! no authority of ours.
//!
//! Who is at the other end is settled by pins: the certificates that the configuration lists, compared byte for byte. A
//! pinned certificate counts until it is taken out of the list; its dates and names are not looked at, because internal
//! systems show self-signed certificates with whatever dates and names they have. TLS 1.2 is spoken here and nowhere else:
//! many of these systems know nothing newer.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mohur_crypto::{Digest, sha256};
use mohur_seal::key_file::read_encrypted;
use mohur_seal::{Passphrase, SealError};
use mohur_wire::Clock;
use rustls::crypto::aws_lc_rs;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::configuration::provider;
use crate::pinned::{PinnedClients, PinnedServer};
use crate::verifier::ClockForTls;

/// What is offered over TLS inside: the systems there speak it, and some nothing else.
const HTTP1: &[u8] = b"http/1.1";

/// Why the inside leg's TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum InsideError {
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read the private key.
    #[error("{}: group or others may read this private key; chmod 600", path.display())]
    Open {
        /// Which file.
        path: PathBuf,
    },
    /// The file holds no certificates.
    #[error("{}: expected certificates in PEM", path.display())]
    Certificates {
        /// Which file.
        path: PathBuf,
    },
    /// The file holds no private key.
    #[error("{}: expected a private key in PEM (PKCS#8, or PKCS#1 of RSA, or SEC 1 of EC)", path.display())]
    Key {
        /// Which file.
        path: PathBuf,
    },
    /// The encrypted key cannot be opened.
    #[error(transparent)]
    Encrypted(#[from] SealError),
    /// Key and certificate do not belong together.
    #[error("{}: the private key is not the one of this certificate", path.display())]
    Mismatch {
        /// The certificate's file.
        path: PathBuf,
    },
    /// No certificate is pinned, so nobody could be at the other end.
    #[error("no certificate is pinned: list the certificate of whoever is at the other end")]
    NoPins,
    /// The library took none of it.
    #[error("the inside leg's TLS: {0}")]
    Tls(#[from] rustls::Error),
}

/// The fingerprint of a pinned certificate: SHA-256 over its DER. It displays as 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificatePin(Digest);

impl CertificatePin {
    /// The pin of a certificate in DER.
    pub fn of(certificate: &[u8]) -> Self {
        Self(sha256(certificate))
    }

    /// The pin of whoever showed this chain, end entity first.
    pub fn of_chain(chain: &[CertificateDer<'_>]) -> Option<Self> {
        chain.first().map(|leaf| Self::of(leaf))
    }
}

impl fmt::Display for CertificatePin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The certificates that may be at the other end.
#[derive(Clone, Debug, Default)]
pub struct Pins {
    listed: Vec<CertificateDer<'static>>,
    pins: BTreeSet<CertificatePin>,
}

impl Pins {
    /// Reads every certificate of these PEM files.
    pub fn load<P: AsRef<Path>>(files: &[P]) -> Result<Self, InsideError> {
        let mut pins = Self::default();
        for file in files {
            for certificate in certificates(file.as_ref())? {
                pins.pins.insert(CertificatePin::of(&certificate));
                pins.listed.push(certificate);
            }
        }
        Ok(pins)
    }

    /// Whether this certificate is listed.
    pub fn contains(&self, pin: &CertificatePin) -> bool {
        self.pins.contains(pin)
    }

    /// Whether nothing is listed.
    pub fn is_empty(&self) -> bool {
        self.pins.is_empty()
    }

    /// The listed certificates as roots, as far as they can be that.
    pub(crate) fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(self.listed.iter().cloned());
        roots
    }
}

/// Our own certificate and key of the inside leg.
#[derive(Clone, Debug)]
pub struct InsideMaterial {
    key: Arc<CertifiedKey>,
}

impl InsideMaterial {
    /// Loads a chain (PEM, own certificate first) and its key: encrypted where there is a passphrase, otherwise plain, in a
    /// file that nobody else may read.
    pub fn load(chain: &Path, key: &Path, passphrase: Option<&Passphrase>) -> Result<Self, InsideError> {
        let certificates = certificates(chain)?;
        let private = match passphrase {
            Some(passphrase) => {
                PrivateKeyDer::from(PrivatePkcs8KeyDer::from(read_encrypted(key, passphrase)?.to_vec()))
            }
            None => plain_key(key)?,
        };
        let unusable = |_| InsideError::Key { path: key.to_owned() };
        let signing = aws_lc_rs::sign::any_supported_type(&private).map_err(unusable)?;
        let key = CertifiedKey::new(certificates, signing);
        key.keys_match().map_err(|_| InsideError::Mismatch { path: chain.to_owned() })?;
        Ok(Self { key: Arc::new(key) })
    }

    /// The pin that others list for us.
    pub fn pin(&self) -> Option<CertificatePin> {
        CertificatePin::of_chain(&self.key.cert)
    }

    fn shown(&self) -> Arc<SingleCertAndKey> {
        Arc::new(SingleCertAndKey::from(Arc::clone(&self.key)))
    }
}

/// The server side of the inside leg.
#[derive(Clone, Debug)]
pub struct InsideServer {
    config: Arc<ServerConfig>,
}

impl InsideServer {
    /// Shows `material`. With `clients`, only whoever shows one of these certificates is let in.
    pub fn new(material: &InsideMaterial, clients: Option<Pins>, clock: Arc<dyn Clock>) -> Result<Self, InsideError> {
        let provider = provider();
        let builder = ServerConfig::builder_with_details(Arc::clone(&provider), Arc::new(ClockForTls(clock)))
            .with_protocol_versions(&[&TLS13, &TLS12])?;
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(pins) if pins.is_empty() => return Err(InsideError::NoPins),
            Some(pins) => builder.with_client_cert_verifier(Arc::new(PinnedClients::new(pins, provider))),
        };
        let mut config = builder.with_cert_resolver(material.shown());
        config.alpn_protocols = vec![HTTP1.to_vec()];
        Ok(Self { config: Arc::new(config) })
    }

    /// What rustls needs.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}

/// The client side of the inside leg.
#[derive(Clone, Debug)]
pub struct InsideClient {
    config: Arc<ClientConfig>,
}

impl InsideClient {
    /// Talks only to a server whose certificate is listed in `servers`, or was issued for the name called by an authority
    /// that is listed there. Shows `own` to servers that ask for a certificate.
    pub fn new(servers: Pins, own: Option<&InsideMaterial>, clock: Arc<dyn Clock>) -> Result<Self, InsideError> {
        if servers.is_empty() {
            return Err(InsideError::NoPins);
        }
        let provider = provider();
        let verifier = PinnedServer::new(servers, Arc::clone(&provider));
        let builder = ClientConfig::builder_with_details(provider, Arc::new(ClockForTls(clock)))
            .with_protocol_versions(&[&TLS13, &TLS12])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match own {
            None => builder.with_no_client_auth(),
            Some(own) => builder.with_client_cert_resolver(own.shown()),
        };
        config.alpn_protocols = vec![HTTP1.to_vec()];
        Ok(Self { config: Arc::new(config) })
    }

    /// What rustls needs.
    pub fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }
}

/// The files of a certificate of the inside leg and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsideKeyFiles {
    /// PEM, the own certificate first.
    pub certificate: PathBuf,
    /// PEM, mode 0600.
    pub key: PathBuf,
    /// The credential file that opens the key, if it is encrypted.
    pub passphrase: Option<PathBuf>,
}

/// The files of a server of the inside leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsideServerFiles {
    /// What it shows.
    pub own: InsideKeyFiles,
    /// The certificates of the clients, if they must show one.
    pub clients: Option<Vec<PathBuf>>,
}

/// The files of a client of the inside leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsideClientFiles {
    /// The certificates of the servers, or of the authority that issued them.
    pub servers: Vec<PathBuf>,
    /// What it shows to servers that ask.
    pub own: Option<InsideKeyFiles>,
}

impl InsideKeyFiles {
    /// Reads them.
    pub fn open(&self) -> Result<InsideMaterial, InsideError> {
        let passphrase = self.passphrase.as_deref().map(Passphrase::from_credential_file).transpose()?;
        InsideMaterial::load(&self.certificate, &self.key, passphrase.as_ref())
    }
}

impl InsideServerFiles {
    /// Reads them.
    pub fn open(&self, clock: Arc<dyn Clock>) -> Result<InsideServer, InsideError> {
        let clients = self.clients.as_deref().map(Pins::load).transpose()?;
        InsideServer::new(&self.own.open()?, clients, clock)
    }
}

impl InsideClientFiles {
    /// Reads them.
    pub fn open(&self, clock: Arc<dyn Clock>) -> Result<InsideClient, InsideError> {
        let own = self.own.as_ref().map(InsideKeyFiles::open).transpose()?;
        InsideClient::new(Pins::load(&self.servers)?, own.as_ref(), clock)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, InsideError> {
    let text = std::fs::read(path).map_err(|source| InsideError::Io { path: path.to_owned(), source })?;
    let wrong = || InsideError::Certificates { path: path.to_owned() };
    let found: Vec<_> = CertificateDer::pem_slice_iter(&text).collect::<Result<_, _>>().map_err(|_| wrong())?;
    if found.is_empty() { Err(wrong()) } else { Ok(found) }
}

fn plain_key(path: &Path) -> Result<PrivateKeyDer<'static>, InsideError> {
    let failed = |source| InsideError::Io { path: path.to_owned(), source };
    let mode = std::fs::metadata(path).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(InsideError::Open { path: path.to_owned() });
    }
    PrivateKeyDer::from_pem_file(path).map_err(|_| InsideError::Key { path: path.to_owned() })
}
