//! The share of the door of each agency, and of each other broker. Node-local: every broker counts for itself.

use std::num::NonZeroU32;
use std::sync::Arc;

use arc_swap::ArcSwap;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use mohur_directory::Domains;
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
    /// The share of each other broker.
    broker: NonZeroU32,
}

/// Entries a second for refusals of those who send too much.
const EXCESS_ENTRIES: NonZeroU32 = match NonZeroU32::new(100) {
    Some(number) => number,
    None => NonZeroU32::MIN,
};

impl Rates {
    /// With that share for each other broker.
    pub(crate) fn new(broker: NonZeroU32) -> Self {
        Self {
            broker,
            limiters: ArcSwap::default(),
            strangers: RateLimiter::direct(Quota::per_second(NonZeroU32::MIN)),
            excess: RateLimiter::direct(Quota::per_second(EXCESS_ENTRIES)),
        }
    }

    /// Takes the limits of a directory, and of the brokers beside us. A member whose limit did not change keeps its count.
    pub(crate) fn follow(&self, domains: &Domains) {
        let old = self.limiters.load();
        let limiter = |id: &MemberId, rate: NonZeroU32| match old.get(id) {
            Some(Some((before, limiter))) if *before == rate => Arc::clone(limiter),
            Some(_) | None => Arc::new(RateLimiter::direct(Quota::per_second(rate))),
        };
        let home = domains.home().directory.directory();
        let members = home.members.iter().map(|member| (&member.id, NonZeroU32::new(member.requests_per_second)));
        let foreign = domains.foreign().flat_map(|domain| &domain.directory.directory().brokers);
        let brokers = home.brokers.iter().chain(foreign).map(|broker| (&broker.id, Some(self.broker)));
        let share =
            |(id, rate): (&MemberId, Option<NonZeroU32>)| (id.clone(), rate.map(|rate| (rate, limiter(id, rate))));
        let limiters = brokers.chain(members).map(share).collect();
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
