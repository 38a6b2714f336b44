//! SOAP 1.1 and 1.2: a DTD-free tree, exclusive canonicalisation, envelopes, faults, MTOM. No crypto, no I/O.

pub mod c14n;
pub mod contract;
pub mod envelope;
pub mod fault;
mod limits;
pub mod message;
pub mod mime;
pub mod ns;
pub mod write;
mod xml;
mod xpath;

pub use envelope::{Envelope, EnvelopeError, EnvelopeProblem, Version};
pub use limits::Limits;
pub use xml::{Attribute, Document, Element, XmlError, XmlProblem};
pub use xpath::{XPath, XPathError};
