//! Seal: the broker signs what the caller will receive, before it is logged and before it leaves.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use mohur_crypto::{Digest, sha256};
use mohur_message::http_signature::sign_response;
use mohur_seal::Seal;
use mohur_wire::refusal::Problem;
use mohur_wire::{Refusal, RefusalCode};
use serde::Serialize;

use super::release::Released;
use crate::bundle::LegAnswer;
use crate::reply::ReplyTo;

/// Something sealed, with the digest that the log commits to.
pub struct Sealed<T> {
    content: T,
    digest: Digest,
    status: Option<RefusalCode>,
}

#[derive(Serialize)]
struct AnswerBody<'a> {
    answer: &'a str,
}

/// Seals the answer to a single query.
pub fn answer(released: Released, to: &ReplyTo, seal: &dyn Seal) -> Result<Sealed<Response<Bytes>>, Refusal> {
    document(&AnswerBody { answer: released.sealed() }, to, seal)
}

/// Seals any JSON document as an answer with status 200.
pub(crate) fn document(
    document: &impl Serialize,
    to: &ReplyTo,
    seal: &dyn Seal,
) -> Result<Sealed<Response<Bytes>>, Refusal> {
    let body = serde_json::to_vec(document).map_err(|_| RefusalCode::Internal)?;
    signed(StatusCode::OK, "application/json", body.into(), to, seal, None)
}

/// Seals a refusal. Should even that fail, the refusal goes out without a seal: it releases nothing.
pub(crate) fn refusal(refusal: &Refusal, to: &ReplyTo, seal: &dyn Seal) -> Sealed<Response<Bytes>> {
    let id = to.id();
    let problem = Problem::new(refusal, id.as_ref().map(mohur_wire::MessageId::as_str));
    let body = Bytes::from(serde_json::to_vec(&problem).unwrap_or_default());
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    signed(status, "application/problem+json", body.clone(), to, seal, Some(refusal.code)).unwrap_or_else(|_| Sealed {
        digest: sha256(&body),
        content: plain(status, "application/problem+json", body),
        status: Some(refusal.code),
    })
}

/// A leg's answer carries its owner's seal; the broker's stands on the document that holds all legs.
pub(crate) fn leg(answer: LegAnswer) -> Sealed<LegAnswer> {
    let digest = sha256(&serde_json::to_vec(&answer).unwrap_or_default());
    Sealed { digest, status: answer.refusal, content: answer }
}

fn signed(
    status: StatusCode,
    media_type: &'static str,
    body: Bytes,
    to: &ReplyTo,
    seal: &dyn Seal,
    code: Option<RefusalCode>,
) -> Result<Sealed<Response<Bytes>>, Refusal> {
    let digest = sha256(&body);
    let mut response = plain(status, media_type, body);
    if let Some(id) = to.parts.headers.get("mohur-id") {
        response.headers_mut().insert("mohur-id", id.clone());
    }
    sign_response(&mut response, &to.parts, seal, to.arrival.unix_seconds()).map_err(|_| RefusalCode::Internal)?;
    Ok(Sealed { content: response, digest, status: code })
}

fn plain(status: StatusCode, media_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

impl<T> Sealed<T> {
    pub(crate) const fn digest(&self) -> &Digest {
        &self.digest
    }

    pub(crate) const fn status(&self) -> Option<RefusalCode> {
        self.status
    }

    pub(crate) fn into_content(self) -> T {
        self.content
    }
}
