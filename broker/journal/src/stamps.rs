//! What is kept beside the log: what its entries name by digest, and time stamps of its checkpoints. A time stamp is kept as a pair, a
//! checkpoint as it was signed, and the answer of a time-stamping authority (RFC 3161) over its octets. `openssl ts -verify -data N.checkpoint -in N.tsr` reads the pair.

use std::fs;
use std::path::{Path, PathBuf};

use mohur_crypto::{Digest, sha256};
use mohur_transparency::Checkpoint;

use crate::files::{replace_durably, sync_parent};
use crate::reader::{Log, ReadError};

const FOLDER: &str = "time-stamps";
/// Written by the process that owns the log (`mohur-revocation`).
const REVOCATION: &str = "revocation";

/// A checkpoint and the answer of the authority that stamped it. Nothing is proved of the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    /// The checkpoint, verified.
    pub checkpoint: Checkpoint,
    /// The note as it was stamped.
    pub note: String,
    /// The answer, `TimeStampResp` in DER.
    pub answer: Vec<u8>,
    /// Where the answer lies.
    pub path: PathBuf,
}

impl Log {
    /// Keeps the time stamp of a checkpoint of `size` entries; durable when it returns. Blocks.
    pub fn keep_time_stamp(&self, size: u64, note: &str, answer: &[u8]) -> std::io::Result<PathBuf> {
        let folder = self.folder().join(FOLDER);
        fs::create_dir_all(&folder)?;
        sync_parent(&folder)?;
        replace_durably(&folder.join(format!("{size:020}.checkpoint")), note.as_bytes())?;
        let path = folder.join(format!("{size:020}.tsr"));
        replace_durably(&path, answer)?;
        Ok(path)
    }

    /// What an entry names as its revocation evidence: its octets and its form, `ocsp` or `crl`. `None` when it is not there, or
    /// not what the entry named.
    pub fn revocation(&self, digest: &Digest) -> Option<(Vec<u8>, &'static str)> {
        ["ocsp", "crl"].into_iter().find_map(|ending| {
            let der = fs::read(self.folder().join(REVOCATION).join(format!("{digest}.{ending}"))).ok()?;
            (sha256(&der) == *digest).then_some((der, ending))
        })
    }

    /// Whether a checkpoint of that size has a time stamp.
    pub fn has_time_stamp(&self, size: u64) -> bool {
        self.folder().join(FOLDER).join(format!("{size:020}.tsr")).is_file()
    }

    /// The files of all time stamps, in the order of the log's size.
    pub fn time_stamps(&self) -> Result<Vec<PathBuf>, ReadError> {
        let folder = self.folder().join(FOLDER);
        let failed = |source| ReadError::Io { path: folder.clone(), source };
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut found =
            entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(failed)?;
        found.retain(|path| path.extension().is_some_and(|extension| extension == "tsr"));
        found.sort();
        Ok(found)
    }

    /// Reads one of them, with its checkpoint verified.
    pub fn time_stamp(&self, path: &Path) -> Result<Stamped, ReadError> {
        let read = |path: &Path| fs::read(path).map_err(|source| ReadError::Io { path: path.to_owned(), source });
        let answer = read(path)?;
        let beside = path.with_extension("checkpoint");
        let note = String::from_utf8_lossy(&read(&beside)?).into_owned();
        let opened = Checkpoint::open(&note, self.key());
        let checkpoint = opened.map_err(|source| ReadError::Checkpoint { path: beside, source })?;
        Ok(Stamped { checkpoint, note, answer, path: path.to_owned() })
    }
}
