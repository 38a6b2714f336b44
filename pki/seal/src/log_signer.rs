//! The key of a log: Ed25519, without a certificate. The directory names its public half.

use std::fmt;
use std::path::Path;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

use crate::key_file::read_encrypted;
use crate::{Passphrase, SealError};

/// Signs checkpoints.
pub struct LogSigner {
    pair: Ed25519KeyPair,
    public: [u8; 32],
}

impl LogSigner {
    /// Loads an encrypted Ed25519 key.
    pub fn load(path: &Path, passphrase: &Passphrase) -> Result<Self, SealError> {
        Self::from_pkcs8(&read_encrypted(path, passphrase)?)
    }

    /// From a PKCS#8 key, DER.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, SealError> {
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| SealError::UnsupportedKey)?;
        let public = pair.public_key().as_ref().try_into().map_err(|_| SealError::UnsupportedKey)?;
        Ok(Self { pair, public })
    }

    /// Signs `message` (RFC 8032).
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        let mut out = [0; 64];
        out.copy_from_slice(self.pair.sign(message).as_ref());
        out
    }

    /// The public key, 32 bytes.
    pub const fn public_key(&self) -> [u8; 32] {
        self.public
    }
}

impl fmt::Debug for LogSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogSigner(…)")
    }
}

#[cfg(test)]
mod tests {
    use mohur_crypto::{Algorithm, PublicKey};

    use super::*;
    use crate::KeyKind;
    use crate::generate::generate;
    use crate::key_file::write_encrypted;

    #[test]
    fn a_signature_verifies_under_the_public_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let passphrase = Passphrase::generate();
        write_encrypted(&path, &generate(KeyKind::Ed25519).unwrap(), &passphrase).unwrap();
        let signer = LogSigner::load(&path, &passphrase).unwrap();
        let key = PublicKey::new(Algorithm::Ed25519, &signer.public_key()).unwrap();
        key.verify(b"checkpoint", &signer.sign(b"checkpoint")).unwrap();
        assert!(LogSigner::from_pkcs8(&generate(KeyKind::P256).unwrap()).is_err());
    }
}
