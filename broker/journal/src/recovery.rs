//! Opening the log: the snapshot, then the records of the staging segments, through the same code that wrote them.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::Path;

use mohur_transparency::{Kind, Leaf, LogKey, merkle};

use crate::book::Book;
use crate::files::sync_parent;
use crate::journal::{Key, Orphan, Recovery};
use crate::keeper::{Ground, Retirement};
use crate::reader::{Log, ReadError};
use crate::record::Record;
use crate::segment::{self, Scan};
use crate::shelf::{Shelf, ShelfError};
use crate::snapshot::{Snapshot, open_checkpoint};
use crate::writer::Parts;
use crate::{OpenError, Settings};

/// A log ready to be written.
pub(crate) struct Recovered {
    pub(crate) parts: Parts,
    pub(crate) orphans: Vec<Orphan>,
    pub(crate) report: Recovery,
}

impl From<ShelfError> for OpenError {
    fn from(error: ShelfError) -> Self {
        Self::Io { path: error.path, source: error.source }
    }
}

impl From<ReadError> for OpenError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io { path, source } => Self::Io { path, source },
            other @ (ReadError::Tile { .. }
            | ReadError::Leaf { .. }
            | ReadError::Checkpoint { .. }
            | ReadError::Beyond { .. }) => Self::damaged(Path::new("tile"), other.to_string()),
        }
    }
}

/// Recovers the log and gives everything that the writer needs.
pub(crate) fn recover(settings: Settings, key: LogKey, signer: Key) -> Result<Recovered, OpenError> {
    let staging = settings.staging();
    let lock = lock(&settings.folder, &staging)?;
    let (mut book, entries) = Snapshot::read(&staging, &key)?.unwrap_or_default();
    let mut shelf = Shelf::new(&settings.folder, book.tree.size(), &entries);
    let mut report = Recovery::default();
    let segments = segment::list(&staging).map_err(OpenError::io(&staging))?;
    for (number, path) in &segments {
        let mut scan = Scan::open(path, *number)?;
        while let Some(record) = scan.next()? {
            report.replayed += replay(&mut book, &mut shelf, path, record, &key)?;
        }
        report.torn_bytes += scan.torn;
    }
    report.entries = book.tree.size();
    let log = Log::new(&settings.folder, key.clone());
    let published = published(&log, &settings.folder, book.tree.size())?;
    report.rekeyed = !book.checkpoint.is_empty() && key.open(&book.checkpoint).is_err();
    if book.checkpoint.is_empty() || report.rekeyed {
        book.sign(&key, &signer).map_err(|error| OpenError::damaged(&staging, error.to_string()))?;
    }
    shelf.publish(&book.tree, &book.checkpoint)?;
    if let Some(published) = published
        && merkle::root(&log.tiles(published.size), published.size)? != published.root
    {
        return Err(OpenError::damaged(&settings.folder.join("checkpoint"), "the tiles are not those that it signs"));
    }
    let orphans = orphans(&book, &log)?;
    let ground = Ground {
        folder: settings.folder.clone(),
        staging: staging.clone(),
        segment_size: settings.segment_size(),
        sync: settings.sync,
    };
    let next = segments.last().map_or(0, |(number, _)| number + 1);
    let segment = ground.prepare(next).map_err(OpenError::io(&staging))?;
    let retirement = Retirement {
        tiles: shelf.take_unsynced(),
        snapshot: Snapshot::of(&book, shelf.unfinished()),
        segments: segments.into_iter().map(|(_, path)| path).collect(),
    };
    retirement.carry_out(&settings.folder, &staging).map_err(OpenError::io(&staging))?;
    if report.replayed > 0 || report.torn_bytes > 0 || !orphans.is_empty() {
        tracing::warn!(
            entries = report.entries,
            replayed = report.replayed,
            torn_bytes = report.torn_bytes,
            orphans = orphans.len(),
            "the log was recovered"
        );
    }
    Ok(Recovered { parts: Parts { settings, key, signer, book, shelf, segment, ground, lock }, orphans, report })
}

/// Makes the folders and takes the lock.
fn lock(folder: &Path, staging: &Path) -> Result<File, OpenError> {
    fs::create_dir_all(staging).map_err(OpenError::io(staging))?;
    sync_parent(staging).and_then(|()| sync_parent(folder)).map_err(OpenError::io(folder))?;
    let path = staging.join("lock");
    let mut options = OpenOptions::new();
    let file = options.create(true).truncate(false).write(true).open(&path).map_err(OpenError::io(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked(folder.to_owned())),
        Err(TryLockError::Error(source)) => Err(OpenError::Io { path, source }),
    }
}

/// Takes a record again, unless the snapshot has it already. Gives the number of entries taken.
fn replay(book: &mut Book, shelf: &mut Shelf, path: &Path, record: Record, key: &LogKey) -> Result<u64, OpenError> {
    let (first, count) = (record.first, record.entries.len() as u64);
    if first.saturating_add(count) <= book.tree.size() {
        return Ok(0);
    }
    if first != book.tree.size() {
        let what = format!("it goes on with entry {first}, but entry {} is missing", book.tree.size());
        return Err(OpenError::damaged(path, what));
    }
    let checkpoint = open_checkpoint(path, &record.checkpoint, key)?;
    for (index, text) in (first..).zip(&record.entries) {
        let leaf = Leaf::parse(text.as_bytes())
            .map_err(|error| OpenError::damaged(path, format!("entry {index}: {error}")))?;
        book.enter(&leaf, text)
            .map_err(|_| OpenError::damaged(path, format!("entry {index} has not its consumer's next number")))?;
    }
    if !book.is_at(&checkpoint) {
        return Err(OpenError::damaged(
            path,
            format!("the entries from {first} on are not those that its checkpoint signs"),
        ));
    }
    book.checkpoint = record.checkpoint.into();
    let finished = book.tree.take_finished();
    shelf.apply(record.entries.iter().map(String::as_str), finished)?;
    Ok(count)
}

/// The published checkpoint, which must not know more entries than were recovered: its entries were acknowledged.
fn published(log: &Log, folder: &Path, size: u64) -> Result<Option<mohur_transparency::Checkpoint>, OpenError> {
    let path = folder.join("checkpoint");
    let note = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(source) => return Err(OpenError::Io { path, source }),
    };
    // A power cut may leave the name without its content: it was not made durable, and is written again.
    if note.iter().all(|byte| *byte == 0) {
        if size == 0 && folder.join("tile").exists() {
            return Err(OpenError::damaged(&folder.join("tile"), "there are tiles, but neither checkpoint nor state"));
        }
        return Ok(None);
    }
    let note = String::from_utf8(note).map_err(|_| OpenError::damaged(&path, "it is not text"))?;
    let checkpoint = open_checkpoint(&path, &note, log.key())?;
    if checkpoint.size > size {
        let what = format!("it signs {} entries, but only {size} can be recovered", checkpoint.size);
        return Err(OpenError::damaged(&path, what));
    }
    Ok(Some(checkpoint))
}

fn orphans(book: &Book, log: &Log) -> Result<Vec<Orphan>, OpenError> {
    let mut indices: Vec<u64> = book.open.values().flatten().copied().collect();
    indices.sort_unstable();
    let read = |index| {
        let entry = log.entry(index, book.tree.size())?;
        debug_assert_eq!(entry.leaf.kind, Kind::Intent, "only intents are open");
        let leaf_hash = merkle::leaf_hash(entry.text.as_bytes());
        Ok(Orphan { index, leaf: entry.leaf, leaf_hash })
    };
    indices.into_iter().map(read).collect()
}
