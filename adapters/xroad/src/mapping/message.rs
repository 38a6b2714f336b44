//! A message as a mapping looks at it.

use std::collections::BTreeMap;

use mohur_soap::{Document, Element, Limits};
use serde_json::Value;

use crate::rest::RestHead;
use crate::soap::{Headers, Party};
use crate::vocabulary::{Code, XRoadError};

/// What a mapping reads from.
pub enum Message<'a> {
    /// An envelope: its header fields, and the Body's one child.
    Soap {
        /// The header fields.
        headers: &'a Headers,
        /// The Body's child.
        payload: Element<'a>,
    },
    /// A REST request.
    Rest {
        /// The head.
        head: &'a RestHead,
        /// The named segments of the path.
        named: BTreeMap<String, String>,
        /// The body.
        body: Body<'a>,
    },
}

/// The body of a REST request.
pub enum Body<'a> {
    /// There is none.
    None,
    /// JSON.
    Json(Value),
    /// XML.
    Xml(Box<Document<'a>>),
    /// Something else, which no mapping can look into.
    Other,
}

impl<'a> Message<'a> {
    /// The user that the message names.
    pub fn user_id(&self) -> Option<&str> {
        match self {
            Self::Soap { headers, .. } => headers.user_id.as_deref(),
            Self::Rest { head, .. } => head.user_id.as_deref(),
        }
    }

    /// The issue that the message names.
    pub fn issue(&self) -> Option<&str> {
        match self {
            Self::Soap { headers, .. } => headers.issue.as_deref(),
            Self::Rest { head, .. } => head.issue.as_deref(),
        }
    }

    /// The message's id.
    pub fn id(&self) -> &str {
        match self {
            Self::Soap { headers, .. } => &headers.id,
            Self::Rest { head, .. } => &head.id,
        }
    }

    /// The party that the message represents.
    pub fn represented(&self) -> Option<&Party> {
        match self {
            Self::Soap { headers, .. } => headers.represented.as_ref(),
            Self::Rest { head, .. } => head.represented.as_ref(),
        }
    }
}

impl<'a> Body<'a> {
    /// Reads a REST request's body by its content type.
    pub fn read(content_type: Option<&str>, body: &'a [u8], limits: &Limits) -> Result<Self, XRoadError> {
        if body.is_empty() {
            return Ok(Self::None);
        }
        let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let media_type = media_type.to_ascii_lowercase();
        if media_type == "application/json" || media_type.ends_with("+json") {
            let json = serde_json::from_slice(body).map_err(|error| {
                XRoadError::client(Code::BAD_REQUEST, format!("the body is not JSON (line {})", error.line()))
            })?;
            return Ok(Self::Json(json));
        }
        if matches!(media_type.as_str(), "application/xml" | "text/xml") || media_type.ends_with("+xml") {
            let document = Document::from_utf8(body, limits)
                .map_err(|error| XRoadError::client(Code::INVALID_XML, format!("the body: {error}")))?;
            return Ok(Self::Xml(Box::new(document)));
        }
        Ok(Self::Other)
    }
}
