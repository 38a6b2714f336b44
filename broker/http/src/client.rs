//! The asking side: keeps connections, bounds time and size, and says who answered.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use http::uri::Authority;
use http_body_util::Full;
use mohur_chain::TlsIdentity;
use mohur_transport::{InsideClient, PeerError, Peers};
use mohur_wire::{Clock, MemberId};

use crate::ClientLimits;
use crate::body::{self, BodyError};
use crate::connect;
use crate::pool::{Lease, Pool, Unsent};

/// A client. Cheap to clone; clones share the kept connections.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) tls: Option<ClientTls>,
    pub(crate) limits: ClientLimits,
    pub(crate) pool: Pool,
}

pub(crate) struct ClientTls {
    config: RwLock<Arc<rustls::ClientConfig>>,
    /// Who says which member a server is; on the inside leg servers are no members.
    pub(crate) members: Option<Members>,
}

impl ClientTls {
    fn new(config: Arc<rustls::ClientConfig>, members: Option<Members>) -> Self {
        Self { config: RwLock::new(config), members }
    }

    pub(crate) fn config(&self) -> Arc<rustls::ClientConfig> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What tells the member at the other end.
pub(crate) struct Members {
    pub(crate) peers: Arc<Peers>,
    pub(crate) clock: Arc<dyn Clock>,
}

/// An answer, and who gave it.
#[derive(Debug)]
pub struct Reply {
    /// Status, headers and the whole body.
    pub response: http::Response<Bytes>,
    /// The member that the server's certificate proves; `None` on a plain connection and on the inside leg only.
    pub peer: Option<TlsIdentity>,
}

/// Why there is no answer. Names the server, never the target: a target may name a person.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The request's address is not `http(s)://host:port/…`, or its scheme is not this client's.
    #[error("the request's address is not an absolute {scheme} address")]
    Address {
        /// The scheme that this client speaks.
        scheme: &'static str,
    },
    /// Nobody answers there.
    #[error("cannot connect to {server}: {source}; is it running, and is the address right?")]
    Connect {
        /// Host and port.
        server: Authority,
        /// What the system said.
        source: std::io::Error,
    },
    /// The handshake failed, or the certificate is not a member's.
    #[error("no trusted connection to {server}: {reason}")]
    Tls {
        /// Host and port.
        server: Authority,
        /// What TLS said.
        reason: String,
    },
    /// The member at the other end is no longer admitted.
    #[error("{server} is not admitted any more: {reason}")]
    Peer {
        /// Host and port.
        server: Authority,
        /// Why.
        reason: PeerError,
    },
    /// Another member than the one that is meant is at the other end; nothing was sent to it.
    #[error("at {server} is another member than {expected}; nothing was sent to it")]
    Stranger {
        /// Host and port.
        server: Authority,
        /// Who is meant.
        expected: MemberId,
    },
    /// No whole answer within the time given.
    #[error("{server} did not answer within {} ms", .after.as_millis())]
    Timeout {
        /// Host and port.
        server: Authority,
        /// The time given.
        after: Duration,
    },
    /// The answer's body is larger than the limit.
    #[error("the answer of {server} is larger than {limit} bytes")]
    TooLarge {
        /// Host and port.
        server: Authority,
        /// The limit.
        limit: usize,
    },
    /// The connection broke before the answer was whole: the request may have been carried out.
    #[error("the connection to {server} broke before the answer was whole")]
    Broken {
        /// Host and port.
        server: Authority,
    },
}

/// As an extension of a request: the most bytes that its answer's body may have, in place of the client's own limit.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimit(pub usize);

impl Client {
    /// A client for mutual TLS. `peers` says who the servers are; the configuration's own protocols (ALPN) are replaced
    /// by what the limits say.
    pub fn https(
        config: Arc<rustls::ClientConfig>,
        peers: Arc<Peers>,
        clock: Arc<dyn Clock>,
        limits: ClientLimits,
    ) -> Self {
        let members = Some(Members { peers, clock });
        Self::new(Some(ClientTls::new(config, members)), limits)
    }

    /// A client of the inside leg, for servers that are known by their pinned certificate.
    pub fn inside(inside: &InsideClient, limits: ClientLimits) -> Self {
        Self::new(Some(ClientTls::new(inside.config(), None)), limits)
    }

    /// A client of a service of the domain itself, which is known by its certificate under the root.
    pub fn service(config: Arc<rustls::ClientConfig>, limits: ClientLimits) -> Self {
        Self::new(Some(ClientTls::new(config, None)), limits)
    }

    /// A client without TLS, for servers on the same machine.
    pub fn http(limits: ClientLimits) -> Self {
        Self::new(None, limits)
    }

