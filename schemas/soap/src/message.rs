//! What stands in the `Body`: a query, a bundle, a poll, and their answers, in the namespace `urn:mohur:exchange:1`.
//!
//! `schemas/contracts/mohur.xsd` is the published form. Reading is stricter than the schema in what XML leaves open:
//! an element that is unknown, repeated, out of order or empty is refused by its name and line, never by its value.
//! Writing makes text that is its own exclusive canonical form, so that nothing has to be canonicalised before it is
//! signed.

mod answer;
mod bundle;
mod children;
mod query;
mod refusal;
#[cfg(test)]
mod tests;
mod value;

pub use answer::{Answered, Readable, Sealed, answer, answer_xml, bundle_answer, bundle_answer_xml};
pub use bundle::{BundleRequest, MAX_LEGS, Poll, bundle_openings, bundle_xml, openings_xml, poll_xml};
pub use query::{query, query_xml};
pub(crate) use refusal::refusal;

use mohur_wire::{MessageId, Query};

use crate::envelope::{EnvelopeError, EnvelopeProblem, at, name};
use crate::{Element, ns};

/// What a caller may send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// `m:query`.
    Query(Box<Query>),
    /// `m:bundle`.
    Bundle(BundleRequest),
    /// `m:poll`.
    Poll(Poll),
}

impl Payload {
    /// The message's id.
    #[must_use]
    pub const fn id(&self) -> &MessageId {
        match self {
            Self::Query(query) => &query.id,
            Self::Bundle(bundle) => &bundle.id,
            Self::Poll(poll) => &poll.id,
        }
    }
}

/// Reads the `Body`'s only child, whichever of the three it is.
///
/// # Errors
/// [`EnvelopeError`] names the element and says where it stands.
pub fn read(payload: Element<'_>) -> Result<Payload, EnvelopeError> {
    if payload.is(ns::MOHUR, "query") {
        query(payload).map(|query| Payload::Query(Box::new(query)))
    } else if payload.is(ns::MOHUR, "bundle") {
        bundle::bundle(payload).map(Payload::Bundle)
    } else if payload.is(ns::MOHUR, "poll") {
        bundle::poll(payload).map(Payload::Poll)
    } else {
        Err(at(payload, EnvelopeProblem::Payload(name(payload))))
    }
}

/// The payload must be this element of ours.
fn expect(payload: Element<'_>, local: &str) -> Result<(), EnvelopeError> {
    if payload.is(ns::MOHUR, local) { Ok(()) } else { Err(at(payload, EnvelopeProblem::Unexpected(name(payload)))) }
}
