//! A document and its elements: XML 1.0 with Namespaces 1.0, without a DTD, parsed once.

pub(crate) mod characters;
mod element;
mod error;
mod parse;
pub(crate) mod tree;

use core::fmt;

pub use element::{Attribute, Element};
pub use error::{XmlError, XmlProblem};
use tree::{AttributeData, Declaration, Node, Span, Uri, Value};

use crate::Limits;

/// A parsed document over the text that it was parsed from.
pub struct Document<'a> {
    text: &'a str,
    decoded: String,
    nodes: Vec<Node>,
    pub(crate) attributes: Vec<AttributeData>,
    pub(crate) declarations: Vec<Declaration>,
    uris: Vec<Value>,
    /// How many numbers of prefixes there are.
    pub(crate) prefixes: u32,
    limits: Limits,
}

impl<'a> Document<'a> {
    /// Parses a document.
    ///
    /// # Errors
    /// [`XmlError`] where it is not well-formed, against the rules of namespaces, has a DOCTYPE, or is over a limit.
    pub fn parse(text: &'a str, limits: &Limits) -> Result<Self, XmlError> {
        parse::document(text, limits)
    }

    /// Parses a document from octets.
    ///
    /// # Errors
    /// As [`Document::parse`], and where they are not UTF-8.
    pub fn from_utf8(octets: &'a [u8], limits: &Limits) -> Result<Self, XmlError> {
        if octets.len() > limits.bytes {
            return Err(XmlError { problem: XmlProblem::TooLarge, line: 1, column: 1 });
        }
        match core::str::from_utf8(octets) {
            Ok(text) => Self::parse(text, limits),
            Err(wrong) => {
                let valid = octets.get(..wrong.valid_up_to()).unwrap_or_default();
                let before = core::str::from_utf8(valid).unwrap_or_default();
                Err(error_at(before, before.len(), XmlProblem::NotUtf8))
            }
        }
    }

    /// The limits that it was parsed within.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn node(&self, index: u32) -> Option<&Node> {
        self.nodes.get(index as usize)
    }

    pub(crate) fn source(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    pub(crate) fn value(&self, value: Value) -> &str {
        match value {
            Value::Source(span) => self.source(span),
            Value::Decoded(span) => self.decoded.get(span.range()).unwrap_or_default(),
        }
    }

    pub(crate) fn uri(&self, uri: Uri) -> &str {
        match uri {
            Uri::NONE => "",
            Uri::XML => crate::ns::XML,
            Uri(index) => self.uris.get(index as usize).map_or("", |uri| self.value(*uri)),
        }
    }
}

/// Shows how much there is, never what.
impl fmt::Debug for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} octets, {} nodes)", self.text.len(), self.nodes.len())
    }
}

/// An error at an octet of a text.
fn error_at(text: &str, offset: usize, problem: XmlProblem) -> XmlError {
    let (line, column) = position(text, offset);
    XmlError { problem, line, column }
}

/// Line and column, both from 1, of an octet.
fn position(text: &str, offset: usize) -> (u32, u32) {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    let mut line = 1_u32;
    let mut column = 1_u32;
    for &octet in before {
        if octet == b'\n' {
            line = line.saturating_add(1);
            column = 1;
        } else if octet & 0xC0 != 0x80 {
            column = column.saturating_add(1);
        }
    }
    (line, column)
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
