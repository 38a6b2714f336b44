//! What a client remembers: in memory, and in a folder that survives restarts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use mohur_crypto::{Digest, sha256};
use serde::{Deserialize, Serialize};

use crate::error::TufError;
use crate::source::replace_file;

/// What a client remembers of a repository.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The pinned root and its successors without a gap, each as a file.
    pub roots: Vec<Vec<u8>>,
    /// The newest timestamp and snapshot that were verified, whether or not the rest came: what may not be fallen behind of.
    pub seen: Seen,
    /// The last set that was good as a whole.
    pub current: Option<Current>,
    /// Files by digest.
    pub files: BTreeMap<Digest, Vec<u8>>,
}

impl Memory {
    /// A memory of a chain of roots, and of the timestamp and the snapshot that are the newest.
    pub fn of(roots: Vec<Vec<u8>>, timestamp: Option<String>, snapshot: Option<String>) -> Self {
        Self { roots, seen: Seen { timestamp, snapshot }, current: None, files: BTreeMap::new() }
    }
}

/// The newest metadata seen of the two roles that guard against replays.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Seen {
    pub(crate) timestamp: Option<String>,
    pub(crate) snapshot: Option<String>,
}

/// The metadata files of a consistent set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Current {
    pub(crate) timestamp: String,
    pub(crate) snapshot: String,
    pub(crate) roles: BTreeMap<String, String>,
}

/// The folder of a client's memory. Each file in it is replaced in one step.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    folder: PathBuf,
}

impl Store {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keeps other processes with the same folder out until it is dropped.
    pub(crate) fn lock(&self) -> Result<File, TufError> {
        let path = self.folder.join("lock");
        let open = || {
            fs::create_dir_all(&self.folder)?;
            let file = File::create(&path)?;
            file.lock()?;
            Ok::<_, std::io::Error>(file)
        };
        open().map_err(|error| TufError::state(&path, &error))
    }

    pub(crate) fn load(&self, pinned: &[u8], version: u64) -> Result<Memory, TufError> {
        let mut roots = vec![pinned.to_vec()];
        match self.read(&root_file(version))? {
            Some(known) if known != pinned => return Err(TufError::OtherRoot { path: self.folder.clone() }),
            Some(_) => {}
            // Nothing to compare: a new folder, or a pinned root that is newer than all that is known.
            None => self.save_root(version, pinned)?,
        }
        while let Some(next) = self.read(&root_file(version + roots.len() as u64))? {
            roots.push(next);
        }
        let seen = self.json("seen.json")?.unwrap_or_default();
        Ok(Memory { roots, seen, current: self.json("current.json")?, files: BTreeMap::new() })
    }

    pub(crate) fn save_root(&self, version: u64, bytes: &[u8]) -> Result<(), TufError> {
        self.write(&root_file(version), bytes)
    }

    pub(crate) fn save_seen(&self, seen: &Seen) -> Result<(), TufError> {
        self.write_json("seen.json", seen)
    }

    /// The files come first: a set is never current before all of it is there.
    pub(crate) fn save_current(&self, current: &Current, files: &BTreeMap<Digest, &[u8]>) -> Result<(), TufError> {
        for (digest, bytes) in files {
            if self.read_file(digest)?.is_none() {
                self.write(&target(digest), bytes)?;
            }
        }
        self.write_json("current.json", current)
    }

    /// A file by its digest; `None` where it is not there, or damaged.
    pub(crate) fn read_file(&self, digest: &Digest) -> Result<Option<Vec<u8>>, TufError> {
        Ok(self.read(&target(digest))?.filter(|bytes| sha256(bytes) == *digest))
    }

    /// Removes files that nothing names any more. That one stays where it cannot be removed does no harm.
    pub(crate) fn forget_but(&self, named: &BTreeSet<Digest>) {
        let Ok(entries) = fs::read_dir(self.folder.join("targets")) else { return };
        for entry in entries.flatten() {
            let digest = entry.file_name().to_str().and_then(Digest::from_hex);
            if digest.is_some_and(|digest| !named.contains(&digest)) {
                let _stays = fs::remove_file(entry.path());
            }
        }
    }

    fn json<T: for<'de> Deserialize<'de>>(&self, name: &str) -> Result<Option<T>, TufError> {
        let Some(bytes) = self.read(name)? else { return Ok(None) };
        let path = self.folder.join(name);
        let damaged = |_| {
            TufError::state(
                &path,
                &"damaged; restore it, or remove the folder if you know the repository's current version to be genuine",
            )
        };
        serde_json::from_slice(&bytes).map(Some).map_err(damaged)
    }

    fn write_json<T: Serialize>(&self, name: &str, value: &T) -> Result<(), TufError> {
        // INVARIANT: strings in maps always serialise.
        self.write(name, &serde_json::to_vec(value).unwrap_or_default())
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, TufError> {
        let path = self.folder.join(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(TufError::state(&path, &error)),
        }
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<(), TufError> {
        let path = self.folder.join(name);
        replace_file(&path, bytes).map_err(|error| TufError::state(&path, &error))
    }
}

fn root_file(version: u64) -> String {
    format!("roots/{version}.root.json")
}

fn target(digest: &Digest) -> String {
    format!("targets/{digest}")
}
