//! Time is an argument: one reading per message, passed down.

pub use jiff::Timestamp;

/// Where a process reads the time. Called once per message, at its arrival.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

/// The one clock reading of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrival(pub Timestamp);

impl Arrival {
    /// Reads the clock, once.
    pub fn read(clock: &dyn Clock) -> Self {
        Self(clock.now())
    }

    /// Seconds since 1970 (RFC 9421 `created`, JWT `iat`).
    pub fn unix_seconds(self) -> i64 {
        self.0.as_second()
    }
}
