//! Counters of a server, for its metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts since the start. All but `open` and `in_flight` only rise.
#[derive(Debug, Default)]
pub struct Stats {
    pub(crate) accepted: AtomicU64,
    pub(crate) turned_away: AtomicU64,
    pub(crate) handshakes_failed: AtomicU64,
    pub(crate) cut_off: AtomicU64,
    pub(crate) panics: AtomicU64,
    pub(crate) open: AtomicU64,
    pub(crate) in_flight: AtomicU64,
}

impl Stats {
    /// Connections accepted.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Connections closed at once because too many were open.
    pub fn turned_away(&self) -> u64 {
        self.turned_away.load(Ordering::Relaxed)
    }

    /// TLS handshakes that failed or took too long.
    pub fn handshakes_failed(&self) -> u64 {
        self.handshakes_failed.load(Ordering::Relaxed)
    }

    /// Connections closed because the peer was too slow or idle.
    pub fn cut_off(&self) -> u64 {
        self.cut_off.load(Ordering::Relaxed)
    }

    /// Handlers that panicked.
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// Connections open now.
    pub fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// Requests being handled now.
    pub fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// One more of something while it lives.
pub(crate) struct Gauge<'a>(pub(crate) &'a AtomicU64);

impl<'a> Gauge<'a> {
    /// Enters; the number includes this one.
    pub(crate) fn enter(counter: &'a AtomicU64) -> (Self, u64) {
        let before = counter.fetch_add(1, Ordering::Relaxed);
        (Self(counter), before + 1)
    }
}

impl Drop for Gauge<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
