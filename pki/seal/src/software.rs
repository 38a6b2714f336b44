//! A seal whose key lies in memory.

use std::fmt;
use std::path::Path;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA512,
    RsaEncoding,
};
use mohur_crypto::Algorithm;
use mohur_crypto::digest::{Digest, sha256};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::key_file::read_all_encrypted;
use crate::{Passphrase, Seal, SealError};

enum Key {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(rsa::KeyPair, &'static dyn RsaEncoding),
}

/// A key in memory, from an encrypted file.
pub struct SoftwareSeal {
    key: Key,
    algorithm: Algorithm,
    certificate: Vec<u8>,
    key_id: Digest,
}

impl SoftwareSeal {
    /// Loads an encrypted key and its certificate (PEM; of a chain, the first). Of several keys in the file, the certificate's.
    pub fn load(key: &Path, certificate: &Path, passphrase: &Passphrase) -> Result<Self, SealError> {
        let certificate = CertificateDer::from_pem_file(certificate)
            .map_err(|_| SealError::format(certificate, "a certificate in PEM"))?;
        let mut last = Err(SealError::KeyMismatch);
        for pkcs8 in read_all_encrypted(key, passphrase)? {
            last = Self::from_pkcs8(&pkcs8, &certificate);
            if last.is_ok() {
                break;
            }
        }
        last
    }

    /// From a PKCS#8 key (DER) and its certificate (DER). An RSA key signs with RSA-PSS.
    pub fn from_pkcs8(pkcs8: &[u8], certificate: &[u8]) -> Result<Self, SealError> {
        let (key, algorithm) = parse(pkcs8)?;
        let public = match &key {
            Key::P256(pair) => pair.public_key().as_ref(),
            Key::Ed25519(pair) => pair.public_key().as_ref(),
            Key::Rsa(pair, _) => pair.public_key().as_ref(),
        };
        // An operator's mistake is what this finds: a certificate holds its public key as these very bytes.
        if !certificate.windows(public.len()).any(|window| window == public) {
            return Err(SealError::KeyMismatch);
        }
        Ok(Self { key, algorithm, certificate: certificate.to_vec(), key_id: sha256(certificate) })
    }

    /// The same RSA key, pinned to another RSA algorithm. Other keys have only one.
    pub fn pinned_to(mut self, algorithm: Algorithm) -> Result<Self, SealError> {
        match (&mut self.key, algorithm) {
            (Key::Rsa(_, encoding), Algorithm::RsaPssSha512) => *encoding = &RSA_PSS_SHA512,
            (Key::Rsa(_, encoding), Algorithm::RsaV15Sha256) => *encoding = &RSA_PKCS1_SHA256,
            _ if self.algorithm == algorithm => {}
            _ => return Err(SealError::WrongAlgorithm { algorithm: algorithm.name() }),
        }
        self.algorithm = algorithm;
        Ok(self)
    }
}

fn parse(pkcs8: &[u8]) -> Result<(Key, Algorithm), SealError> {
    if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8) {
        Ok((Key::P256(pair), Algorithm::EcdsaP256Sha256))
    } else if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8) {
        Ok((Key::Ed25519(pair), Algorithm::Ed25519))
    } else if let Ok(pair) = rsa::KeyPair::from_pkcs8(pkcs8) {
        Ok((Key::Rsa(pair, &RSA_PSS_SHA512), Algorithm::RsaPssSha512))
    } else {
        Err(SealError::UnsupportedKey)
    }
}

impl Seal for SoftwareSeal {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    fn key_id(&self) -> Digest {
        self.key_id
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SealError> {
        let failed = |_| SealError::Crypto("sign");
        match &self.key {
            Key::P256(pair) => Ok(pair.sign(&SystemRandom::new(), message).map_err(failed)?.as_ref().to_vec()),
            Key::Ed25519(pair) => Ok(pair.sign(message).as_ref().to_vec()),
            Key::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &SystemRandom::new(), message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

impl fmt::Debug for SoftwareSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SoftwareSeal({}, {})", self.algorithm.name(), self.key_id)
    }
}

#[cfg(test)]
mod tests {
    use mohur_crypto::PublicKey;

    use super::*;
    use crate::KeyKind;
    use crate::generate::generate;

    /// Not a certificate, but it holds the public key: enough for what this crate looks at.
    fn public_key(pkcs8: &[u8]) -> Vec<u8> {
        match parse(pkcs8).unwrap().0 {
            Key::P256(pair) => pair.public_key().as_ref().to_vec(),
            Key::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
            Key::Rsa(pair, _) => pair.public_key().as_ref().to_vec(),
        }
    }

    #[test]
    fn what_each_kind_signs_verifies() {
        for kind in [KeyKind::P256, KeyKind::Ed25519, KeyKind::Rsa2048] {
            let key = generate(kind).unwrap();
            let public = public_key(&key);
            let mut seal = SoftwareSeal::from_pkcs8(&key, &public).unwrap();
            let mut algorithms = vec![seal.algorithm()];
            if kind == KeyKind::Rsa2048 {
                algorithms.push(Algorithm::RsaV15Sha256);
            }
            for algorithm in algorithms {
                seal = seal.pinned_to(algorithm).unwrap();
                let signature = seal.sign(b"message").unwrap();
                let verifier = PublicKey::new(algorithm, &public).unwrap();
                verifier.verify(b"message", &signature).unwrap();
                assert!(verifier.verify(b"massage", &signature).is_err());
                if kind == KeyKind::P256 {
                    assert_eq!(signature.len(), 64, "r and s, not ASN.1");
                }
            }
        }
    }

    #[test]
    fn a_key_of_another_certificate_or_kind_is_refused() {
        let (key, other) = (generate(KeyKind::P256).unwrap(), generate(KeyKind::P256).unwrap());
        let error = SoftwareSeal::from_pkcs8(&key, &public_key(&other)).unwrap_err();
        assert!(matches!(error, SealError::KeyMismatch));
        let p384 = generate(KeyKind::P384).unwrap();
        assert!(matches!(SoftwareSeal::from_pkcs8(&p384, &[0; 200]), Err(SealError::UnsupportedKey)));
        let seal = SoftwareSeal::from_pkcs8(&key, &public_key(&key)).unwrap();
        assert!(matches!(seal.pinned_to(Algorithm::RsaV15Sha256), Err(SealError::WrongAlgorithm { .. })));
    }
}
