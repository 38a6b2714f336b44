//! Asking a time-stamping authority over HTTP (RFC 3161 §3.4).

use std::time::Duration;

use bytes::Bytes;
use http::{StatusCode, header};
use mohur_attest::timestamp::{MAX_TOKEN_BYTES, QUERY_MEDIA_TYPE, Query, REPLY_MEDIA_TYPE, Token, TokenError};
use mohur_http::{Client, ClientError, ClientLimits};

/// Why there is no time stamp.
#[derive(Debug, thiserror::Error)]
pub enum TimeStampError {
    /// The address is not one.
    #[error("{0} is not an absolute address, e.g. http://tsa.example.az/")]
    Address(String),
    /// The authority cannot be reached.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// Something else answered.
    #[error("{url} answered with status {status}, not with a time stamp; is it the authority's address?")]
    Status {
        /// Who was asked.
        url: String,
        /// What it said.
        status: StatusCode,
    },
    /// What it answered is not good.
    #[error(transparent)]
    Token(#[from] TokenError),
}

/// A client for plain HTTP: a time stamp is signed, and the nonce keeps an old one from being given for a new one.
pub fn time_stamp_client() -> Client {
    Client::http(ClientLimits { body_bytes: MAX_TOKEN_BYTES, ..ClientLimits::default() })
}

/// Asks for a time stamp. Nothing is proved of it yet.
pub async fn ask_time_stamp(
    client: &Client,
    url: &str,
    query: &Query,
    wait: Duration,
) -> Result<Token, TimeStampError> {
    let request = http::Request::post(url)
        .header(header::CONTENT_TYPE, QUERY_MEDIA_TYPE)
        .header(header::ACCEPT, REPLY_MEDIA_TYPE)
        .body(Bytes::from(query.encode()))
        .map_err(|_| TimeStampError::Address(url.to_owned()))?;
    let response = client.send(request, wait).await?.response;
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_reply = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(REPLY_MEDIA_TYPE));
    if response.status() != StatusCode::OK || !is_reply {
        return Err(TimeStampError::Status { url: url.to_owned(), status: response.status() });
    }
    Ok(Token::from_reply(response.body())?)
}
