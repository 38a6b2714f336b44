//! Our own domain and those that its directory trusts, side by side and never merged.
//!
//! A name is judged under the domain that it begins with and under no other: each domain has its own root, directory,
//! revocation lists and deny-list, and a key of one proves nothing about a member of another. What a domain is trusted with
//! stands in our own directory ([`ForeignDomain`]), never in its.

use std::collections::BTreeMap;
use std::sync::Arc;

use mohur_chain::{Certificate, Trust};
use mohur_crypto::Digest;
use mohur_wire::{MemberId, ServiceId, Timestamp};

use crate::document::{BrokerEntry, ForeignDomain};
use crate::snapshot::Snapshot;

/// One domain as this process sees it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Domain {
    /// Its signed directory.
    pub directory: Snapshot,
    /// Its certificate authorities and their revocation lists.
    pub trust: Arc<Trust>,
}

/// Why a domain that was read does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UntrustedDomain {
    /// Our directory does not name it.
    #[error("our directory trusts no domain {0}; have it published there, or take it out of the configuration")]
    Unnamed(String),
    /// It stands under another root than our directory pins.
    #[error(
        "the root of {0} is not the one that our directory names; compare the SHA-256 of both with that domain's operator"
    )]
    OtherRoot(String),
}

/// Our own domain and the ones that its directory trusts. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Domains {
    home: Domain,
    foreign: Arc<BTreeMap<String, Domain>>,
}

impl Domains {
    /// Our own domain, and no other.
    pub fn alone(home: Domain) -> Self {
        Self { home, foreign: Arc::default() }
    }

    /// Our own domain and of those that were read the ones that its directory trusts, with why the others do not count.
    pub fn new(home: Domain, read: impl IntoIterator<Item = Domain>) -> (Self, Vec<UntrustedDomain>) {
        let (mut foreign, mut untrusted) = (BTreeMap::new(), Vec::new());
        for domain in read {
            let name = domain.directory.domain().to_owned();
            match home.directory.foreign(&name) {
                Some(entry) if entry.root.0 == domain.trust.root_fingerprint() => {
                    foreign.insert(name, domain);
                }
                Some(_) => untrusted.push(UntrustedDomain::OtherRoot(name)),
                None => untrusted.push(UntrustedDomain::Unnamed(name)),
            }
        }
        (Self { home, foreign: Arc::new(foreign) }, untrusted)
    }

    /// Our own.
    pub const fn home(&self) -> &Domain {
        &self.home
    }

    /// The foreign ones.
    pub fn foreign(&self) -> impl Iterator<Item = &Domain> {
        self.foreign.values()
    }

    /// The domain that an instance names: our own, or a foreign one that is trusted and whose directory is current.
    pub fn named(&self, instance: &str, at: Timestamp) -> Option<&Domain> {
        if instance == self.home.directory.domain() {
            return Some(&self.home);
        }
        self.foreign.get(instance).filter(|domain| domain.directory.is_current(at))
    }

    /// Whether that member, as far as its domain goes, may ask that service of ours: our own members always, those of
    /// another domain if our directory says so.
    pub fn may_ask(&self, caller: &MemberId, service: &ServiceId) -> bool {
        let grants = |entry: &ForeignDomain| entry.may_ask.contains(service);
        self.is_ours(caller) || self.home.directory.foreign(caller.instance()).is_some_and(grants)
    }

    /// Whether our members may ask that service, and its answers count: those of our own domain always, those of another
    /// if our directory says so.
    pub fn may_answer(&self, service: &ServiceId) -> bool {
        let owner = service.owner();
        let grants = |entry: &ForeignDomain| entry.may_answer.contains(service);
        self.is_ours(owner) || self.home.directory.foreign(owner.instance()).is_some_and(grants)
    }

    /// The seal with that fingerprint in one of the domains, unless that domain denies it, or we do.
    pub fn seal<'a>(&'a self, domain: &'a Domain, key_id: &Digest) -> Option<(&'a MemberId, &'a Certificate)> {
        domain.directory.seal(key_id).filter(|_| !self.home.directory.is_denied(key_id))
    }

    /// The broker of that id, of our own domain or of a trusted one.
    pub fn broker(&self, id: &MemberId, at: Timestamp) -> Option<&BrokerEntry> {
        self.named(id.instance(), at)?.directory.broker(id)
    }

    fn is_ours(&self, member: &MemberId) -> bool {
        member.instance() == self.home.directory.domain()
    }
}
