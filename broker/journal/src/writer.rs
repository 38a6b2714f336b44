//! The thread that writes: everything that waits becomes one batch, one signature and one fdatasync.

use std::collections::VecDeque;
use std::fs::File;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use mohur_crypto::Digest;
use mohur_crypto::commitment::Opening;
use mohur_transparency::{Head, Leaf, LeafError, LogKey};
use tokio::sync::{oneshot, watch};

use crate::book::Book;
use crate::files::said;
use crate::journal::Key;
use crate::keeper::{Ground, Keeper, Retirement};
use crate::segment::Segment;
use crate::shelf::{Shelf, ShelfError};
use crate::snapshot::Snapshot;
use crate::{Committed, JournalError, OpenError, Settings, record};

/// Entries of the largest batch.
const MAX_ENTRIES: usize = 1024;
/// Entries for which a batch waits at most, and the step in which it waits: sleeping costs less than being woken for each.
const MOST_COMPANY: usize = 16;
const SIP: Duration = Duration::from_micros(400);
/// Bytes of entries at which a batch is closed.
const ENOUGH_BYTES: usize = 128 * 1024;
/// What the largest batch takes in a segment: a last entry of full length may come on top.
const BATCH_ROOM: u64 = (ENOUGH_BYTES + 2 * u16::MAX as usize + 2 * MAX_ENTRIES + record::PAGE) as u64;

/// What the writer is asked to do.
pub(crate) enum Command {
    Append(Box<Job>),
    Probe(Probe),
    Close(oneshot::Sender<()>),
}

/// Who wants to know whether an entry could be written.
pub(crate) type Probe = oneshot::Sender<Result<(), JournalError>>;

/// An entry and who waits for it.
pub(crate) struct Job {
    pub(crate) leaf: Leaf,
    pub(crate) openings: Vec<(&'static str, Opening)>,
    pub(crate) reply: oneshot::Sender<Result<Committed, JournalError>>,
}

/// What recovery hands to the writer.
pub(crate) struct Parts {
    pub(crate) settings: Settings,
    pub(crate) key: LogKey,
    pub(crate) signer: Key,
    pub(crate) book: Book,
    pub(crate) shelf: Shelf,
    pub(crate) segment: Segment,
    pub(crate) ground: Ground,
    pub(crate) lock: File,
}

/// The writer's thread.
pub(crate) struct Writer {
    settings: Settings,
    key: LogKey,
    signer: Key,
    book: Book,
    shelf: Shelf,
    segment: Segment,
    keeper: Keeper,
    waiting: VecDeque<Job>,
    buffer: Vec<u8>,
    published_at: Instant,
    /// Held until the thread ends.
    _lock: File,
}

/// An entry of the batch that is being written.
struct Entered {
    job: Job,
    text: String,
    index: u64,
    hash: Digest,
}

impl AsRef<str> for Entered {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl From<ShelfError> for JournalError {
    fn from(error: ShelfError) -> Self {
        Self::Failed(said(&error.path, &error.source))
    }
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(
        parts: Parts,
        queue: Receiver<Command>,
        outcome: watch::Sender<Option<JournalError>>,
    ) -> Result<(), OpenError> {
        let staging = parts.ground.staging.clone();
        let keeper = Keeper::start(parts.ground, parts.segment.number + 1).map_err(OpenError::io(&staging))?;
        let writer = Self {
            settings: parts.settings,
            key: parts.key,
            signer: parts.signer,
            book: parts.book,
            shelf: parts.shelf,
            segment: parts.segment,
            keeper,
            waiting: VecDeque::new(),
            buffer: Vec::new(),
            published_at: Instant::now(),
            _lock: parts.lock,
        };
        let run = move || {
            let (error, closing) = writer.run(&queue);
            if error != JournalError::Closed {
                tracing::error!(%error, "the log takes no more entries");
            }
            outcome.send_replace(Some(error));
            drop(closing);
        };
        thread::Builder::new().name("log-writer".into()).spawn(run).map_err(OpenError::io(&staging))?;
        Ok(())
    }

