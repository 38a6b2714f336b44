//! TLS of a service of the domain itself that people and processes ask before they are members, or beside it: the authority
//! online. The server shows a certificate for its name under the domain's root, which the client has as a file. A client
//! shows a certificate or none; whoever shows one must hold its key, and whose it is and what it opens is judged by the
//! service, for each request.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use mohur_chain::{Certificate, Profile};
use mohur_seal::key_file::read_all_encrypted;
use mohur_seal::{Passphrase, SealError};
use mohur_wire::Clock;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ResolvesClientCert, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::TLS13;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible, RootCertStore,
    ServerConfig, SignatureScheme,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};

use crate::configuration::provider;
use crate::material::TlsMaterial;
use crate::verifier::ClockForTls;

const HTTP1: &[u8] = b"http/1.1";
const ONLY_TLS13: Error = Error::PeerIncompatible(PeerIncompatible::Tls12NotOffered);

/// Why the TLS of a service cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The file holds no certificate.
    #[error("{}: expected certificates in PEM", path.display())]
    Certificates {
        /// Which file.
        path: PathBuf,
    },
    /// The key cannot be read.
    #[error(transparent)]
    Key(#[from] SealError),
    /// Key and certificate do not belong together.
    #[error("{}: the private key is not the one of this certificate", path.display())]
    Mismatch {
        /// The certificate's file.
        path: PathBuf,
    },
    /// The library took none of it.
    #[error("the TLS of the service: {0}")]
    Tls(#[from] Error),
}

/// What a service shows, exchangeable without a restart.
pub struct ServiceMaterial(ArcSwap<CertifiedKey>);

impl ServiceMaterial {
    /// Shows this chain, end entity first, with its key, PKCS#8 DER.
    pub fn new(chain: Vec<CertificateDer<'static>>, pkcs8: &[u8]) -> Result<Arc<Self>, ServiceError> {
        Ok(Arc::new(Self(ArcSwap::from_pointee(certified(chain, pkcs8)?))))
    }

    /// Shows the chain in a file (PEM, end entity first) with its encrypted key.
    pub fn load(chain: &Path, key: &Path, passphrase: &Passphrase) -> Result<Arc<Self>, ServiceError> {
        Ok(Arc::new(Self(ArcSwap::from_pointee(certified_files(chain, key, passphrase)?))))
    }

    /// Shows what stands in the files now, on connections from now on.
    pub fn reload(&self, chain: &Path, key: &Path, passphrase: &Passphrase) -> Result<(), ServiceError> {
        self.0.store(Arc::new(certified_files(chain, key, passphrase)?));
        Ok(())
    }

    /// Shows another one, on connections from now on.
    pub fn replace(&self, chain: Vec<CertificateDer<'static>>, pkcs8: &[u8]) -> Result<(), ServiceError> {
        self.0.store(Arc::new(certified(chain, pkcs8)?));
        Ok(())
    }
}

impl std::fmt::Debug for ServiceMaterial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ServiceMaterial")
    }
}

impl ResolvesServerCert for ServiceMaterial {
    fn resolve(&self, _client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load_full())
    }
}

fn certified(chain: Vec<CertificateDer<'static>>, pkcs8: &[u8]) -> Result<CertifiedKey, ServiceError> {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(pkcs8));
    let key = aws_lc_rs::sign::any_supported_type(&key).map_err(|_| SealError::UnsupportedKey)?;
    let key = CertifiedKey::new(chain, key);
    key.keys_match()?;
    Ok(key)
}

/// The first of the keys in the file that belongs to the chain.
fn certified_files(chain: &Path, key: &Path, passphrase: &Passphrase) -> Result<CertifiedKey, ServiceError> {
    let certificates = certificates(chain)?;
    let keys = read_all_encrypted(key, passphrase)?;
    let found = keys.iter().find_map(|pkcs8| certified(certificates.clone(), pkcs8).ok());
    found.ok_or_else(|| ServiceError::Mismatch { path: chain.to_owned() })
}

