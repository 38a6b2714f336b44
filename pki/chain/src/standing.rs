//! How seals stand by their issuer's own answers (RFC 6960), which somebody else fetches and proves; and for how long what is no
//! longer fresh may still be relied on.
//!
//! A message never waits for an answer. A seal is relied on while there is a fresh answer that it is good; without one only
//! for the grace: since the last answer ended, or since the seal was first seen. Then it is refused. What says that a seal is
//! revoked counts at once and for ever.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use mohur_crypto::Digest;
use mohur_wire::Timestamp;

use crate::{Certificate, CertificateError};

/// More seals than this are not kept an eye on: what is beyond is refused.
const MAX_SEALS: usize = 65_536;

/// What the issuer says of a seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked,
    /// Not one that the issuer knows of.
    Unknown,
}

/// A proved answer about one seal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it says.
    pub word: Word,
    /// It was so at.
    pub this_update: Timestamp,
    /// It may be relied on until.
    pub next_update: Timestamp,
    /// SHA-256 of the answer as it was received: the evidence.
    pub digest: Digest,
}

/// How seals stand. One of a process, shared by every reading of the trust anchors.
#[derive(Debug)]
pub struct Standing {
    grace: Duration,
    answers: Option<RwLock<HashMap<Digest, Seal>>>,
    in_grace: AtomicU64,
}

#[derive(Debug)]
struct Seal {
    certificate: Certificate,
    first_seen: Timestamp,
    answer: Option<Answer>,
}

impl Standing {
    /// By revocation lists alone, which may be relied on for `grace` after their end.
    pub const fn by_lists(grace: Duration) -> Self {
        Self { grace, answers: None, in_grace: AtomicU64::new(0) }
    }

    /// By lists, and by an answer about each seal.
    pub fn by_answers(grace: Duration) -> Self {
        Self { answers: Some(RwLock::default()), ..Self::by_lists(grace) }
    }

    /// How often something was relied on that was no longer fresh.
    pub fn in_grace(&self) -> u64 {
        self.in_grace.load(Ordering::Relaxed)
    }

    /// The seals that were seen, each with the answer that there is.
    pub fn seals(&self) -> Vec<(Certificate, Option<Answer>)> {
        let Some(answers) = &self.answers else { return Vec::new() };
        let known = answers.read().unwrap_or_else(PoisonError::into_inner);
        known.values().map(|seal| (seal.certificate.clone(), seal.answer)).collect()
    }

    /// Keeps an eye on seals from now on, e.g. since a directory lists them. Does nothing where only lists count.
    pub fn watch<'a>(&self, certificates: impl IntoIterator<Item = &'a Certificate>, now: Timestamp) {
        let Some(answers) = &self.answers else { return };
        let mut known = answers.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, seal| seal.certificate.not_after() >= now);
        for certificate in certificates {
            if known.len() < MAX_SEALS
                && let Entry::Vacant(place) = known.entry(certificate.fingerprint())
            {
                place.insert(Seal { certificate: certificate.clone(), first_seen: now, answer: None });
            }
        }
    }

    /// Takes an answer that was proved. An older one than the one that there is counts for nothing, and nothing takes
    /// "revoked" back.
    pub fn answered(&self, certificate: &Certificate, answer: Answer) {
        let Some(answers) = &self.answers else { return };
        let mut known = answers.write().unwrap_or_else(PoisonError::into_inner);
        let Some(seal) = known.get_mut(&certificate.fingerprint()) else { return };
        let supersedes = |old: &Answer| old.word != Word::Revoked && answer.this_update >= old.this_update;
        if seal.answer.as_ref().is_none_or(supersedes) {
            seal.answer = Some(answer);
        }
    }

    /// The evidence by which a seal is relied on: the digest of the answer about it, or none where lists alone count or no
    /// answer came yet.
    pub(crate) fn judge(&self, certificate: &Certificate, at: Timestamp) -> Result<Option<Digest>, CertificateError> {
        let Some(answers) = &self.answers else { return Ok(None) };
        let known = answers.read().unwrap_or_else(PoisonError::into_inner);
        let Some(seal) = known.get(&certificate.fingerprint()) else {
            drop(known);
            self.watch([certificate], at);
            self.in_grace.fetch_add(1, Ordering::Relaxed);
            return if self.grace.is_zero() { Err(CertificateError::NoFreshAnswer) } else { Ok(None) };
        };
        let relied_until = match seal.answer {
            Some(Answer { word: Word::Revoked, .. }) => return Err(CertificateError::Revoked),
            Some(Answer { word: Word::Unknown, .. }) => return Err(CertificateError::NotKnownToIssuer),
            Some(Answer { next_update, .. }) => next_update,
            None => seal.first_seen,
        };
        let digest = seal.answer.map(|answer| answer.digest);
        drop(known);
        if self.admits(relied_until, at) { Ok(digest) } else { Err(CertificateError::NoFreshAnswer) }
    }

    /// Whether what held until `until` may still be relied on; counts when it is only by grace.
    pub(crate) fn admits(&self, until: Timestamp, at: Timestamp) -> bool {
        if at < until {
            return true;
        }
        let late = at.duration_since(until).unsigned_abs();
        if late < self.grace {
            self.in_grace.fetch_add(1, Ordering::Relaxed);
        }
        late < self.grace
    }
}
