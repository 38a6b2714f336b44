//! Each agency's share of the door. Node-local: every broker counts for itself.

use std::num::NonZeroU32;
use std::sync::Arc;

use arc_swap::ArcSwap;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use mohur_directory::Snapshot;
use mohur_wire::MemberId;
use std::collections::HashMap;

/// `None` for a member without a share.
type Limiters = HashMap<MemberId, Option<(NonZeroU32, Arc<DefaultDirectRateLimiter>)>>;

/// The rate limits of one directory.
pub(crate) struct Rates {
    limiters: ArcSwap<Limiters>,
    /// One share for all who have a certificate and are not listed: their refusals are sealed and logged, too.
    strangers: DefaultDirectRateLimiter,
    /// How many of those who send too much get an entry in the log: it must not grow at the speed of whoever floods it.
    excess: DefaultDirectRateLimiter,
}

/// Entries a second for refusals of those who send too much.
const EXCESS_ENTRIES: NonZeroU32 = match NonZeroU32::new(100) {
    Some(number) => number,
    None => NonZeroU32::MIN,
};

impl Default for Rates {
    fn default() -> Self {
        Self {
            limiters: ArcSwap::default(),
            strangers: RateLimiter::direct(Quota::per_second(NonZeroU32::MIN)),
            excess: RateLimiter::direct(Quota::per_second(EXCESS_ENTRIES)),
        }
    }
}

impl Rates {
    /// Takes the limits of a directory. A member whose limit did not change keeps its count.
    pub(crate) fn follow(&self, directory: &Snapshot) {
        let old = self.limiters.load();
        let limiter = |id: &MemberId, rate: NonZeroU32| match old.get(id) {
            Some(Some((before, limiter))) if *before == rate => Arc::clone(limiter),
            Some(_) | None => Arc::new(RateLimiter::direct(Quota::per_second(rate))),
        };
        let limiters = directory
            .directory()
            .members
            .iter()
            .map(|member| {
                let share = NonZeroU32::new(member.requests_per_second).map(|rate| (rate, limiter(&member.id, rate)));
                (member.id.clone(), share)
            })
            .collect();
        self.limiters.store(Arc::new(limiters));
    }

    /// Whether the agency may send another message now. A member without a share may not.
    pub(crate) fn admits(&self, member: &MemberId) -> bool {
        match self.limiters.load().get(member) {
            Some(Some((_, limiter))) => limiter.check().is_ok(),
            Some(None) => false,
            // Who is not in the directory is refused for that reason, a stage later.
            None => self.strangers.check().is_ok(),
        }
    }

    /// Whether a refusal for sending too much still gets an entry.
    pub(crate) fn records_excess(&self) -> bool {
        self.excess.check().is_ok()
    }
}
