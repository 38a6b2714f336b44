//! The door: which address leads where. Everything behind it is in `mohur-exchange`.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Response, StatusCode};
use mohur_exchange::{Exchange, Incoming, Provider};
use mohur_http::{Handler, Request};
use mohur_wire::refusal::Problem;
use mohur_wire::{MessageId, Refusal, RefusalCode};

use crate::metrics::Metrics;
use crate::rate::Rates;

/// The published contract, served as it stands.
pub(crate) const OPENAPI: &str = include_str!("../../../schemas/contracts/openapi.json");

/// Takes requests from the network to the exchange.
pub(crate) struct Door<P> {
    pub(crate) exchange: Arc<Exchange<P>>,
    pub(crate) rates: Rates,
    pub(crate) metrics: Metrics,
}

enum Way {
    Query,
    Bundle,
    Poll,
    Definitions,
    Definition(String),
    Contract,
    Refused(RefusalCode),
}

fn way(method: &Method, path: &str) -> Way {
    let (known, expected) = match path {
        "/v1/query" => (Way::Query, Method::POST),
        "/v1/bundles" => (Way::Bundle, Method::POST),
        "/v1/bundles/poll" => (Way::Poll, Method::POST),
        "/v1/definitions" => (Way::Definitions, Method::GET),
        "/openapi.json" => (Way::Contract, Method::GET),
        _ => match path.strip_prefix("/v1/definitions/") {
            Some(name) => (Way::Definition(name.to_owned()), Method::GET),
            None => return Way::Refused(RefusalCode::NoSuchEndpoint),
        },
    };
    if *method == expected { known } else { Way::Refused(RefusalCode::MethodNotAllowed) }
}

impl<P: Provider> Door<P> {
    async fn answer(&self, request: Request) -> Response<Bytes> {
        let Some(peer) = request.peer else { return self.refuse(RefusalCode::CertificateRefused) };
        let admitted = self.rates.admits(peer.member());
        let way = way(&request.parts.method, request.parts.uri.path());
        let incoming = Incoming { peer, parts: Arc::new(request.parts), body: request.body, arrival: request.arrival };
        if !admitted {
            return self.too_many(&incoming).await;
        }
        match way {
            Way::Query => self.exchange.query(incoming).await,
            Way::Bundle => self.exchange.bundle(incoming).await,
            Way::Poll => self.exchange.poll(incoming).await,
            Way::Contract => json(OPENAPI),
            Way::Definitions => json(self.exchange.definitions()),
            Way::Definition(name) => {
                match name.parse::<MessageId>().ok().and_then(|id| self.exchange.definition(&id)) {
                    Some(definition) => json(definition),
                    None => self.exchange.turn_away(&incoming, RefusalCode::BundleUnknown.into()).await,
                }
            }
            Way::Refused(code) => self.exchange.turn_away(&incoming, code.into()).await,
        }
    }
}

impl<P: Provider> Door<P> {
    /// More than the member's share: refused under the seal, and logged as far as the log should grow for it.
    async fn too_many(&self, incoming: &Incoming) -> Response<Bytes> {
        let refusal = RefusalCode::RateLimited.into();
        if self.rates.records_excess() {
            self.exchange.turn_away(incoming, refusal).await
        } else {
            self.exchange.wave_off(incoming, &refusal)
        }
    }
}

impl<P: Provider> Handler for Door<P> {
    async fn handle(&self, request: Request) -> Response<Bytes> {
        let started = Instant::now();
        let response = self.answer(request).await;
        self.metrics.finished(started, response.status());
        response
    }

    /// What a member sent and nobody could read is refused like any message: sealed and logged, within the member's share.
    async fn turn_away(&self, request: Request, code: RefusalCode) -> Response<Bytes> {
        let Some(peer) = request.peer else { return self.refuse(code) };
        self.metrics.cut_off(code);
        let admitted = self.rates.admits(peer.member());
        let incoming = Incoming { peer, parts: Arc::new(request.parts), body: request.body, arrival: request.arrival };
        if !admitted {
            return self.too_many(&incoming).await;
        }
        self.exchange.turn_away(&incoming, code.into()).await
    }

    /// What the HTTP layer refuses beyond that has no message that could be logged: it is answered, and counted.
    fn refuse(&self, code: RefusalCode) -> Response<Bytes> {
        self.metrics.cut_off(code);
        let problem = Problem::new(&Refusal::from(code), None);
        let mut response = Response::new(Bytes::from(serde_json::to_vec(&problem).unwrap_or_default()));
        *response.status_mut() = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}

fn json(body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
