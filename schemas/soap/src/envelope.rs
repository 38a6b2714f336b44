//! A SOAP envelope, read strictly: one `Header` at most, one `Body` with one child, and nothing else.
//!
//! SOAP 1.1 (W3C Note, 2000) and SOAP 1.2 part 1. What SOAP leaves open is closed here: several children of the `Body`,
//! elements after it, encoding styles, processing instructions, several `wsse:Security` headers.

mod error;
#[cfg(test)]
mod tests;
pub mod xroad;

pub use error::{EnvelopeError, EnvelopeProblem};
pub(crate) use error::{at, name};

use crate::{Document, Element, ns};

/// Which SOAP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// SOAP 1.1.
    Soap11,
    /// SOAP 1.2.
    Soap12,
}

/// An envelope: handles into the one tree that it was read from.
#[derive(Clone, Debug)]
pub struct Envelope<'d> {
    /// Its version, by its namespace.
    pub version: Version,
    /// The `Envelope` element.
    pub root: Element<'d>,
    /// All header blocks, in order, `security` among them.
    pub headers: Vec<Element<'d>>,
    /// The one `wsse:Security` header.
    pub security: Option<Element<'d>>,
    /// The `Body`.
    pub body: Element<'d>,
    /// Its only child.
    pub payload: Element<'d>,
}

impl Version {
    /// The namespace of its envelope.
    #[must_use]
    pub const fn namespace(self) -> &'static str {
        match self {
            Self::Soap11 => ns::SOAP11,
            Self::Soap12 => ns::SOAP12,
        }
    }

    /// The media type of its messages, without parameters.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Soap11 => "text/xml",
            Self::Soap12 => "application/soap+xml",
        }
    }

    /// The `Content-Type` that its messages are sent with.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Soap11 => "text/xml; charset=utf-8",
            Self::Soap12 => "application/soap+xml; charset=utf-8",
        }
    }

    /// The version whose media type this is, whatever its parameters.
    #[must_use]
    pub fn of_content_type(content_type: &str) -> Option<Self> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        [Self::Soap11, Self::Soap12].into_iter().find(|version| media_type.eq_ignore_ascii_case(version.media_type()))
    }

    fn of_namespace(namespace: &str) -> Option<Self> {
        [Self::Soap11, Self::Soap12].into_iter().find(|version| version.namespace() == namespace)
    }
}

impl<'d> Envelope<'d> {
    /// Reads the envelope that a document is.
    ///
    /// # Errors
    /// [`EnvelopeError`], which says where, and what must be set or left out.
    pub fn read(document: &'d Document<'d>) -> Result<Self, EnvelopeError> {
        let root = document.root();
        let version = Version::of_namespace(root.namespace()).filter(|_| root.local() == "Envelope");
        let version = version.ok_or_else(|| error::at(root, EnvelopeProblem::NotAnEnvelope))?;
        if root.has_processing_instructions() {
            return Err(error::at(root, EnvelopeProblem::Instruction));
        }
        let (header, body) = parts(root, version)?;
        let headers: Vec<_> = header.into_iter().flat_map(Element::children).collect();
        let security = security(&headers, version)?;
        for block in &headers {
            must_be_understood(*block, version)?;
        }
        let payload = payload(body)?;
        for element in [root, body, payload].into_iter().chain(header).chain(headers.iter().copied()) {
            if element.attribute(version.namespace(), "encodingStyle").is_some() {
                return Err(error::at(element, EnvelopeProblem::EncodingStyle));
            }
        }
        Ok(Self { version, root, headers, security, body, payload })
    }

    /// The only header block of this name.
    ///
    /// # Errors
    /// Where there are several.
    pub fn header(&self, namespace: &str, local: &str) -> Result<Option<Element<'d>>, EnvelopeError> {
        let mut named = self.headers.iter().filter(|block| block.is(namespace, local));
        let first = named.next();
        match named.next() {
            None => Ok(first.copied()),
            Some(second) => Err(error::at(*second, EnvelopeProblem::Repeated(error::name(*second)))),
        }
    }
}

/// `Header?` and `Body`, and nothing else.
fn parts<'d>(root: Element<'d>, version: Version) -> Result<(Option<Element<'d>>, Element<'d>), EnvelopeError> {
    no_text(root)?;
    let mut children = root.children().peekable();
    let header = children.next_if(|child| child.is(version.namespace(), "Header"));
    if let Some(header) = header {
        no_text(header)?;
    }
    let body = children.next().filter(|child| child.is(version.namespace(), "Body"));
    let body = body.ok_or_else(|| error::at(root, EnvelopeProblem::Missing("Body")))?;
    match children.next() {
        None => Ok((header, body)),
        Some(more) => Err(error::at(more, EnvelopeProblem::Unexpected(error::name(more)))),
    }
}

fn payload(body: Element<'_>) -> Result<Element<'_>, EnvelopeError> {
    no_text(body)?;
    let mut children = body.children();
    let payload = children.next().ok_or_else(|| error::at(body, EnvelopeProblem::EmptyBody))?;
    match children.next() {
        None => Ok(payload),
        Some(more) => Err(error::at(more, EnvelopeProblem::SecondPayload)),
    }
}

/// The one `wsse:Security` header. One for somebody else has no place in a message between two parties.
fn security<'d>(headers: &[Element<'d>], version: Version) -> Result<Option<Element<'d>>, EnvelopeError> {
    let mut found = headers.iter().copied().filter(|block| block.is(ns::WSSE, "Security"));
    let first = found.next();
    if let Some(second) = found.next() {
        return Err(error::at(second, EnvelopeProblem::SecondSecurity));
    }
    match first {
        Some(block) if !is_for_us(block, version) => Err(error::at(block, EnvelopeProblem::SecurityForAnother)),
        other => Ok(other),
    }
}

/// SOAP 1.1, section 4.2.3, and SOAP 1.2 part 1, section 5.2.3.
fn must_be_understood(block: Element<'_>, version: Version) -> Result<(), EnvelopeError> {
    let demanded = match block.attribute(version.namespace(), "mustUnderstand") {
        None | Some("0") => false,
        Some("1") => true,
        Some("true") if version == Version::Soap12 => true,
        Some("false") if version == Version::Soap12 => false,
        Some(_) => return Err(error::at(block, EnvelopeProblem::MustUnderstand)),
    };
    if demanded && is_for_us(block, version) && !is_understood(block) {
        return Err(error::at(block, EnvelopeProblem::NotUnderstood(error::name(block))));
    }
    Ok(())
}

fn is_understood(block: Element<'_>) -> bool {
    block.is(ns::WSSE, "Security") || block.is(ns::MOHUR, "openings") || xroad::is_header(block)
}

/// Whether a block is addressed to the one who answers: nobody named, the next one, or the ultimate receiver.
fn is_for_us(block: Element<'_>, version: Version) -> bool {
    match version {
        Version::Soap11 => match block.attribute(ns::SOAP11, "actor") {
            None | Some("" | "http://schemas.xmlsoap.org/soap/actor/next") => true,
            Some(_) => false,
        },
        Version::Soap12 => match block.attribute(ns::SOAP12, "role") {
            None
            | Some(
                ""
                | "http://www.w3.org/2003/05/soap-envelope/role/next"
                | "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver",
            ) => true,
            Some(_) => false,
        },
    }
}

fn no_text(element: Element<'_>) -> Result<(), EnvelopeError> {
    if element.has_own_text() { Err(error::at(element, EnvelopeProblem::Text(error::name(element)))) } else { Ok(()) }
}
