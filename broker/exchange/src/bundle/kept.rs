//! What a broker keeps of a bundle that reserves something, from before the first reservation is asked for until each is
//! settled: so that it can finish whatever happens to its process (decision 196).
//!
//! A record holds the caller's openings of the reserving legs and the signature over them. They are about people: a record is
//! encrypted (AES-256-GCM) under a key that rests under the broker's passphrase, and removed when all is settled.

use std::sync::Arc;
use std::time::Duration;

use mohur_crypto::{Digest, random_bytes, sha256};
use mohur_message::{Evidence, SentOpening};
use mohur_seal::sealed::{open_with_key, open_with_passphrase, seal_with_key, seal_with_passphrase};
use mohur_seal::{Passphrase, Zeroizing};
use mohur_store::{StoreError, Swap, Table};
use mohur_wire::{Arrival, MemberId, MessageId, Operation, Refusal, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::named;
use crate::stage::verify::{Verified, VerifiedBundle};

/// Where the key rests, and what its encryption is bound to.
const KEY: &str = "key";
const BUNDLES: &str = "bundle/";
const PAGE: usize = 64;

/// Why a record cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key does not open.
    #[error(
        "what is kept of unsettled bundles cannot be opened with this passphrase: start with the one that it was written under, \
         or move the file away and look up at the registers what is reserved"
    )]
    Key,
    /// A record is damaged, or of another version.
    #[error("a record of an unsettled bundle cannot be read: {0}; look at the disk that holds it")]
    Record(&'static str),
    /// Something else wrote there.
    #[error("a bundle of this caller under this id is being settled already")]
    Taken,
}

/// The bundles that are not settled.
#[derive(Clone)]
pub struct Settlements {
    table: Arc<dyn Table>,
    key: Arc<Zeroizing<[u8; 32]>>,
    stopping: watch::Sender<bool>,
}

/// What is kept of one bundle.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    pub(crate) bundle: MessageId,
    /// `issue-id-document@1`.
    pub(crate) definition: String,
    signer: MemberId,
    evidence: Evidence,
    certificate: [u8; 32],
    revocation: [u8; 32],
    arrival: Timestamp,
    /// What the bundle came to. Until that is written, nothing was consumed.
    pub(crate) decision: Option<Operation>,
    pub(crate) legs: Vec<KeptLeg>,
}

/// A leg that reserves.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeptLeg {
    pub(crate) leg: MessageId,
    opening: SentOpening,
    deadline: Duration,
}

/// A record in the store.
pub(crate) struct Record {
    place: String,
    bytes: Vec<u8>,
    pub(crate) kept: Kept,
}

impl Settlements {
    /// The records of a table that is this broker's alone.
    ///
    /// # Errors
    /// [`KeptError`] if they cannot be opened.
    pub async fn open(table: Arc<dyn Table>, passphrase: &Passphrase) -> Result<Self, KeptError> {
        let held = table.read(KEY).await?;
        let is_settled = table.list(BUNDLES, None, 1).await?.is_empty();
        if let Some(held) = held.as_ref().filter(|_| !is_settled) {
            let key = open_with_passphrase(passphrase, KEY.as_bytes(), held).ok_or(KeptError::Key)?;
            let key = <[u8; 32]>::try_from(key.as_slice()).map_err(|_| KeptError::Key)?;
            return Ok(Self::with(table, Zeroizing::new(key)));
        }
        // Nothing is kept: whatever the disk still has of earlier records can no longer be read by anybody.
        let key = Zeroizing::new(random_bytes::<32>());
        let sealed = seal_with_passphrase(passphrase, KEY.as_bytes(), &*key).map_err(|_| KeptError::Key)?;
        match table.swap(KEY, held.as_deref(), Some(&sealed)).await? {
            Swap::Done => Ok(Self::with(table, key)),
            Swap::Differs(_) => Err(KeptError::Taken),
        }
    }

    fn with(table: Arc<dyn Table>, key: Zeroizing<[u8; 32]>) -> Self {
        Self { table, key: Arc::new(key), stopping: watch::Sender::new(false) }
    }

    /// Ends what is being settled in the background.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Becomes true when it is to end.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Keeps a bundle, before anything is reserved for it.
    pub(crate) async fn keep(&self, kept: Kept) -> Result<Record, KeptError> {
        let place = place(&kept);
        let bytes = self.sealed(&place, &kept)?;
        match self.table.swap(&place, None, Some(&bytes)).await? {
            Swap::Done => Ok(Record { place, bytes, kept }),
            Swap::Differs(_) => Err(KeptError::Taken),
        }
    }

