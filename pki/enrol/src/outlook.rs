//! What is to be seen of a process's certificates: in figures, and in words when it is time to act.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mohur_transport::TlsMaterial;
use mohur_wire::Timestamp;

use crate::Life;

/// The certificates in use and how their renewal goes.
#[derive(Debug, Default)]
pub struct Outlook {
    lives: Mutex<(Option<Life>, Option<Life>)>,
    renewals: AtomicU64,
    failures: AtomicU64,
}

impl Outlook {
    /// With the TLS certificate that is shown at the start.
    pub fn of(material: &TlsMaterial) -> Arc<Self> {
        let outlook = Self::default();
        outlook.tls_is(Life::of(&material.certificate()));
        Arc::new(outlook)
    }

    /// The TLS certificate in use.
    pub fn tls_is(&self, life: Life) {
        self.lives.lock().unwrap_or_else(PoisonError::into_inner).0 = Some(life);
    }

    /// The seal in use.
    pub fn seal_is(&self, life: Life) {
        self.lives.lock().unwrap_or_else(PoisonError::into_inner).1 = Some(life);
    }

    pub(crate) fn renewed(&self, life: Life) {
        self.tls_is(life);
        self.renewals.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// TLS certificates renewed, and looks that failed, since the start.
    pub fn counts(&self) -> (u64, u64) {
        (self.renewals.load(Ordering::Relaxed), self.failures.load(Ordering::Relaxed))
    }

    /// The figures in Prometheus's text format.
    pub fn render(&self, now: Timestamp) -> String {
        let mut out = String::from("# TYPE mohur_certificate_seconds_left gauge\n");
        for (profile, life) in self.known() {
            let left = life.left(now).as_secs();
            out.push_str(&format!("mohur_certificate_seconds_left{{profile=\"{profile}\"}} {left}\n"));
        }
        let (renewals, failures) = self.counts();
        out.push_str(&format!(
            "# TYPE mohur_certificate_renewals_total counter\nmohur_certificate_renewals_total {renewals}\n"
        ));
        out.push_str(&format!("# TYPE mohur_certificate_renewal_failures_total counter\nmohur_certificate_renewal_failures_total {failures}\n"));
        out
    }

    /// What somebody must see to, once `alarm_at` percent of a life have gone by.
    pub fn problems(&self, now: Timestamp, alarm_at: u16) -> Vec<String> {
        let due = |(profile, life): (&'static str, Life)| {
            if life.is_over(now) {
                return Some(format!("the {profile} certificate has expired: enrol again with an invitation"));
            }
            let late = now >= life.at(alarm_at.saturating_mul(10));
            late.then(|| format!("the {profile} certificate expires at {} and was not renewed", life.ends))
        };
        self.known().into_iter().filter_map(due).collect()
    }

    fn known(&self) -> Vec<(&'static str, Life)> {
        let (tls, seal) = *self.lives.lock().unwrap_or_else(PoisonError::into_inner);
        let named = [("TLS", tls), ("seal", seal)];
        named.into_iter().filter_map(|(profile, life)| Some((profile, life?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_was_not_renewed_is_an_alarm_before_it_expires() {
        let second = |second| Timestamp::from_second(second).unwrap();
        let outlook = Outlook::default();
        outlook.tls_is(Life { begins: second(0), ends: second(1000) });
        assert!(outlook.problems(second(849), 85).is_empty());
        assert!(outlook.problems(second(850), 85)[0].contains("was not renewed"));
        assert!(outlook.problems(second(1001), 85)[0].contains("has expired"));
        let figures = outlook.render(second(400));
        assert!(figures.contains("mohur_certificate_seconds_left{profile=\"TLS\"} 600\n"), "{figures}");
        assert!(!figures.contains("seal"), "{figures}");
    }
}
