//! One question to an OCSP responder over HTTP (RFC 6960 appendix A.1).

use std::time::Duration;

use bytes::Bytes;
use http::{StatusCode, header};
use mohur_attest::ocsp::{MAX_RESPONSE_BYTES, OcspError, OcspRequest, REQUEST_MEDIA_TYPE, RESPONSE_MEDIA_TYPE};
use mohur_http::{Client, ClientError, ClientLimits};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The address is not one.
    #[error("{0} is not an absolute address, e.g. http://pki.example.az/ocsp")]
    Address(String),
    /// The responder cannot be reached.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Something else answered.
    #[error("{url} answered with status {status}, not with an OCSP response; is it the responder's address?")]
    Status {
        /// Who was asked.
        url: String,
        /// What it said.
        status: StatusCode,
    },
    /// The answer proves nothing.
    #[error(transparent)]
    Answer(#[from] OcspError),
    /// The answer could not be kept.
    #[error("the answer could not be kept: {0}")]
    Kept(std::io::Error),
}

/// A client for plain HTTP: answers are signed, and the nonce keeps an old one from being given for a new one.
pub fn status_client() -> Client {
    Client::http(ClientLimits { body_bytes: MAX_RESPONSE_BYTES, ..ClientLimits::default() })
}

/// Asks. Nothing is proved of the answer yet.
pub async fn ask_status(
    client: &Client,
    url: &str,
    request: &OcspRequest,
    wait: Duration,
) -> Result<Bytes, StatusError> {
    let request = http::Request::post(url)
        .header(header::CONTENT_TYPE, REQUEST_MEDIA_TYPE)
        .header(header::ACCEPT, RESPONSE_MEDIA_TYPE)
        .body(Bytes::from(request.encode()))
        .map_err(|_| StatusError::Address(url.to_owned()))?;
    let response = client.send(request, wait).await?.response;
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_answer = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(RESPONSE_MEDIA_TYPE));
    if response.status() != StatusCode::OK || !is_answer {
        return Err(StatusError::Status { url: url.to_owned(), status: response.status() });
    }
    Ok(response.into_body())
}
