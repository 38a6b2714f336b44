//! A caller's signature as data: what the broker forwards and the owner's host verifies, rebuilding nothing.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::http_signature::HttpEvidence;
use crate::ws_security::SoapEvidence;

/// What a caller signed and how, in the dialect in which it asked. In JSON the bytes are base64url; which members stand
/// there says which of the two it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Members", into = "Members")]
pub enum Evidence {
    /// An HTTP Message Signature: `base`, `signature`, `certificate`, `algorithm`.
    Http(HttpEvidence),
    /// An XML Signature: `signedInfo`, `timestamp`, in a bundle `body`, `signature`, `certificate`, `algorithm`.
    Soap(SoapEvidence),
}

impl Evidence {
    /// The signer's seal certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        match self {
            Self::Http(evidence) => &evidence.certificate,
            Self::Soap(evidence) => &evidence.certificate,
        }
    }

    /// The signature.
    pub fn signature(&self) -> &[u8] {
        match self {
            Self::Http(evidence) => &evidence.signature,
            Self::Soap(evidence) => &evidence.signature,
        }
    }
}

impl From<HttpEvidence> for Evidence {
    fn from(evidence: HttpEvidence) -> Self {
        Self::Http(evidence)
    }
}

impl From<SoapEvidence> for Evidence {
    fn from(evidence: SoapEvidence) -> Self {
        Self::Soap(evidence)
    }
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(evidence) => evidence.fmt(f),
            Self::Soap(evidence) => evidence.fmt(f),
        }
    }
}

/// Every member that either form has.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Members {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<Octets>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signed_info: Option<Octets>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    timestamp: Option<Octets>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body: Option<Octets>,
    signature: Octets,
    certificate: Octets,
    algorithm: String,
}

impl From<Evidence> for Members {
    fn from(evidence: Evidence) -> Self {
        match evidence {
            Evidence::Http(HttpEvidence { base, signature, certificate, algorithm }) => Self {
                base: Some(Octets(base)),
                signed_info: None,
                timestamp: None,
                body: None,
                signature: Octets(signature),
                certificate: Octets(certificate),
                algorithm,
            },
            Evidence::Soap(SoapEvidence { signed_info, timestamp, body, signature, certificate, algorithm }) => Self {
                base: None,
                signed_info: Some(Octets(signed_info)),
                timestamp: Some(Octets(timestamp)),
                body: body.map(Octets),
                signature: Octets(signature),
                certificate: Octets(certificate),
                algorithm,
            },
        }
    }
}

impl TryFrom<Members> for Evidence {
    type Error = &'static str;

    fn try_from(members: Members) -> Result<Self, Self::Error> {
        let Members { base, signed_info, timestamp, body, signature, certificate, algorithm } = members;
        let (signature, certificate) = (signature.0, certificate.0);
        match (base, signed_info, timestamp, body) {
            (Some(Octets(base)), None, None, None) => {
                Ok(Self::Http(HttpEvidence { base, signature, certificate, algorithm }))
            }
            (None, Some(Octets(signed_info)), Some(Octets(timestamp)), body) => {
                let body = body.map(|body| body.0);
                Ok(Self::Soap(SoapEvidence { signed_info, timestamp, body, signature, certificate, algorithm }))
            }
            _ => Err("evidence has either `base`, or `signedInfo` and `timestamp` and perhaps `body`"),
        }
    }
}

/// Bytes, in base64url without padding.
#[derive(Clone)]
struct Octets(Vec<u8>);

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_URL_SAFE_NO_PAD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let octets = BASE64_URL_SAFE_NO_PAD.decode(text.as_bytes());
        octets.map(Self).map_err(|_| de::Error::custom("base64url without padding"))
    }
}
