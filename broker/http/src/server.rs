//! The listening side: accepts connections, and stops without dropping what it accepted.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use mohur_transport::{InsideServer, Peers};
use mohur_wire::Clock;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;

use crate::connection::{self, Context};
use crate::stats::count;
use crate::{Handler, Limits, Stats};

/// A server that is bound and not yet serving.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
    limits: Limits,
    clock: Arc<dyn Clock>,
    stats: Arc<Stats>,
}

/// What a TLS server needs.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) clients: Clients,
}

/// Who the clients of a TLS server are.
pub(crate) enum Clients {
    /// Members; these say which one.
    Members(Arc<Peers>),
    /// Our own systems, by their pinned certificate.
    Pinned,
    /// Anybody: the handler judges what a client shows.
    Anybody,
}

/// The address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}; choose a free address of this machine")]
pub struct BindError {
    /// The address asked for.
    pub address: SocketAddr,
    /// What the system said.
    pub source: io::Error,
}

/// How far a shutdown has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Serving.
    No,
    /// No new requests; accepted ones are finished.
    Drain,
    /// The time to drain is over.
    Now,
}

impl Server {
    /// Binds a plain server: for loopback, where the register or the administrator sits on the same machine.
    pub async fn bind(address: SocketAddr, limits: Limits, clock: Arc<dyn Clock>) -> Result<Self, BindError> {
        let at = |source| BindError { address, source };
        let listener = TcpListener::bind(address).await.map_err(at)?;
        let bound = listener.local_addr().map_err(at)?;
        Ok(Self { listener, address: bound, tls: None, limits, clock, stats: Arc::default() })
    }

    /// Serves TLS with this configuration, and lets `peers` say who the clients are.
    #[must_use]
    pub fn with_tls(mut self, config: Arc<rustls::ServerConfig>, peers: Arc<Peers>) -> Self {
        self.tls = Some(Tls { acceptor: TlsAcceptor::from(config), clients: Clients::Members(peers) });
        self
    }

    /// Serves TLS on the inside leg: clients are known by the pin of their certificate, or not at all.
    #[must_use]
    pub fn with_inside_tls(mut self, inside: &InsideServer) -> Self {
        self.tls = Some(Tls { acceptor: TlsAcceptor::from(inside.config()), clients: Clients::Pinned });
        self
    }

    /// Serves TLS to anybody: the handler is given the certificate that a client holds, and judges it.
    #[must_use]
    pub fn with_service_tls(mut self, config: Arc<rustls::ServerConfig>) -> Self {
        self.tls = Some(Tls { acceptor: TlsAcceptor::from(config), clients: Clients::Anybody });
        self
    }

    /// The address it listens on (the port that was chosen, if it was bound to port 0).
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The server's counters.
    pub fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.stats)
    }

    /// Serves until `shutdown` is done; then accepts nothing more, finishes what it accepted within the drain timeout,
    /// and returns.
    pub async fn serve<H: Handler>(self, handler: Arc<H>, shutdown: impl Future<Output = ()> + Send) {
        let (stop, stopping) = watch::channel(Stop::No);
        let (alive, mut all_done) = mpsc::channel::<()>(1);
        let drain_timeout = self.limits.drain_timeout;
        let context = Arc::new(Context {
            handler,
            limits: self.limits,
            clock: self.clock,
            stats: self.stats,
            tls: self.tls,
            stopping,
            alive,
        });
        tokio::select! {
            () = accept(&self.listener, &context) => {}
            () = shutdown => {}
        }
        drop(self.listener);
        drop(context);
        stop.send_replace(Stop::Drain);
        if tokio::time::timeout(drain_timeout, all_done.recv()).await.is_err() {
            tracing::warn!("requests were still running at the end of drain-timeout");
            stop.send_replace(Stop::Now);
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Server({})", self.address)
    }
}

async fn accept<H: Handler>(listener: &TcpListener, context: &Arc<Context<H>>) {
    loop {
        match listener.accept().await {
            Ok((stream, remote)) => start(stream, remote, context),
            Err(error) => {
                // Out of descriptors, or the peer is gone already. A pause, so that the former does not spin.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

fn start<H: Handler>(stream: TcpStream, remote: SocketAddr, context: &Arc<Context<H>>) {
    let stats = &context.stats;
    count(&stats.accepted);
    if stats.open.load(Ordering::Relaxed) >= u64::try_from(context.limits.max_connections).unwrap_or(u64::MAX) {
        count(&stats.turned_away);
        tracing::warn!(%remote, "max-connections are open: one more was closed");
        return;
    }
    count(&stats.open);
    let context = Arc::clone(context);
    tokio::spawn(async move {
        let _open = crate::stats::Gauge(&context.stats.open);
        connection::serve(stream, remote, &context).await;
    });
}
