//! A part of XPath 1.0 for mapping files.

use crate::Element;

/// An expression that cannot be used, or that found what it cannot read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XPathError {
    /// The expression is not one of ours.
    #[error("the XPath expression is not understood at character {at}: {why}")]
    Expression {
        /// The character, from 1.
        at: usize,
        /// What was expected.
        why: &'static str,
    },
    /// A prefix that the mapping file does not declare.
    #[error("the XPath expression uses a prefix at character {at} that is not declared")]
    Prefix {
        /// The character, from 1.
        at: usize,
    },
    /// The expression selects an attribute or text where elements are asked for.
    #[error("the XPath expression selects no elements")]
    NotElements,
    /// More is selected than a mapping may read.
    #[error("the XPath expression selects too much")]
    TooMuch,
    /// What is selected is no text.
    #[error("what the XPath expression selects is not text: {0}")]
    NotText(#[from] crate::XmlError),
}

/// An expression, ready to be used on many documents.
#[derive(Clone, Debug)]
pub struct XPath {
    _expression: String,
}

impl XPath {
    /// Reads an expression; `namespaces` are prefixes and their URIs.
    ///
    /// # Errors
    /// [`XPathError::Expression`] and [`XPathError::Prefix`].
    pub fn parse(expression: &str, namespaces: &[(&str, &str)]) -> Result<Self, XPathError> {
        let _ = (expression, namespaces);
        Err(XPathError::Expression { at: 1, why: "not written yet" })
    }

    /// The elements that it selects, seen from an element, in document order.
    ///
    /// # Errors
    /// [`XPathError::NotElements`] where it selects an attribute or text, [`XPathError::TooMuch`].
    pub fn select<'d>(&self, from: Element<'d>) -> Result<Vec<Element<'d>>, XPathError> {
        let _ = from;
        Err(XPathError::NotElements)
    }

    /// The text of the first node that it selects; None where it selects nothing.
    ///
    /// # Errors
    /// [`XPathError::NotText`] where that is an element with more than text in it.
    pub fn text(&self, from: Element<'_>) -> Result<Option<String>, XPathError> {
        let _ = from;
        Err(XPathError::NotElements)
    }
}
