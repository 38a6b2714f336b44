//! The ways in which one message can be written. REST and SOAP differ in how a message is read and how its answer is written,
//! and nowhere else: what stands between the two ends never learns which it was. What another broker hands on is a third way:
//! it holds a message of either, as its caller signed it.

mod forwarded;
pub(crate) mod rest;
pub(crate) mod soap;
mod xroad;

/// The addresses that messages are sent to.
pub mod address {
    pub use super::forwarded::FORWARD;
    pub use super::rest::{BUNDLES, POLL, QUERY};
    pub use super::soap::SOAP;
}

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http::header::HeaderValue;
use mohur_chain::SealIdentity;
use mohur_crypto::Digest;
use mohur_message::handover::HomeWord;
use mohur_message::hop::Settle;
use mohur_message::http_signature::header;
use mohur_message::{Evidence, SentOpening};
use mohur_seal::Seal;
use mohur_soap::Version;
use mohur_wire::{Arrival, MemberId, MessageId, Query, Refusal};

use crate::bundle::Report;
use crate::reply::{Incoming, ReplyTo};
use crate::stage::release::Released;
use crate::{Settings, World};

/// Which of the three it is. The address alone decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// JSON under an HTTP message signature.
    Rest,
    /// An envelope under WS-Security.
    Soap(Version),
    /// What another broker hands on.
    Forwarded,
}

/// A message of a form that its address takes. Nothing of it is believed yet.
pub(crate) enum Received {
    Rest(rest::Received),
    Soap(soap::Received),
    Forwarded(Box<forwarded::Received>),
}

/// What a signature is judged by.
pub(crate) struct Circumstances<'a> {
    pub(crate) world: &'a World,
    /// This broker.
    pub(crate) me: &'a MemberId,
    /// The member or broker that TLS proved.
    pub(crate) peer: &'a MemberId,
    pub(crate) arrival: Arrival,
    pub(crate) settings: &'a Settings,
}

/// A message whose signature was proved.
pub(crate) struct Signed {
    /// Who signed.
    pub(crate) signer: SealIdentity,
    /// The id that the message gives itself, where it could be read.
    pub(crate) id: Option<MessageId>,
    /// The signature, as the owner's host will see it.
    pub(crate) evidence: Arc<Evidence>,
    /// The broker that handed it on, where it was not the signer itself who sent it.
    pub(crate) brought: Option<Brought>,
    /// What was signed; an error where it is not what it must be.
    pub(crate) content: Result<Content, Refusal>,
}

/// What the caller's home broker vouches for, proved: that the caller is its member, and that the query is in its log.
pub(crate) struct Brought {
    /// Its word, for the owner's host to prove once more.
    pub(crate) word: HomeWord,
    /// The entry in its log.
    pub(crate) intent: Digest,
    /// How long it waits.
    pub(crate) patience: Duration,
    /// The settlement that it asks for, of the reservation that the caller signed.
    pub(crate) settle: Option<Settle>,
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
    pub(crate) fn of(incoming: Incoming, settings: &Settings) -> Result<Self, Refusal> {
        match Dialect::of(&incoming.parts) {
            Dialect::Rest => rest::Received::of(incoming).map(Self::Rest),
            Dialect::Soap(_) => soap::Received::of(incoming, settings).map(Self::Soap),
            Dialect::Forwarded => {
                forwarded::Received::of(&incoming).map(|received| Self::Forwarded(Box::new(received)))
            }
        }
    }

    /// Proves its signature, and reads what the signature covers. What the answer must refer to goes to `to`.
    pub(crate) fn verify(self, by: &Circumstances<'_>, to: &mut ReplyTo) -> Result<Signed, Refusal> {
        match self {
            Self::Rest(received) => received.verify(by),
            Self::Soap(received) => received.verify(by, to),
            Self::Forwarded(received) => received.verify(by, to),
        }
    }
}

impl Dialect {
    /// The dialect that is spoken at the address of a message.
    pub(crate) fn of(parts: &http::request::Parts) -> Self {
        match parts.uri.path() {
            address::FORWARD => Self::Forwarded,
            path if speaks_soap(path) => Self::Soap(soap::version(parts)),
            _ => Self::Rest,
        }
    }

    /// The id that a message gives itself before any of it is read: REST has it in a header, which signatures cover.
    pub(crate) fn unread_id(self, parts: &http::request::Parts) -> Option<MessageId> {
        match self {
            Self::Rest => rest::id(parts),
            Self::Soap(_) | Self::Forwarded => None,
        }
    }
}

/// Whether SOAP is spoken there: at the one address, and below it, where there is nothing.
fn speaks_soap(path: &str) -> bool {
    path.strip_prefix(address::SOAP).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A refusal that no message was read for: there is nothing to sign it for and nothing to log. It has the form of its
/// address, in SOAP that of version 1.1.
pub fn refusal_at(path: Option<&str>, refusal: &Refusal) -> Response<Bytes> {
    let is_soap = path.is_some_and(speaks_soap);
    let mut response = if is_soap { soap::unread(Version::Soap11, refusal) } else { rest::problem(refusal, None) };
    response.extensions_mut().insert(refusal.code);
    response
}

/// Puts the receipt of the broker that decided beside an answer, where that is another one.
fn put_provider_receipt(response: &mut Response<Bytes>, said: &Said<'_>) {
    let Said::Answer(released) = said else { return };
    if let Some(receipt) = released.receipt().and_then(|receipt| HeaderValue::from_str(receipt).ok()) {
        response.headers_mut().insert(header::PROVIDER_RECEIPT, receipt);
    }
}

/// Writes an answer and signs it. Fails only where the broker's own seal does.
pub(crate) fn write(said: &Said<'_>, to: &ReplyTo, seal: &dyn Seal) -> Result<Response<Bytes>, Refusal> {
    match to.dialect {
        Dialect::Rest => rest::write(said, to, seal),
        Dialect::Soap(version) => soap::write(version, said, to, seal),
        Dialect::Forwarded => forwarded::write(said, to, seal),
    }
}

/// Writes an answer without a signature: for a refusal where even the seal fails.
pub(crate) fn write_plain(said: &Said<'_>, to: &ReplyTo) -> Response<Bytes> {
    match to.dialect {
        Dialect::Rest => rest::plain(said, to),
        Dialect::Soap(version) => soap::plain(version, said, to),
        Dialect::Forwarded => forwarded::plain(said),
    }
}
