//! The figures of the authority online. No label carries anything of a member.

use std::sync::atomic::{AtomicU64, Ordering};

use mohur_wire::Timestamp;

/// What was done since the start.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    pub(crate) issued: AtomicU64,
    pub(crate) pending: AtomicU64,
    pub(crate) decided: AtomicU64,
    pub(crate) revoked: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) slowed: AtomicU64,
    pub(crate) failed: AtomicU64,
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Stats {
    /// The figures in Prometheus's text format.
    pub(crate) fn render(&self, own_until: Timestamp, now: Timestamp) -> String {
        let mut out = String::from("# TYPE mohur_pki_requests_total counter\n");
        let counters = [
            ("issued", &self.issued),
            ("pending", &self.pending),
            ("decided", &self.decided),
            ("revoked", &self.revoked),
            ("refused", &self.refused),
            ("slowed", &self.slowed),
            ("failed", &self.failed),
        ];
        for (outcome, counter) in counters {
            let value = counter.load(Ordering::Relaxed);
            out.push_str(&format!("mohur_pki_requests_total{{outcome=\"{outcome}\"}} {value}\n"));
        }
        let left = own_until.as_second().saturating_sub(now.as_second()).max(0);
        out.push_str("# TYPE mohur_pki_own_certificate_seconds_left gauge\n");
        out.push_str(&format!("mohur_pki_own_certificate_seconds_left {left}\n"));
        out
    }
}
