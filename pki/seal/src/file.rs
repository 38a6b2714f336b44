//! Reading and writing files that hold secrets.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use zeroize::Zeroizing;

use crate::SealError;

/// Longest secret file that is read.
const MAX_BYTES: u64 = 64 * 1024;

/// Reads a secret file as text, unless one of the permission bits in `forbidden` is set. The mode is that of the opened
/// file, so that it cannot be exchanged between the check and the reading.
pub(crate) fn read_secret(path: &Path, forbidden: u32) -> Result<Zeroizing<String>, SealError> {
    let file = File::open(path).map_err(SealError::io(path))?;
    let metadata = file.metadata().map_err(SealError::io(path))?;
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        return Err(SealError::NotAPlainFile { path: path.to_owned() });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & forbidden != 0 {
        return Err(SealError::ReadableByOthers { path: path.to_owned(), mode });
    }
    // Room for all of it at once: a growing buffer would leave copies of the secret behind.
    let mut text = Zeroizing::new(String::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1));
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(SealError::io(path))?;
    Ok(text)
}

/// Puts a file, mode 0600, in the place of the one that is there: a reader sees the old one or the new one. On disk when it
/// returns.
pub(crate) fn replace_secret(path: &Path, content: &[u8]) -> Result<(), SealError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".next");
    let next = path.with_file_name(name);
    match std::fs::remove_file(&next) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(SealError::io(&next)(error)),
        _ => {}
    }
    write_secret(&next, content)?;
    std::fs::rename(&next, path).map_err(SealError::io(path))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(SealError::io(folder))
}

/// Writes a new file, mode 0600, and refuses to overwrite one. On disk when it returns.
pub(crate) fn write_secret(path: &Path, content: &[u8]) -> Result<(), SealError> {
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(SealError::io(path))?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(SealError::io(path))
}
