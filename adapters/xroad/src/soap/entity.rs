//! The HTTP entity of a SOAP message: an envelope, or a multipart message whose first part is one (PR-MESS 2.4).

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use mohur_soap::Version;
use mohur_soap::mime::{ContentType, MimeLimits, is_multipart, read};

use crate::vocabulary::{Code, XRoadError};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// An entity, taken apart. `Debug` shows its sizes only.
#[derive(Clone)]
pub struct SoapEntity {
    /// The whole, as it came.
    pub body: Bytes,
    /// Where in it the SOAP part stands.
    root: Range<usize>,
    /// The envelope to parse: without a byte order mark, every `xop:Include` replaced.
    envelope: String,
}

impl SoapEntity {
    /// Reads an entity by its content type.
    pub fn read(content_type: Option<&str>, body: Bytes, limits: &MimeLimits) -> Result<Self, XRoadError> {
        let wrong_type = || {
            let said = "Content-Type must be text/xml, application/xop+xml or multipart/related, in UTF-8";
            XRoadError::client(Code::INVALID_CONTENT_TYPE, said)
        };
        let content_type = content_type.ok_or_else(wrong_type)?;
        if is_multipart(content_type) {
            return Self::multipart(content_type, body, limits);
        }
        let read = ContentType::parse(content_type).map_err(|_| wrong_type())?;
        if !matches!(read.media_type(), "text/xml" | "application/xop+xml") || !read.is_utf8() {
            return Err(wrong_type());
        }
        let envelope = text(&body)?;
        Ok(Self { root: 0..body.len(), envelope, body })
    }

    fn multipart(content_type: &str, body: Bytes, limits: &MimeLimits) -> Result<Self, XRoadError> {
        let packaged = read(content_type, &body, limits)
            .map_err(|error| XRoadError::client(Code::MIME_PARSING_FAILED, error.to_string()))?;
        if packaged.version != Version::Soap11 {
            return Err(XRoadError::client(Code::INVALID_CONTENT_TYPE, "the first part must be SOAP 1.1, text/xml"));
        }
        let start = (packaged.root.as_ptr() as usize).saturating_sub(body.as_ptr() as usize);
        let root = start..start.saturating_add(packaged.root.len());
        if body.get(root.clone()) != Some(&packaged.root[..]) {
            return Err(XRoadError::door(Code::INTERNAL_ERROR, "the SOAP part is not where it was read"));
        }
        let envelope = packaged.envelope.trim_start_matches('\u{feff}').to_owned();
        Ok(Self { body, root, envelope })
    }

    /// The SOAP part as it came: what the request's hash is computed over.
    pub fn root(&self) -> &[u8] {
        self.body.get(self.root.clone()).unwrap_or_default()
    }

    /// The envelope to parse.
    pub fn envelope(&self) -> &str {
        &self.envelope
    }

    /// The SOAP part as text, without a byte order mark, as it came.
    pub fn root_text(&self) -> Result<&str, XRoadError> {
        let octets = self.root();
        std::str::from_utf8(octets.strip_prefix(BYTE_ORDER_MARK).unwrap_or(octets)).map_err(|_| not_utf8())
    }

    /// The entity with another SOAP part.
    pub fn with_root(&self, root: &str) -> Bytes {
        let before = self.body.get(..self.root.start).unwrap_or_default();
        let after = self.body.get(self.root.end..).unwrap_or_default();
        Bytes::from([before, root.as_bytes(), after].concat())
    }
}

impl fmt::Debug for SoapEntity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SoapEntity({} bytes, {} of them SOAP)", self.body.len(), self.root.len())
    }
}

fn text(octets: &[u8]) -> Result<String, XRoadError> {
    let octets = octets.strip_prefix(BYTE_ORDER_MARK).unwrap_or(octets);
    std::str::from_utf8(octets).map(str::to_owned).map_err(|_| not_utf8())
}

fn not_utf8() -> XRoadError {
    XRoadError::client(Code::INVALID_XML, "the message is not UTF-8")
}
