//! Kept connections, by server. The one used last is used next, so that the others may end.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use mohur_chain::TlsIdentity;
use tokio::time::Instant;

use crate::{ClientError, ClientLimits};

type Outgoing = Request<Full<Bytes>>;

/// The sending half of a connection.
pub(crate) enum Sender {
    /// One request at a time.
    Http1(http1::SendRequest<Full<Bytes>>),
    /// Many requests at a time; shared.
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// A connection taken for one request.
pub(crate) struct Lease {
    sender: Sender,
    peer: Option<TlsIdentity>,
    epoch: Epoch,
}

/// Connections of an earlier epoch than the pool's carry no new requests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Epoch(u64);

/// A request that got no answer.
pub(crate) enum Unsent {
    /// Nothing of it was sent: it may be sent elsewhere.
    Returned(Box<Outgoing>),
    /// The server ended the connection with a TLS alert: it does not take our certificate, for example.
    Alert(String),
    /// It may have arrived.
    Gone,
}

impl Unsent {
    fn of(error: &hyper::Error, message: Option<Outgoing>) -> Self {
        if let Some(message) = message {
            return Self::Returned(Box::new(message));
        }
        let mut source = error.source();
        while let Some(error) = source {
            let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
            if let Some(alert) = inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
                return Self::Alert(alert.to_string());
            }
            source = error.source();
        }
        Self::Gone
    }

    /// The error for a request that is not sent again.
    pub(crate) fn error(self, server: &Authority) -> ClientError {
        let server = server.clone();
        match self {
            Self::Alert(reason) => ClientError::Tls { server, reason },
            Self::Gone | Self::Returned(_) => ClientError::Broken { server },
        }
    }
}

struct Kept {
    lease: Lease,
    since: Instant,
}

/// Kept connections.
pub(crate) struct Pool {
    limits: ClientLimits,
    kept: Mutex<HashMap<Authority, Vec<Kept>>>,
    epoch: AtomicU64,
}

impl Lease {
    pub(crate) const fn new(sender: Sender, peer: Option<TlsIdentity>, epoch: Epoch) -> Self {
        Self { sender, peer, epoch }
    }

    /// Who is at the other end.
    pub(crate) const fn peer(&self) -> Option<&TlsIdentity> {
        self.peer.as_ref()
    }

    /// The same connection once more, if it can carry more than one request.
    fn share(&self) -> Option<Self> {
        match &self.sender {
            Sender::Http1(_) => None,
            Sender::Http2(sender) => Some(Self::new(Sender::Http2(sender.clone()), self.peer.clone(), self.epoch)),
        }
    }

    fn is_open(&self) -> bool {
        match &self.sender {
            Sender::Http1(sender) => !sender.is_closed(),
            Sender::Http2(sender) => !sender.is_closed(),
        }
    }

    /// Sends a request with an absolute address in the form that the protocol wants.
    pub(crate) async fn send(&mut self, request: Outgoing) -> Result<Response<Incoming>, Unsent> {
        match &mut self.sender {
            Sender::Http1(sender) => {
                if sender.ready().await.is_err() {
                    return Err(Unsent::Returned(Box::new(request)));
                }
                let address = request.uri().clone();
                sender.try_send_request(to_origin_form(request)).await.map_err(|mut failed| {
                    let mut message = failed.take_message();
                    if let Some(message) = &mut message {
                        *message.uri_mut() = address;
                    }
                    Unsent::of(failed.error(), message)
                })
            }
            Sender::Http2(sender) => sender.try_send_request(request).await.map_err(|mut failed| {
                let message = failed.take_message();
                Unsent::of(failed.error(), message)
            }),
        }
    }
}

/// HTTP/1.1 (RFC 9112 §3.2.1): path and query as the target, the authority in `Host`.
fn to_origin_form(mut request: Outgoing) -> Outgoing {
    let host = request.uri().authority().and_then(|server| HeaderValue::from_str(server.as_str()).ok());
    if let Some(host) = host {
        request.headers_mut().insert(header::HOST, host);
    }
    let target = request.uri().path_and_query().cloned();
    *request.uri_mut() = target.map_or_else(|| Uri::from_static("/"), Uri::from);
    request
}

impl Pool {
    pub(crate) fn new(limits: ClientLimits) -> Self {
        Self { limits, kept: Mutex::default(), epoch: AtomicU64::new(0) }
    }

    /// The epoch of a connection that is opened now.
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.epoch.load(Ordering::Acquire))
    }

    /// Begins a new epoch: what is under way is finished, and nothing new is sent on the connections that are open.
    pub(crate) fn begin_anew(&self) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        self.kept().clear();
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<Authority, Vec<Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection to `server` that is open and not too old.
    pub(crate) fn take(&self, server: &Authority) -> Option<Lease> {
        let mut kept = self.kept();
        let connections = kept.get_mut(server)?;
        while let Some(last) = connections.pop() {
            if last.since.elapsed() > self.limits.idle_timeout {
                // Those below were put back even earlier.
                connections.clear();
            } else if last.lease.is_open() {
                if let Some(lease) = last.lease.share() {
                    connections.push(Kept { lease, since: last.since });
                }
                return Some(last.lease);
            }
        }
        None
    }

    /// Lets others use a new connection at once, if it can carry more than one request.
    pub(crate) fn share(&self, server: &Authority, lease: &Lease) {
        if let Some(lease) = lease.share() {
            self.keep(server, lease);
        }
    }

    /// Keeps a connection whose answer was read whole.
    pub(crate) fn give_back(&self, server: &Authority, lease: Lease) {
        match lease.sender {
            Sender::Http1(_) => self.keep(server, lease),
            // The pool has it already; note that it was used.
            Sender::Http2(_) => {
                if let Some(last) = self.kept().get_mut(server).and_then(|connections| connections.last_mut()) {
                    last.since = Instant::now();
                }
            }
        }
    }

    /// Closes the kept connections to `server`, once nobody uses them any more.
    pub(crate) fn forget(&self, server: &Authority) {
        self.kept().remove(server);
    }

    fn keep(&self, server: &Authority, lease: Lease) {
        let mut kept = self.kept();
        if lease.epoch != self.epoch() {
            return;
        }
        let connections = kept.entry(server.clone()).or_default();
        if connections.len() < self.limits.idle_connections && lease.is_open() {
            connections.push(Kept { lease, since: Instant::now() });
        }
    }
}
