//! New private keys, as PKCS#8 DER.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
};
use zeroize::Zeroizing;

use crate::SealError;

/// The kinds of key that are made here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// For TLS and seals.
    P256,
    /// For certificate authorities.
    P384,
    /// For the log, or for seals.
    Ed25519,
    /// For peers whose libraries know nothing else.
    Rsa2048,
}

/// A new key of that kind, PKCS#8 DER.
pub fn generate(kind: KeyKind) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let random = SystemRandom::new();
    let failed = |_| SealError::Crypto("generate a key");
    let pkcs8 = match kind {
        KeyKind::P256 => {
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).map_err(failed)?.as_ref().to_vec()
        }
        KeyKind::P384 => {
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_ASN1_SIGNING, &random).map_err(failed)?.as_ref().to_vec()
        }
        KeyKind::Ed25519 => Ed25519KeyPair::generate_pkcs8(&random).map_err(failed)?.as_ref().to_vec(),
        KeyKind::Rsa2048 => {
            let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).map_err(failed)?;
            pair.as_der().map_err(failed)?.as_ref().to_vec()
        }
    };
    Ok(Zeroizing::new(pkcs8))
}
