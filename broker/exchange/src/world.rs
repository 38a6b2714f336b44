//! What a message is judged by: directory, trust, policy and definitions, one consistent reading of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use mohur_chain::Trust;
use mohur_directory::Snapshot;
use mohur_message::{KeySource, TrustedKeys};
use mohur_policy::PolicySet;
use mohur_wire::bundle::Definition;
use mohur_wire::{Arrival, MessageId};

/// One consistent reading of everything that decides. Replaced whole, never changed.
#[derive(Clone)]
pub struct World {
    /// The signed member directory.
    pub directory: Snapshot,
    /// The certificate authorities and their revocation lists.
    pub trust: Arc<Trust>,
    /// Every agency's policy.
    pub policy: Arc<PolicySet>,
    /// The published bundle definitions.
    pub definitions: Arc<BTreeMap<MessageId, Definition>>,
}

impl World {
    /// The seals that count when a message arrives.
    pub(crate) fn keys(&self, at: Arrival) -> impl KeySource + '_ {
        TrustedKeys::new(|key_id| self.directory.seal(key_id), &self.trust, at.0)
    }
}
