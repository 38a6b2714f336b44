//! A whole message, for services without a mapping: the request that an X-Road client sent, as one value of a query, and the
//! answer of the real provider, as one field of the owner's sealed answer.
//!
//! Both travel as `application/http` (RFC 9112 §10.2): start line, headers, body. Of a SOAP request `Content-Type` and
//! `SOAPAction` are kept, of a SOAP answer `Content-Type` (PR-MESS 2.2); of REST everything but the headers that
//! PR-REST 4.3 filters.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode};
use mohur_wire::{Enclosed, FieldName, ParseError, Value};

/// The media type of both directions.
pub const APPLICATION_HTTP: &str = "application/http";

/// The field of the answer that holds the provider's answer, base64url.
pub const MESSAGE_FIELD: &str = "message";

/// The field of the answer that holds its media type: always [`APPLICATION_HTTP`].
pub const TYPE_FIELD: &str = "messageType";

/// Most headers of a whole message.
const MAX_HEADERS: usize = 100;

/// Headers that concern one connection, or tell who sits behind the door (PR-REST 4.3), and those that a message gets anew.
const FILTERED: [&str; 14] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "host",
    "user-agent",
    "server",
    "content-length",
    "expect",
];

/// Whether a header is passed on.
pub fn is_kept(name: &HeaderName) -> bool {
    !FILTERED.contains(&name.as_str())
}

/// A request on its way to the real provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeRequest {
    /// `POST` for SOAP.
    pub method: Method,
    /// As the client sent it: `/r1/…` with the query for REST, `/` for SOAP.
    pub target: String,
    /// The kept headers, in order.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body.
    pub body: Bytes,
}

/// The real provider's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WholeResponse {
    /// Its status.
    pub status: StatusCode,
    /// The kept headers, in order.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Its body.
    pub body: Bytes,
}

/// Why bytes are not a whole message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WholeError {
    /// The start line is not one.
    #[error("the message has no start line of HTTP/1.1")]
    StartLine,
    /// A header is not one, or one that does not travel, or there are too many.
    #[error("the message has a header that cannot be passed on, or more than 100")]
    Header,
    /// The head does not end.
    #[error("the message has no empty line after its headers")]
    Unfinished,
    /// Another media type than `application/http`, or no message in the answer's fields.
    #[error("there is no message of the type application/http")]
    Type,
}

impl WholeRequest {
    /// A SOAP request: its content type, the SOAPAction if it is not empty, and the entity as it came.
    pub fn soap(content_type: HeaderValue, action: Option<HeaderValue>, body: Bytes) -> Self {
        let action = action.filter(|action| !matches!(action.as_bytes(), b"" | b"\"\""));
        let action = action.map(|action| (HeaderName::from_static("soapaction"), action));
        let headers = std::iter::once((CONTENT_TYPE, content_type)).chain(action).collect();
        Self { method: Method::POST, target: "/".to_owned(), headers, body }
    }

    /// Whether it is a REST request; otherwise it is SOAP.
    pub fn is_rest(&self) -> bool {
        self.target.starts_with("/r1/")
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&HeaderValue> {
        first(&self.headers, name)
    }

    /// What a query encloses.
    pub fn enclosed(&self) -> Result<Enclosed, ParseError> {
        Ok(Enclosed { media_type: APPLICATION_HTTP.parse()?, content: self.to_bytes() })
    }

    /// Reads what a query encloses.
    pub fn of(enclosed: &Enclosed) -> Result<Self, WholeError> {
        if enclosed.media_type.as_str() != APPLICATION_HTTP {
            return Err(WholeError::Type);
        }
        Self::parse(&enclosed.content)
    }

    /// The bytes that a query encloses.
    pub fn to_bytes(&self) -> Vec<u8> {
        written(&format!("{} {} HTTP/1.1", self.method, self.target), &self.headers, &self.body)
    }

    /// Reads what a query encloses.
    pub fn parse(bytes: &[u8]) -> Result<Self, WholeError> {
        let (line, headers, body) = parts(bytes)?;
        let mut words = line.split(' ');
        let (method, target, version) = (words.next(), words.next(), words.next());
        let (Some(method), Some(target), Some("HTTP/1.1"), None) = (method, target, version, words.next()) else {
            return Err(WholeError::StartLine);
        };
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| WholeError::StartLine)?;
        if !target.starts_with('/') || !target.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(WholeError::StartLine);
        }
        Ok(Self { method, target: target.to_owned(), headers, body })
    }
}