/// The server: TLS 1.3, and whoever shows a certificate must hold its key. Nothing else about it is judged here.
pub fn service_server(
    material: Arc<ServiceMaterial>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<ServerConfig>, ServiceError> {
    let provider = provider();
    let mut config = ServerConfig::builder_with_details(Arc::clone(&provider), Arc::new(ClockForTls(clock)))
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(Arc::new(AnyHolder(provider)))
        .with_cert_resolver(material);
    config.alpn_protocols = vec![HTTP1.to_vec()];
    Ok(Arc::new(config))
}

/// What a client shows to a service.
#[derive(Clone, Debug)]
pub enum ServiceIdentity {
    /// Nothing: it has no certificate yet.
    None,
    /// The certificate with which it speaks to other members, whichever that is at the time.
    Member(TlsMaterial),
    /// A person's.
    Person(Arc<CertifiedKey>),
}

impl ServiceIdentity {
    /// A person's certificate with its chain (PEM) and its encrypted key.
    pub fn person(chain: &Path, key: &Path, passphrase: &Passphrase) -> Result<Self, ServiceError> {
        Ok(Self::Person(Arc::new(certified_files(chain, key, passphrase)?)))
    }

    fn resolver(&self) -> Option<Arc<dyn ResolvesClientCert>> {
        match self {
            Self::None => None,
            Self::Member(material) => Some(material.resolver()),
            Self::Person(key) => Some(Arc::new(SingleCertAndKey::from(Arc::clone(key)))),
        }
    }
}

/// The client: talks only to a server that has a certificate for the name called under the root in this file.
pub fn service_client(
    root: &Path,
    identity: &ServiceIdentity,
    clock: Arc<dyn Clock>,
) -> Result<Arc<ClientConfig>, ServiceError> {
    let wrong = || ServiceError::Certificates { path: root.to_owned() };
    client_under(certificates(root)?, identity, clock, &wrong)
}

/// The client again, for a root that came in another file, PEM.
pub fn service_client_under(
    root: &str,
    identity: &ServiceIdentity,
    clock: Arc<dyn Clock>,
) -> Result<Arc<ClientConfig>, ServiceError> {
    let wrong = || ServiceError::Certificates { path: "the pinned root".into() };
    let found = CertificateDer::pem_slice_iter(root.as_bytes()).collect::<Result<Vec<_>, _>>().map_err(|_| wrong())?;
    client_under(found, identity, clock, &wrong)
}

fn client_under(
    certificates: Vec<CertificateDer<'static>>,
    identity: &ServiceIdentity,
    clock: Arc<dyn Clock>,
    wrong: &dyn Fn() -> ServiceError,
) -> Result<Arc<ClientConfig>, ServiceError> {
    let provider = provider();
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate).map_err(|_| wrong())?;
    }
    let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let verifier = Arc::new(Service { webpki: webpki.build().map_err(|_| wrong())? });
    let builder = ClientConfig::builder_with_details(provider, Arc::new(ClockForTls(clock)))
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match identity.resolver() {
        None => builder.with_no_client_auth(),
        Some(resolver) => builder.with_client_cert_resolver(resolver),
    };
    config.alpn_protocols = vec![HTTP1.to_vec()];
    Ok(Arc::new(config))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ServiceError> {
    let wrong = || ServiceError::Certificates { path: path.to_owned() };
    let found: Vec<_> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|_| wrong())?;
    if found.is_empty() { Err(wrong()) } else { Ok(found) }
}

/// Admits whoever holds the key of what it shows.
#[derive(Debug)]
struct AnyHolder(Arc<CryptoProvider>);

impl ClientCertVerifier for AnyHolder {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(ONLY_TLS13)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// Admits a server of the domain itself: under the root, for the name called, and no member's certificate, whatever names
/// that one may have.
#[derive(Debug)]
struct Service {
    webpki: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for Service {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificate =
            Certificate::parse(end_entity).map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
        if certificate.profile() != Profile::Infrastructure {
            return Err(Error::InvalidCertificate(CertificateError::InvalidPurpose));
        }
        self.webpki.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(ONLY_TLS13)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.webpki.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki.supported_verify_schemes()
    }
}
