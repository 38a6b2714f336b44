//! Every request of the inside leg, by its address.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Response, StatusCode};
use mohur_http::{Handler, Request};
use mohur_wire::{Refusal, RefusalCode};

use super::{Door, fresh_id};
use crate::rest;
use crate::soap::fault;
use crate::vocabulary::{Code, XRoadError};

/// What is spoken at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    ListClients,
    LegacyWsdl,
    Verification,
    Rest,
    Soap,
}

fn way(request: &Request) -> Way {
    let is_get = request.parts.method == Method::GET;
    match request.parts.uri.path() {
        "/listClients" if is_get => Way::ListClients,
        "/wsdl" if is_get => Way::LegacyWsdl,
        "/verificationconf" if is_get => Way::Verification,
        path if path.starts_with("/r1/") => Way::Rest,
        _ => Way::Soap,
    }
}

impl Handler for Door {
    async fn handle(&self, request: Request) -> Response<Bytes> {
        match way(&request) {
            Way::Rest => Box::pin(self.rest(request)).await,
            Way::ListClients => self.list_clients(&request).await,
            Way::LegacyWsdl => self.legacy_wsdl(&request).await,
            Way::Verification => self.told(&request, &no_verification(), None),
            Way::Soap if request.parts.method == Method::POST => Box::pin(self.soap(request)).await,
            Way::Soap => {
                let said = "SOAP takes POST; REST is at /r1/…, the list of clients at GET /listClients";
                self.told(&request, &XRoadError::client(Code::INVALID_HTTP_METHOD, said), None)
            }
        }
    }

    /// Without the request nobody knows which protocol it speaks: a status that is an error in both.
    fn refuse(&self, code: RefusalCode) -> Response<Bytes> {
        let error = XRoadError::from(Refusal::from(code));
        let error = XRoadError { blame: crate::vocabulary::Blame::ClientProxy, ..error };
        rest::error(&error, self.settings.codes, &fresh_id(), &http::HeaderMap::new())
    }

    async fn turn_away(&self, request: Request, code: RefusalCode) -> Response<Bytes> {
        self.told(&request, &XRoadError::from(Refusal::from(code)), None)
    }
}

impl Door {
    /// An error in the protocol of the request. `id` is the message's outside, where it has one.
    pub(super) fn told(&self, request: &Request, error: &XRoadError, id: Option<String>) -> Response<Bytes> {
        let id = id.unwrap_or_else(fresh_id);
        let code = error.named(self.settings.codes);
        tracing::info!(id, code, "refused");
        match way(request) {
            Way::Rest => rest::error(error, self.settings.codes, &id, &request.parts.headers),
            Way::ListClients | Way::LegacyWsdl | Way::Verification | Way::Soap => {
                soap_response(fault(error, self.settings.codes, &id).into())
            }
        }
    }
}

/// SOAP answers with 200, faults as well.
pub(super) fn soap_response(body: Bytes) -> Response<Bytes> {
    typed(StatusCode::OK, "text/xml;charset=UTF-8", body)
}

/// A response with a content type.
pub(super) fn typed(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// What a Security Server's global configuration is for is done by receipts here.
fn no_verification() -> XRoadError {
    let said = "verificationconf is not supported: there is no global configuration; each answer carries the owner's seal \
                and the log's receipt, which `mohur log verify` checks";
    XRoadError::door(Code::NOT_FOUND, said)
}
