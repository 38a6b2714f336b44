//! What a message is judged by: directory, trust, policy and definitions, one consistent reading of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use mohur_directory::{Domain, Domains, Snapshot};
use mohur_message::{KeySource, TrustedKeys};
use mohur_policy::PolicySet;
use mohur_wire::bundle::Definition;
use mohur_wire::{Arrival, MessageId};

/// One consistent reading of everything that decides. Replaced whole, never changed.
#[derive(Clone)]
pub struct World {
    /// Our own domain, and those that it trusts.
    pub domains: Domains,
    /// Every agency's policy.
    pub policy: Arc<PolicySet>,
    /// The published bundle definitions.
    pub definitions: Arc<BTreeMap<MessageId, Definition>>,
}

impl World {
    /// The signed member directory of our own domain.
    pub const fn directory(&self) -> &Snapshot {
        &self.domains.home().directory
    }

    /// The seals of our own domain that count when a message arrives.
    pub(crate) fn keys(&self, at: Arrival) -> impl KeySource + '_ {
        keys_of(self.domains.home(), at)
    }
}

/// The seals of a domain that count when a message arrives.
pub(crate) fn keys_of(domain: &Domain, at: Arrival) -> impl KeySource + '_ {
    TrustedKeys::new(|key_id| domain.directory.seal(key_id), &domain.trust, at.0)
}
