//! What a message is judged by: directory, trust, policy and definitions, one consistent reading of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use mohur_directory::{Domain, Domains, ServiceRoute, Snapshot};
use mohur_message::{KeySource, TrustedKeys};
use mohur_policy::PolicySet;
use mohur_transparency::LogKey;
use mohur_wire::bundle::Definition;
use mohur_wire::{Arrival, MemberId, MessageId, ServiceId};

/// One consistent reading of everything that decides. Replaced whole, never changed.
#[derive(Clone)]
pub struct World {
    /// Our own domain, and those that it trusts.
    pub domains: Domains,
    /// Every agency's policy.
    pub policy: Arc<PolicySet>,
    /// The published bundle definitions.
    pub definitions: Arc<BTreeMap<MessageId, Definition>>,
    /// The keys of all brokers' logs. Kept, because a key remembers the checkpoints that it verified.
    logs: Arc<HashMap<MemberId, LogKey>>,
}

/// Who owns a service, and the broker that is home to it.
pub(crate) struct Place<'a> {
    /// The owner's domain: our own, or one that is trusted to answer for this service.
    pub(crate) domain: &'a Domain,
    /// Where in it the service is.
    pub(crate) route: &'a ServiceRoute,
}

impl World {
    /// One reading of these.
    pub fn new(domains: Domains, policy: Arc<PolicySet>, definitions: Arc<BTreeMap<MessageId, Definition>>) -> Self {
        let all = std::iter::once(domains.home()).chain(domains.foreign());
        let brokers = all.flat_map(|domain| &domain.directory.directory().brokers);
        let logs = brokers.filter_map(|broker| {
            let key = LogKey::parse_all(&broker.log.keys()).ok().filter(|key| key.name() == broker.log.origin)?;
            Some((broker.id.clone(), key))
        });
        let logs = Arc::new(logs.collect());
        Self { domains, policy, definitions, logs }
    }

    /// The key of a broker's log, as its own directory names it.
    pub(crate) fn log_key(&self, broker: &MemberId) -> Option<&LogKey> {
        self.logs.get(broker)
    }

    /// The signed member directory of our own domain.
    pub const fn directory(&self) -> &Snapshot {
        &self.domains.home().directory
    }

    /// Where a service is, if its answers count for our members.
    pub(crate) fn place(&self, service: &ServiceId, at: Arrival) -> Option<Place<'_>> {
        let domain =
            self.domains.named(service.owner().instance(), at.0).filter(|_| self.domains.may_answer(service))?;
        Some(Place { domain, route: domain.directory.service(service)? })
    }

    /// The domain of a member, if it is trusted.
    pub(crate) fn domain_of(&self, member: &MemberId, at: Arrival) -> Option<&Domain> {
        self.domains.named(member.instance(), at.0)
    }

    /// The seals of our own domain that count when a message arrives.
    pub(crate) fn keys(&self, at: Arrival) -> impl KeySource + '_ {
        self.keys_of(self.domains.home(), at)
    }

    /// The seals of a domain that count when a message arrives.
    pub(crate) fn keys_of<'a>(&'a self, domain: &'a Domain, at: Arrival) -> impl KeySource + 'a {
        TrustedKeys::new(|key_id| self.domains.seal(domain, key_id), &domain.trust, at.0)
    }
}
