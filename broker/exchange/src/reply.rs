//! A message as it arrived, and where its answer goes.

use std::sync::Arc;

use bytes::Bytes;
use mohur_chain::TlsIdentity;
use mohur_crypto::Digest;
use mohur_wire::{Arrival, MemberId, MessageId};
use tokio::time::Instant;

use crate::dialect::Dialect;

/// One request, whole and bounded, from a peer whose certificate was validated.
pub struct Incoming {
    /// Who opened the connection.
    pub peer: TlsIdentity,
    /// Method, target and headers as received.
    pub parts: Arc<http::request::Parts>,
    /// The body as received.
    pub body: Bytes,
    /// The one clock reading of this message.
    pub arrival: Arrival,
}

/// What the answer must be bound to, and how it is written.
pub struct ReplyTo {
    pub(crate) dialect: Dialect,
    pub(crate) parts: Arc<http::request::Parts>,
    pub(crate) arrival: Arrival,
    /// For answers that must all take the same time.
    pub(crate) since: Instant,
    /// The id that the caller gave the message: of a header at once, of an envelope once it was verified.
    pub(crate) id: Option<MessageId>,
    /// The value of the request's signature, once it was verified.
    pub(crate) signature: Option<Vec<u8>>,
    /// Of a forwarded query: who seals its refusal, and the digest of the opening that is refused.
    pub(crate) refused_as: Option<(MemberId, Digest)>,
}

impl ReplyTo {
    pub(crate) fn of(incoming: &Incoming) -> Self {
        let dialect = Dialect::of(&incoming.parts);
        Self {
            id: dialect.unread_id(&incoming.parts),
            dialect,
            parts: Arc::clone(&incoming.parts),
            arrival: incoming.arrival,
            since: Instant::now(),
            signature: None,
            refused_as: None,
        }
    }
}
