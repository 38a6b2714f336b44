//! The process's clock.

use mohur_wire::{Clock, Timestamp};

/// The clock of the operating system. Everything else takes a [`Clock`] or an `Arrival`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
