//! PINs, and which of them a token has refused.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use cryptoki::types::AuthPin;
use mohur_crypto::{Digest, sha256};

use super::TokenAddress;
use crate::SealError;
use crate::passphrase::credential;

/// What a token has refused in this process: module, token, and the PIN's digest. A PIN is tried once, whoever asks: the
/// third wrong one may lock the token.
static REFUSED: Mutex<BTreeSet<(PathBuf, String, [u8; 32])>> = Mutex::new(BTreeSet::new());

/// A user's PIN. Wiped when dropped.
pub(super) struct Pin {
    secret: AuthPin,
    key: (PathBuf, String, [u8; 32]),
    file: PathBuf,
}

impl Pin {
    /// Reads the credential file: one line of 4 to 255 bytes.
    pub(super) fn read(address: &TokenAddress) -> Result<Self, SealError> {
        let text = credential(&address.pin)?;
        if !(4..=255).contains(&text.len()) || text.chars().any(char::is_control) {
            return Err(SealError::format(&address.pin, "a PIN of 4 to 255 bytes on one line"));
        }
        let Digest(digest) = sha256(text.as_bytes());
        let secret = AuthPin::from(text.as_str());
        Ok(Self { secret, key: (address.module.clone(), address.token.clone(), digest), file: address.pin.clone() })
    }

    pub(super) const fn secret(&self) -> &AuthPin {
        &self.secret
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    pub(super) fn was_refused(&self) -> bool {
        REFUSED.lock().unwrap_or_else(PoisonError::into_inner).contains(&self.key)
    }

    pub(super) fn refused(&self) {
        REFUSED.lock().unwrap_or_else(PoisonError::into_inner).insert(self.key.clone());
    }
}
