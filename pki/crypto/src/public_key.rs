//! Public keys, each pinned to exactly one signature algorithm.

use std::sync::Arc;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_ASN1, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA512, VerificationAlgorithm,
};

/// The signature algorithms that Möhür accepts, by their names in RFC 9421 §6.2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256, signature `r ‖ s`, 64 bytes.
    EcdsaP256Sha256,
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// RSASSA-PSS with SHA-512 and a salt of exactly 64 bytes.
    RsaPssSha512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaV15Sha256,
}

impl Algorithm {
    /// The name in the RFC 9421 registry.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EcdsaP256Sha256 => "ecdsa-p256-sha256",
            Self::Ed25519 => "ed25519",
            Self::RsaPssSha512 => "rsa-pss-sha512",
            Self::RsaV15Sha256 => "rsa-v1_5-sha256",
        }
    }

    /// The algorithm of that name, if it is accepted.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::EcdsaP256Sha256, Self::Ed25519, Self::RsaPssSha512, Self::RsaV15Sha256]
            .into_iter()
            .find(|algorithm| algorithm.name() == name)
    }

    /// The `alg` of a JWS (RFC 7518, RFC 8037).
    pub const fn jws_name(self) -> &'static str {
        match self {
            Self::EcdsaP256Sha256 => "ES256",
            Self::Ed25519 => "EdDSA",
            Self::RsaPssSha512 => "PS512",
            Self::RsaV15Sha256 => "RS256",
        }
    }

    fn verifier(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::EcdsaP256Sha256 => &ECDSA_P256_SHA256_FIXED,
            Self::Ed25519 => &ED25519,
            Self::RsaPssSha512 => &RSA_PSS_2048_8192_SHA512,
            Self::RsaV15Sha256 => &RSA_PKCS1_2048_8192_SHA256,
        }
    }
}

/// Why a key or a signature is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublicKeyError {
    /// The bytes are not a public key of the algorithm.
    #[error("the bytes are not a public key for {}", .0.name())]
    Unreadable(Algorithm),
    /// The signature does not verify.
    #[error("the signature does not verify")]
    BadSignature,
}

/// A parsed public key and the one algorithm that it may be used with. Parsed once, cheap to clone.
#[derive(Clone, Debug)]
pub struct PublicKey {
    algorithm: Algorithm,
    key: Arc<ParsedPublicKey>,
}

impl PublicKey {
    /// Parses the key material: for P-256 the uncompressed point, for Ed25519 the 32 bytes, for RSA the PKCS#1
    /// `RSAPublicKey`, or for any of them the DER `SubjectPublicKeyInfo`.
    pub fn new(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, PublicKeyError> {
        let key =
            ParsedPublicKey::new(algorithm.verifier(), bytes).map_err(|_| PublicKeyError::Unreadable(algorithm))?;
        Ok(Self { algorithm, key: Arc::new(key) })
    }

    /// The algorithm that the key is pinned to.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        (*self.key).as_ref()
    }

    /// Verifies `signature` over `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), PublicKeyError> {
        self.key.verify_sig(message, signature).map_err(|_| PublicKeyError::BadSignature)
    }
}

/// Verifies an ASN.1 ECDSA signature as X.509 and CMS carry it (P-256 with SHA-256, or P-384 with SHA-384).
pub fn verify_ecdsa_asn1(spki: &[u8], p384: bool, message: &[u8], signature: &[u8]) -> Result<(), PublicKeyError> {
    let algorithm: &'static dyn VerificationAlgorithm =
        if p384 { &ECDSA_P384_SHA384_ASN1 } else { &ECDSA_P256_SHA256_ASN1 };
    let key = ParsedPublicKey::new(algorithm, spki).map_err(|_| PublicKeyError::BadSignature)?;
    key.verify_sig(message, signature).map_err(|_| PublicKeyError::BadSignature)
}
