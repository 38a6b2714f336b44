//! Preallocated files into which batches are written, one after another.
//!
//! All blocks of a segment are written with zeros and made durable before it is used, so that a batch costs one fdatasync
//! without new metadata, and a full disk is met when a segment is prepared, never when a batch is written.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use mohur_crypto::digest::sha256_parts;
use mohur_crypto::random_bytes;

use crate::OpenError;
use crate::files::{beside, sync_parent};
use crate::record::{self, Found, Record};

/// Unit of a segment's size.
pub(crate) const PAGE: u64 = record::PAGE as u64;
const MAGIC: &[u8; 16] = b"mohur-segment-1\n";
const SUFFIX: &str = "segment";
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

/// How a batch is made durable: `File::sync_data`, but for tests of its failure.
pub(crate) type Sync = fn(&File) -> io::Result<()>;

/// A segment that is being written.
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    pub(crate) number: u64,
    id: [u8; 16],
    file: File,
    at: u64,
    size: u64,
    sync: Sync,
}

fn header(number: u64, id: &[u8; 16]) -> Vec<u8> {
    let mut header = MAGIC.to_vec();
    header.extend_from_slice(&number.to_le_bytes());
    header.extend_from_slice(id);
    let sum = sha256_parts(&[&header]);
    header.extend_from_slice(&sum.0);
    header
}

impl Segment {
    /// Prepares segment `number` of `size` bytes. Durable when it returns, name and all.
    pub(crate) fn create(staging: &Path, number: u64, size: u64, sync: Sync) -> io::Result<Self> {
        let path = staging.join(format!("{number:012}.{SUFFIX}"));
        let temporary = beside(&path);
        let made = Self::fill(&temporary, number, size);
        let (file, id) = made.inspect_err(|_| {
            // Best effort: what is left of it is removed again at the next start.
            let _ = fs::remove_file(&temporary);
        })?;
        fs::rename(&temporary, &path)?;
        sync_parent(&path)?;
        Ok(Self { path, number, id, file, at: PAGE, size, sync })
    }

    fn fill(path: &Path, number: u64, size: u64) -> io::Result<(File, [u8; 16])> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        let id = random_bytes();
        let mut left = size;
        while let (true, Some(zeros)) =
            (left > 0, ZEROS.get(..usize::try_from(left).unwrap_or(ZEROS.len()).min(ZEROS.len())))
        {
            file.write_all(zeros)?;
            left -= zeros.len() as u64;
        }
        file.write_all_at(&header(number, &id), 0)?;
        file.sync_all()?;
        Ok((file, id))
    }

    /// What the records of this segment carry.
    pub(crate) const fn id(&self) -> &[u8; 16] {
        &self.id
    }

    /// Bytes that can still be written.
    pub(crate) const fn room(&self) -> u64 {
        self.size - self.at
    }

    /// Writes an encoded record and makes it durable. After an error nothing more may be written.
    pub(crate) fn append(&mut self, record: &[u8]) -> io::Result<()> {
        self.file.write_all_at(record, self.at)?;
        (self.sync)(&self.file)?;
        self.at += record.len() as u64;
        Ok(())
    }
}

/// Numbers and paths of the segments in `staging`, oldest first. Leftovers of unfinished files are removed.
pub(crate) fn list(staging: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(staging)? {
        let path = entry?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        match (extension, number) {
            (Some("tmp"), _) => fs::remove_file(&path)?,
            (Some(SUFFIX), Some(number)) => found.push((number, path)),
            (_, _) => {}
        }
    }
    found.sort_unstable();
    Ok(found)
}

/// The records of a segment that was read, in order.
pub(crate) struct Scan {
    path: PathBuf,
    bytes: Vec<u8>,
    id: [u8; 16],
    at: usize,
    /// Bytes of a record at the end that was never finished.
    pub(crate) torn: u64,
}

impl Scan {
    pub(crate) fn open(path: &Path, number: u64) -> Result<Self, OpenError> {
        Self::of(path, number, fs::read(path).map_err(OpenError::io(path))?)
    }

    /// The records in the `bytes` that stand in `path`.
    pub(crate) fn of(path: &Path, number: u64, bytes: Vec<u8>) -> Result<Self, OpenError> {
        let id = bytes.get(24..40).and_then(|id| id.try_into().ok()).unwrap_or_default();
        if !bytes.starts_with(&header(number, &id)) {
            return Err(OpenError::damaged(path, "the header of the segment is not whole"));
        }
        Ok(Self { path: path.to_owned(), bytes, id, at: record::PAGE, torn: 0 })
    }

    /// The next record; `None` at the end. Rubbish before a whole record is damage; after the last one it is a batch that
    /// was being written when the process died.
    pub(crate) fn next(&mut self) -> Result<Option<Record>, OpenError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        match record::decode(&self.id, rest) {
            Found::Record(record, length) => {
                self.at += length;
                Ok(Some(*record))
            }
            found @ (Found::Nothing | Found::Rubbish) => {
                let later = rest.chunks(record::PAGE).enumerate().skip(1).find(|(page, _)| {
                    let there = rest.get(page * record::PAGE..).unwrap_or_default();
                    matches!(record::decode(&self.id, there), Found::Record(_, _))
                });
                if let Some((page, _)) = later {
                    let (from, to) = (self.at, self.at + page * record::PAGE);
                    return Err(OpenError::damaged(
                        &self.path,
                        format!("bytes {from} to {to} are not the record that was there"),
                    ));
                }
                if found == Found::Rubbish {
                    self.torn = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1);
                }
                Ok(None)
            }
        }
    }
}
