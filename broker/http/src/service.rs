//! One request: bounded in size and time, then handled in a task of its own.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Version, header};
use hyper::body::Incoming;
use mohur_wire::{Arrival, RefusalCode};

use crate::body::{self, BodyError};
use crate::connection::Link;
use crate::server::Clients;
use crate::stats::{Gauge, count};
use crate::{Handler, Limits, Request, request};

type Response = http::Response<Bytes>;

/// Answers a request, whatever it is.
pub(crate) async fn answer<H: Handler>(link: Arc<Link<H>>, request: http::Request<Incoming>) -> Response {
    let _busy = link.activity.begin();
    let arrival = Arrival::read(&*link.context.clock);
    let (version, uri) = (request.version(), request.uri().clone());
    match receive(&link, request, arrival).await {
        Ok(request) => handle(&link, request, &uri).await,
        Err(unread) => {
            let mut response = match unread {
                Unread::Inadmissible(code) => link.context.handler.refuse_at(&uri, code),
                Unread::Broken(request, code) => link.context.handler.turn_away(*request, code).await,
            };
            // What is left of the request is not read: HTTP/1.1 cannot go on after that.
            if version <= Version::HTTP_11 {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            response
        }
    }
}

/// A request that is not handed to the handler.
enum Unread {
    /// The peer may not speak any more.
    Inadmissible(RefusalCode),
    /// The peer may speak, and this is not a request.
    Broken(Box<Request>, RefusalCode),
}

/// Checks the head and reads the body.
async fn receive<H: Handler>(
    link: &Link<H>,
    request: http::Request<Incoming>,
    arrival: Arrival,
) -> Result<Request, Unread> {
    let clients = link.context.tls.as_ref().map(|tls| &tls.clients);
    if let (Some(peer), Some(Clients::Members(peers))) = (&link.peer.member, clients) {
        peers.admits(peer, arrival.0).map_err(|error| Unread::Inadmissible(error.refusal()))?;
    }
    let (parts, body) = request.into_parts();
    let read = read(&parts, body, &link.context.limits).await;
    let (peer, pin, shown) = (link.peer.member.clone(), link.peer.pin, link.peer.shown.clone());
    let whole = |body| Request { parts, body, peer, pin, shown, arrival, remote: link.remote };
    match read {
        Ok(body) => Ok(whole(body)),
        Err(code) => Err(Unread::Broken(Box::new(whole(Bytes::new())), code)),
    }
}

async fn read(parts: &http::request::Parts, body: Incoming, limits: &Limits) -> Result<Bytes, RefusalCode> {
    if head_bytes(parts) > limits.header_bytes {
        return Err(RefusalCode::TooLarge);
    }
    request::authority(parts).ok_or(RefusalCode::Malformed)?;
    let read = body::collect(body, limits.body_bytes);
    match tokio::time::timeout(limits.body_timeout, read).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(BodyError::TooLarge)) => Err(RefusalCode::TooLarge),
        Ok(Err(BodyError::Broken)) => Err(RefusalCode::Malformed),
        Err(_elapsed) => Err(RefusalCode::RequestTimeout),
    }
}

fn head_bytes(parts: &http::request::Parts) -> usize {
    let target = parts.uri.path_and_query().map_or(0, |target| target.as_str().len());
    // Four more a header: colon, blank, line end.
    let headers: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    target + headers
}

/// Runs the handler in a task that outlives the client, its patience and a panic.
async fn handle<H: Handler>(link: &Link<H>, request: Request, uri: &http::Uri) -> Response {
    let context = Arc::clone(&link.context);
    let handler = &link.context.handler;
    let limits = &link.context.limits;
    let most = u64::try_from(limits.max_in_flight).unwrap_or(u64::MAX);
    let task = tokio::spawn(async move {
        let (_in_flight, now) = Gauge::enter(&context.stats.in_flight);
        if now > most {
            return context.handler.refuse_at(&request.parts.uri, RefusalCode::Overloaded);
        }
        context.handler.handle(request).await
    });
    match tokio::time::timeout(limits.handler_timeout, task).await {
        Ok(Ok(response)) => response,
        Ok(Err(_panicked)) => {
            count(&link.context.stats.panics);
            tracing::error!("a handler panicked; please report the panic message on the standard error");
            handler.refuse_at(uri, RefusalCode::Internal)
        }
        Err(_elapsed) => handler.refuse_at(uri, RefusalCode::ProviderTimeout),
    }
}
