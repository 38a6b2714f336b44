//! The host's one endpoint.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Response, StatusCode};
use mohur_http::{Handler, Request};
use mohur_wire::refusal::Problem;
use mohur_wire::{Refusal, RefusalCode};

use crate::pipeline::House;
use crate::stop::Stop;

/// Where asks arrive.
pub(crate) const ASK: &str = "/v1/ask";

pub(crate) struct Door(pub(crate) Arc<House>);

impl Handler for Door {
    async fn handle(&self, request: Request) -> Response<Bytes> {
        if let Err(code) = route(&request) {
            return problem(&code.into());
        }
        match self.0.answer(&request).await {
            Ok(sealed) => reply(StatusCode::OK, "application/json", sealed.to_json()),
            Err(stop) => self.unproved(&request, &stop),
        }
    }

    fn refuse(&self, code: RefusalCode) -> Response<Bytes> {
        self.0.metrics.refused(code);
        problem(&code.into())
    }
}

impl Door {
    /// The broker did not prove its case: between it and us, and loud for the operator.
    fn unproved(&self, request: &Request, stop: &Stop) -> Response<Bytes> {
        let broker = request.peer.as_ref().map(|peer| peer.member().to_string()).unwrap_or_default();
        let (code, reason) = (stop.refusal().code, stop.reason());
        tracing::error!(broker, %code, reason, "an ask was not proved and is answered with a plain problem");
        self.0.metrics.refused(code);
        problem(stop.refusal())
    }
}

fn route(request: &Request) -> Result<(), RefusalCode> {
    if request.parts.uri.path() != ASK {
        return Err(RefusalCode::NoSuchEndpoint);
    }
    if request.parts.method != Method::POST {
        return Err(RefusalCode::MethodNotAllowed);
    }
    let media_type = request.parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") { Ok(()) } else { Err(RefusalCode::UnsupportedMediaType) }
}

fn problem(refusal: &Refusal) -> Response<Bytes> {
    let problem = Problem::new(refusal, None);
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    reply(status, "application/problem+json", serde_json::to_vec(&problem).unwrap_or_default())
}

pub(crate) fn reply(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
