//! Values out of a provider's answer.

use mohur_contract::RegistryError;
use mohur_soap::{Element, XPath};
use mohur_wire::Value;

/// Where a value stands.
#[derive(Clone, Debug)]
pub(crate) enum Locator {
    /// In XML, seen from the Body's child.
    XPath(XPath),
    /// In JSON (RFC 6901).
    Pointer(String),
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As it stands, without the white space around it.
    Text,
    /// A whole number.
    Number,
    /// `true`, `false`, `1` or `0`.
    Flag,
}

/// An answer, read.
#[derive(Clone, Copy)]
pub(crate) enum Said<'a> {
    /// The Body's child.
    Xml(Element<'a>),
    /// The document.
    Json(&'a serde_json::Value),
}

const NOT_TEXT: RegistryError = RegistryError::Invalid("a value is not where the mapping says, or is not text");

impl Said<'_> {
    /// The text at a place, if the place is there.
    pub(crate) fn text(&self, at: &Locator) -> Result<Option<String>, RegistryError> {
        match (self, at) {
            (Self::Xml(element), Locator::XPath(path)) => path.text(*element).map_err(|_| NOT_TEXT),
            (Self::Json(value), Locator::Pointer(pointer)) => match value.pointer(pointer) {
                None | Some(serde_json::Value::Null) => Ok(None),
                Some(serde_json::Value::String(text)) => Ok(Some(text.clone())),
                Some(serde_json::Value::Number(number)) => Ok(Some(number.to_string())),
                Some(serde_json::Value::Bool(flag)) => Ok(Some(flag.to_string())),
                Some(serde_json::Value::Array(_) | serde_json::Value::Object(_)) => Err(NOT_TEXT),
            },
            (Self::Xml(_), Locator::Pointer(_)) | (Self::Json(_), Locator::XPath(_)) => Err(NOT_TEXT),
        }
    }

    /// Whether anything is at a place.
    pub(crate) fn has(&self, at: &Locator) -> Result<bool, RegistryError> {
        match (self, at) {
            (Self::Xml(element), Locator::XPath(path)) => match path.select(*element) {
                Ok(selected) => Ok(!selected.is_empty()),
                // An attribute, then.
                Err(_) => path.text(*element).map(|text| text.is_some()).map_err(|_| NOT_TEXT),
            },
            (Self::Json(value), Locator::Pointer(pointer)) => {
                Ok(!matches!(value.pointer(pointer), None | Some(serde_json::Value::Null)))
            }
            (Self::Xml(_), Locator::Pointer(_)) | (Self::Json(_), Locator::XPath(_)) => Err(NOT_TEXT),
        }
    }

    /// The value at a place, if the place is there and not empty.
    pub(crate) fn value(&self, at: &Locator, kind: Kind) -> Result<Option<Value>, RegistryError> {
        let Some(text) = self.text(at)? else { return Ok(None) };
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let value = match (kind, text) {
            (Kind::Text, text) => Some(Value::text(text)),
            (Kind::Number, text) => text.parse().ok().map(Value::Number),
            (Kind::Flag, "true" | "1") => Some(Value::Flag(true)),
            (Kind::Flag, "false" | "0") => Some(Value::Flag(false)),
            (Kind::Flag, _) => None,
        };
        value.map(Some).ok_or(RegistryError::Invalid("a value is not of the type that the mapping says"))
    }
}
