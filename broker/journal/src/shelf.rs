//! The public files: tiles, entry bundles, and the checkpoint over them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mohur_transparency::tile::{decode_entries, encode_hashes, entries_path, hash_path, push_entry};
use mohur_transparency::tree::{Finished, TILE_WIDTH, Tree};

use crate::files::replace;

/// Writes the public files. Full tiles are written as they become full, partial ones only when a checkpoint is published.
#[derive(Debug)]
pub(crate) struct Shelf {
    folder: PathBuf,
    /// The entries of the bundle that grows.
    bundle: Vec<u8>,
    width: usize,
    bundle_index: u64,
    /// Size of the tree whose partial tiles were written last.
    published: Option<u64>,
    /// Full tiles that may not have reached the disk yet.
    unsynced: Vec<PathBuf>,
}

/// A write that failed, and where.
#[derive(Debug)]
pub(crate) struct ShelfError {
    pub(crate) path: PathBuf,
    pub(crate) source: io::Error,
}

impl Shelf {
    /// The shelf of a log of `size` entries, of which the last, unfinished bundle holds `entries`.
    pub(crate) fn new(folder: &Path, size: u64, entries: &[String]) -> Self {
        let mut bundle = Vec::new();
        let fits = entries.iter().all(|entry| push_entry(&mut bundle, entry.as_bytes()));
        debug_assert!(fits, "entries were measured before they were logged");
        let bundle_index = size / TILE_WIDTH as u64;
        let (folder, width) = (folder.to_owned(), entries.len());
        Self { folder, bundle, width, bundle_index, published: None, unsynced: Vec::new() }
    }

    /// Takes in a batch: writing and recovering both come through here.
    pub(crate) fn apply<'a>(
        &mut self,
        entries: impl IntoIterator<Item = &'a str>,
        finished: Vec<Finished>,
    ) -> Result<(), ShelfError> {
        for entry in entries {
            let fits = push_entry(&mut self.bundle, entry.as_bytes());
            debug_assert!(fits, "entries were measured before they were logged");
            self.width += 1;
            if self.width == TILE_WIDTH {
                let bundle = std::mem::take(&mut self.bundle);
                self.finish(entries_path(self.bundle_index, TILE_WIDTH), &bundle)?;
                self.bundle_index += 1;
                self.width = 0;
            }
        }
        for Finished { level, index, tile } in finished {
            self.finish(hash_path(level, index, TILE_WIDTH), &encode_hashes(tile.hashes()))?;
        }
        Ok(())
    }

    fn finish(&mut self, path: String, bytes: &[u8]) -> Result<(), ShelfError> {
        let path = self.write(path, bytes)?;
        let mut partial = path.clone().into_os_string();
        partial.push(".p");
        match fs::remove_dir_all(&partial) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => return Err(ShelfError { path, source }),
            Ok(()) | Err(_) => {}
        }
        self.unsynced.push(path);
        Ok(())
    }

    fn write(&self, path: String, bytes: &[u8]) -> Result<PathBuf, ShelfError> {
        let path = self.folder.join(path);
        match replace(&path, bytes) {
            Ok(()) => Ok(path),
            Err(source) => Err(ShelfError { path, source }),
        }
    }

    /// Writes the partial tiles that have changed, and then the checkpoint.
    pub(crate) fn publish(&mut self, tree: &Tree, checkpoint: &str) -> Result<(), ShelfError> {
        let same = |level: u32| {
            self.published.is_some_and(|published| {
                published.checked_shr(8 * level).unwrap_or(0) == tree.size().checked_shr(8 * level).unwrap_or(0)
            })
        };
        if self.width > 0 && !same(0) {
            self.write(entries_path(self.bundle_index, self.width), &self.bundle)?;
        }
        for (level, tile) in (0u32..).zip(tree.edge()) {
            if tile.width() > 0 && !same(level) {
                let index = tree.size().checked_shr(8 * (level + 1)).unwrap_or(0);
                self.write(hash_path(level, index, tile.width()), &encode_hashes(tile.hashes()))?;
            }
        }
        self.write("checkpoint".to_owned(), checkpoint.as_bytes())?;
        self.published = Some(tree.size());
        Ok(())
    }

    /// Whether the published checkpoint is of a tree of `size` entries.
    pub(crate) fn shows(&self, size: u64) -> bool {
        self.published == Some(size)
    }

    /// The entries of the unfinished bundle.
    pub(crate) fn unfinished(&self) -> Vec<String> {
        let entries = decode_entries(&self.bundle, self.width).unwrap_or_default();
        entries.into_iter().map(|entry| String::from_utf8_lossy(entry).into_owned()).collect()
    }

    /// Hands over the full tiles that must be made durable before their segment may go.
    pub(crate) fn take_unsynced(&mut self) -> Vec<PathBuf> {
        std::mem::take(&mut self.unsynced)
    }
}
