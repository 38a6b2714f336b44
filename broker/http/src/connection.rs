//! One accepted connection: handshake, protocol, and the watch over its progress.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo};
use mohur_chain::TlsIdentity;
use mohur_transport::CertificatePin;
use mohur_wire::Clock;
use rustls_pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};

use crate::server::{Clients, Stop, Tls};
use crate::service;
use crate::stats::count;
use crate::watch::{Activity, Watched};
use crate::{Handler, Limits, Stats};

/// What all connections of a server share.
pub(crate) struct Context<H> {
    pub(crate) handler: Arc<H>,
    pub(crate) limits: Limits,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) stats: Arc<Stats>,
    pub(crate) tls: Option<Tls>,
    pub(crate) stopping: watch::Receiver<Stop>,
    /// Held by every connection and every running handler: the server waits until all are gone.
    #[expect(dead_code, reason = "only its drop is observed")]
    pub(crate) alive: mpsc::Sender<()>,
}

/// What the requests of one connection share.
pub(crate) struct Link<H> {
    pub(crate) context: Arc<Context<H>>,
    pub(crate) remote: SocketAddr,
    pub(crate) peer: Peer,
    pub(crate) activity: Arc<Activity>,
}

/// Who is at the other end of a connection.
#[derive(Default)]
pub(crate) struct Peer {
    /// A member, as its certificate proves.
    pub(crate) member: Option<TlsIdentity>,
    /// One of our own systems, by its pinned certificate.
    pub(crate) pin: Option<CertificatePin>,
    /// Anybody, who holds the key of this certificate.
    pub(crate) shown: Option<CertificateDer<'static>>,
}

/// Headers beyond the limit but below this many times the limit get an answer that says so; beyond, only a status.
const HARD_HEADER_FACTOR: usize = 4;
const LEAST_BUFFER: usize = 64 << 10;

pub(crate) async fn serve<H: Handler>(stream: TcpStream, remote: SocketAddr, context: &Arc<Context<H>>) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Some(tls) = &context.tls else {
        return http1(stream, link(context, remote, Peer::default(), true)).await;
    };
    match handshake(tls, stream, context).await {
        Ok((stream, peer)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
            http2(stream, link(context, remote, peer, false)).await;
        }
        Ok((stream, peer)) => http1(stream, link(context, remote, peer, true)).await,
        Err(reason) => {
            count(&context.stats.handshakes_failed);
            tracing::info!(%remote, reason, "a TLS handshake failed");
        }
    }
}

fn link<H>(context: &Arc<Context<H>>, remote: SocketAddr, peer: Peer, bytes_begin_a_head: bool) -> Arc<Link<H>> {
    Arc::new(Link { context: Arc::clone(context), remote, peer, activity: Arc::new(Activity::new(bytes_begin_a_head)) })
}

type TlsStream = tokio_rustls::server::TlsStream<TcpStream>;

async fn handshake<H: Handler>(
    tls: &Tls,
    stream: TcpStream,
    context: &Context<H>,
) -> Result<(TlsStream, Peer), String> {
    let mut stopping = context.stopping.clone();
    let accepted = tokio::select! {
        accepted = tokio::time::timeout(context.limits.tls_timeout, tls.acceptor.accept(stream)) => accepted,
        _ = stopping.wait_for(|stop| *stop != Stop::No) => return Err("the server is stopping".to_owned()),
    };
    let stream = accepted.map_err(|_| "tls-timeout".to_owned())?.map_err(|error| error.to_string())?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let peer = match &tls.clients {
        Clients::Members(peers) => {
            let member = peers.identify(chain, context.clock.now()).map_err(|error| error.to_string())?;
            Peer { member: Some(member), ..Peer::default() }
        }
        Clients::Pinned => Peer { pin: CertificatePin::of_chain(chain), ..Peer::default() },
        Clients::Anybody => Peer { shown: chain.first().map(|leaf| leaf.clone().into_owned()), ..Peer::default() },
    };
    Ok((stream, peer))
}

async fn http1<H: Handler, S>(stream: S, link: Arc<Link<H>>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = link.context.limits;
    let head = limits.header_bytes.saturating_mul(HARD_HEADER_FACTOR);
    let io = TokioIo::new(Watched { stream, activity: Arc::clone(&link.activity) });
    let connection = hyper::server::conn::http1::Builder::new()
        .header_read_timeout(None)
        .max_header_size(head)
        .max_buf_size(head.max(LEAST_BUFFER))
        .serve_connection(io, Requests(Arc::clone(&link)));
    drive(connection, hyper::server::conn::http1::Connection::graceful_shutdown, &link).await;
}

async fn http2<H: Handler, S>(stream: S, link: Arc<Link<H>>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let limits = link.context.limits;
    let head = u32::try_from(limits.header_bytes.saturating_mul(HARD_HEADER_FACTOR)).unwrap_or(u32::MAX);
    let io = TokioIo::new(Watched { stream, activity: Arc::clone(&link.activity) });
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(head)
        .serve_connection(io, Requests(Arc::clone(&link)));
    drive(connection, hyper::server::conn::http2::Connection::graceful_shutdown, &link).await;
}

/// The requests of one connection, as hyper hands them over.
struct Requests<H>(Arc<Link<H>>);

impl<H: Handler> Service<http::Request<Incoming>> for Requests<H> {
    type Response = http::Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: http::Request<Incoming>) -> Self::Future {
        let link = Arc::clone(&self.0);
        Box::pin(async move { Ok(service::answer(link, request).await.map(Full::new)) })
    }
}

/// Runs a connection to its end: its own, the shutdown's, or that of the peer's time.
async fn drive<H, C, E>(connection: C, finish: impl Fn(Pin<&mut C>), link: &Link<H>)
where
    C: Future<Output = Result<(), E>>,
    E: std::fmt::Display,
{
    let limits = &link.context.limits;
    let mut stopping = link.context.stopping.clone();
    let mut connection = std::pin::pin!(connection);
    let mut timer = std::pin::pin!(tokio::time::sleep_until(link.activity.deadline(limits)));
    let mut draining = false;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(remote = %link.remote, %error, "a connection broke");
                }
                return;
            }
            _ = stopping.wait_for(|stop| *stop == Stop::Now || (*stop == Stop::Drain && !draining)) => {
                if draining {
                    return;
                }
                draining = true;
                finish(connection.as_mut());
            }
            () = timer.as_mut() => {
                let deadline = link.activity.deadline(limits);
                if deadline <= tokio::time::Instant::now() {
                    count(&link.context.stats.cut_off);
                    tracing::debug!(remote = %link.remote, "a slow or idle connection was closed");
                    return;
                }
                timer.as_mut().reset(deadline);
            }
        }
    }
}
