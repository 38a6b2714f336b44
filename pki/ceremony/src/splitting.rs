//! Shamir's sharing of a 256-bit key over GF(2⁸), by `vsss-rs`, whose arithmetic takes the same time whatever the numbers.

use std::convert::Infallible;

use mohur_crypto::digest::{Digest, sha256_parts};
use mohur_crypto::random_bytes;
use mohur_seal::Zeroizing;
use rand_core::{TryCryptoRng, TryRng};
use vsss_rs::Gf256;

use crate::CeremonyError;

/// One piece: its number, and 32 bytes.
pub(crate) type Piece = Zeroizing<Vec<u8>>;

/// The system's random numbers, as the library wants them.
struct Random;

impl TryRng for Random {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(random_bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(random_bytes()))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for chunk in out.chunks_mut(32) {
            let random = Zeroizing::new(random_bytes::<32>());
            chunk.iter_mut().zip(random.iter()).for_each(|(to, from)| *to = *from);
        }
        Ok(())
    }
}

impl TryCryptoRng for Random {}

/// Splits a key into `of` pieces, of which `needed` give it back and fewer say nothing about it.
pub(crate) fn split(key: &[u8; 32], needed: u8, of: usize) -> Result<Vec<Piece>, CeremonyError> {
    let pieces = Gf256::split_bytes(usize::from(needed), of, key, Random).map_err(|_| CeremonyError::Sharing)?;
    Ok(pieces.into_iter().map(Zeroizing::new).collect())
}

/// Puts pieces together. What comes out of too few, or of wrong ones, is another key.
pub(crate) fn combine(pieces: &[&Piece]) -> Result<Zeroizing<[u8; 32]>, CeremonyError> {
    let pieces = Zeroizing::new(pieces.iter().map(|piece| piece.to_vec()).collect::<Vec<_>>());
    let key = Zeroizing::new(Gf256::combine_bytes(&*pieces).map_err(|_| CeremonyError::Sharing)?);
    let mut out = Zeroizing::new([0; 32]);
    if key.len() != out.len() {
        return Err(CeremonyError::Sharing);
    }
    out.copy_from_slice(&key);
    Ok(out)
}

/// By which a piece is known again. A piece is 256 random bits to whoever has fewer than are needed, so that its digest tells
/// nothing.
pub(crate) fn commitment(piece: &Piece) -> Digest {
    sha256_parts(&[b"mohur share of a root\0", piece])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_enough_pieces_give_the_key_and_fewer_do_not() {
        let key = random_bytes::<32>();
        let pieces = split(&key, 3, 5).unwrap();
        for (a, b, c) in [(0, 1, 2), (4, 2, 0), (1, 3, 4), (2, 3, 4)] {
            assert_eq!(*combine(&[&pieces[a], &pieces[b], &pieces[c]]).unwrap(), key);
        }
        assert_ne!(*combine(&[&pieces[0], &pieces[1]]).unwrap(), key);
        assert!(combine(&[&pieces[0], &pieces[0], &pieces[1]]).is_err(), "one twice");
        let other = split(&key, 3, 5).unwrap();
        assert_ne!(*combine(&[&pieces[0], &pieces[1], &other[2]]).unwrap(), key, "of two sharings");
        assert_ne!(commitment(&pieces[0]), commitment(&other[0]));
    }
}
