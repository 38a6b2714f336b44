//! Files: written whole or not at all, and made durable together with their folders.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Puts `bytes` under `path` by rename: readers see the old file or the new one. Not durable by itself.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = beside(path);
    if let Err(error) = fs::write(&temporary, bytes) {
        if error.kind() != io::ErrorKind::NotFound {
            return Err(error);
        }
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(&temporary, bytes)?;
    }
    fs::rename(&temporary, path)
}

/// The same, durable before it returns.
pub(crate) fn replace_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let temporary = beside(path);
    fs::write(&temporary, bytes)?;
    sync(&temporary)?;
    fs::rename(&temporary, path)?;
    sync_parent(path)
}

/// The name under which a file is written before it takes its own.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    PathBuf::from(name)
}

/// Makes a file, or the names in a folder, durable.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Makes the name of a file durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), sync)
}

/// What to say when `error` happened to `path`.
pub(crate) fn said(path: &Path, error: &io::Error) -> std::sync::Arc<str> {
    format!("{}: {error}", path.display()).into()
}

/// Whether the disk, the quota or the limit on file sizes is exhausted.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge)
}
