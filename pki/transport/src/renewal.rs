//! A renewed certificate is shown from the next connection on, without a restart.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use mohur_seal::Passphrase;

use crate::material::{MaterialError, TlsMaterial};

/// A certificate and its key, with the files that they come from.
#[derive(Debug)]
pub struct Renewal {
    material: TlsMaterial,
    chain: PathBuf,
    key: PathBuf,
    passphrase: PathBuf,
    seen: Mutex<Option<SystemTime>>,
}

impl Renewal {
    /// Follows the files of `material`: chain, encrypted key, and the credential file that opens it.
    pub fn new(material: TlsMaterial, chain: PathBuf, key: PathBuf, passphrase: PathBuf) -> Self {
        let seen = Mutex::new(modified(&chain));
        Self { material, chain, key, passphrase, seen }
    }

    /// Loads the files again if the certificate's has changed; says whether it did. On an error the old certificate stays, and
    /// the next look tries again. Blocks.
    pub fn look(&self) -> Result<bool, MaterialError> {
        let changed = modified(&self.chain);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if changed.is_none() || *seen == changed {
            return Ok(false);
        }
        let passphrase = Passphrase::from_credential_file(&self.passphrase)?;
        self.material.reload(&self.chain, &self.key, &passphrase)?;
        *seen = changed;
        Ok(true)
    }
}

/// When the file was last changed.
fn modified(path: &std::path::Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|data| data.modified()).ok()
}
