//! The two ways in which one message can be written. REST and SOAP differ in how a message is read and how its answer is
//! written, and nowhere else: what stands between the two ends never learns which it was.

pub(crate) mod rest;

/// The addresses that messages are sent to.
pub mod address {
    pub use super::rest::{BUNDLES, POLL, QUERY};
}

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use mohur_chain::SealIdentity;
use mohur_message::{Evidence, KeySource, SentOpening};
use mohur_seal::Seal;
use mohur_wire::{Arrival, MessageId, Query, Refusal};

use crate::Settings;
use crate::bundle::Report;
use crate::reply::{Incoming, ReplyTo};
use crate::stage::release::Released;

/// Which of the two it is. The address alone decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// JSON under an HTTP message signature.
    Rest,
}

/// A message of a form that its address takes. Nothing of it is believed yet.
pub(crate) enum Received {
    Rest(rest::Received),
}

/// A message whose signature was proved.
pub(crate) struct Signed {
    /// Who signed.
    pub(crate) signer: SealIdentity,
    /// The id that the message gives itself, where it could be read.
    pub(crate) id: Option<MessageId>,
    /// The signature, as the owner's host will see it.
    pub(crate) evidence: Arc<Evidence>,
    /// What was signed; an error where it is not what it must be.
    pub(crate) content: Result<Content, Refusal>,
}

/// What a message says: one of three kinds.
#[expect(clippy::large_enum_variant, reason = "a query is the rule; it is moved once, and a box would cost each one")]
pub(crate) enum Content {
    /// One question, and the bytes that it was read from.
    Query(SentOpening, Query),
    /// The questions of a bundle.
    Bundle(SignedBundle),
    /// How far has a bundle come?
    Poll {
        /// The poll's own id.
        id: MessageId,
        /// The bundle's.
        bundle: MessageId,
    },
}

/// The questions of a bundle, under the definition that it names.
pub(crate) struct SignedBundle {
    /// The bundle's id.
    pub(crate) id: MessageId,
    /// The definition's name.
    pub(crate) definition: MessageId,
    /// The definition's version.
    pub(crate) version: String,
    /// One opening a leg: their digests were signed.
    pub(crate) openings: Vec<SentOpening>,
}

/// What is said in answer.
pub(crate) enum Said<'a> {
    /// The answer to a query.
    Answer(&'a Released),
    /// The state of a bundle.
    Report(&'a Report),
    /// That nothing is said.
    Refusal(&'a Refusal),
}

impl Received {
    /// Takes a message apart as far as its form goes.
    pub(crate) fn of(incoming: Incoming, _settings: &Settings) -> Result<Self, Refusal> {
        match Dialect::of(&incoming.parts) {
            Dialect::Rest => rest::Received::of(incoming).map(Self::Rest),
        }
    }

    /// Proves its signature, and reads what the signature covers.
    pub(crate) fn verify(
        self,
        keys: &dyn KeySource,
        arrival: Arrival,
        settings: &Settings,
        _to: &mut ReplyTo,
    ) -> Result<Signed, Refusal> {
        match self {
            Self::Rest(received) => received.verify(keys, arrival, settings),
        }
    }
}

impl Dialect {
    /// The dialect that is spoken at the address of a message.
    pub(crate) fn of(_parts: &http::request::Parts) -> Self {
        Self::Rest
    }
}

/// Writes an answer and signs it. Fails only where the broker's own seal does.
pub(crate) fn write(said: &Said<'_>, to: &ReplyTo, seal: &dyn Seal) -> Result<Response<Bytes>, Refusal> {
    match to.dialect {
        Dialect::Rest => rest::write(said, to, seal),
    }
}

/// Writes an answer without a signature: for a refusal where even the seal fails.
pub(crate) fn write_plain(said: &Said<'_>, to: &ReplyTo) -> Response<Bytes> {
    match to.dialect {
        Dialect::Rest => rest::plain(said, to),
    }
}
