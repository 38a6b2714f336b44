//! The clock of a federation.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use mohur_http::SystemClock;
use mohur_wire::{Clock, Timestamp};

/// Goes with real time, and can be moved.
#[derive(Debug, Default)]
pub struct MovableClock {
    ahead_ms: AtomicI64,
}

impl MovableClock {
    /// A clock that is behind.
    pub fn behind(by: Duration) -> Self {
        Self { ahead_ms: AtomicI64::new(-i64::try_from(by.as_millis()).unwrap()) }
    }

    /// A clock that shows this time now, and goes on.
    pub fn set_to(time: &str) -> Self {
        let time: Timestamp = time.parse().unwrap();
        let ahead = time.as_millisecond() - SystemClock.now().as_millisecond();
        Self { ahead_ms: AtomicI64::new(ahead) }
    }

    /// Moves everybody into the future.
    pub fn advance(&self, by: Duration) {
        self.ahead_ms.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        let ahead = jiff::SignedDuration::from_millis(self.ahead_ms.load(Ordering::SeqCst));
        SystemClock.now().checked_add(ahead).unwrap()
    }
}
