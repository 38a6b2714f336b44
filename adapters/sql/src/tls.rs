//! TLS to the database: the inside leg's, known by the certificate that is pinned.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use mohur_http::{InsideStream, inside_stream};
use mohur_transport::InsideClient;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};

/// PostgreSQL's protocol in IANA's registry of ALPN identifiers; version 17 insists on it.
const PROTOCOL: &str = "postgresql";

/// Makes connections of the inside leg.
#[derive(Clone)]
pub(crate) struct Inside(pub(crate) InsideClient);

/// One connection being made.
pub(crate) struct Connecting {
    inside: InsideClient,
    host: String,
}

/// A connection of the inside leg.
pub(crate) struct Stream(InsideStream<Socket>);

impl MakeTlsConnect<Socket> for Inside {
    type Stream = Stream;
    type TlsConnect = Connecting;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<Connecting> {
        Ok(Connecting { inside: self.0.clone(), host: host.to_owned() })
    }
}

impl TlsConnect<Socket> for Connecting {
    type Stream = Stream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move { inside_stream(self.inside, self.host, PROTOCOL, socket).await.map(Stream) })
    }
}

impl TlsStream for Stream {
    /// None: the pin already says whose connection it is.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
