//! What messages are judged by: trust anchors, directory and policy, one consistent reading of them.

use std::collections::HashMap;

use mohur_crypto::Digest;
use mohur_directory::{Domain, Domains, PolicyEntry, Snapshot};
use mohur_message::{KeySource, TrustedKeys};
use mohur_policy::{AgencyPolicy, PolicySet};
use mohur_transparency::LogKey;
use mohur_wire::{MemberId, Timestamp};

/// One consistent reading of everything that decides. Replaced whole, never changed; a message keeps the one that it
/// started with.
pub(crate) struct World {
    pub(crate) domains: Domains,
    /// What was last loaded, whether or not the directory names it.
    agency: AgencyPolicy,
    set: PolicySet,
    logs: HashMap<MemberId, LogKey>,
}

impl World {
    pub(crate) fn new(domains: Domains, agency: AgencyPolicy) -> Self {
        let all = std::iter::once(domains.home()).chain(domains.foreign());
        let logs = all
            .flat_map(|domain| &domain.directory.directory().brokers)
            .filter_map(|broker| {
                let key = LogKey::parse_all(&broker.log.keys()).ok().filter(|key| key.name() == broker.log.origin)?;
                Some((broker.id.clone(), key))
            })
            .collect();
        Self { domains, set: PolicySet::of([agency.clone()]), agency, logs }
    }

    /// The signed directory of our own domain.
    pub(crate) const fn directory(&self) -> &Snapshot {
        &self.domains.home().directory
    }

    /// The seals of our own domain that count at that time.
    pub(crate) fn keys(&self, at: Timestamp) -> impl KeySource {
        self.keys_of(self.domains.home(), at)
    }

    /// The seals of a domain that count at that time.
    pub(crate) fn keys_of<'a>(&'a self, domain: &'a Domain, at: Timestamp) -> impl KeySource + 'a {
        TrustedKeys::new(|key_id: &Digest| self.domains.seal(domain, key_id), &domain.trust, at)
    }

    /// The key of that broker's log.
    pub(crate) fn log_key(&self, broker: &MemberId) -> Option<&LogKey> {
        self.logs.get(broker)
    }

    /// The agency's policy as loaded.
    pub(crate) const fn agency(&self) -> &AgencyPolicy {
        &self.agency
    }

    /// The policy in force: the one loaded, if the directory names that very one for `me`.
    pub(crate) fn policy(&self, me: &MemberId) -> Result<&PolicySet, String> {
        let named = self.directory().member(me).and_then(|member| member.policy.as_ref());
        match named {
            Some(entry) if is_entry(&self.agency, entry) => Ok(&self.set),
            Some(entry) => Err(format!(
                "the directory names policy version {} ({}), but the folder holds version {} ({})",
                entry.version,
                entry.digest.0,
                self.agency.version(),
                Digest(self.agency.digest()),
            )),
            None => Err(format!("the directory names no policy for {me}")),
        }
    }
}

/// Whether that policy is the one that the directory's entry means.
pub(crate) fn is_entry(policy: &AgencyPolicy, entry: &PolicyEntry) -> bool {
    entry.version == policy.version() && entry.digest.0 == Digest(policy.digest())
}
