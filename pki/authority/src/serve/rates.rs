//! How much one address may ask.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use governor::clock::DefaultClock;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// More addresses than this and those that have been quiet are forgotten.
const MANY: usize = 10_000;

/// The share of each address. One network of IPv6 counts as one address: whoever has one has all of them.
pub(crate) struct Rates(RateLimiter<IpAddr, HashMapStateStore<IpAddr>, DefaultClock>);

impl Rates {
    pub(crate) fn new(per_minute: NonZeroU32) -> Self {
        Self(RateLimiter::hashmap(Quota::per_minute(per_minute)))
    }

    /// Whether this address may ask once more now.
    pub(crate) fn admits(&self, address: IpAddr) -> bool {
        if self.0.len() > MANY {
            self.0.retain_recent();
        }
        self.0.check_key(&network(address)).is_ok()
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_its_own_share() {
        let rates = Rates::new(NonZeroU32::new(2).unwrap());
        let (one, other): (IpAddr, IpAddr) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        assert_eq!([one, one, one, other].map(|address| rates.admits(address)), [true, true, false, true]);
        let (one, neighbour): (IpAddr, IpAddr) = ("2001:db8::1".parse().unwrap(), "2001:db8::2".parse().unwrap());
        assert_eq!([one, neighbour, one].map(|address| rates.admits(address)), [true, true, false]);
    }
}
