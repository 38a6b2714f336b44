//! What rustls asks during a handshake.

use std::sync::Arc;
use std::time::Duration;

use mohur_chain::CertificateError as Refused;
use mohur_wire::{Clock, Timestamp};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::time_provider::TimeProvider;
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, PeerIncompatible, SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::{PeerError, Peers};

/// Judges peers on both sides of a connection.
#[derive(Debug)]
pub(crate) struct Verifier {
    peers: Arc<Peers>,
    provider: Arc<CryptoProvider>,
    accepted_issuers: Vec<DistinguishedName>,
}

impl Verifier {
    pub(crate) fn new(peers: Arc<Peers>, provider: Arc<CryptoProvider>) -> Self {
        let accepted_issuers = peers.trust().tls_ca_subjects().into_iter().map(DistinguishedName::from).collect();
        Self { peers, provider, accepted_issuers }
    }

    fn judge(&self, leaf: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
        self.peers.identify(std::slice::from_ref(leaf), at).map(drop).map_err(to_rustls)
    }

    fn signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Chooses the alert (RFC 8446 §6.2) that the peer sees.
fn to_rustls(error: PeerError) -> Error {
    Error::InvalidCertificate(match error {
        PeerError::Certificate(Refused::Expired(_)) => CertificateError::Expired,
        PeerError::Certificate(Refused::NotYetValid(_)) => CertificateError::NotValidYet,
        PeerError::Certificate(Refused::Revoked) | PeerError::Denied => CertificateError::Revoked,
        PeerError::Certificate(Refused::StaleRevocationList) => CertificateError::ExpiredRevocationList,
        PeerError::Certificate(Refused::RevocationUnknown) => CertificateError::UnknownRevocationStatus,
        PeerError::Certificate(Refused::UntrustedIssuer) => CertificateError::UnknownIssuer,
        PeerError::Certificate(Refused::BadSignature) => CertificateError::BadSignature,
        PeerError::Certificate(Refused::Unreadable) => CertificateError::BadEncoding,
        other @ (PeerError::Certificate(_) | PeerError::NoCertificate | PeerError::Foreign(_)) => {
            CertificateError::Other(OtherError(Arc::new(other)))
        }
    })
}

const ONLY_TLS13: Error = Error::PeerIncompatible(PeerIncompatible::Tls12NotOffered);

impl ClientCertVerifier for Verifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.accepted_issuers
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.judge(end_entity, now)?;
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
        self.signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.judge(end_entity, now)?;
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        Ok(ServerCertVerified::assertion())
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
        self.signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes()
    }
}

/// rustls reads the process's clock, like everyone else.
pub(crate) struct ClockForTls(pub(crate) Arc<dyn Clock>);

impl TimeProvider for ClockForTls {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

impl std::fmt::Debug for ClockForTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClockForTls")
    }
}
