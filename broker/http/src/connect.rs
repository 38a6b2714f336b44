//! Opens a connection: TCP, TLS, who it is, protocol.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::Authority;
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use mohur_chain::TlsIdentity;
use rustls::HandshakeKind;
use rustls::client::Resumption;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::ClientError;
use crate::client::{ClientTls, Inner};
use crate::pool::{Lease, Sender};

/// Opens a connection to `server` within the connect timeout.
pub(crate) async fn open(client: &Inner, server: &Authority) -> Result<Lease, ClientError> {
    let within = client.limits.connect_timeout;
    // On the heap: two handshakes' worth of state is not carried by every request that finds an open connection.
    match tokio::time::timeout(within, Box::pin(connect(client, server))).await {
        Ok(opened) => opened,
        Err(_elapsed) => Err(timed_out(server, within)),
    }
}

fn timed_out(server: &Authority, within: Duration) -> ClientError {
    let reason = format!("no connection within {} ms", within.as_millis());
    ClientError::Connect { server: server.clone(), source: std::io::Error::new(std::io::ErrorKind::TimedOut, reason) }
}

async fn connect(client: &Inner, server: &Authority) -> Result<Lease, ClientError> {
    // Before the handshake: what it shows may be exchanged meanwhile.
    let epoch = client.pool.epoch();
    let port = server.port_u16().unwrap_or(if client.tls.is_some() { 443 } else { 80 });
    let host = server.host().trim_start_matches('[').trim_end_matches(']');
    let failed = |source| ClientError::Connect { server: server.clone(), source };
    let stream = || async move {
        let stream = TcpStream::connect((host, port)).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        Ok::<_, ClientError>(stream)
    };
    let Some(tls) = &client.tls else {
        return Ok(Lease::new(http1(stream().await?, server).await?, None, epoch));
    };
    let (config, http2) = (tls.config(), client.limits.http2);
    let (sender, peer) = match handshake(tls, &config, http2, stream().await?, (server, host)).await? {
        Shaken::Known(sender, peer) => (sender, peer),
        // A resumed session shows the certificate that it was begun with: perhaps the server has a new one.
        Shaken::Resumed(_) => {
            let mut whole = (*config).clone();
            whole.resumption = Resumption::disabled();
            match handshake(tls, &Arc::new(whole), http2, stream().await?, (server, host)).await? {
                Shaken::Known(sender, peer) => (sender, peer),
                Shaken::Resumed(reason) => return Err(ClientError::Tls { server: server.clone(), reason }),
            }
        }
    };
    Ok(Lease::new(sender, peer, epoch))
}

/// How a handshake ended.
enum Shaken {
    /// The peer is known.
    Known(Sender, Option<TlsIdentity>),
    /// The peer was known when the session was begun, and is not admitted any more: why.
    Resumed(String),
}

async fn handshake(
    tls: &ClientTls,
    config: &Arc<rustls::ClientConfig>,
    offer_http2: bool,
    stream: TcpStream,
    (server, host): (&Authority, &str),
) -> Result<Shaken, ClientError> {
    let refused = |reason: String| ClientError::Tls { server: server.clone(), reason };
    let name = ServerName::try_from(host.to_owned()).map_err(|error| refused(error.to_string()))?;
    let protocols = if offer_http2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };
    let connecting = TlsConnector::from(Arc::clone(config)).with_alpn(protocols).connect(name, stream);
    let stream = connecting.await.map_err(|error| refused(error.to_string()))?;
    let (_, session) = stream.get_ref();
    let chain = session.peer_certificates().unwrap_or_default();
    let identified = tls.members.as_ref().map(|members| members.peers.identify(chain, members.clock.now()));
    let peer = match identified.transpose() {
        Ok(peer) => peer,
        Err(error) if session.handshake_kind() == Some(HandshakeKind::Resumed) => {
            return Ok(Shaken::Resumed(error.to_string()));
        }
        Err(error) => return Err(refused(error.to_string())),
    };
    let is_http2 = session.alpn_protocol() == Some(b"h2");
    let sender = if is_http2 { http2(stream, server).await? } else { http1(stream, server).await? };
    Ok(Shaken::Known(sender, peer))
}

async fn http1<S>(stream: S, server: &Authority) -> Result<Sender, ClientError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handshake = hyper::client::conn::http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream));
    let (sender, connection) = handshake.await.map_err(|_| ClientError::Broken { server: server.clone() })?;
    tokio::spawn(connection);
    Ok(Sender::Http1(sender))
}

async fn http2<S>(stream: S, server: &Authority) -> Result<Sender, ClientError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(stream);
    let handshake = hyper::client::conn::http2::handshake::<_, _, Full<Bytes>>(TokioExecutor::new(), io);
    let (sender, connection) = handshake.await.map_err(|_| ClientError::Broken { server: server.clone() })?;
    tokio::spawn(connection);
    Ok(Sender::Http2(sender))
}
