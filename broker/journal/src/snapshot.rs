//! The state at the end of a retired segment, in one small file: recovery begins here, however long the log is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_crypto::Digest;
use mohur_crypto::digest::sha256;
use mohur_transparency::checkpoint::CheckpointError;
use mohur_transparency::tile::{decode_hashes, encode_hashes};
use mohur_transparency::tree::TILE_WIDTH;
use mohur_transparency::{Checkpoint, LogKey, NoteError, Tree};
use mohur_wire::{MemberId, MessageId};
use serde::{Deserialize, Serialize};

use crate::OpenError;
use crate::book::Book;
use crate::files::replace_durably;

const HEADER: &str = "mohur-log-state-1 ";

/// State of the log after `size` entries.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snapshot {
    size: u64,
    bytes: u64,
    checkpoint: String,
    /// Running numbers: the next one of each consumer.
    numbers: Vec<(MemberId, u64)>,
    /// Intents without outcome.
    open: Vec<(MemberId, MessageId, Vec<u64>)>,
    /// The partial tiles, from level 0 up, base64.
    edge: Vec<String>,
    /// The entries of the unfinished bundle.
    entries: Vec<String>,
}

/// Where the snapshot is.
pub(crate) fn path(staging: &Path) -> PathBuf {
    staging.join("state")
}

impl Snapshot {
    pub(crate) fn of(book: &Book, unfinished: Vec<String>) -> Self {
        Self {
            size: book.tree.size(),
            bytes: book.bytes,
            checkpoint: book.checkpoint.to_string(),
            numbers: book.numbers.iter().map(|(consumer, next)| (consumer.clone(), *next)).collect(),
            open: book.open.iter().map(|((who, id), at)| (who.clone(), id.clone(), at.clone())).collect(),
            edge: book.tree.edge().iter().map(|tile| BASE64_STANDARD.encode(encode_hashes(tile.hashes()))).collect(),
            entries: unfinished,
        }
    }

    /// Writes it, durable when it returns.
    pub(crate) fn write(&self, staging: &Path) -> io::Result<()> {
        let body = serde_json::to_string(self)?;
        let text = format!("{HEADER}{}\n{body}", sha256(body.as_bytes()));
        replace_durably(&path(staging), text.as_bytes())
    }

    /// Reads it; `None` where there is none.
    pub(crate) fn read(staging: &Path, key: &LogKey) -> Result<Option<(Book, Vec<String>)>, OpenError> {
        let path = path(staging);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(OpenError::Io { path, source }),
        };
        let body = text.strip_prefix(HEADER).and_then(|text| text.split_once('\n'));
        let whole = body.filter(|(sum, body)| Digest::from_hex(sum) == Some(sha256(body.as_bytes())));
        let snapshot: Self = whole
            .and_then(|(_, body)| serde_json::from_str(body).ok())
            .ok_or_else(|| OpenError::damaged(&path, "the snapshot is not whole"))?;
        let checkpoint = open_checkpoint(&path, &snapshot.checkpoint, key)?;
        let (book, entries) =
            snapshot.restore().ok_or_else(|| OpenError::damaged(&path, "the snapshot contradicts itself"))?;
        if !book.is_at(&checkpoint) {
            return Err(OpenError::damaged(&path, "the snapshot is not what its checkpoint signs"));
        }
        Ok(Some((book, entries)))
    }

    fn restore(self) -> Option<(Book, Vec<String>)> {
        let edge = self
            .edge
            .iter()
            .map(|tile| {
                let bytes = BASE64_STANDARD.decode(tile).ok()?;
                decode_hashes(&bytes, bytes.len() / 32).ok()
            })
            .collect::<Option<Vec<_>>>()?;
        if self.entries.len() as u64 != self.size % TILE_WIDTH as u64 {
            return None;
        }
        let book = Book {
            tree: Tree::restore(self.size, &edge)?,
            numbers: self.numbers.into_iter().collect(),
            open: self.open.into_iter().map(|(who, id, at)| ((who, id), at)).collect(),
            bytes: self.bytes,
            checkpoint: self.checkpoint.into(),
        };
        Some((book, self.entries))
    }
}

/// Opens a checkpoint that our own key must have signed.
pub(crate) fn open_checkpoint(path: &Path, note: &str, key: &LogKey) -> Result<Checkpoint, OpenError> {
    Checkpoint::open(note, key).map_err(|error| match error {
        CheckpointError::Note(NoteError::Unsigned | NoteError::Key | NoteError::Successor)
        | CheckpointError::Origin => OpenError::Foreign {
            path: path.to_owned(),
            what: format!("its checkpoint is not signed by {}", key.name()),
        },
        // Rotated too early: the log went on for longer than the directory allows its old key.
        CheckpointError::Retired { until } => OpenError::Foreign {
            path: path.to_owned(),
            what: format!("it has more entries under a retired key than the {until} that the directory allows it"),
        },
        CheckpointError::Note(NoteError::BadSignature | NoteError::Malformed) | CheckpointError::Malformed => {
            OpenError::damaged(path, error.to_string())
        }
    })
}
