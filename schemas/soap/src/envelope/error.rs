//! What can be wrong with an envelope or with what it holds. An error names elements, never what stands in them.

use mohur_wire::{Refusal, RefusalCode};

use crate::{Element, XmlError, XmlProblem};

/// An envelope or a payload that is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem} (line {line}, column {column})")]
pub struct EnvelopeError {
    /// What is wrong, and what to do.
    pub problem: EnvelopeProblem,
    /// The line, from 1.
    pub line: u32,
    /// The character in the line, from 1.
    pub column: u32,
}

/// What is wrong with an envelope or a payload.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeProblem {
    /// The document itself.
    #[error("{0}")]
    Xml(XmlProblem),
    /// The root is something else.
    #[error("expected a SOAP 1.1 or SOAP 1.2 Envelope")]
    NotAnEnvelope,
    /// A processing instruction.
    #[error("a processing instruction is not accepted: leave it out")]
    Instruction,
    /// `encodingStyle`.
    #[error("encodingStyle is not accepted: send document/literal")]
    EncodingStyle,
    /// A `mustUnderstand` that is neither yes nor no.
    #[error("mustUnderstand is 0 or 1 (in SOAP 1.2 also true or false)")]
    MustUnderstand,
    /// A header that must be understood and is not.
    #[error("the header {0} must be understood, and is not: leave it out, or send it without mustUnderstand")]
    NotUnderstood(String),
    /// Two `wsse:Security` headers.
    #[error("more than one wsse:Security header: send one")]
    SecondSecurity,
    /// A `wsse:Security` header with another actor or role.
    #[error("the wsse:Security header is addressed to another actor or role: address it to none")]
    SecurityForAnother,
    /// Nothing in the `Body`.
    #[error("the Body is empty: it must hold one element")]
    EmptyBody,
    /// Two elements in the `Body`.
    #[error("the Body holds more than one element: send document/literal with one part")]
    SecondPayload,
    /// Text where only elements may stand.
    #[error("text stands directly in the element {0}, which holds elements only")]
    Text(String),
    /// An element that has no place there.
    #[error("the element {0} is not expected here: it is unknown, repeated or out of order")]
    Unexpected(String),
    /// An attribute that has no place there.
    #[error(
        "the element {0} has an attribute that is not expected; what has no value is left out, not sent with xsi:nil"
    )]
    Attribute(String),
    /// An element that must be there; the name is the reader's.
    #[error("the element {0} is missing")]
    Missing(&'static str),
    /// An element that may stand once stands twice.
    #[error("the element {0} stands more than once")]
    Repeated(String),
    /// An element with nothing in it; the name is the reader's.
    #[error("the element {0} is empty: leave it out if there is nothing to say")]
    Empty(String),
    /// A value of the wrong form; says what is expected.
    #[error("the element {0} does not hold what it must: {1}")]
    Value(String, &'static str),
    /// A payload that this address does not take.
    #[error("the Body holds the element {0}; expected query, bundle or poll of urn:mohur:exchange:1")]
    Payload(String),
}

impl EnvelopeError {
    /// The refusal that it becomes.
    #[must_use]
    pub fn code(&self) -> RefusalCode {
        match &self.problem {
            EnvelopeProblem::Xml(problem) => code_of(problem),
            EnvelopeProblem::Instruction | EnvelopeProblem::EncodingStyle => RefusalCode::XmlRefused,
            EnvelopeProblem::NotUnderstood(_) => RefusalCode::NotUnderstood,
            EnvelopeProblem::NotAnEnvelope
            | EnvelopeProblem::MustUnderstand
            | EnvelopeProblem::SecondSecurity
            | EnvelopeProblem::SecurityForAnother
            | EnvelopeProblem::EmptyBody
            | EnvelopeProblem::SecondPayload
            | EnvelopeProblem::Text(_)
            | EnvelopeProblem::Unexpected(_)
            | EnvelopeProblem::Attribute(_)
            | EnvelopeProblem::Missing(_)
            | EnvelopeProblem::Repeated(_)
            | EnvelopeProblem::Empty(_)
            | EnvelopeProblem::Value(_, _)
            | EnvelopeProblem::Payload(_) => RefusalCode::Malformed,
        }
    }
}

/// The refusal that a problem of the XML itself becomes.
fn code_of(problem: &XmlProblem) -> RefusalCode {
    match problem {
        XmlProblem::TooLarge
        | XmlProblem::TooDeep
        | XmlProblem::TooManyElements
        | XmlProblem::TooManyAttributes
        | XmlProblem::TooManyNamespaces
        | XmlProblem::NameTooLong
        | XmlProblem::CanonicalTooLarge => RefusalCode::TooLarge,
        XmlProblem::NotUtf8
        | XmlProblem::Version
        | XmlProblem::Doctype
        | XmlProblem::Entity
        | XmlProblem::RelativeNamespace => RefusalCode::XmlRefused,
        XmlProblem::Character
        | XmlProblem::Malformed(_)
        | XmlProblem::Namespace(_)
        | XmlProblem::DuplicateAttribute
        | XmlProblem::NotText(_)
        | XmlProblem::Missing(_)
        | XmlProblem::Repeated(_) => RefusalCode::Malformed,
    }
}

impl From<XmlError> for EnvelopeError {
    fn from(error: XmlError) -> Self {
        Self { problem: EnvelopeProblem::Xml(error.problem), line: error.line, column: error.column }
    }
}

impl From<EnvelopeError> for Refusal {
    fn from(error: EnvelopeError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

impl From<XmlError> for Refusal {
    fn from(error: XmlError) -> Self {
        Self::new(code_of(&error.problem), error.to_string())
    }
}

/// An error at an element.
pub(crate) fn at(element: Element<'_>, problem: EnvelopeProblem) -> EnvelopeError {
    let (line, column) = element.position();
    EnvelopeError { problem, line, column }
}

/// An element's local name as it may be shown: the sender chose it, so only what looks like a word is repeated, and neither
/// a number of a person nor markup can be hidden in it.
pub(crate) fn name(element: Element<'_>) -> String {
    let local = element.local();
    let is_word = local.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_' | b'.'));
    let is_shouted = !local.bytes().any(|b| b.is_ascii_lowercase());
    if local.len() <= 64 && is_word && !is_shouted { local.to_owned() } else { "with an unusual name".to_owned() }
}
