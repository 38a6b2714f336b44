//! Reading a log folder: the checkpoint, tiles and entries that anyone may read.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mohur_crypto::Digest;
use mohur_transparency::tile::{self, TileError, decode_entries, decode_hashes};
use mohur_transparency::tree::{TILE_WIDTH, Tile, locate};
use mohur_transparency::{Checkpoint, CheckpointError, Leaf, LeafError, LogKey, Nodes};
use mohur_wire::Timestamp;

/// Entries may stand this far from the order of their times: a message's deadline, and more.
const DISORDER_SECONDS: i64 = 120;
/// Tiles kept while proofs are computed.
const CACHED_TILES: usize = 16;

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// A file cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A tile or entry bundle is not what its name says.
    #[error("{path}: {source}")]
    Tile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: TileError,
    },
    /// An entry is not a leaf.
    #[error("entry {index}: {source}")]
    Leaf {
        /// Index of the entry.
        index: u64,
        /// What is wrong.
        source: LeafError,
    },
    /// The checkpoint is not the log's.
    #[error("{path}: {source}")]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: CheckpointError,
    },
    /// There is no such entry or hash.
    #[error("entry {index} is beyond the end of the log, which has {size} entries")]
    Beyond {
        /// What was asked for.
        index: u64,
        /// How many there are.
        size: u64,
    },
}

/// An entry as it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its index.
    pub index: u64,
    /// Its text: what is hashed.
    pub text: String,
    /// The text, read.
    pub leaf: Leaf,
}

/// A log folder, open for reading. Needs no lock.
#[derive(Clone, Debug)]
pub struct Log {
    folder: PathBuf,
    key: LogKey,
}

impl Log {
    /// The log in `folder`, whose checkpoints `key` signs.
    pub fn new(folder: &Path, key: LogKey) -> Self {
        Self { folder: folder.to_owned(), key }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The log's name and public key.
    pub const fn key(&self) -> &LogKey {
        &self.key
    }

    /// The published checkpoint, verified, and its signed note.
    pub fn checkpoint(&self) -> Result<(Checkpoint, String), ReadError> {
        let path = self.folder.join("checkpoint");
        let note = fs::read_to_string(&path).map_err(|source| ReadError::Io { path: path.clone(), source })?;
        match Checkpoint::open(&note, &self.key) {
            Ok(checkpoint) => Ok((checkpoint, note)),
            Err(source) => Err(ReadError::Checkpoint { path, source }),
        }
    }

    /// A file that holds `width` things, or the full one that has replaced it.
    fn read(&self, path: impl Fn(usize) -> String, width: usize) -> Result<(PathBuf, Vec<u8>, usize), ReadError> {
        let mut found = None;
        for candidate in [width, TILE_WIDTH] {
            let path = self.folder.join(path(candidate));
            match fs::read(&path) {
                Ok(bytes) => return Ok((path, bytes, candidate)),
                Err(source) => found = found.or(Some(ReadError::Io { path, source })),
            }
        }
        Err(found.unwrap_or(ReadError::Beyond { index: 0, size: 0 }))
    }

    /// The hashes of a tile in the tree of `size` entries, as they stand in the file.
    pub fn hashes(&self, level: u32, index: u64, size: u64) -> Result<Vec<Digest>, ReadError> {
        let width = tile::width(size, level, index);
        if width == 0 {
            return Err(ReadError::Beyond { index, size });
        }
        let (path, bytes, read) = self.read(|width| tile::hash_path(level, index, width), width)?;
        let mut hashes = decode_hashes(&bytes, read).map_err(|source| ReadError::Tile { path, source })?;
        hashes.truncate(width);
        Ok(hashes)
    }

    /// The entries of a bundle in the tree of `size` entries, as they stand in the file.
    pub fn bundle(&self, index: u64, size: u64) -> Result<Vec<Vec<u8>>, ReadError> {
        let width = tile::width(size, 0, index);
        if width == 0 {
            return Err(ReadError::Beyond { index: index.saturating_mul(TILE_WIDTH as u64), size });
        }
        let (path, bytes, read) = self.read(|width| tile::entries_path(index, width), width)?;
        let entries = decode_entries(&bytes, read).map_err(|source| ReadError::Tile { path, source })?;
        Ok(entries.into_iter().take(width).map(<[u8]>::to_vec).collect())
    }

    /// The tree of the first `size` entries, read from tiles as they are needed.
    pub const fn tiles(&self, size: u64) -> Tiles<'_> {
        Tiles { log: self, size, cache: RefCell::new(VecDeque::new()) }
    }

