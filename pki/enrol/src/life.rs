//! How far through its life a certificate is.

use std::time::Duration;

use mohur_chain::Certificate;
use mohur_wire::Timestamp;

/// The life of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// Valid from.
    pub begins: Timestamp,
    /// Valid until, inclusive.
    pub ends: Timestamp,
}

impl Life {
    /// That of a certificate.
    pub fn of(certificate: &Certificate) -> Self {
        Self { begins: certificate.not_before(), ends: certificate.not_after() }
    }

    /// Its whole length in milliseconds.
    fn length(self) -> i64 {
        self.ends.as_millisecond().saturating_sub(self.begins.as_millisecond()).max(1)
    }

    /// When that much of it has gone by, in thousandths.
    pub fn at(self, thousandths: u16) -> Timestamp {
        let gone = i128::from(self.length()).saturating_mul(i128::from(thousandths)) / 1000;
        let gone = i64::try_from(gone).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(self.begins.as_millisecond().saturating_add(gone)).unwrap_or(self.ends)
    }

    /// What is left of it, nothing once it is over.
    pub fn left(self, now: Timestamp) -> Duration {
        let left = self.ends.as_millisecond().saturating_sub(now.as_millisecond());
        Duration::from_millis(u64::try_from(left).unwrap_or(0))
    }

    /// What is left of it in thousandths.
    pub fn left_thousandths(self, now: Timestamp) -> u16 {
        let left = i128::try_from(self.left(now).as_millis()).unwrap_or(i128::MAX);
        let share = left.saturating_mul(1000) / i128::from(self.length());
        u16::try_from(share.clamp(0, 1000)).unwrap_or(1000)
    }

    /// Whether it is over.
    pub fn is_over(self, now: Timestamp) -> bool {
        now.as_second() > self.ends.as_second()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_life_is_measured_in_thousandths() {
        let life = Life { begins: second(1000), ends: second(4000) };
        assert_eq!(life.at(0), second(1000));
        assert_eq!(life.at(667), second(3001));
        assert_eq!(life.at(1000), second(4000));
        assert_eq!((life.left(second(3000)), life.left(second(5000))), (Duration::from_secs(1000), Duration::ZERO));
        assert_eq!(life.left_thousandths(second(3000)), 333);
        assert_eq!((life.left_thousandths(second(0)), life.left_thousandths(second(4000))), (1000, 0));
        assert!(!life.is_over(second(4000)) && life.is_over(second(4001)), "the last second counts");
    }
}
