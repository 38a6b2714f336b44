//! A TLS connection of a member that sends whatever bytes a test wants.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mohur_seal::Passphrase;
use mohur_transport::{Peers, TlsMaterial, client_config};
use mohur_wire::Clock;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{Federation, MovableClock};

/// What a client shows to whoever asks.
#[derive(Debug)]
struct Shown(Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[rustls::SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}

/// Opens connections to the broker with one certificate.
#[derive(Clone)]
pub struct RawConnector {
    config: Arc<rustls::ClientConfig>,
    address: SocketAddr,
}

/// An open connection to the broker.
pub struct RawConnection {
    stream: TlsStream<TcpStream>,
}

impl RawConnector {
    /// Connects with a certificate, offering these protocols.
    pub fn new(federation: &Federation, certificate: &Path, key: &Path, protocols: &[&[u8]]) -> Self {
        let caller = federation.office();
        let pass = Passphrase::from_credential_file(&federation.nation.path("passphrase")).unwrap();
        let material = TlsMaterial::load(certificate, key, &pass).expect("a key with its certificate");
        let peers = Arc::new(Peers::of(caller.domains.clone()));
        let clock: Arc<dyn Clock> = Arc::<MovableClock>::clone(&federation.clock);
        let mut config = (*client_config(&material, &peers, clock).unwrap()).clone();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Self { config: Arc::new(config), address: federation.broker().address() }
    }

    /// Connects with a certificate that nobody checked before, or with none.
    pub fn with(federation: &Federation, certificate: Option<(&[u8], &[u8])>) -> Self {
        let office = Self::of_caller(federation, "passport-office");
        let mut config = (*office.config).clone();
        let shown = certificate.map(|(der, pkcs8)| {
            let chain = vec![CertificateDer::from(der.to_vec())];
            let key = PrivateKeyDer::Pkcs8(pkcs8.to_vec().into());
            Arc::new(CertifiedKey::from_der(chain, key, config.crypto_provider()).unwrap())
        });
        config.client_auth_cert_resolver = Arc::new(Shown(shown));
        Self { config: Arc::new(config), ..office }
    }

    /// As one of those who ask, for HTTP/1.1.
    pub fn of_caller(federation: &Federation, caller: &str) -> Self {
        let folder = federation.nation.path(&format!("callers/{caller}"));
        Self::new(federation, &folder.join("tls.pem"), &folder.join("tls.key"), &[b"http/1.1"])
    }

    /// Opens a connection.
    pub async fn open(&self) -> std::io::Result<RawConnection> {
        let stream = TcpStream::connect(self.address).await?;
        let name = ServerName::from(self.address.ip());
        let stream = TlsConnector::from(Arc::clone(&self.config)).connect(name, stream).await?;
        Ok(RawConnection { stream })
    }

    /// Opens a connection and waits a moment for a refusal: TLS 1.3 tells a client of it only when it reads.
    pub async fn admitted(&self) -> std::io::Result<RawConnection> {
        let mut connection = self.open().await?;
        let mut nothing = [0; 1];
        match tokio::time::timeout(Duration::from_millis(300), connection.stream.read(&mut nothing)).await {
            Ok(Ok(_)) => Err(std::io::Error::other("the server closed the connection")),
            Ok(Err(error)) => Err(error),
            Err(_nothing_to_read) => Ok(connection),
        }
    }
}

impl RawConnection {
    /// Connects as a caller, for HTTP/1.1.
    pub async fn open(federation: &Federation, caller: &str) -> Self {
        RawConnector::of_caller(federation, caller).open().await.unwrap()
    }

    /// Sends bytes. That the other end is gone already is no error: it may have answered before.
    pub async fn send(&mut self, bytes: &[u8]) {
        let _gone = self.stream.write_all(bytes).await;
        let _gone = self.stream.flush().await;
    }

    /// Sends bytes while the other end takes them. Does it?
    pub async fn takes(&mut self, bytes: &[u8]) -> bool {
        let sent = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        matches!(tokio::time::timeout(Duration::from_secs(5), sent).await, Ok(Ok(())))
    }

    /// Says that nothing more will be sent.
    pub async fn close_writing(&mut self) {
        let _gone = self.stream.shutdown().await;
    }

    /// All that comes until the other end closes.
    pub async fn read_to_end(&mut self, patience: Duration) -> String {
        let mut all = Vec::new();
        let mut some = [0; 4096];
        loop {
            match tokio::time::timeout(patience, self.stream.read(&mut some)).await {
                Ok(Ok(0) | Err(_)) => return String::from_utf8_lossy(&all).into_owned(),
                Ok(Ok(read)) => all.extend_from_slice(&some[..read]),
                Err(_elapsed) => panic!("the connection hangs; so far: {}", String::from_utf8_lossy(&all)),
            }
        }
    }

    /// Sends a whole HTTP/1.1 message and reads the response with its body.
    pub async fn exchange(&mut self, message: &[u8]) -> String {
        self.send(message).await;
        self.read_to_end(Duration::from_secs(15)).await
    }
}

/// An HTTP/1.1 message as bytes, to be followed by the end of the connection.
pub fn message(method: &str, target: &str, host: &str, headers: &http::HeaderMap, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n").into_bytes();
    for (name, value) in
        headers.iter().filter(|(name, _)| !["host", "connection", "content-length"].contains(&name.as_str()))
    {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// Reads the text of an HTTP/1.1 response.
pub fn response(text: &str) -> http::Response<Bytes> {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no HTTP response: {text:?}"));
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    let mut response = http::Response::builder().status(status);
    for line in lines {
        let (name, value) = line.split_once(':').unwrap();
        response = response.header(name, value.trim());
    }
    response.body(Bytes::from(body.to_owned())).unwrap()
}
