//! Errors of PR-REST 4.6: a status, `X-Road-Error`, and JSON or XML as the client accepts.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Response, StatusCode};

use crate::soap::escaped;
use crate::vocabulary::{Blame, Vocabulary, XRoadError};

/// The header that tells an error of X-Road from one of the service.
pub const X_ROAD_ERROR: HeaderName = HeaderName::from_static("x-road-error");

/// The response to a REST client. `detail` is the id under which the message can be looked for.
pub fn error(error: &XRoadError, vocabulary: Vocabulary, detail: &str, accept: &HeaderMap) -> Response<Bytes> {
    let code = error.named(vocabulary);
    let (content_type, body) = match xml_type(accept) {
        Some(xml_type) => (xml_type, in_xml(&code, &error.message, detail)),
        None => ("application/json;charset=utf-8", in_json(&code, &error.message, detail)),
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = match error.blame {
        Blame::Client => StatusCode::BAD_REQUEST,
        Blame::ClientProxy | Blame::ServerProxy => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    // By INVARIANT on Code: ASCII letters, dots and underscores only.
    if let Ok(code) = HeaderValue::from_str(&code) {
        headers.insert(X_ROAD_ERROR, code);
    }
    response
}

fn in_json(code: &str, message: &str, detail: &str) -> String {
    serde_json::json!({ "type": code, "message": message, "detail": detail }).to_string()
}

fn in_xml(code: &str, message: &str, detail: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <error><type>{}</type><message>{}</message><detail>{}</detail></error>",
        escaped(code),
        escaped(message),
        escaped(detail)
    )
}

/// The XML type that the client accepts, if it names one.
fn xml_type(headers: &HeaderMap) -> Option<&'static str> {
    let accepted = headers.get_all(http::header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).find_map(|range| {
        match range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "application/xml" => Some("application/xml;charset=utf-8"),
            "text/xml" | "text/*" => Some("text/xml;charset=utf-8"),
            _ => None,
        }
    })
}