    /// One entry of the tree of `size` entries.
    pub fn entry(&self, index: u64, size: u64) -> Result<Entry, ReadError> {
        let beyond = || ReadError::Beyond { index, size };
        if index >= size {
            return Err(beyond());
        }
        let bundle = self.bundle(index / TILE_WIDTH as u64, size)?;
        let place = usize::try_from(index % TILE_WIDTH as u64).map_err(|_| beyond())?;
        parse(index, bundle.into_iter().nth(place).ok_or_else(beyond)?)
    }

    /// The entries from `first` on, of the tree of `size` entries.
    pub const fn entries(&self, first: u64, size: u64) -> Entries<'_> {
        Entries { log: self, size, next: first, loaded: VecDeque::new() }
    }

    /// The published entries whose time is not before `since`. Finds the place by bisection, not by reading all.
    pub fn entries_since(
        &self,
        since: Timestamp,
    ) -> Result<impl Iterator<Item = Result<Entry, ReadError>> + '_, ReadError> {
        let size = self.checkpoint()?.0.size;
        let early = since.as_second().saturating_sub(DISORDER_SECONDS);
        let (mut low, mut high) = (0, size.div_ceil(TILE_WIDTH as u64));
        while low < high {
            let middle = low + (high - low) / 2;
            if self.entry(middle * TILE_WIDTH as u64, size)?.leaf.at.as_second() < early {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let first = low.saturating_sub(1) * TILE_WIDTH as u64;
        let late = move |entry: &Result<Entry, ReadError>| entry.as_ref().map_or(true, |entry| entry.leaf.at >= since);
        Ok(self.entries(first, size).filter(late))
    }
}

fn parse(index: u64, text: Vec<u8>) -> Result<Entry, ReadError> {
    let wrong = |source| ReadError::Leaf { index, source };
    let leaf = Leaf::parse(&text).map_err(wrong)?;
    let text = String::from_utf8(text).map_err(|_| wrong(LeafError::Malformed))?;
    Ok(Entry { index, text, leaf })
}

/// Entries of a log, one after another. Ends after the first error.
#[derive(Debug)]
pub struct Entries<'a> {
    log: &'a Log,
    size: u64,
    next: u64,
    loaded: VecDeque<Vec<u8>>,
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.size {
            return None;
        }
        if self.loaded.is_empty() {
            match self.log.bundle(self.next / TILE_WIDTH as u64, self.size) {
                Ok(bundle) => {
                    let skipped = usize::try_from(self.next % TILE_WIDTH as u64).unwrap_or(0);
                    self.loaded = bundle.into_iter().skip(skipped).collect();
                }
                Err(error) => {
                    self.next = self.size;
                    return Some(Err(error));
                }
            }
        }
        let index = self.next;
        self.next += 1;
        let entry = parse(index, self.loaded.pop_front()?);
        if entry.is_err() {
            self.next = self.size;
        }
        Some(entry)
    }
}

/// The tree of a log, read from its hash tiles. The hashes prove nothing until they lead to a signed root.
#[derive(Debug)]
pub struct Tiles<'a> {
    log: &'a Log,
    size: u64,
    cache: RefCell<VecDeque<((u32, u64), Tile)>>,
}

impl Nodes for Tiles<'_> {
    type Error = ReadError;

    fn node(&self, level: u32, index: u64) -> Result<Digest, ReadError> {
        let (tile_level, tile_index, height, within) = locate(level, index);
        let beyond = || ReadError::Beyond { index: index << level, size: self.size };
        let mut cache = self.cache.borrow_mut();
        if let Some((_, tile)) = cache.iter().find(|(at, _)| *at == (tile_level, tile_index)) {
            return tile.node(height, within).ok_or_else(beyond);
        }
        let tile = Tile::of(&self.log.hashes(tile_level, tile_index, self.size)?).ok_or_else(beyond)?;
        let node = tile.node(height, within).ok_or_else(beyond);
        cache.truncate(CACHED_TILES - 1);
        cache.push_front(((tile_level, tile_index), tile));
        node
    }
}
