//! Digests, commitments, random bytes and public keys.
//!
//! The one crate beside `pki/seal` and `pki/transport` in which a cryptographic library does the work of the data path.

pub mod commitment;
pub mod digest;
pub mod public_key;
pub mod random;
pub mod x509_signature;
mod xml_signature;

pub use commitment::{Commitment, Opening};
pub use digest::{Digest, sha256, sha384, sha512};
pub use public_key::{Algorithm, PublicKey, PublicKeyError};
pub use random::random_bytes;
pub use x509_signature::X509Algorithm;
pub use xml_signature::XmlMethod;
