//! Claim once: a message is acted on by the first who claims it.

use mohur_wire::{MemberId, MessageId, Timestamp};

use crate::{BoxFuture, StoreError};

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The message is the claimant's, durably.
    Claimed,
    /// It was claimed before, and that claim still stands.
    Repeated,
}

/// Durable claims on messages by (proved signer, id).
pub trait Claims: Send + Sync {
    /// Claims a message until `until`. A claim that ended at or before `now` no longer stands. Two claims of one message at
    /// once are never both [`Claim::Claimed`]; a claim is durable before it is reported.
    fn claim<'a>(
        &'a self,
        caller: &'a MemberId,
        id: &'a MessageId,
        now: Timestamp,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<Claim, StoreError>>;
}