    /// Writes until it is closed or fails. The lock is given up when it returns.
    fn run(mut self, queue: &Receiver<Command>) -> (JournalError, Option<oneshot::Sender<()>>) {
        loop {
            let step = match self.gather(queue) {
                Gathered::Batch => self.write_batch(),
                Gathered::Quiet => self.publish(),
                Gathered::Probe(probe) => self.answer(probe),
                Gathered::Close(closing) => return (self.close(), closing),
            };
            if let Err(error) = step.and_then(|()| self.keeper.failure().map_or(Ok(()), Err)) {
                for job in self.waiting.drain(..) {
                    // Who no longer waits needs no answer.
                    let _ = job.reply.send(Err(error.clone()));
                }
                return (error, None);
            }
        }
    }

    /// Waits for work and takes all there is, up to a batch.
    fn gather(&mut self, queue: &Receiver<Command>) -> Gathered {
        if self.waiting.is_empty() {
            let first = if self.shelf.shows(self.book.tree.size()) {
                queue.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                queue.recv_timeout(self.settings.publish_every.saturating_sub(self.published_at.elapsed()))
            };
            match first {
                Ok(Command::Append(job)) => self.waiting.push_back(*job),
                Ok(Command::Probe(probe)) => return Gathered::Probe(probe),
                Ok(Command::Close(closing)) => return Gathered::Close(Some(closing)),
                Err(RecvTimeoutError::Timeout) => return Gathered::Quiet,
                Err(RecvTimeoutError::Disconnected) => return Gathered::Close(None),
            }
        }
        let until = Instant::now() + self.settings.pool;
        loop {
            let gathered = self.take(queue);
            let waits = matches!(gathered, Gathered::Batch) && self.waiting.len() < self.company();
            if !waits || Instant::now() >= until {
                return gathered;
            }
            thread::sleep(SIP);
        }
    }

    /// How many entries are worth waiting for: of the queries under way a part will be logging its next step soon. Few of
    /// them are not worth it, and with one query alone nothing is.
    fn company(&self) -> usize {
        (self.book.open.len() / 4).min(MOST_COMPANY)
    }

    /// Takes what there is, up to a batch.
    fn take(&mut self, queue: &Receiver<Command>) -> Gathered {
        while self.waiting.len() < MAX_ENTRIES {
            match queue.try_recv() {
                Ok(Command::Append(job)) => self.waiting.push_back(*job),
                Ok(Command::Probe(probe)) => return Gathered::Probe(probe),
                // What waits is written before; whoever closes does not append at the same time.
                Ok(Command::Close(closing)) => return Gathered::Close(Some(closing)),
                Err(_) => break,
            }
        }
        Gathered::Batch
    }

    /// Writes one batch of what waits. An error is final.
    fn write_batch(&mut self) -> Result<(), JournalError> {
        if let Err(error) = self.make_room() {
            if let JournalError::Full(_) = error {
                tracing::error!(%error, waiting = self.waiting.len(), "entries are refused");
                for job in self.waiting.drain(..) {
                    let _ = job.reply.send(Err(error.clone()));
                }
                return Ok(());
            }
            return Err(error);
        }
        let first = self.book.tree.size();
        let batch = self.enter();
        if batch.is_empty() {
            return Ok(());
        }
        let result = self.commit(first, &batch);
        match result {
            Ok((head, paths)) => {
                self.release(batch, paths);
                debug_assert_eq!(head.size(), self.book.tree.size(), "one batch at a time");
                self.publish_if_due()
            }
            Err(error) => {
                for entered in batch {
                    let _ = entered.job.reply.send(Err(error.clone()));
                }
                Err(error)
            }
        }
    }

    /// Makes sure that the largest batch can be written, before anything is numbered.
    fn make_room(&mut self) -> Result<(), JournalError> {
        if let Some(most) = self.settings.max_bytes
            && self.book.bytes >= most
        {
            return Err(JournalError::Full(format!("its entries have reached the limit of {most} bytes").into()));
        }
        if self.segment.room() >= BATCH_ROOM {
            return Ok(());
        }
        let next = self.keeper.next_segment()?;
        let old = std::mem::replace(&mut self.segment, next);
        let retirement = self.retirement(vec![old.path]);
        self.keeper.retire(retirement);
        Ok(())
    }

