//! Exclusive XML Canonicalization 1.0, without comments.

use crate::{Element, XmlError};

/// The canonical form of an element and all that is in it.
///
/// `inclusive_prefixes` is the `PrefixList` of `InclusiveNamespaces`; `#default` names the default namespace.
///
/// # Errors
/// [`crate::XmlProblem::CanonicalTooLarge`] over [`crate::Limits::canonical`].
pub fn exclusive(element: Element<'_>, inclusive_prefixes: &[&str]) -> Result<Vec<u8>, XmlError> {
    let _ = inclusive_prefixes;
    Err(element.error(crate::XmlProblem::Malformed("canonicalisation is not written yet")))
}
