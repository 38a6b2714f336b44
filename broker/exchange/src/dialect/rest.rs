//! REST: JSON under an HTTP message signature (RFC 9421). The address says which kind of message it is.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode, request};
use mohur_message::http_signature::{VerifiedRequest, sign_response};
use mohur_message::verify_request;
use mohur_seal::Seal;
use mohur_wire::refusal::Problem;
use mohur_wire::{MessageId, Refusal, RefusalCode};
use serde::{Deserialize, Serialize};

use super::{Circumstances, Content, Said, Signed, SignedBundle};
use crate::reply::{Incoming, ReplyTo};

/// Where queries arrive.
pub const QUERY: &str = "/v1/query";
/// Where bundles arrive.
pub const BUNDLES: &str = "/v1/bundles";
/// Where polls arrive.
pub const POLL: &str = "/v1/bundles/poll";

/// A JSON message, not yet verified.
pub(crate) struct Received {
    read: fn(&VerifiedRequest) -> Result<Content, Refusal>,
    parts: Arc<request::Parts>,
    body: Bytes,
}

#[derive(Serialize)]
struct AnswerBody<'a> {
    answer: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PollBody {
    bundle: MessageId,
}

impl Received {
    /// Refuses what is not JSON, and what no kind of message is sent to.
    pub(crate) fn of(incoming: Incoming) -> Result<Self, Refusal> {
        let media_type =
            incoming.parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Refusal::new(
                RefusalCode::UnsupportedMediaType,
                "Content-Type must be application/json; compare with the contract at /openapi.json.",
            ));
        }
        let read = match incoming.parts.uri.path() {
            QUERY => query,
            BUNDLES => bundle,
            POLL => poll,
            _ => return Err(RefusalCode::NoSuchEndpoint.into()),
        };
        Ok(Self { read, parts: incoming.parts, body: incoming.body })
    }

    /// Verifies the signature, and reads what it covers.
    pub(crate) fn verify(self, by: &Circumstances<'_>) -> Result<Signed, Refusal> {
        let keys = by.world.keys(by.arrival);
        let request = verify_request(&self.parts, &self.body, &keys, by.arrival, by.settings.window())?;
        Ok(Signed {
            signer: request.identity().clone(),
            id: Some(request.message_id().clone()),
            evidence: Arc::new(request.evidence().clone()),
            brought: None,
            content: (self.read)(&request),
        })
    }
}

fn query(request: &VerifiedRequest) -> Result<Content, Refusal> {
    let opening = request.opening();
    let query = opening.query()?;
    if query.caller != *request.client() {
        return Err(unequal("Mohur-Client", "caller"));
    }
    if request.service_header() != Some(query.service.as_str()) {
        return Err(unequal("Mohur-Service", "service"));
    }
    if query.id != *request.message_id() {
        return Err(unequal("Mohur-Id", "id"));
    }
    Ok(Content::Query(opening, query))
}

fn unequal(header: &str, member: &str) -> Refusal {
    Refusal::new(RefusalCode::Malformed, format!("The header {header} and the opening's `{member}` must be equal."))
}

/// The header names the definition as `name@version`, and lists the digests of the legs.
fn bundle(request: &VerifiedRequest) -> Result<Content, Refusal> {
    let (name, version) = request
        .service_header()
        .and_then(|header| header.split_once('@'))
        .ok_or_else(|| Refusal::new(RefusalCode::Malformed, "Mohur-Service of a bundle is <definition>@<version>."))?;
    Ok(Content::Bundle(SignedBundle {
        id: request.message_id().clone(),
        definition: name.parse().map_err(|_| RefusalCode::BundleUnknown)?,
        version: version.to_owned(),
        openings: request.bundle_openings()?,
    }))
}

fn poll(request: &VerifiedRequest) -> Result<Content, Refusal> {
    let poll: PollBody = serde_json::from_slice(request.body())
        .map_err(|_| Refusal::new(RefusalCode::Malformed, "A poll is {\"bundle\": \"<id of the bundle>\"}."))?;
    Ok(Content::Poll { id: request.message_id().clone(), bundle: poll.bundle })
}

/// The id that an unread message gives itself.
pub(crate) fn id(parts: &request::Parts) -> Option<MessageId> {
    parts.headers.get("mohur-id")?.to_str().ok()?.parse().ok()
}

/// Writes an answer as JSON and signs it, bound to the request. A refusal is a problem document (RFC 9457).
pub(crate) fn write(said: &Said<'_>, to: &ReplyTo, seal: &dyn Seal) -> Result<Response<Bytes>, Refusal> {
    let mut response = plain(said, to);
    super::put_provider_receipt(&mut response, said);
    if let Some(id) = to.parts.headers.get("mohur-id") {
        response.headers_mut().insert("mohur-id", id.clone());
    }
    sign_response(&mut response, &to.parts, seal, to.arrival.unix_seconds()).map_err(|_| RefusalCode::Internal)?;
    Ok(response)
}

/// The same without a signature.
pub(crate) fn plain(said: &Said<'_>, to: &ReplyTo) -> Response<Bytes> {
    match said {
        Said::Answer(released) => json(200, "application/json", &AnswerBody { answer: released.sealed() }),
        Said::Report(report) => json(200, "application/json", report.answer()),
        Said::Refusal(refusal) => problem(refusal, to.id.as_ref()),
    }
}

/// A problem document (RFC 9457).
pub(crate) fn problem(refusal: &Refusal, id: Option<&MessageId>) -> Response<Bytes> {
    let problem = Problem::new(refusal, id.map(MessageId::as_str));
    json(problem.status, "application/problem+json", &problem)
}

pub(super) fn json(status: u16, media_type: &'static str, document: &impl Serialize) -> Response<Bytes> {
    // INVARIANT: strings, numbers and lists of them always serialise.
    let mut response = Response::new(Bytes::from(serde_json::to_vec(document).unwrap_or_default()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
