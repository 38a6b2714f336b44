//! What a handler is given, and what it is.

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;
use mohur_chain::TlsIdentity;
use mohur_transport::CertificatePin;
use mohur_wire::{Arrival, RefusalCode};
use rustls_pki_types::CertificateDer;

/// A request, whole: its body has been read. `Debug` shows neither address nor body: they may name a person.
pub struct Request {
    /// Method, target and headers as received.
    pub parts: http::request::Parts,
    /// The body, within the server's limit.
    pub body: Bytes,
    /// The member that the client's certificate proves; `None` on a plain connection and on the inside leg only.
    pub peer: Option<TlsIdentity>,
    /// On the inside leg: the pin of the certificate that the client showed.
    pub pin: Option<CertificatePin>,
    /// At a service that anybody may ask: the certificate whose key the client holds. Nothing else about it was judged.
    pub shown: Option<CertificateDer<'static>>,
    /// The message's one clock reading, made when its headers were complete.
    pub arrival: Arrival,
    /// The address of the other end.
    pub remote: SocketAddr,
}

impl Request {
    /// The authority that the client addressed (RFC 9421 `@authority` before normalisation): of the target, or `Host`.
    /// The server has refused requests that name none, or two.
    pub fn authority(&self) -> &str {
        authority(&self.parts).unwrap_or_default()
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({}, {} bytes)", self.parts.method, self.body.len())
    }
}

/// The one authority of a request; `None` if it has none or two that differ (RFC 9112 §3.2, RFC 9113 §8.3.1).
pub(crate) fn authority(parts: &http::request::Parts) -> Option<&str> {
    let mut hosts = parts.headers.get_all(http::header::HOST).iter();
    let host = hosts.next().map(|host| host.to_str().ok());
    let target = parts.uri.authority().map(http::uri::Authority::as_str);
    match (host, hosts.next(), target) {
        (Some(Some(host)), None, None) if !host.is_empty() => Some(host),
        (Some(Some(host)), None, Some(target)) if host.eq_ignore_ascii_case(target) => Some(target),
        (None, None, Some(target)) => Some(target),
        _ => None,
    }
}

/// What a server does with a request. Each request is handled in a task of its own: it is finished even if the client
/// goes away or has been told that it takes too long.
pub trait Handler: Send + Sync + 'static {
    /// Answers a request.
    fn handle(&self, request: Request) -> impl Future<Output = http::Response<Bytes>> + Send;

    /// The answer when the server itself refuses: too many, the handler panicked, or the peer is no longer admitted.
    fn refuse(&self, code: RefusalCode) -> http::Response<Bytes>;

    /// The same where it is known what address was asked: some addresses have a form of their own for refusals.
    fn refuse_at(&self, uri: &http::Uri, code: RefusalCode) -> http::Response<Bytes> {
        let _any = uri;
        self.refuse(code)
    }

    /// The answer to a request that the server did not read whole: too large, too slow, broken. `request` has its head,
    /// and no body. Where nothing is done about it, it is refused like any other.
    fn turn_away(&self, request: Request, code: RefusalCode) -> impl Future<Output = http::Response<Bytes>> + Send {
        std::future::ready(self.refuse_at(&request.parts.uri, code))
    }
}
