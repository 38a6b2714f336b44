//! Each agency's share of the door. Node-local: every broker counts for itself.

use std::num::NonZeroU32;
use std::sync::Arc;

use arc_swap::ArcSwap;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use mohur_directory::Snapshot;
use mohur_wire::MemberId;
use std::collections::HashMap;

type Limiters = HashMap<MemberId, (NonZeroU32, Arc<DefaultDirectRateLimiter>)>;

/// The rate limits of one directory.
#[derive(Default)]
pub(crate) struct Rates {
    limiters: ArcSwap<Limiters>,
}

impl Rates {
    /// Takes the limits of a directory. A member whose limit did not change keeps its count.
    pub(crate) fn follow(&self, directory: &Snapshot) {
        let old = self.limiters.load();
        let limiters = directory
            .directory()
            .members
            .iter()
            .filter_map(|member| Some((member, NonZeroU32::new(member.requests_per_second)?)))
            .map(|(member, rate)| {
                let kept =
                    old.get(&member.id).filter(|(before, _)| *before == rate).map(|(_, limiter)| Arc::clone(limiter));
                let limiter = kept.unwrap_or_else(|| Arc::new(RateLimiter::direct(Quota::per_second(rate))));
                (member.id.clone(), (rate, limiter))
            })
            .collect();
        self.limiters.store(Arc::new(limiters));
    }

    /// Whether the agency may send another message now. A member without a share may not.
    pub(crate) fn admits(&self, member: &MemberId) -> bool {
        // Who is not in the directory is refused for that reason, a stage later.
        self.limiters.load().get(member).is_none_or(|(_, limiter)| limiter.check().is_ok())
    }
}