impl WholeResponse {
    /// From a provider's response, without the headers that do not travel.
    pub fn of(response: &http::Response<Bytes>) -> Self {
        Self { status: response.status(), headers: kept(response.headers()), body: response.body().clone() }
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&HeaderValue> {
        first(&self.headers, name)
    }

    /// The fields of the owner's answer: `message`, in base64url, and `messageType`.
    pub fn fields(&self) -> Result<BTreeMap<FieldName, Value>, ParseError> {
        let message = Value::text(BASE64_URL_SAFE_NO_PAD.encode(self.to_bytes()));
        Ok([(MESSAGE_FIELD.parse()?, message), (TYPE_FIELD.parse()?, Value::text(APPLICATION_HTTP))].into())
    }

    /// Reads the fields of the owner's answer.
    pub fn of_fields(fields: &BTreeMap<FieldName, Value>) -> Result<Self, WholeError> {
        let field = |name: &str| {
            let value = fields.iter().find(|(field, _)| field.as_str() == name).and_then(|(_, value)| value.as_text());
            value.ok_or(WholeError::Type)
        };
        if field(TYPE_FIELD)? != APPLICATION_HTTP {
            return Err(WholeError::Type);
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(field(MESSAGE_FIELD)?).map_err(|_| WholeError::Type)?;
        Self::parse(&bytes)
    }

    /// The bytes that the answer's field holds (there in base64url).
    pub fn to_bytes(&self) -> Vec<u8> {
        written(&format!("HTTP/1.1 {} ", self.status.as_str()), &self.headers, &self.body)
    }

    /// Reads what the answer's field holds.
    pub fn parse(bytes: &[u8]) -> Result<Self, WholeError> {
        let (line, headers, body) = parts(bytes)?;
        let mut words = line.splitn(3, ' ');
        let (Some("HTTP/1.1"), Some(status), Some(_reason)) = (words.next(), words.next(), words.next()) else {
            return Err(WholeError::StartLine);
        };
        let status = StatusCode::from_bytes(status.as_bytes()).map_err(|_| WholeError::StartLine)?;
        Ok(Self { status, headers, body })
    }
}

/// The headers that travel, in the order in which they came.
pub fn kept(headers: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    // What `Connection` names concerns that connection as well (RFC 9110 §7.6.1).
    let named = |name: &HeaderName| {
        let connection = headers.get_all(http::header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
        connection.flat_map(|value| value.split(',')).any(|option| option.trim().eq_ignore_ascii_case(name.as_str()))
    };
    let kept = headers.iter().filter(|(name, _)| is_kept(name) && !named(name));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn first<'a>(headers: &'a [(HeaderName, HeaderValue)], name: &str) -> Option<&'a HeaderValue> {
    headers.iter().find(|(header, _)| header.as_str().eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn written(line: &str, headers: &[(HeaderName, HeaderValue)], body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(line.len() + body.len() + 64 * headers.len() + 4);
    out.extend_from_slice(line.as_bytes());
    out.extend_from_slice(b"\r\n");
    for (name, value) in headers {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    out
}

type Parts<'a> = (&'a str, Vec<(HeaderName, HeaderValue)>, Bytes);

fn parts(bytes: &[u8]) -> Result<Parts<'_>, WholeError> {
    let (line, mut rest) = split(bytes)?;
    let line = std::str::from_utf8(line).map_err(|_| WholeError::StartLine)?;
    let mut headers = Vec::new();
    loop {
        let (header, after) = split(rest)?;
        rest = after;
        if header.is_empty() {
            return Ok((line, headers, Bytes::copy_from_slice(rest)));
        }
        let colon = header.iter().position(|byte| *byte == b':').ok_or(WholeError::Header)?;
        let (name, value) = header.split_at(colon);
        let name = HeaderName::from_bytes(name).map_err(|_| WholeError::Header)?;
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let value = HeaderValue::from_bytes(value).map_err(|_| WholeError::Header)?;
        if !is_kept(&name) || headers.len() == MAX_HEADERS {
            return Err(WholeError::Header);
        }
        headers.push((name, value));
    }
}

/// Up to the next line end, and what follows it.
fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), WholeError> {
    let at = bytes.windows(2).position(|pair| pair == b"\r\n").ok_or(WholeError::Unfinished)?;
    let (line, rest) = bytes.split_at(at);
    Ok((line, rest.get(2..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> WholeRequest {
        let headers = [
            ("accept", "application/json"),
            ("x-road-client", "AZ/GOV/MIA/id-cards"),
            ("x-twice", "1"),
            ("x-twice", "2"),
        ];
        let headers =
            headers.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).to_vec();
        let target = "/r1/AZ/GOV/MOH/card/vitals/people?fin=1%2B1".to_owned();
        WholeRequest { method: Method::PUT, target, headers, body: Bytes::from_static(b"\r\n\r\n\x00body") }
    }

    #[test]
    fn a_request_comes_back_as_it_was() {
        assert_eq!(WholeRequest::of(&request().enclosed().unwrap()), Ok(request()));
        assert!(request().is_rest());
        let soap = WholeRequest::soap(HeaderValue::from_static("text/xml"), None, Bytes::from_static(b"<e/>"));
        assert_eq!(soap.to_bytes(), b"POST / HTTP/1.1\r\ncontent-type: text/xml\r\n\r\n<e/>");
        assert!(!soap.is_rest());
    }

    #[test]
    fn an_empty_soap_action_says_nothing() {
        let soap = |action| {
            WholeRequest::soap(
                HeaderValue::from_static("text/xml"),
                Some(HeaderValue::from_static(action)),
                Bytes::new(),
            )
        };
        assert_eq!(soap("\"\"").headers.len(), 1);
        assert_eq!(soap("\"urn:x\"").header("SOAPAction").unwrap(), "\"urn:x\"");
    }

    #[test]
    fn a_response_comes_back_as_it_was() {
        let mut response = http::Response::new(Bytes::from_static(b"{}"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        for (name, value) in
            [("content-type", "application/json"), ("server", "x/1"), ("connection", "x-gone"), ("x-gone", "1")]
        {
            response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let whole = WholeResponse::of(&response);
        assert_eq!(whole.headers, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        assert_eq!(WholeResponse::parse(&whole.to_bytes()), Ok(whole.clone()));
        assert_eq!(WholeResponse::of_fields(&whole.fields().unwrap()), Ok(whole));
        assert_eq!(WholeResponse::of_fields(&BTreeMap::new()), Err(WholeError::Type));
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for (bytes, why) in [
            (&b"GET / HTTP/1.1\r\n"[..], WholeError::Unfinished),
            (b"GET / HTTP/1.0\r\n\r\n", WholeError::StartLine),
            (b"GET / HTTP/1.1 x\r\n\r\n", WholeError::StartLine),
            (b"GET http://x/ HTTP/1.1\r\n\r\n", WholeError::StartLine),
            (b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", WholeError::Header),
            (b"GET / HTTP/1.1\r\nno header\r\n\r\n", WholeError::Header),
        ] {
            assert_eq!(WholeRequest::parse(bytes), Err(why), "{}", String::from_utf8_lossy(bytes));
        }
    }
}