    fn new(tls: Option<ClientTls>, limits: ClientLimits) -> Self {
        Self { inner: Arc::new(Inner { tls, limits, pool: Pool::new(limits) }) }
    }

    /// Sends a request with an absolute address and reads the whole answer, all within `timeout`.
    ///
    /// A request is sent again only if it never left: a kept connection that turns out closed costs no failure.
    pub async fn send(&self, request: http::Request<Bytes>, timeout: Duration) -> Result<Reply, ClientError> {
        self.send_to_whom(None, request, timeout).await
    }

    /// The same, to this member and to nobody else: the request leaves only after the peer has proved to be it.
    pub async fn send_to(
        &self,
        member: &MemberId,
        request: http::Request<Bytes>,
        timeout: Duration,
    ) -> Result<Reply, ClientError> {
        self.send_to_whom(Some(member), request, timeout).await
    }

    /// Our certificate was renewed: opens connections with this configuration from now on. What is under way is finished on
    /// those that are open, and nothing new is sent on them. The configuration must be a new one: a session that was begun
    /// with the old certificate and is resumed would show that one again.
    pub fn begin_anew(&self, config: Arc<rustls::ClientConfig>) {
        if let Some(tls) = &self.inner.tls {
            *tls.config.write().unwrap_or_else(PoisonError::into_inner) = config;
            self.inner.pool.begin_anew();
        }
    }

    async fn send_to_whom(
        &self,
        expected: Option<&MemberId>,
        request: http::Request<Bytes>,
        timeout: Duration,
    ) -> Result<Reply, ClientError> {
        let scheme = if self.inner.tls.is_some() { "https" } else { "http" };
        let server = match request.uri().authority() {
            Some(server) if request.uri().scheme_str() == Some(scheme) => server.clone(),
            _ => return Err(ClientError::Address { scheme }),
        };
        let exchange = self.inner.exchange(&server, expected, request.map(Full::new));
        match tokio::time::timeout(timeout, exchange).await {
            Ok(result) => result,
            Err(_elapsed) => Err(ClientError::Timeout { server, after: timeout }),
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.inner.tls.is_some() { "Client(https)" } else { "Client(http)" })
    }
}

impl Inner {
    async fn exchange(
        &self,
        server: &Authority,
        expected: Option<&MemberId>,
        mut request: http::Request<Full<Bytes>>,
    ) -> Result<Reply, ClientError> {
        let limit = request.extensions().get::<BodyLimit>().map_or(self.limits.body_bytes, |limit| limit.0);
        while let Some(mut lease) = self.pool.take(server) {
            if self.admits(server, expected, lease.peer()).is_err() {
                // A connection that many requests share would be taken again and again.
                self.pool.forget(server);
                continue;
            }
            request = match lease.send(request).await {
                Ok(response) => return self.finish(server, lease, response, limit).await,
                Err(Unsent::Returned(request)) => *request,
                Err(unsent) => return Err(unsent.error(server)),
            };
        }
        let mut lease = connect::open(self, server).await?;
        self.admits(server, expected, lease.peer())?;
        self.pool.share(server, &lease);
        match lease.send(request).await {
            Ok(response) => self.finish(server, lease, response, limit).await,
            Err(unsent) => Err(unsent.error(server)),
        }
    }

    fn admits(
        &self,
        server: &Authority,
        expected: Option<&MemberId>,
        peer: Option<&TlsIdentity>,
    ) -> Result<(), ClientError> {
        if let Some(expected) = expected
            && peer.map(TlsIdentity::member) != Some(expected)
        {
            return Err(ClientError::Stranger { server: server.clone(), expected: expected.clone() });
        }
        match (self.tls.as_ref().and_then(|tls| tls.members.as_ref()), peer) {
            (Some(members), Some(peer)) => members
                .peers
                .admits(peer, members.clock.now())
                .map_err(|reason| ClientError::Peer { server: server.clone(), reason }),
            _ => Ok(()),
        }
    }

    async fn finish(
        &self,
        server: &Authority,
        lease: Lease,
        response: http::Response<hyper::body::Incoming>,
        limit: usize,
    ) -> Result<Reply, ClientError> {
        let (parts, body) = response.into_parts();
        let body = body::collect(body, limit).await.map_err(|error| match error {
            BodyError::TooLarge => ClientError::TooLarge { server: server.clone(), limit },
            BodyError::Broken => ClientError::Broken { server: server.clone() },
        })?;
        let peer = lease.peer().cloned();
        self.pool.give_back(server, lease);
        Ok(Reply { response: http::Response::from_parts(parts, body), peer })
    }
}
