//! Mutual TLS for the two lean ends: with the product's own rules, and HTTP/1.1 on top.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mohur_client::{Caller, Config};
use mohur_http::SystemClock;
use mohur_seal::Passphrase;
use mohur_transport::{Peers, TlsMaterial, client_config, server_config};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::OWNER;
use crate::error::{BenchError, Tried};

const HTTP1: &[u8] = b"http/1.1";

/// The caller's configuration file.
pub(super) fn client_file(folder: &Path) -> PathBuf {
    folder.join("callers/passport-office/client.toml")
}

/// The caller's side.
pub(super) fn connector(config: &Config, caller: &Caller) -> Result<TlsConnector, BenchError> {
    let passphrase = Passphrase::from_credential_file(&config.passphrase).tried("passphrase")?;
    let material = TlsMaterial::load(&config.tls.0, &config.tls.1, &passphrase).tried("TLS key")?;
    let peers = Arc::new(Peers::of(caller.domains.clone()));
    let mut tls = Arc::unwrap_or_clone(client_config(&material, &peers, Arc::new(SystemClock)).tried("TLS")?);
    tls.alpn_protocols = vec![HTTP1.to_vec()];
    Ok(TlsConnector::from(Arc::new(tls)))
}

/// The owner's side.
pub(super) fn acceptor(folder: &Path) -> Result<TlsAcceptor, BenchError> {
    let config = Config::load(&client_file(folder)).tried("client.toml")?;
    let caller = config.caller(Arc::new(SystemClock)).tried("directory")?;
    let passphrase = Passphrase::from_credential_file(&config.passphrase).tried("passphrase")?;
    let own = folder.join("hosts").join(OWNER);
    let material = TlsMaterial::load(&own.join("tls.pem"), &own.join("tls.key"), &passphrase).tried("TLS key")?;
    let peers = Arc::new(Peers::of(caller.domains.clone()));
    let mut tls = Arc::unwrap_or_clone(server_config(&material, &peers, Arc::new(SystemClock)).tried("TLS")?);
    tls.alpn_protocols = vec![HTTP1.to_vec()];
    Ok(TlsAcceptor::from(Arc::new(tls)))
}
