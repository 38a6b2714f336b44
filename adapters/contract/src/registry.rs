//! The trait that an adapter implements.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use mohur_wire::{Answer, Arrival, MessageId, Operation, Query, ServiceId};

use crate::RegistryError;

/// A future on the heap, so that [`Registry`] and [`Ledger`](crate::Ledger) can be trait objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A register, seen through its adapter.
pub trait Registry: Send + Sync {
    /// The services that it offers, as `code/version`, e.g. `birth/v1`: always the same while the process runs, though an
    /// adapter with a mapping file knows them only when it has read it. Any other is an
    /// [`UnknownService`](RegistryError::UnknownService).
    fn services(&self) -> Vec<String>;

    /// Answers one query, or settles the reservation that one made (see [`Settle`]).
    ///
    /// - The answer names the subject that the *register* speaks of; the host compares it with the query's.
    /// - A subject that the register does not hold is [`Finding::Absent`](mohur_wire::answer::Finding::Absent).
    /// - A field that the register does not hold is missing from a `read`, and `unknown` in a `match` or a `verify`.
    /// - A `match` and a `verify` give [`Verdict`](mohur_wire::Verdict)s only, never a value.
    /// - It comes back by `context.deadline`, with [`Timeout`](RegistryError::Timeout) if need be.
    /// - The `reservation` that a `reserve` makes is its idempotency key: so it can be settled even if the answer was lost.
    /// - A `change` with the idempotency key of an earlier one has no second effect and gets the first one's answer.
    fn answer<'a>(&'a self, query: &'a Query, context: &'a Context) -> BoxFuture<'a, Result<Answer, RegistryError>>;

    /// Whether the register can be reached now. Asks about nobody.
    fn health<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<(), RegistryError>>;
}

/// What belongs to one call and is not in the query.
#[derive(Clone, Debug)]
pub struct Context {
    /// The message's one clock reading: reservations expire by it.
    pub arrival: Arrival,
    /// When the answer must be there.
    pub deadline: Instant,
    /// If present, the query is a `reserve` seen before and this is its settlement; nothing else is to be done.
    pub settle: Option<Settle>,
}

/// The one settlement that the signature over a `reserve` also authorises: of the reservation that it made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settle {
    /// [`Consume`](Operation::Consume) or [`Release`](Operation::Release); `Reserve` is refused.
    pub operation: Operation,
    /// The `reservation` of the answer to the `reserve`.
    pub reservation: MessageId,
}

impl Context {
    /// A call that arrived then and has `time` from now on.
    pub fn new(arrival: Arrival, time: Duration) -> Self {
        Self { arrival, deadline: Instant::now() + time, settle: None }
    }

    /// The same call, to settle a reservation.
    #[must_use]
    pub fn settling(mut self, operation: Operation, reservation: MessageId) -> Self {
        self.settle = Some(Settle { operation, reservation });
        self
    }

    /// The time left, or [`RegistryError::Timeout`].
    pub fn remaining(&self) -> Result<Duration, RegistryError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(RegistryError::Timeout) } else { Ok(left) }
    }
}

/// A service as an adapter names it: `code/version` without its owner, e.g. `birth/v1`.
pub fn service_name(service: &ServiceId) -> String {
    format!("{}/{}", service.service_code(), service.service_version())
}
