//! Revocation over HTTP: OCSP by POST and GET (RFC 6960 appendix A.1, RFC 5019 §5 and §6), and the lists.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use mohur_attest::ocsp::{Answered, OcspRequest, REQUEST_MEDIA_TYPE, RESPONSE_MEDIA_TYPE, Refusal, from_path};
use mohur_chain::ListHeader;
use mohur_crypto::sha256;
use mohur_http::Request;
use mohur_wire::{RefusalCode, Timestamp};

use crate::Layout;
use crate::issuer::Issuer;
use crate::serve::responders::list_of;
use crate::serve::{Answer, Lender, Responders, answer, refusal};

/// A list may be kept by caches no longer than this: a revocation is to be seen soon.
const LIST_MAX_AGE: i64 = 300;
const LIST_MEDIA_TYPE: &str = "application/pkix-crl";

/// Answers OCSP under `/ocsp` and `/ocsp/…`, whichever authority is named there: the request names it once more.
pub fn ocsp(
    responders: Arc<Responders>,
    lender: Arc<dyn Lender>,
) -> impl Fn(&Request) -> Answer + Clone + Send + Sync + 'static {
    move |request| {
        let (now, method) = (request.arrival.0, &request.parts.method);
        let asked = if method == Method::POST {
            let kind = request.parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
            if !kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case(REQUEST_MEDIA_TYPE)) {
                return refusal(RefusalCode::UnsupportedMediaType);
            }
            OcspRequest::decode(&request.body)
        } else if method == Method::GET {
            in_path(request.parts.uri.path())
        } else {
            return refusal(RefusalCode::MethodNotAllowed);
        };
        match asked.and_then(|asked| responders.answer(&*lender, &asked, now)) {
            Ok(answered) => success(&answered, method == Method::GET, now),
            // Refusals are not signed; a cache must not keep them.
            Err(refused) => {
                with(answer(StatusCode::OK, RESPONSE_MEDIA_TYPE, refused.encode()), header::CACHE_CONTROL, "no-store")
            }
        }
    }
}

/// The request at the end of the path, after the name of an authority or without.
fn in_path(path: &str) -> Result<OcspRequest, Refusal> {
    let rest = path.strip_prefix("/ocsp/").ok_or(Refusal::MalformedRequest)?;
    let encoded = match rest.split_once('/') {
        Some((name, encoded)) if name.parse::<Issuer>().is_ok() => encoded,
        _ => rest,
    };
    OcspRequest::decode(&from_path(encoded).ok_or(Refusal::MalformedRequest)?)
}

/// RFC 5019 §6.2: an answer to a GET may be kept until there is newer information; one with a nonce answers one request only.
fn success(answered: &Answered, by_get: bool, now: Timestamp) -> Answer {
    let response = answer(StatusCode::OK, RESPONSE_MEDIA_TYPE, Bytes::copy_from_slice(&answered.der));
    if answered.nonce || !by_get {
        return with(response, header::CACHE_CONTROL, "no-store");
    }
    let left = answered.next_update.as_second().saturating_sub(now.as_second()).max(0);
    let response =
        with(response, header::CACHE_CONTROL, &format!("max-age={left}, public, no-transform, must-revalidate"));
    let response = with(response, header::LAST_MODIFIED, &http_date(answered.this_update));
    let response = with(response, header::EXPIRES, &http_date(answered.next_update));
    with(response, header::ETAG, &format!("\"{}\"", sha256(&answered.der)))
}

/// Serves `/crl/<authority>.crl`, DER.
pub fn lists(layout: Layout) -> impl Fn(&Request) -> Answer + Send + Sync + 'static {
    move |request| {
        if request.parts.method != Method::GET {
            return refusal(RefusalCode::MethodNotAllowed);
        }
        let name = request.parts.uri.path().strip_prefix("/crl/").and_then(|name| name.strip_suffix(".crl"));
        let issuer = name.and_then(|name| name.parse::<Issuer>().ok());
        let Some(der) = issuer.and_then(|issuer| list_of(&layout, issuer)) else {
            return refusal(RefusalCode::NoSuchEndpoint);
        };
        let Ok(list) = ListHeader::parse(&der) else { return refusal(RefusalCode::Internal) };
        let tag = format!("\"{}\"", sha256(&der));
        let known = request.parts.headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok());
        let response = if known == Some(tag.as_str()) {
            answer(StatusCode::NOT_MODIFIED, LIST_MEDIA_TYPE, Bytes::new())
        } else {
            answer(StatusCode::OK, LIST_MEDIA_TYPE, der)
        };
        let left = list.next_update.as_second().saturating_sub(request.arrival.unix_seconds());
        let response =
            with(response, header::CACHE_CONTROL, &format!("max-age={}, public", left.clamp(0, LIST_MAX_AGE)));
        let response = with(response, header::LAST_MODIFIED, &http_date(list.this_update));
        let response = with(response, header::EXPIRES, &http_date(list.next_update));
        with(response, header::ETAG, &tag)
    }
}

fn with(mut response: Answer, name: HeaderName, value: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

/// RFC 9110 §5.6.7.
fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
