//! What a broker keeps of a bundle that reserves something, from before the first reservation is asked for until each is
//! settled: so that it can finish whatever happens to its process (decision 196).
//!
//! A record holds the caller's openings of the reserving legs and the signature over them. They are about people: a record is
//! encrypted (AES-256-GCM) under a key that rests under the broker's passphrase, and removed when all is settled.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
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
    /// How many reservations were not consumed although that was decided.
    undone: Arc<AtomicU64>,
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
        Self { table, key: Arc::new(key), stopping: watch::Sender::new(false), undone: Arc::default() }
    }

    pub(crate) fn count_undone(&self) {
        self.undone.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn undone(&self) -> u64 {
        self.undone.load(Ordering::Relaxed)
    }

    /// Whether the broker ends.
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// From now on nothing is begun in the background.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Becomes true when the broker ends.
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

#[cfg(test)]
mod tests {
    use mohur_message::HttpEvidence;
    use mohur_store::Store;

    use super::*;

    fn store(path: &std::path::Path) -> Arc<dyn Table> {
        let opened = (0..200).find_map(|_| {
            let opened = Store::open(path).ok();
            if opened.is_none() {
                std::thread::sleep(Duration::from_millis(10));
            }
            opened
        });
        Arc::new(opened.unwrap())
    }

    fn kept(id: &str) -> Kept {
        let evidence = HttpEvidence {
            base: b"about 5ABCDE1".to_vec(),
            signature: vec![1; 64],
            certificate: vec![2; 300],
            algorithm: "ecdsa-p256-sha256".to_owned(),
        };
        let leg = |name: &str| KeptLeg {
            leg: name.parse().unwrap(),
            opening: SentOpening::of_body(br#"{"subject":{"fin":"5ABCDE1"}}"#.as_slice().into()),
            deadline: Duration::from_secs(3),
        };
        Kept {
            bundle: id.parse().unwrap(),
            definition: "issue-id-document@1".to_owned(),
            signer: "AZ/GOV/MIA/id-cards".parse().unwrap(),
            evidence: Evidence::Http(evidence),
            certificate: [3; 32],
            revocation: [4; 32],
            arrival: Timestamp::from_second(1_780_000_000).unwrap(),
            decision: None,
            legs: vec![leg("fee"), leg("suspend")],
        }
    }

    #[tokio::test]
    async fn what_is_kept_survives_and_says_nothing_of_anybody() {
        let folder = tempfile::tempdir().unwrap();
        let (path, passphrase) = (folder.path().join("s.redb"), Passphrase::generate());
        let settlements = Settlements::open(store(&path), &passphrase).await.unwrap();
        let mut record = settlements.keep(kept("5ABCDE1")).await.unwrap();
        assert!(matches!(settlements.keep(kept("5ABCDE1")).await, Err(KeptError::Taken)));
        settlements.keep(kept("b-2")).await.unwrap();
        settlements.decide(&mut record, Operation::Consume, |leg| leg.as_str() == "suspend").await.unwrap();
        drop(settlements);
        let bytes = std::fs::read(&path).unwrap();
        for secret in ["5ABCDE1", "issue-id-document", "AZ/GOV/MIA"] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
        }

        assert!(matches!(Settlements::open(store(&path), &Passphrase::generate()).await, Err(KeptError::Key)));
        let again = Settlements::open(store(&path), &passphrase).await.unwrap();
        let all = again.all().await.unwrap();
        let decided = all.iter().find(|record| record.kept.bundle.as_str() == "5ABCDE1").unwrap();
        assert_eq!((all.len(), decided.kept.decision), (2, Some(Operation::Consume)));
        assert_eq!(decided.kept.legs.iter().map(|leg| leg.leg.as_str()).collect::<Vec<_>>(), ["suspend"]);
        for record in &all {
            again.forget(record).await.unwrap();
        }
        assert!(again.all().await.unwrap().is_empty());
        drop(again);
        // Nothing is left: the next start has a new key, whatever its passphrase.
        let other = Settlements::open(store(&path), &Passphrase::generate()).await.unwrap();
        assert!(other.all().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_record_that_was_changed_or_moved_is_not_acted_on() {
        let folder = tempfile::tempdir().unwrap();
        let table = store(&folder.path().join("s.redb"));
        let settlements = Settlements::open(Arc::clone(&table), &Passphrase::generate()).await.unwrap();
        let record = settlements.keep(kept("b-1")).await.unwrap();
        table.swap("bundle/elsewhere", None, Some(&record.bytes)).await.unwrap();
        assert!(matches!(settlements.all().await, Err(KeptError::Record(_))), "it belongs to its place");
        table.swap("bundle/elsewhere", Some(&record.bytes), None).await.unwrap();
        let mut changed = record.bytes.clone();
        changed[40] ^= 1;
        table.swap(&record.place, Some(&record.bytes), Some(&changed)).await.unwrap();
        assert!(matches!(settlements.all().await, Err(KeptError::Record(_))));
    }
}
