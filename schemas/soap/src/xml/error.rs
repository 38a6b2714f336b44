//! What can be wrong with a document, and where. An error never repeats what the document says.

use core::fmt;

/// A document that is not accepted, or an element that is not what it must be. Says where, never what stands there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct XmlError {
    /// What is wrong.
    pub problem: XmlProblem,
    /// The line, from 1.
    pub line: u32,
    /// The character in the line, from 1.
    pub column: u32,
}

impl fmt::Display for XmlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (line {}, column {})", self.problem, self.line, self.column)
    }
}

impl XmlError {
    /// Is the document too much, rather than wrong?
    #[must_use]
    pub fn is_limit(&self) -> bool {
        match self.problem {
            XmlProblem::TooLarge
            | XmlProblem::TooDeep
            | XmlProblem::TooManyElements
            | XmlProblem::TooManyAttributes
            | XmlProblem::TooManyNamespaces
            | XmlProblem::NameTooLong
            | XmlProblem::CanonicalTooLarge => true,
            XmlProblem::NotUtf8
            | XmlProblem::Version
            | XmlProblem::Doctype
            | XmlProblem::Entity
            | XmlProblem::Character
            | XmlProblem::Malformed(_)
            | XmlProblem::Namespace(_)
            | XmlProblem::RelativeNamespace
            | XmlProblem::DuplicateAttribute
            | XmlProblem::NotText(_)
            | XmlProblem::Missing(_)
            | XmlProblem::Repeated(_) => false,
        }
    }
}

/// What is wrong with a document or an element.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlProblem {
    /// Another encoding, declared or in fact.
    #[error("the document is not UTF-8: send it in UTF-8, and declare no other encoding")]
    NotUtf8,
    /// A version other than 1.0, declared.
    #[error("the document is not XML 1.0")]
    Version,
    /// `<!DOCTYPE`.
    #[error("a document type declaration is not accepted: leave it out")]
    Doctype,
    /// An entity other than the five of XML.
    #[error("an entity other than amp, lt, gt, apos and quot is not accepted: write the character")]
    Entity,
    /// A character that XML 1.0 does not have, plain or by reference.
    #[error("a character that XML 1.0 does not allow")]
    Character,
    /// Not well-formed (XML 1.0).
    #[error("the document is not well-formed: {0}")]
    Malformed(&'static str),
    /// Against Namespaces in XML 1.0.
    #[error("the document is against the rules of namespaces: {0}")]
    Namespace(&'static str),
    /// A namespace URI without a scheme, which has no canonical form (Canonical XML 1.0, section 1.3), or with characters
    /// that a URI does not have, or with an ampersand, for which canonical forms differ in practice.
    #[error("a namespace that is no absolute URI, or has & in it, is not accepted")]
    RelativeNamespace,
    /// The same attribute twice, by its written or by its expanded name.
    #[error("an element has the same attribute twice")]
    DuplicateAttribute,
    /// More octets than [`crate::Limits::bytes`].
    #[error("the document is too large")]
    TooLarge,
    /// More open elements than [`crate::Limits::depth`].
    #[error("elements are nested too deep")]
    TooDeep,
    /// More than [`crate::Limits::elements`].
    #[error("the document has too many elements")]
    TooManyElements,
    /// More than [`crate::Limits::attributes`] on one element.
    #[error("an element has too many attributes")]
    TooManyAttributes,
    /// More than [`crate::Limits::namespaces`] in scope.
    #[error("too many namespaces are declared")]
    TooManyNamespaces,
    /// A name or a namespace's URI over [`crate::Limits::name`].
    #[error("a name or the URI of a namespace is too long")]
    NameTooLong,
    /// More octets than [`crate::Limits::canonical`].
    #[error("the canonical form is too large")]
    CanonicalTooLarge,
    /// An element whose content must be text, and is not.
    #[error("an element that must hold text only holds {0}")]
    NotText(&'static str),
    /// No such child; its local name is the reader's.
    #[error("the element {0} is missing")]
    Missing(String),
    /// A child that may stand once stands twice; its local name is the reader's.
    #[error("the element {0} stands more than once")]
    Repeated(String),
}
