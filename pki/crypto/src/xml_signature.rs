//! The signature methods of XML Signature that are accepted (RFC 9231 §2.3), held against the algorithm of a key.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, VerificationAlgorithm,
};

use crate::{Algorithm, PublicKey, PublicKeyError};

/// A signature method of XML Signature. The salt of RSA-PSS is as long as its digest, which MGF1 uses too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum XmlMethod {
    /// ECDSA with SHA-256, `r ‖ s` (XML Signature 1.1 §6.4.3).
    EcdsaSha256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaSha256,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaSha512,
    /// RSASSA-PSS with SHA-256.
    RsaPssSha256,
    /// RSASSA-PSS with SHA-384.
    RsaPssSha384,
    /// RSASSA-PSS with SHA-512.
    RsaPssSha512,
}

impl XmlMethod {
    /// The method in which a key that is pinned to this algorithm signs. XML Signature with Ed25519 is not accepted.
    pub const fn of(algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            Algorithm::EcdsaP256Sha256 => Some(Self::EcdsaSha256),
            Algorithm::RsaV15Sha256 => Some(Self::RsaSha256),
            Algorithm::RsaPssSha512 => Some(Self::RsaPssSha512),
            Algorithm::Ed25519 => None,
        }
    }

    /// Whether a key that is pinned to this algorithm may be used so. Curve and padding are pinned, the digest is not:
    /// XML Signature libraries choose it apart from the key, and each of these is good.
    pub const fn fits(self, algorithm: Algorithm) -> bool {
        match algorithm {
            Algorithm::EcdsaP256Sha256 => matches!(self, Self::EcdsaSha256),
            Algorithm::RsaV15Sha256 => matches!(self, Self::RsaSha256 | Self::RsaSha512),
            Algorithm::RsaPssSha512 => matches!(self, Self::RsaPssSha256 | Self::RsaPssSha384 | Self::RsaPssSha512),
            Algorithm::Ed25519 => false,
        }
    }

    fn verifier(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::EcdsaSha256 => &ECDSA_P256_SHA256_FIXED,
            Self::RsaSha256 => &RSA_PKCS1_2048_8192_SHA256,
            Self::RsaSha512 => &RSA_PKCS1_2048_8192_SHA512,
            Self::RsaPssSha256 => &RSA_PSS_2048_8192_SHA256,
            Self::RsaPssSha384 => &RSA_PSS_2048_8192_SHA384,
            Self::RsaPssSha512 => &RSA_PSS_2048_8192_SHA512,
        }
    }
}

impl PublicKey {
    /// Verifies an XML Signature over the canonical octets of its SignedInfo.
    pub fn verify_xml(&self, method: XmlMethod, message: &[u8], signature: &[u8]) -> Result<(), PublicKeyError> {
        if !method.fits(self.algorithm()) {
            return Err(PublicKeyError::BadSignature);
        }
        if XmlMethod::of(self.algorithm()) == Some(method) {
            return self.verify(message, signature);
        }
        // INVARIANT: these bytes made a key of the same kind before.
        let key = ParsedPublicKey::new(method.verifier(), self.bytes()).map_err(|_| PublicKeyError::BadSignature)?;
        key.verify_sig(message, signature).map_err(|_| PublicKeyError::BadSignature)
    }
}
