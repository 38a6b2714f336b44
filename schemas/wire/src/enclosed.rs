//! A whole message of another protocol inside a query: how an X-Road message that nobody mapped is passed on.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::{ParseError, text_form};

/// The enclosed message, as received. In JSON `{"type": "…", "content": "<base64url>"}`. `Debug` shows its size only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Enclosed {
    /// Its Content-Type.
    #[serde(rename = "type")]
    pub media_type: MediaType,
    /// Its bytes: at least one.
    #[serde(with = "content")]
    pub content: Vec<u8>,
}

/// A Content-Type as it stands in a header, with its parameters: 1 to 500 characters of printable ASCII.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MediaType(String);

impl MediaType {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for MediaType {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if (1..=500).contains(&text.len()) && text.bytes().all(|b| matches!(b, b' '..=b'~')) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError::new("message", "its type has 1-500 characters of printable ASCII"))
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaType(…)")
    }
}

text_form!(MediaType);

impl fmt::Debug for Enclosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Enclosed({} bytes)", self.content.len())
    }
}

mod content {
    use super::{BASE64_URL_SAFE_NO_PAD, Engine, ParseError};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use std::borrow::Cow;

    const EXPECTED: ParseError = ParseError::new("message", "its content is base64url without padding, not empty");

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.as_bytes()).map_err(|_| D::Error::custom(EXPECTED))?;
        if bytes.is_empty() { Err(D::Error::custom(EXPECTED)) } else { Ok(bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_message() {
        let enclosed = Enclosed { media_type: "text/xml; a=5ABCDE1".parse().unwrap(), content: b"5ABCDE1".to_vec() };
        assert_eq!(format!("{enclosed:?} {:?}", enclosed.media_type), "Enclosed(7 bytes) MediaType(…)");
    }

    #[test]
    fn a_message_has_a_type_and_content() {
        let right = r#"{"type":"text/xml","content":"PGEvPg"}"#;
        let read: Enclosed = serde_json::from_str(right).unwrap();
        assert_eq!((read.media_type.as_str(), read.content.as_slice()), ("text/xml", b"<a/>".as_slice()));
        assert_eq!(serde_json::to_string(&read).unwrap(), right);
        for wrong in [
            r#"{"type":"text/xml","content":""}"#,
            r#"{"type":"text/xml","content":"PGEvPg=="}"#,
            r#"{"type":"","content":"PGEvPg"}"#,
            r#"{"type":"text/xml\r\nx: y","content":"PGEvPg"}"#,
            r#"{"content":"PGEvPg"}"#,
            r#"{"type":"text/xml","content":"PGEvPg","more":1}"#,
        ] {
            assert!(serde_json::from_str::<Enclosed>(wrong).is_err(), "{wrong}");
        }
    }
}
