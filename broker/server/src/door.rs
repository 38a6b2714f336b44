//! The door: which address leads where. Everything behind it is in `mohur-exchange`.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Method, Response, Uri};
use mohur_exchange::{Exchange, Incoming, Provider, address, refusal_at};
use mohur_http::{Handler, Request};
use mohur_wire::{MemberId, MessageId, RefusalCode};

use crate::contract::{self, OPENAPI};
use crate::metrics::Metrics;
use crate::rate::Rates;

/// Takes requests from the network to the exchange.
pub(crate) struct Door<P> {
    pub(crate) exchange: Arc<Exchange<P>>,
    pub(crate) rates: Rates,
    pub(crate) metrics: Metrics,
}

enum Way {
    Message,
    Definitions,
    Definition(String),
    Members,
    Services { member: String, allowed: bool },
    OpenApi,
    SoapContract(String),
    Refused(RefusalCode),
}

fn way(method: &Method, uri: &Uri) -> Way {
    let query = uri.query().unwrap_or_default();
    let (known, expected) = match uri.path() {
        address::QUERY | address::BUNDLES | address::POLL | address::FORWARD => (Way::Message, Method::POST),
        address::SOAP if method == Method::GET && !query.is_empty() => {
            (Way::SoapContract(query.to_owned()), Method::GET)
        }
        address::SOAP => (Way::Message, Method::POST),
        "/v1/definitions" => (Way::Definitions, Method::GET),
        "/v1/members" => (Way::Members, Method::GET),
        "/openapi.json" => (Way::OpenApi, Method::GET),
        path => match (path.strip_prefix("/v1/definitions/"), services(path)) {
            (Some(name), _) => (Way::Definition(name.to_owned()), Method::GET),
            (None, Some(member)) => {
                (Way::Services { member: member.to_owned(), allowed: query == "allowed=true" }, Method::GET)
            }
            (None, None) => return Way::Refused(RefusalCode::NoSuchEndpoint),
        },
    };
    if *method == expected { known } else { Way::Refused(RefusalCode::MethodNotAllowed) }
}

/// The member in `/v1/members/{instance}/{class}/{member}/{subsystem}/services`.
fn services(path: &str) -> Option<&str> {
    path.strip_prefix("/v1/members/")?.strip_suffix("/services")
}

impl<P: Provider> Door<P> {
    async fn answer(&self, request: Request) -> Response<Bytes> {
        let Some(peer) = request.peer else { return self.refuse(RefusalCode::CertificateRefused) };
        let admitted = self.rates.admits(peer.member());
        let way = way(&request.parts.method, &request.parts.uri);
        let incoming = Incoming { peer, parts: Arc::new(request.parts), body: request.body, arrival: request.arrival };
        if !admitted {
            return self.too_many(&incoming).await;
        }
        let document = match way {
            Way::Message => return self.exchange.message(incoming).await,
            Way::Refused(code) => Err(code),
            Way::OpenApi => Ok(json(OPENAPI)),
            Way::Definitions => Ok(json(self.exchange.definitions())),
            Way::Definition(name) => self.definition(&name),
            Way::SoapContract(query) => self.soap_contract(&query),
            Way::Members => self.listed(&incoming).map(|()| json(self.exchange.members())),
            Way::Services { member, allowed } => self.services(&incoming, &member, allowed),
        };
        match document {
            Ok(response) => response,
            Err(code) => self.exchange.turn_away(&incoming, code.into()).await,
        }
    }

    fn definition(&self, name: &str) -> Result<Response<Bytes>, RefusalCode> {
        let definition = name.parse::<MessageId>().ok().and_then(|id| self.exchange.definition(&id));
        definition.map(json).ok_or(RefusalCode::BundleUnknown)
    }

    /// Who is a member is for members to know.
    fn listed(&self, incoming: &Incoming) -> Result<(), RefusalCode> {
        if self.exchange.knows(incoming.peer.member()) { Ok(()) } else { Err(RefusalCode::UnknownMember) }
    }

    fn services(&self, incoming: &Incoming, member: &str, allowed: bool) -> Result<Response<Bytes>, RefusalCode> {
        self.listed(incoming)?;
        let caller = allowed.then_some((incoming.peer.member(), incoming.arrival));
        let member = member.parse::<MemberId>().ok();
        member.and_then(|id| self.exchange.services_of(&id, caller)).map(json).ok_or(RefusalCode::UnknownMember)
    }

    fn soap_contract(&self, query: &str) -> Result<Response<Bytes>, RefusalCode> {
        let authority = self.exchange.authority();
        let text = contract::of_soap(query, authority.as_deref()).ok_or(RefusalCode::NoSuchEndpoint)?;
        Ok(document("text/xml; charset=utf-8", text))
    }

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
        self.metrics.finished(started, &response);
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
        refusal_at(None, &code.into())
    }

    fn refuse_at(&self, uri: &Uri, code: RefusalCode) -> Response<Bytes> {
        self.metrics.cut_off(code);
        refusal_at(Some(uri.path()), &code.into())
    }
}

fn json(body: impl Into<Bytes>) -> Response<Bytes> {
    document("application/json", body)
}

fn document(media_type: &'static str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