    /// Writes what is to become of the legs that hold something. From here on nothing else will.
    pub(crate) async fn decide(
        &self,
        record: &mut Record,
        operation: Operation,
        holds: impl Fn(&MessageId) -> bool,
    ) -> Result<(), KeptError> {
        let mut kept = record.kept.clone();
        kept.decision = Some(operation);
        kept.legs.retain(|leg| holds(&leg.leg));
        let bytes = self.sealed(&record.place, &kept)?;
        match self.table.swap(&record.place, Some(&record.bytes), Some(&bytes)).await? {
            Swap::Done => {
                (record.bytes, record.kept) = (bytes, kept);
                Ok(())
            }
            Swap::Differs(_) => Err(KeptError::Taken),
        }
    }

    /// Removes a bundle of which nothing is left to do.
    pub(crate) async fn forget(&self, record: &Record) -> Result<(), KeptError> {
        self.table.swap(&record.place, Some(&record.bytes), None).await?;
        Ok(())
    }

    /// Everything that is kept.
    pub(crate) async fn all(&self) -> Result<Vec<Record>, KeptError> {
        let mut all: Vec<Record> = Vec::new();
        loop {
            let after = all.last().map(|record| record.place.clone());
            let page = self.table.list(BUNDLES, after.as_deref(), PAGE).await?;
            let is_last = page.len() < PAGE;
            for (place, bytes) in page {
                let kept = self.opened(&place, &bytes)?;
                all.push(Record { place, bytes, kept });
            }
            if is_last {
                return Ok(all);
            }
        }
    }

    fn sealed(&self, place: &str, kept: &Kept) -> Result<Vec<u8>, KeptError> {
        let clear = serde_json::to_vec(kept).map(Zeroizing::new).map_err(|_| KeptError::Record("it has no form"))?;
        seal_with_key(&self.key, place.as_bytes(), &clear).map_err(|_| KeptError::Record("it cannot be encrypted"))
    }

    fn opened(&self, place: &str, bytes: &[u8]) -> Result<Kept, KeptError> {
        let clear = open_with_key(&self.key, place.as_bytes(), bytes);
        let clear = clear.ok_or(KeptError::Record("it was not encrypted under this key, or was changed"))?;
        serde_json::from_slice(&clear).map_err(|_| KeptError::Record("it was not written by this version"))
    }
}

/// By a digest: a caller chooses the id, and might choose a name for it.
fn place(kept: &Kept) -> String {
    format!("{BUNDLES}{}", sha256(format!("{} {}", kept.signer, kept.bundle).as_bytes()).to_base64url())
}

impl Kept {
    /// What must be kept of a bundle; `None` if it reserves nothing.
    pub(crate) fn of(bundle: &VerifiedBundle, certificate: Digest) -> Option<Self> {
        let legs: Vec<_> = bundle
            .reserving()
            .map(|(verified, leg)| KeptLeg {
                leg: leg.id.clone(),
                opening: verified.opening().clone(),
                deadline: verified.deadline(),
            })
            .collect();
        let (first, _) = bundle.reserving().next()?;
        Some(Self {
            bundle: bundle.id().clone(),
            definition: named(bundle.definition()),
            signer: bundle.signer().clone(),
            evidence: (**first.evidence()).clone(),
            certificate: *certificate.as_bytes(),
            revocation: *first.revocation().as_bytes(),
            arrival: bundle.arrival().0,
            decision: None,
            legs,
        })
    }

    /// When the bundle arrived.
    pub(crate) const fn arrival(&self) -> Arrival {
        Arrival(self.arrival)
    }

    /// The certificate that its caller signed with.
    pub(crate) const fn certificate(&self) -> Digest {
        Digest(self.certificate)
    }

    /// The reservation's query, as it was verified when it came.
    pub(crate) fn verified(&self, leg: &KeptLeg) -> Result<Verified, Refusal> {
        let whose = (self.signer.clone(), Arc::new(self.evidence.clone()));
        Verified::remembered(leg.opening.clone(), whose, Digest(self.revocation), (self.arrival(), leg.deadline))
    }
}
