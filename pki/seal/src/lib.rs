//! Private keys: the [`Seal`] trait, software keys behind it with the encrypted files in which they rest, and keys in tokens.
//!
//! A key file is PKCS#8 `EncryptedPrivateKeyInfo` (RFC 5958, PBES2 of RFC 8018) in PEM, mode 0600. Its passphrase comes from
//! a credential file, never from the environment. Nothing here prints a key or a passphrase.

mod bare;
mod current;
pub mod error;
mod file;
pub mod generate;
pub mod key_file;
mod log_signer;
pub mod passphrase;
pub mod pkcs11;
pub mod sealed;
mod software;
mod source;
mod x509;

pub use bare::{BareKey, public_key};
pub use current::CurrentSeal;
pub use error::SealError;
pub use generate::KeyKind;
pub use log_signer::LogSigner;
pub use passphrase::{Passphrase, credential};
pub use software::SoftwareSeal;
pub use source::{KeySource, SealSource};
pub use x509::{sign_x509, x509_algorithm};
pub use zeroize::Zeroizing;

use mohur_crypto::{Algorithm, Digest, digest::sha256};

/// A private key with its certificate that signs messages.
pub trait Seal: Send + Sync {
    /// The one algorithm that the key is used with.
    fn algorithm(&self) -> Algorithm;

    /// The certificate of the key, DER.
    fn certificate(&self) -> &[u8];

    /// SHA-256 of the certificate: the `keyid` of RFC 9421 signatures and the `x5t#S256` of JWS.
    fn key_id(&self) -> Digest {
        sha256(self.certificate())
    }

    /// Signs `message`. An ECDSA signature is `r ‖ s` (RFC 9421 §3.3.4, RFC 7518 §3.4).
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SealError>;
}
