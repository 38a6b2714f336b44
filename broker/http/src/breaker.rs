//! A circuit breaker: a server that keeps failing is left alone for a while, then asked once to see whether it is back.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// When the breaker opens and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failures in a row after which the server is left alone.
    pub failures: u32,
    /// How long it is left alone before one query tries it again.
    pub pause: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        until: Instant,
    },
    /// One query is trying.
    Trying,
}

/// The breaker of one server.
#[derive(Debug)]
pub struct Breaker {
    settings: BreakerSettings,
    state: Mutex<State>,
}

/// Leave to ask the server once. Dropped without [`Attempt::succeeded`] (a failure, a timeout, a caller that went
/// away), it counts as a failure.
#[derive(Debug)]
pub struct Attempt<'a> {
    breaker: &'a Breaker,
    succeeded: bool,
}

impl Breaker {
    /// A closed one.
    pub const fn new(settings: BreakerSettings) -> Self {
        Self { settings, state: Mutex::new(State::Closed { failures: 0 }) }
    }

    /// Leave to ask, unless the breaker is open or somebody else is trying.
    pub fn attempt(&self) -> Option<Attempt<'_>> {
        self.change(|state| match state {
            State::Closed { .. } => (state, true),
            State::Open { until } if until <= Instant::now() => (State::Trying, true),
            State::Open { .. } | State::Trying => (state, false),
        })
        .then_some(Attempt { breaker: self, succeeded: false })
    }

    /// Whether queries go through.
    pub fn is_closed(&self) -> bool {
        self.change(|state| (state, matches!(state, State::Closed { .. })))
    }

    /// Whether nobody may ask now, not even to see whether the server is back.
    pub fn is_open(&self) -> bool {
        self.change(|state| (state, matches!(state, State::Open { until } if until > Instant::now())))
    }

    fn change<T>(&self, step: impl FnOnce(State) -> (State, T)) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, result) = step(*state);
        *state = next;
        result
    }
}

impl Attempt<'_> {
    /// The server answered.
    pub fn succeeded(mut self) {
        self.succeeded = true;
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let BreakerSettings { failures: most, pause } = self.breaker.settings;
        let open = State::Open { until: Instant::now() + pause };
        self.breaker.change(|state| {
            let next = match state {
                State::Closed { .. } | State::Trying if self.succeeded => State::Closed { failures: 0 },
                State::Closed { failures } if failures.saturating_add(1) < most => {
                    State::Closed { failures: failures.saturating_add(1) }
                }
                State::Closed { .. } | State::Trying => open,
                // An attempt that began before the breaker opened decides nothing.
                State::Open { .. } => state,
            };
            (next, ())
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: BreakerSettings = BreakerSettings { failures: 2, pause: Duration::from_millis(40) };

    #[tokio::test]
    async fn opens_after_failures_in_a_row_and_lets_exactly_one_try_again() {
        let breaker = Breaker::new(SETTINGS);
        drop(breaker.attempt().unwrap());
        breaker.attempt().unwrap().succeeded();
        drop(breaker.attempt().unwrap());
        assert!(breaker.is_closed(), "a success between them forgets the first failure");
        drop(breaker.attempt().unwrap());
        assert!(breaker.attempt().is_none());
        tokio::time::sleep(SETTINGS.pause * 2).await;
        let trying = breaker.attempt().unwrap();
        assert!(breaker.attempt().is_none(), "one at a time");
        drop(trying);
        assert!(breaker.attempt().is_none(), "the try failed: open again");
        tokio::time::sleep(SETTINGS.pause * 2).await;
        breaker.attempt().unwrap().succeeded();
        assert!(breaker.is_closed());
    }

    #[tokio::test]
    async fn a_late_success_does_not_close_an_open_breaker() {
        let breaker = Breaker::new(SETTINGS);
        let slow = breaker.attempt().unwrap();
        drop(breaker.attempt().unwrap());
        drop(breaker.attempt().unwrap());
        slow.succeeded();
        assert!(breaker.attempt().is_none());
    }
}
