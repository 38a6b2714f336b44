//! What the registers share of HTTP: decoded requests and plain responses.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use serde::Serialize;

use crate::token::Scopes;

/// A response: an answer or, as an error, the refusal to send instead.
pub(crate) type Sent = Box<Response<Bytes>>;

/// A request, decoded.
pub(crate) struct Call<'a> {
    pub(crate) method: &'a Method,
    /// The segments of the path, percent-decoded.
    pub(crate) path: Vec<String>,
    /// The pairs of the query, decoded, in their order.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) content_type: &'a str,
    headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
    /// What the bearer token allows; `None` without a valid one.
    pub(crate) scopes: Option<&'a Scopes>,
}

impl<'a> Call<'a> {
    /// Decodes a request; `None` if its target or query is not UTF-8 once decoded.
    pub(crate) fn new(parts: &'a http::request::Parts, body: &'a [u8], scopes: Option<&'a Scopes>) -> Option<Self> {
        let path = parts.uri.path().strip_prefix('/').unwrap_or_default();
        let path = path.split('/').map(|segment| decode(segment, false)).collect::<Option<_>>()?;
        let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let content_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        let query = pairs(parts.uri.query().unwrap_or_default())?;
        Some(Self { method: &parts.method, path, query, content_type, headers: &parts.headers, body, scopes })
    }

    /// A header, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The segments of the path, to match on.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// `Err` with 401 or 403 unless the token has one of the scopes.
    pub(crate) fn allow(&self, scopes: &[&str]) -> Result<(), Sent> {
        match self.scopes {
            None => {
                let mut response = empty(StatusCode::UNAUTHORIZED);
                response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                Err(response)
            }
            Some(granted) if scopes.iter().any(|scope| granted.has(scope)) => Ok(()),
            Some(_) => Err(empty(StatusCode::FORBIDDEN)),
        }
    }

    /// The values of a parameter of the query.
    pub(crate) fn parameters(&self, name: &str) -> Vec<&str> {
        self.query.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The one value of a parameter, if it stands there once.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        match self.parameters(name).as_slice() {
            [value] => Some(value),
            _ => None,
        }
    }
}

/// The pairs of a query or of a form (application/x-www-form-urlencoded).
pub(crate) fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Some((decode(name, true)?, decode(value, true)?))
    };
    text.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

fn decode(text: &str, plus_is_blank: bool) -> Option<String> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                u8::try_from(high * 16 + low).ok()?
            }
            b'+' if plus_is_blank => b' ',
            byte => byte,
        });
    }
    String::from_utf8(out).ok()
}

/// A response with a body.
pub(crate) fn reply(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Sent {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    Box::new(response)
}

/// A JSON response.
pub(crate) fn json(status: StatusCode, content_type: &'static str, body: &impl Serialize) -> Sent {
    reply(status, content_type, serde_json::to_vec(body).unwrap_or_default())
}

/// A response without a body.
pub(crate) fn empty(status: StatusCode) -> Sent {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    Box::new(response)
}

/// 405, with the methods that the address takes.
pub(crate) fn only(methods: &'static str) -> Sent {
    let mut response = empty(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_decoded_strictly() {
        let decoded = pairs("identifier=urn%3Afin%7C5ABCDE1&name=%C6%8Fli+B").unwrap();
        assert_eq!(decoded[0], ("identifier".to_owned(), "urn:fin|5ABCDE1".to_owned()));
        assert_eq!(decoded[1], ("name".to_owned(), "Əli B".to_owned()));
        for wrong in ["a=%", "a=%4", "a=%zz", "a=%ff"] {
            assert!(pairs(wrong).is_none(), "{wrong}");
        }
    }
}
