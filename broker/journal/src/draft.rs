//! An entry that is to be logged.

use mohur_crypto::Digest;
use mohur_crypto::commitment::{Opening, commit};
use mohur_transparency::leaf::{Kind, Leaf, Version};
use mohur_wire::{MemberId, MessageId, Purpose, ServiceId, Timestamp, Verb};

/// An entry before it has its number: the members of a [`Leaf`], and the values that it commits to.
#[derive(Clone)]
pub struct Draft {
    /// What it records.
    pub kind: Kind,
    /// When: the arrival of the message, or the time of the outcome.
    pub at: Timestamp,
    /// Who asked; the broker itself in entries about itself.
    pub consumer: MemberId,
    /// The message's id.
    pub id: Option<MessageId>,
    /// Who was asked.
    pub provider: Option<MemberId>,
    /// What was asked.
    pub service: Option<ServiceId>,
    /// The purpose named.
    pub purpose: Option<Purpose>,
    /// The legal basis.
    pub basis: Option<String>,
    /// The verb.
    pub verb: Option<Verb>,
    /// The bundle's definition, `id@version`.
    pub bundle: Option<String>,
    /// Digest of the policy.
    pub policy: Option<Digest>,
    /// Fingerprint of the caller's seal certificate.
    pub certificate: Option<Digest>,
    /// Digest of what says that this seal was not revoked.
    pub revocation: Option<Digest>,
    /// Tags and the values committed to under them; the values themselves are not logged.
    pub committed: Vec<(&'static str, Vec<u8>)>,
}

impl Draft {
    /// An entry that says no more than these three things yet.
    pub const fn new(kind: Kind, at: Timestamp, consumer: MemberId) -> Self {
        Self {
            kind,
            at,
            consumer,
            id: None,
            provider: None,
            service: None,
            purpose: None,
            basis: None,
            verb: None,
            bundle: None,
            policy: None,
            certificate: None,
            revocation: None,
            committed: Vec::new(),
        }
    }

    /// Commits to `value` under `tag`.
    #[must_use]
    pub fn commit(mut self, tag: &'static str, value: impl Into<Vec<u8>>) -> Self {
        self.committed.push((tag, value.into()));
        self
    }

    /// The leaf, still without its number, and what opens its commitments.
    pub(crate) fn prepare(self) -> (Leaf, Vec<(&'static str, Opening)>) {
        let mut openings = Vec::with_capacity(self.committed.len());
        let mut commitments = std::collections::BTreeMap::new();
        for (tag, value) in self.committed {
            let (commitment, opening) = commit(tag, &value);
            commitments.insert(tag.to_owned(), commitment);
            openings.push((tag, opening));
        }
        let leaf = Leaf {
            v: Version,
            kind: self.kind,
            at: self.at,
            id: self.id,
            consumer: self.consumer,
            provider: self.provider,
            service: self.service,
            purpose: self.purpose,
            basis: self.basis,
            verb: self.verb,
            bundle: self.bundle,
            policy: self.policy,
            certificate: self.certificate,
            revocation: self.revocation,
            seq: 0,
            commitments,
        };
        (leaf, openings)
    }
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft")
            .field("kind", &self.kind)
            .field("at", &self.at)
            .field("consumer", &self.consumer)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
