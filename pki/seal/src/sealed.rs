//! Small secrets under a passphrase or a key: AES-256-GCM, so that a changed byte and a wrong passphrase both show.
//!
//! Key files have their own form, which others read ([`crate::key_file`]); this one is for what only we read.

use std::num::NonZeroU32;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::pbkdf2;
use mohur_crypto::random_bytes;
use zeroize::Zeroizing;

use crate::key_file::{ITERATIONS_CHOSEN, ITERATIONS_GENERATED, MAX_ITERATIONS};
use crate::{Passphrase, SealError};

const SALT: usize = 16;

/// Encrypts `secret` with a key. `context` is not in the result, and must be the same again to open it.
pub fn seal_with_key(key: &[u8; 32], context: &[u8], secret: &[u8]) -> Result<Vec<u8>, SealError> {
    let failed = |_| SealError::Crypto("encrypt a secret");
    let nonce = random_bytes::<NONCE_LEN>();
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).map_err(failed)?);
    // Room for the tag: a growing buffer would leave a copy of the secret behind.
    let mut buffer = Zeroizing::new(Vec::with_capacity(secret.len() + AES_256_GCM.tag_len()));
    buffer.extend_from_slice(secret);
    let nonce_of = Nonce::assume_unique_for_key(nonce);
    key.seal_in_place_append_tag(nonce_of, Aad::from(context), &mut *buffer).map_err(failed)?;
    Ok([&nonce[..], &buffer].concat())
}

/// Opens what [`seal_with_key`] made. `None` when the key, the context or a byte is another.
pub fn open_with_key(key: &[u8; 32], context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_LEN>()?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).ok()?);
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let length = key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(context), &mut buffer).ok()?.len();
    buffer.truncate(length);
    Some(buffer)
}

/// Encrypts `secret` with a passphrase, stretched as that of a key file is (decision record 0011).
pub fn seal_with_passphrase(passphrase: &Passphrase, context: &[u8], secret: &[u8]) -> Result<Vec<u8>, SealError> {
    let iterations = if passphrase.is_generated() { ITERATIONS_GENERATED } else { ITERATIONS_CHOSEN };
    let salt = random_bytes::<SALT>();
    let key = stretch(passphrase, iterations, &salt).ok_or(SealError::Crypto("stretch a passphrase"))?;
    let sealed = seal_with_key(&key, context, secret)?;
    Ok([&iterations.to_be_bytes()[..], &salt, &sealed].concat())
}

/// Opens what [`seal_with_passphrase`] made. `None` when the passphrase, the context or a byte is another.
pub fn open_with_passphrase(passphrase: &Passphrase, context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (iterations, rest) = sealed.split_first_chunk::<4>()?;
    let (salt, sealed) = rest.split_first_chunk::<SALT>()?;
    let key = stretch(passphrase, u32::from_be_bytes(*iterations), salt)?;
    open_with_key(&key, context, sealed)
}

fn stretch(passphrase: &Passphrase, iterations: u32, salt: &[u8; SALT]) -> Option<Zeroizing<[u8; 32]>> {
    // More than this from a file is a denial of service.
    let iterations = NonZeroU32::new(iterations).filter(|iterations| iterations.get() <= MAX_ITERATIONS)?;
    let mut key = Zeroizing::new([0; 32]);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, passphrase.as_bytes(), &mut *key);
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_key_context_and_bytes_open_it() {
        let passphrase = Passphrase::generate();
        let sealed = seal_with_passphrase(&passphrase, b"share 1", b"secret").unwrap();
        assert_eq!(*open_with_passphrase(&passphrase, b"share 1", &sealed).unwrap(), b"secret");
        assert!(open_with_passphrase(&Passphrase::generate(), b"share 1", &sealed).is_none());
        assert!(open_with_passphrase(&passphrase, b"share 2", &sealed).is_none());
        for at in 4..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open_with_passphrase(&passphrase, b"share 1", &changed).is_none(), "byte {at}");
        }
        let endless = [&u32::MAX.to_be_bytes()[..], &sealed[4..]].concat();
        assert!(open_with_passphrase(&passphrase, b"share 1", &endless).is_none());
        for length in 0..sealed.len() {
            assert!(open_with_passphrase(&passphrase, b"share 1", &sealed[..length]).is_none());
        }
        let other = seal_with_passphrase(&passphrase, b"share 1", b"secret").unwrap();
        assert_ne!(sealed, other, "never the same twice");
    }
}
