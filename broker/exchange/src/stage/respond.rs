//! Respond: what was logged leaves, with its receipt beside it.

use bytes::Bytes;
use http::Response;
use http::header::HeaderValue;
use mohur_transparency::Receipt;

use super::outcome::Logged;

/// The header that carries a receipt. It proves itself, and is made after the seal: no signature covers it.
pub const RECEIPT_HEADER: &str = "mohur-receipt";

/// Puts the receipt beside the answer.
pub fn with(logged: Logged<Response<Bytes>>) -> Response<Bytes> {
    let (response, receipt) = logged.into_parts();
    attach(response, &receipt)
}

pub(crate) fn attach(mut response: Response<Bytes>, receipt: &Receipt) -> Response<Bytes> {
    if let Ok(value) = HeaderValue::from_str(&receipt.to_header()) {
        response.headers_mut().insert(RECEIPT_HEADER, value);
    }
    response
}
