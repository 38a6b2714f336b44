//! A message as it arrived, and where its answer goes.

use std::sync::Arc;

use bytes::Bytes;
use mohur_chain::TlsIdentity;
use mohur_wire::{Arrival, MessageId};
use tokio::time::Instant;

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

/// What the answer must be bound to.
pub struct ReplyTo {
    pub(crate) parts: Arc<http::request::Parts>,
    pub(crate) arrival: Arrival,
    /// For answers that must all take the same time.
    pub(crate) since: Instant,
}

impl ReplyTo {
    pub(crate) fn of(incoming: &Incoming) -> Self {
        Self { parts: Arc::clone(&incoming.parts), arrival: incoming.arrival, since: Instant::now() }
    }

    /// The id that the caller gave the message, if it gave a well-formed one.
    pub(crate) fn id(&self) -> Option<MessageId> {
        self.parts.headers.get("mohur-id")?.to_str().ok()?.parse().ok()
    }
}
