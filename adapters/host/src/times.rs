//! Which times are judged how (decision 41).

use std::time::Duration;

use mohur_wire::{Arrival, Refusal, RefusalCode, Timestamp};

/// The host's times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// How far the broker's seal and INTENT's entry may lie from now, either way.
    pub window: Duration,
    /// How old the caller's own signature may be: the longest bundle with its settlement.
    pub evidence_age: Duration,
    /// How old it may be under the settlement of what it reserved: a broker repairs after a restart what it left open.
    pub settlement_age: Duration,
    /// The longest time that a broker's decision may be good for.
    pub decision_life: Duration,
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

impl Times {
    pub(crate) fn window(&self) -> u32 {
        u32::try_from(self.window.as_secs()).unwrap_or(u32::MAX)
    }

    pub(crate) fn decision_life(&self) -> i64 {
        seconds(self.decision_life)
    }

    /// How long a claim is kept: as long as any of the times below could still pass.
    pub(crate) fn claims_kept(&self) -> Duration {
        self.evidence_age.saturating_add(self.window.saturating_mul(2))
    }

    /// The caller's `created`: its broker judged it by the freshness window; here it is judged by the leg's deadline.
    /// A settlement ends what the signature reserved and can do nothing else, so it may come later.
    pub(crate) fn judge_signature(&self, created: i64, settles: bool, arrival: Arrival) -> Result<(), Refusal> {
        let oldest = if settles { self.settlement_age.max(self.evidence_age) } else { self.evidence_age };
        judge(created, arrival, seconds(oldest), seconds(self.window), "The caller's signature")
    }

    /// The time in INTENT's entry.
    pub(crate) fn judge_entry(&self, at: Timestamp, arrival: Arrival) -> Result<(), Refusal> {
        judge(at.as_second(), arrival, seconds(self.window), seconds(self.window), "The entry of INTENT")
    }
}

fn judge(time: i64, arrival: Arrival, oldest: i64, ahead: i64, what: &str) -> Result<(), Refusal> {
    let age = arrival.unix_seconds().saturating_sub(time);
    if age > oldest {
        Err(Refusal::new(RefusalCode::Stale, format!("{what} was made {age} s ago; at most {oldest} s are accepted.")))
    } else if age < ahead.saturating_neg() {
        Err(Refusal::new(RefusalCode::Future, format!("{what} is from the future; set the clocks.")))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_old_or_too_new_is_refused_to_the_second() {
        let times = Times {
            window: Duration::from_secs(60),
            evidence_age: Duration::from_secs(300),
            settlement_age: Duration::from_secs(3600),
            decision_life: Duration::from_secs(120),
        };
        let now = Arrival(Timestamp::from_second(1_000_000).unwrap());
        let signature = |age: i64| times.judge_signature(1_000_000 - age, false, now).map_err(|refusal| refusal.code);
        let settled = |age: i64| times.judge_signature(1_000_000 - age, true, now).map_err(|refusal| refusal.code);
        assert_eq!(signature(300), Ok(()));
        assert_eq!(signature(301), Err(RefusalCode::Stale));
        assert_eq!((settled(3600), settled(3601)), (Ok(()), Err(RefusalCode::Stale)));
        assert_eq!(signature(-60), Ok(()));
        assert_eq!(signature(-61), Err(RefusalCode::Future));
        let entry = |age: i64| times.judge_entry(Timestamp::from_second(1_000_000 - age).unwrap(), now);
        assert!(entry(60).is_ok());
        assert_eq!(entry(61).unwrap_err().code, RefusalCode::Stale);
        assert_eq!(signature(i64::MAX - 1), Err(RefusalCode::Stale));
        assert_eq!(times.judge_signature(i64::MAX, false, now).unwrap_err().code, RefusalCode::Future);
        // Claims outlive every message that could still pass: signed up to a window ahead, for as long as it may be old.
        assert!(times.claims_kept() >= times.evidence_age + times.window);
    }
}
