//! A private key that a document names by its public half, without a certificate: an officer's, or a directory server's.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use mohur_crypto::{Algorithm, PublicKey, random_bytes};

use crate::key_file::read_encrypted;
use crate::pkcs11::{TokenKey, TokenSeal, certified_key};
use crate::{Passphrase, Seal, SealError, SoftwareSeal};

/// A key of ECDSA P-256 or Ed25519 that signs, in a file or in a token.
#[derive(Clone)]
pub struct BareKey {
    seal: Arc<dyn Seal>,
    public: Vec<u8>,
}

impl BareKey {
    /// From an encrypted key file.
    pub fn load(key: &Path, passphrase: &Passphrase) -> Result<Self, SealError> {
        Self::from_pkcs8(&read_encrypted(key, passphrase)?)
    }

    /// From a PKCS#8 key, DER.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, SealError> {
        let public = public_key(pkcs8)?;
        // A seal carries whatever names its key; here that is the public key itself.
        Ok(Self { seal: Arc::new(SoftwareSeal::from_pkcs8(pkcs8, &public)?), public })
    }

    /// From a token. `named` is the public key (`SubjectPublicKeyInfo`) or the certificate, DER, that the token's key must
    /// belong to.
    pub fn in_token(key: &TokenKey, named: &[u8]) -> Result<Self, SealError> {
        Self::of_seal(Arc::new(TokenSeal::open(key, named, None)?))
    }

    /// The key of a seal, without its certificate.
    pub fn of_seal(seal: Arc<dyn Seal>) -> Result<Self, SealError> {
        let named = seal.certificate();
        let is_usable = |spki: &[u8]| PublicKey::new(seal.algorithm(), spki).is_ok();
        let public = if is_usable(named) { Some(named.to_vec()) } else { certified_key(named) };
        let public = public.filter(|spki| is_usable(spki)).ok_or(SealError::UnsupportedKey)?;
        let key = Self { seal, public };
        let probe = random_bytes::<32>();
        let verifier = PublicKey::new(key.algorithm(), &key.public).map_err(|_| SealError::UnsupportedKey)?;
        verifier.verify(&probe, &key.sign(&probe)?).map_err(|_| SealError::KeyMismatch)?;
        Ok(key)
    }

    /// Its algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.seal.algorithm()
    }

    /// Its public half: `SubjectPublicKeyInfo`, DER.
    pub fn public(&self) -> &[u8] {
        &self.public
    }

    /// Signs `message`. An ECDSA signature is `r ‖ s`.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SealError> {
        self.seal.sign(message)
    }
}

/// The public half of a PKCS#8 key of ECDSA P-256 or Ed25519: `SubjectPublicKeyInfo`, DER.
pub fn public_key(pkcs8: &[u8]) -> Result<Vec<u8>, SealError> {
    let unusable = |_| SealError::UnsupportedKey;
    if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8) {
        return Ok(pair.public_key().as_der().map_err(unusable)?.as_ref().to_vec());
    }
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map_err(|_| SealError::UnsupportedKey)?;
    Ok(pair.public_key().as_der().map_err(unusable)?.as_ref().to_vec())
}

impl fmt::Debug for BareKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BareKey({})", self.algorithm().name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyKind;
    use crate::generate::generate;

    #[test]
    fn a_key_names_its_public_half_and_signs_with_the_other() {
        for (kind, length) in [(KeyKind::P256, 91), (KeyKind::Ed25519, 44)] {
            let key = BareKey::from_pkcs8(&generate(kind).unwrap()).unwrap();
            assert_eq!(key.public().len(), length, "a SubjectPublicKeyInfo");
            let verifier = PublicKey::new(key.algorithm(), key.public()).unwrap();
            verifier.verify(b"metadata", &key.sign(b"metadata").unwrap()).unwrap();
        }
        assert!(BareKey::from_pkcs8(&generate(KeyKind::Rsa2048).unwrap()).is_err());
        assert!(BareKey::from_pkcs8(&generate(KeyKind::P384).unwrap()).is_err());
    }
}
