//! The two configurations of rustls.

use std::sync::Arc;

use mohur_wire::Clock;
use rustls::crypto::aws_lc_rs::kx_group::{SECP256R1, SECP384R1, X25519, X25519MLKEM768};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::version::TLS13;
use rustls::{ClientConfig, Error, ServerConfig};

use crate::material::TlsMaterial;
use crate::peers::Peers;
use crate::verifier::{ClockForTls, Verifier};

/// What is offered over TLS, the preferred first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

pub(crate) fn provider() -> Arc<CryptoProvider> {
    let kx_groups = vec![X25519, X25519MLKEM768, SECP256R1, SECP384R1];
    Arc::new(CryptoProvider { kx_groups, ..aws_lc_rs::default_provider() })
}

fn protocols() -> Vec<Vec<u8>> {
    PROTOCOLS.iter().map(|name| name.to_vec()).collect()
}

/// A server that admits members only. Resumption saves handshakes; whoever accepts a connection identifies the peer by
/// [`Peers::identify`] all the same, because rustls asks its verifier only on full handshakes.
pub fn server_config(
    material: &TlsMaterial,
    peers: &Arc<Peers>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<ServerConfig>, Error> {
    let provider = provider();
    let verifier = Arc::new(Verifier::new(Arc::clone(peers), Arc::clone(&provider)));
    let mut config = ServerConfig::builder_with_details(provider, Arc::new(ClockForTls(clock)))
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(material.resolver());
    config.alpn_protocols = protocols();
    Ok(Arc::new(config))
}

/// A client that shows our certificate and admits servers that are members, under the name by which it called them.
pub fn client_config(
    material: &TlsMaterial,
    peers: &Arc<Peers>,
    clock: Arc<dyn Clock>,
) -> Result<Arc<ClientConfig>, Error> {
    let provider = provider();
    let verifier = Arc::new(Verifier::new(Arc::clone(peers), Arc::clone(&provider)));
    let mut config = ClientConfig::builder_with_details(provider, Arc::new(ClockForTls(clock)))
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(material.resolver());
    config.alpn_protocols = protocols();
    Ok(Arc::new(config))
}
