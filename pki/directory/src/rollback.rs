//! Remembers the highest version seen, so that an old directory is refused after a restart too.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use mohur_crypto::Digest;

use crate::{DirectoryError, Snapshot};

/// A state file with the highest version seen and the digest of that directory.
#[derive(Clone, Debug)]
pub struct RollbackGuard {
    path: PathBuf,
}

impl RollbackGuard {
    /// The guard whose state lies in `path`. It need not exist yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The highest version seen: 0 when none was.
    pub fn minimum(&self) -> Result<u64, DirectoryError> {
        Ok(self.read()?.map_or(0, |(version, _)| version))
    }

    /// Refuses a snapshot older than the highest seen, or another one with the same version; remembers it otherwise, on
    /// disk when it returns.
    pub fn admit(&self, snapshot: &Snapshot) -> Result<(), DirectoryError> {
        let (version, digest) = (snapshot.version(), snapshot.digest());
        match self.read()? {
            Some((seen, _)) if version < seen => Err(DirectoryError::Rollback { found: version, seen }),
            Some((seen, known)) if version == seen && known != digest => Err(DirectoryError::Forked { version }),
            Some((seen, _)) if version == seen => Ok(()),
            Some(_) | None => self.write(&format!("{version} {digest}\n")),
        }
    }

    fn read(&self) -> Result<Option<(u64, Digest)>, DirectoryError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(DirectoryError::Io { path: self.path.clone(), source }),
        };
        let parse = || {
            let (version, digest) = text.trim_end().split_once(' ')?;
            Some((version.parse().ok()?, Digest::from_hex(digest)?))
        };
        parse().map(Some).ok_or_else(|| DirectoryError::GuardDamaged { path: self.path.clone() })
    }

    fn write(&self, text: &str) -> Result<(), DirectoryError> {
        let replace = || {
            let next = self.path.with_extension("next");
            let mut file = File::create(&next)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&next, &self.path)?;
            let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        };
        replace().map_err(|source| DirectoryError::Io { path: self.path.clone(), source })
    }
}
