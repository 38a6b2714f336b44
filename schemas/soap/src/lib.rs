//! SOAP 1.1 and 1.2: a DTD-free tree, exclusive canonicalisation, envelopes, faults, MTOM. No crypto, no I/O.

pub mod c14n;
mod limits;
pub mod ns;
mod xml;
mod xpath;

pub use limits::Limits;
pub use xml::{Attribute, Document, Element, XmlError, XmlProblem};
pub use xpath::{XPath, XPathError};