    /// Tells whether there is room, without writing. That there is none may pass; another error is final.
    fn answer(&mut self, probe: Probe) -> Result<(), JournalError> {
        let room = self.make_room();
        // Who no longer waits needs no answer.
        let _ = probe.send(room.clone());
        match room {
            Err(JournalError::Full(_)) | Ok(()) => Ok(()),
            Err(
                error @ (JournalError::Failed(_)
                | JournalError::Closed
                | JournalError::TooLong
                | JournalError::Unreadable(_)),
            ) => Err(error),
        }
    }

    fn retirement(&mut self, segments: Vec<std::path::PathBuf>) -> Retirement {
        let snapshot = Snapshot::of(&self.book, self.shelf.unfinished());
        Retirement { tiles: self.shelf.take_unsynced(), snapshot, segments }
    }

    /// Numbers the entries that go into this batch and extends the tree by them.
    fn enter(&mut self) -> Vec<Entered> {
        let mut batch = Vec::with_capacity(self.waiting.len());
        let mut bytes = 0;
        while bytes < ENOUGH_BYTES
            && let Some(mut job) = self.waiting.pop_front()
        {
            job.leaf.seq = self.book.next_number(&job.leaf.consumer);
            let entered = job.leaf.to_text().and_then(|text| {
                let (index, hash) = self.book.enter(&job.leaf, &text).map_err(|_| LeafError::Malformed)?;
                Ok((text, index, hash))
            });
            match entered {
                Ok((text, index, hash)) => {
                    bytes += text.len();
                    batch.push(Entered { job, text, index, hash });
                }
                Err(_) => {
                    let _ = job.reply.send(Err(JournalError::TooLong));
                }
            }
        }
        batch
    }

    /// Signs, writes, makes durable and applies a batch; gives the inclusion proofs.
    fn commit(&mut self, first: u64, batch: &[Entered]) -> Result<(Head, Vec<Vec<Digest>>), JournalError> {
        let impossible = |_| JournalError::Failed("its tree has lost a node".into());
        let head = self.book.sign(&self.key, &self.signer).map_err(impossible)?;
        if !record::encode(self.segment.id(), first, &self.book.checkpoint, batch, &mut self.buffer) {
            return Err(JournalError::Failed("a batch does not fit into a record".into()));
        }
        let written = self.segment.append(&self.buffer);
        written.map_err(|error| JournalError::Failed(said(&self.segment.path, &error)))?;
        let paths = batch.iter().map(|entered| head.inclusion(&self.book.tree, entered.index));
        let paths = paths.collect::<Result<Vec<_>, _>>().map_err(impossible)?;
        let finished = self.book.tree.take_finished();
        self.shelf.apply(batch.iter().map(AsRef::as_ref), finished)?;
        if self.settings.publish_every == Duration::ZERO {
            self.publish()?;
        }
        Ok((head, paths))
    }

    /// Lets the waiters go, each with its proof.
    fn release(&self, batch: Vec<Entered>, paths: Vec<Vec<Digest>>) {
        for (entered, path) in batch.into_iter().zip(paths) {
            let committed = Committed {
                index: entered.index,
                leaf: entered.text,
                leaf_hash: entered.hash,
                openings: entered.job.openings,
                path,
                checkpoint: Arc::clone(&self.book.checkpoint),
            };
            // Who no longer waits has its entry all the same.
            let _ = entered.job.reply.send(Ok(committed));
        }
    }

    fn publish_if_due(&mut self) -> Result<(), JournalError> {
        if self.published_at.elapsed() < self.settings.publish_every { Ok(()) } else { self.publish() }
    }

    fn publish(&mut self) -> Result<(), JournalError> {
        if !self.shelf.shows(self.book.tree.size()) {
            self.shelf.publish(&self.book.tree, &self.book.checkpoint)?;
        }
        self.published_at = Instant::now();
        Ok(())
    }

    /// Ends in good order: all is published and durable, no segment is left.
    fn close(mut self) -> JournalError {
        while !self.waiting.is_empty() {
            if let Err(error) = self.write_batch() {
                return error;
            }
        }
        if let Err(error) = self.publish() {
            return error;
        }
        let segment = self.segment.path.clone();
        let retirement = self.retirement(vec![segment]);
        match self.keeper.finish(retirement) {
            Ok(()) => JournalError::Closed,
            Err(error) => error,
        }
    }
}

enum Gathered {
    Batch,
    Quiet,
    Probe(Probe),
    Close(Option<oneshot::Sender<()>>),
}
