//! The SOAP part of an HTTP entity: the entity itself, or the first part of a multipart message (PR-MESS 2.4).

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderValue;
use mohur_soap::mime::{ContentType, MimeLimits, is_multipart, read};
use mohur_soap::{Limits, Version};

/// The octets of the envelope, with what MTOM took out of it put back.
pub(crate) fn envelope<'a>(content_type: Option<&HeaderValue>, body: &'a Bytes) -> Result<Cow<'a, [u8]>, &'static str> {
    let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    if is_multipart(content_type) {
        let limits = MimeLimits { bytes: Limits::default().bytes.max(body.len()), ..MimeLimits::default() };
        let packaged = read(content_type, body, &limits).map_err(|_| "the multipart message cannot be taken apart")?;
        // Some readers look for the parameter `start`, others take the first: they must find the same.
        if packaged.root_position != 0 {
            return Err("the envelope is not the first part of the message");
        }
        return Ok(Cow::Owned(packaged.envelope.into_bytes()));
    }
    // What is read here as UTF-8 nobody else may be told to read otherwise.
    let plain = ContentType::parse(content_type).ok().filter(ContentType::is_utf8);
    match plain.and_then(|plain| Version::of_content_type(plain.media_type())) {
        Some(Version::Soap11) => Ok(Cow::Borrowed(body)),
        Some(Version::Soap12) | None => Err("the message is neither text/xml in UTF-8 nor multipart/related"),
    }
}
