//! Where a repository's files come from, and how files are put in place.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// Why a file did not come.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// It is larger than what is asked for.
    #[error("larger than {0} bytes, which is the most that it may be")]
    TooLarge(u64),
    /// It cannot be had now.
    #[error("{0}")]
    Unavailable(String),
}

/// A repository's files: `metadata/…` and `targets/…`.
pub trait Source: Send + Sync {
    /// A whole file of at most `limit` bytes, or `None` where there is none of that name. No more than the limit is read: the
    /// other end may send without end.
    fn fetch(&self, file: &str, limit: u64) -> Result<Option<Vec<u8>>, SourceError>;
}

/// A repository in a folder.
#[derive(Clone, Debug)]
pub struct FolderSource(PathBuf);

impl FolderSource {
    /// The repository in that folder.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }
}

impl Source for FolderSource {
    fn fetch(&self, file: &str, limit: u64) -> Result<Option<Vec<u8>>, SourceError> {
        let read = || -> std::io::Result<Vec<u8>> {
            let mut bytes = Vec::new();
            File::open(self.0.join(file))?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        match read() {
            Ok(bytes) if bytes.len() as u64 > limit => Err(SourceError::TooLarge(limit)),
            Ok(bytes) => Ok(Some(bytes)),
            // A folder without the repository is an error of its own: no update must pass for want of a folder.
            Err(error) if error.kind() == ErrorKind::NotFound && self.0.is_dir() => Ok(None),
            Err(error) => Err(SourceError::Unavailable(format!("{}: {error}", self.0.join(file).display()))),
        }
    }
}

/// Puts a file in place in one step, on disk when it returns: whoever reads it sees the old one or the new one.
pub fn replace_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut next = tempfile::Builder::new().prefix(".next-").tempfile_in(folder)?;
    next.write_all(bytes)?;
    next.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))?;
    next.as_file().sync_all()?;
    next.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}
