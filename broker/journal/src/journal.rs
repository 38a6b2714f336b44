//! The handle that the rest of the process holds.

use std::sync::Arc;
use std::sync::mpsc::{self, Sender};

use mohur_crypto::Digest;
use mohur_seal::LogSigner;
use mohur_transparency::leaf::{Kind, Leaf};
use mohur_transparency::{Checkpoint, Head, LogKey, NoteSigner, Receipt, proof};
use mohur_wire::Timestamp;
use tokio::sync::{oneshot, watch};

use crate::reader::{Entry, Log, ReadError};
use crate::writer::{Command, Job, Writer};
use crate::{Committed, Draft, JournalError, OpenError, Settings, recovery};

/// The log, open for writing. Cheap to clone.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    commands: Sender<Command>,
    outcome: watch::Receiver<Option<JournalError>>,
    log: Log,
    orphans: Vec<Orphan>,
}

/// What opening the log found.
#[derive(Clone, Debug, Default)]
pub struct Recovery {
    /// Entries in the log.
    pub entries: u64,
    /// Entries that were taken again from the staging segments.
    pub replayed: u64,
    /// Bytes of a record that was being written when the process died; nobody was told of it, and it is dropped.
    pub torn_bytes: u64,
    /// Whether a retired key signed the log's last checkpoint: this is the first start with the current one.
    pub rekeyed: bool,
    /// Intents without an outcome: see [`Journal::close_orphans`].
    pub orphans: usize,
}

/// An INTENT of which no OUTCOME is logged.
#[derive(Clone, Debug)]
pub struct Orphan {
    /// Its index.
    pub index: u64,
    /// The entry.
    pub leaf: Leaf,
    /// The entry's hash.
    pub leaf_hash: Digest,
}

/// The log's key as transparency wants it.
pub(crate) struct Key(pub(crate) LogSigner);

impl NoteSigner for Key {
    fn public_key(&self) -> [u8; 32] {
        self.0.public_key()
    }

    fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.0.sign(text)
    }
}

impl Journal {
    /// Opens the log in the folder of `settings`, recovers what a crash left, and starts the writer's thread. Blocks.
    pub fn open(settings: Settings, signer: LogSigner) -> Result<(Self, Recovery), OpenError> {
        let signer = Key(signer);
        let key = LogKey::new(&settings.origin, &signer.public_key())
            .map_err(|_| OpenError::Origin(settings.origin.clone()))?
            .succeeding(settings.retired.clone())?;
        let log = Log::new(&settings.folder, key.clone());
        let recovered = recovery::recover(settings, key, signer)?;
        let orphans = recovered.orphans;
        let report = Recovery { orphans: orphans.len(), ..recovered.report };
        let (commands, queue) = mpsc::channel();
        let (failure, outcome) = watch::channel(None);
        Writer::start(recovered.parts, queue, failure)?;
        let inner = Inner { commands, outcome, log, orphans };
        Ok((Self { inner: Arc::new(inner) }, report))
    }

    /// Logs an entry. When it returns, the entry is durable and covered by a signed checkpoint.
    pub async fn append(&self, draft: Draft) -> Result<Committed, JournalError> {
        let (leaf, openings) = draft.prepare();
        let (reply, answer) = oneshot::channel();
        let job = Job { leaf, openings, reply };
        self.inner.commands.send(Command::Append(Box::new(job))).map_err(|_| self.ended())?;
        answer.await.unwrap_or_else(|_| Err(self.ended()))
    }

    fn ended(&self) -> JournalError {
        self.inner.outcome.borrow().clone().unwrap_or(JournalError::Closed)
    }

    /// Returns when the log has failed (the process must then end), or was closed.
    pub async fn failed(&self) -> JournalError {
        let mut outcome = self.inner.outcome.clone();
        loop {
            if let Some(error) = outcome.borrow_and_update().clone() {
                return error;
            }
            if outcome.changed().await.is_err() {
                return self.ended();
            }
        }
    }

    /// Whether an entry could be written now; for health checks. Writes nothing.
    pub async fn ready(&self) -> Result<(), JournalError> {
        let (reply, answer) = oneshot::channel();
        self.inner.commands.send(Command::Probe(reply)).map_err(|_| self.ended())?;
        answer.await.unwrap_or_else(|_| Err(self.ended()))
    }

    /// The log's name and public key.
    pub fn key(&self) -> &LogKey {
        self.inner.log.key()
    }

    /// The published log, which may lag behind by the setting `publish_every`.
    pub fn log(&self) -> &Log {
        &self.inner.log
    }

    /// The published signed checkpoint.
    pub fn checkpoint(&self) -> Result<(Checkpoint, String), ReadError> {
        self.inner.log.checkpoint()
    }

    /// The published entries whose time is not before `since`, oldest first: for rebuilding claims at start.
    pub fn tail(&self, since: Timestamp) -> Result<impl Iterator<Item = Result<Entry, ReadError>> + '_, ReadError> {
        self.inner.log.entries_since(since)
    }

    /// A receipt of a published entry that opens nothing: proof that it is in the log. Reads files.
    pub fn prove(&self, index: u64) -> Result<Receipt, ReadError> {
        let (checkpoint, note) = self.checkpoint()?;
        let tiles = self.inner.log.tiles(checkpoint.size);
        let entry = self.inner.log.entry(index, checkpoint.size)?;
        let path = Head::new(&tiles, checkpoint.size)?.inclusion(&tiles, index)?;
        Ok(Receipt::new(entry.text, None, proof::text(index, &path, &note)))
    }

    /// The intents that had no outcome when the log was opened.
    pub fn orphans(&self) -> &[Orphan] {
        &self.inner.orphans
    }

    /// Logs an OUTCOME of status `unknown` for each orphan. Call it once, before the first query is taken.
    pub async fn close_orphans(&self, now: Timestamp) -> Result<&[Orphan], JournalError> {
        for orphan in self.orphans() {
            let intent = &orphan.leaf;
            let mut draft = Draft::new(Kind::Outcome, now, intent.consumer.clone())
                .commit("status", "unknown")
                .commit("intent", orphan.leaf_hash.as_bytes().as_slice());
            draft.id.clone_from(&intent.id);
            draft.provider.clone_from(&intent.provider);
            draft.service.clone_from(&intent.service);
            draft.purpose.clone_from(&intent.purpose);
            draft.basis.clone_from(&intent.basis);
            draft.verb = intent.verb;
            draft.bundle.clone_from(&intent.bundle);
            draft.policy = intent.policy;
            draft.certificate = intent.certificate;
            draft.revocation = intent.revocation;
            self.append(draft).await?;
            tracing::warn!(index = orphan.index, consumer = %intent.consumer, "an intent without outcome was closed as unknown");
        }
        Ok(self.orphans())
    }

    /// Publishes everything, makes it durable and ends the writer's thread. Later entries get [`JournalError::Closed`].
    pub async fn close(&self) {
        let (done, wait) = oneshot::channel();
        if self.inner.commands.send(Command::Close(done)).is_ok() {
            // The writer's end, in whatever way, is what was asked for.
            let _ = wait.await;
        }
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").field("log", self.key()).finish_non_exhaustive()
    }
}
