//! Opens a connection: TCP, TLS, who it is, protocol.

use std::time::Duration;

use bytes::Bytes;
use http::uri::Authority;
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::ClientError;
use crate::client::{ClientTls, Inner};
use crate::pool::{Lease, Sender};

/// Opens a connection to `server` within the connect timeout.
pub(crate) async fn open(client: &Inner, server: &Authority) -> Result<Lease, ClientError> {
    let within = client.limits.connect_timeout;
    match tokio::time::timeout(within, connect(client, server)).await {
        Ok(opened) => opened,
        Err(_elapsed) => Err(timed_out(server, within)),
    }
}

fn timed_out(server: &Authority, within: Duration) -> ClientError {
    let reason = format!("no connection within {} ms", within.as_millis());
    ClientError::Connect { server: server.clone(), source: std::io::Error::new(std::io::ErrorKind::TimedOut, reason) }
}

async fn connect(client: &Inner, server: &Authority) -> Result<Lease, ClientError> {
    let port = server.port_u16().unwrap_or(if client.tls.is_some() { 443 } else { 80 });
    let host = server.host().trim_start_matches('[').trim_end_matches(']');
    let failed = |source| ClientError::Connect { server: server.clone(), source };
    let stream = TcpStream::connect((host, port)).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    let Some(tls) = &client.tls else {
        return Ok(Lease::new(http1(stream, server).await?, None));
    };
    handshake(tls, client.limits.http2, stream, (server, host)).await
}

async fn handshake(
    tls: &ClientTls,
    offer_http2: bool,
    stream: TcpStream,
    (server, host): (&Authority, &str),
) -> Result<Lease, ClientError> {
    let refused = |reason: String| ClientError::Tls { server: server.clone(), reason };
    let name = ServerName::try_from(host.to_owned()).map_err(|error| refused(error.to_string()))?;
    let protocols = if offer_http2 { vec![b"h2".to_vec(), b"http/1.1".to_vec()] } else { vec![b"http/1.1".to_vec()] };
    let connecting = tls.connector.with_alpn(protocols).connect(name, stream);
    let stream = connecting.await.map_err(|error| refused(error.to_string()))?;
    let (_, session) = stream.get_ref();
    let chain = session.peer_certificates().unwrap_or_default();
    let identified = tls.members.as_ref().map(|members| members.peers.identify(chain, members.clock.now()));
    let peer = identified.transpose().map_err(|error| refused(error.to_string()))?;
    let is_http2 = session.alpn_protocol() == Some(b"h2");
    let sender = if is_http2 { http2(stream, server).await? } else { http1(stream, server).await? };
    Ok(Lease::new(sender, peer))
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
