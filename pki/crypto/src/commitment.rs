//! Commitments: what the log shows instead of a value.
//!
//! `SHA-256(tag ‖ 32 random bytes ‖ value)`. The tag ends with a zero byte, so that no tag is a prefix of another. A FIN
//! has only 5·10¹⁰ values: without the random bytes a digest of it would be as good as the FIN.

use crate::digest::{Digest, sha256_parts};
use crate::random::random_bytes;

/// What stands in the log.
pub type Commitment = Digest;

/// What opens a commitment: kept by whoever may know the value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Opening(pub [u8; 32]);

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Opening(…)")
    }
}

/// Commits to `value` with fresh random bytes.
pub fn commit(tag: &str, value: &[u8]) -> (Commitment, Opening) {
    let opening = Opening(random_bytes());
    (recompute(tag, &opening, value), opening)
}

/// The commitment that `opening` and `value` give.
pub fn recompute(tag: &str, opening: &Opening, value: &[u8]) -> Commitment {
    sha256_parts(&[tag.as_bytes(), &[0], &opening.0, value])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_give_different_commitments_and_open_only_with_their_own_bytes() {
        let (first, opening) = commit("subject", b"5ABCDE1");
        let (second, _) = commit("subject", b"5ABCDE1");
        assert_ne!(first, second);
        assert_eq!(recompute("subject", &opening, b"5ABCDE1"), first);
        assert_ne!(recompute("subject", &opening, b"5ABCDE2"), first);
        assert_ne!(recompute("case", &opening, b"5ABCDE1"), first);
    }
}
