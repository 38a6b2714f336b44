//! Signatures as X.509, CMS and OCSP carry them: any accepted algorithm, over the key of any accepted certificate.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ED25519, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, VerificationAlgorithm,
};

use crate::PublicKeyError;

/// A signature algorithm that X.509 names by an object identifier. SHA-1 and older are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum X509Algorithm {
    /// `ecdsa-with-SHA256` (RFC 5758 §3.2).
    EcdsaSha256,
    /// `ecdsa-with-SHA384`.
    EcdsaSha384,
    /// `ecdsa-with-SHA512`.
    EcdsaSha512,
    /// `sha256WithRSAEncryption` (RFC 4055 §5).
    RsaSha256,
    /// `sha384WithRSAEncryption`.
    RsaSha384,
    /// `sha512WithRSAEncryption`.
    RsaSha512,
    /// `id-Ed25519` (RFC 8410).
    Ed25519,
}

const ALL: [X509Algorithm; 7] = [
    X509Algorithm::EcdsaSha256,
    X509Algorithm::EcdsaSha384,
    X509Algorithm::EcdsaSha512,
    X509Algorithm::RsaSha256,
    X509Algorithm::RsaSha384,
    X509Algorithm::RsaSha512,
    X509Algorithm::Ed25519,
];

impl X509Algorithm {
    /// The object identifier, DER content octets.
    pub const fn oid(self) -> &'static [u8] {
        match self {
            Self::EcdsaSha256 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
            Self::EcdsaSha384 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03],
            Self::EcdsaSha512 => &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04],
            Self::RsaSha256 => &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b],
            Self::RsaSha384 => &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c],
            Self::RsaSha512 => &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d],
            Self::Ed25519 => &[0x2b, 0x65, 0x70],
        }
    }

    /// The algorithm of that object identifier (DER content octets), if it is accepted.
    pub fn from_oid(oid: &[u8]) -> Option<Self> {
        ALL.into_iter().find(|algorithm| algorithm.oid() == oid)
    }

    /// Whether the algorithm's parameters are NULL: of RSA they are (RFC 4055 §5), of the others absent.
    pub const fn has_null_parameters(self) -> bool {
        matches!(self, Self::RsaSha256 | Self::RsaSha384 | Self::RsaSha512)
    }

    /// Verifies `signature` over `message` with the key of a `SubjectPublicKeyInfo`, DER.
    pub fn verify(self, spki: &[u8], message: &[u8], signature: &[u8]) -> Result<(), PublicKeyError> {
        // The curve is the key's: one of these parses it.
        let candidates: &[&'static dyn VerificationAlgorithm] = match self {
            Self::EcdsaSha256 => &[&ECDSA_P256_SHA256_ASN1, &ECDSA_P384_SHA256_ASN1],
            Self::EcdsaSha384 => &[&ECDSA_P384_SHA384_ASN1, &ECDSA_P256_SHA384_ASN1],
            Self::EcdsaSha512 => &[&ECDSA_P256_SHA512_ASN1, &ECDSA_P384_SHA512_ASN1],
            Self::RsaSha256 => &[&RSA_PKCS1_2048_8192_SHA256],
            Self::RsaSha384 => &[&RSA_PKCS1_2048_8192_SHA384],
            Self::RsaSha512 => &[&RSA_PKCS1_2048_8192_SHA512],
            Self::Ed25519 => &[&ED25519],
        };
        let key = candidates.iter().find_map(|algorithm| ParsedPublicKey::new(*algorithm, spki).ok());
        let key = key.ok_or(PublicKeyError::BadSignature)?;
        key.verify_sig(message, signature).map_err(|_| PublicKeyError::BadSignature)
    }
}
