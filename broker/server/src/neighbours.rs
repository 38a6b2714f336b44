//! The limits between this broker and each other one, so that a neighbour that fails, is slow or sends too much costs nobody
//! but those who ask it.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mohur_config::Table;
use mohur_http::{Attempt, Breaker, BreakerSettings};
use mohur_wire::MemberId;
use tokio::sync::{Semaphore, SemaphorePermit};

/// `[brokers]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeighbourLimits {
    /// Most queries under way to one other broker. 64.
    pub at_once: usize,
    /// The longest that a query waits for a place among them. 1 s.
    pub queue: Duration,
    /// When a broker that keeps failing is left alone, and for how long. 8 failures in a row; 5 s.
    pub breaker: BreakerSettings,
    /// How many queries a second one other broker may hand on to this one. 1000.
    pub requests_per_second: NonZeroU32,
}

impl Default for NeighbourLimits {
    fn default() -> Self {
        Self {
            at_once: 64,
            queue: Duration::from_secs(1),
            breaker: BreakerSettings { failures: 8, pause: Duration::from_secs(5) },
            requests_per_second: NonZeroU32::new(1000).unwrap_or(NonZeroU32::MIN),
        }
    }
}

impl NeighbourLimits {
    pub(crate) fn read(self, table: &mut Table) -> Self {
        let share = table.number("requests-per-second", 1..=1_000_000).and_then(NonZeroU32::new);
        Self {
            at_once: table.number("at-once", 1..=100_000).unwrap_or(self.at_once),
            queue: table.duration("queue").unwrap_or(self.queue),
            breaker: BreakerSettings {
                failures: table.number("failures", 1..=10_000).unwrap_or(self.breaker.failures),
                pause: table.duration("left-alone").unwrap_or(self.breaker.pause),
            },
            requests_per_second: share.unwrap_or(self.requests_per_second),
        }
    }
}

/// The other brokers that were asked so far. Whom the directory never named is never among them.
pub(crate) struct Neighbours {
    limits: NeighbourLimits,
    known: Mutex<HashMap<MemberId, Arc<Neighbour>>>,
}

/// One other broker.
pub(crate) struct Neighbour {
    places: Semaphore,
    queue: Duration,
    breaker: Breaker,
}

impl Neighbours {
    pub(crate) fn new(limits: NeighbourLimits) -> Self {
        Self { limits, known: Mutex::default() }
    }

    /// The state of one broker.
    pub(crate) fn of(&self, broker: &MemberId) -> Arc<Neighbour> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(neighbour) = known.get(broker) {
            return Arc::clone(neighbour);
        }
        let NeighbourLimits { at_once, queue, breaker, .. } = self.limits;
        let neighbour = Neighbour { places: Semaphore::new(at_once), queue, breaker: Breaker::new(breaker) };
        Arc::clone(known.entry(broker.clone()).or_insert(Arc::new(neighbour)))
    }
}

impl Neighbour {
    /// A place among the queries under way; `None` where none becomes free in time. Whoever is left alone is not waited for.
    pub(crate) async fn place(&self, deadline: Duration) -> Option<SemaphorePermit<'_>> {
        if self.breaker.is_open() {
            return None;
        }
        tokio::time::timeout(self.queue.min(deadline), self.places.acquire()).await.ok()?.ok()
    }

    /// Leave to ask, unless the broker is left alone.
    pub(crate) fn attempt(&self) -> Option<Attempt<'_>> {
        self.breaker.attempt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> NeighbourLimits {
        let breaker = BreakerSettings { failures: 2, pause: Duration::from_secs(60) };
        NeighbourLimits { at_once: 1, queue: Duration::from_millis(20), breaker, ..NeighbourLimits::default() }
    }

    #[tokio::test]
    async fn a_slow_broker_fills_its_own_places_and_a_failing_one_is_left_alone() {
        let neighbours = Neighbours::new(limits());
        let (one, other) =
            (neighbours.of(&"GE/GOV/A/hub".parse().unwrap()), neighbours.of(&"TR/GOV/A/hub".parse().unwrap()));
        let second = Duration::from_secs(1);
        let held = one.place(second).await.unwrap();
        assert!(one.place(second).await.is_none(), "its one place is taken");
        assert!(other.place(second).await.is_some());
        drop(held);
        drop(one.attempt().unwrap());
        drop(one.attempt().unwrap());
        assert!(one.attempt().is_none() && one.place(second).await.is_none());
        assert!(other.attempt().is_some());
        assert!(Arc::ptr_eq(&one, &neighbours.of(&"GE/GOV/A/hub".parse().unwrap())), "it is remembered");
    }
}
