//! Hashes and proofs of RFC 9162 §2.1: verify them, and generate them over any source of subtree hashes.
//!
//! A *node* `(level, index)` is the hash of the complete subtree over the leaves `index·2^level .. (index+1)·2^level`.
//! Subtree proofs follow draft-ietf-plants-merkle-tree-certs §4.

use mohur_crypto::Digest;
use mohur_crypto::digest::{sha256, sha256_parts};

/// Why a proof does not prove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MerkleError {
    /// The sizes and indices contradict one another.
    #[error("the proof's sizes and indices contradict one another")]
    Shape,
    /// The proof has too few or too many hashes.
    #[error("the proof has the wrong number of hashes")]
    Length,
    /// The computed root is another one.
    #[error("the proof leads to another root")]
    Root,
}

/// Where the hashes of complete subtrees come from.
pub trait Nodes {
    /// Why a node cannot be had.
    type Error;

    /// The hash of the complete subtree of `2^level` leaves that starts at leaf `index·2^level`.
    fn node(&self, level: u32, index: u64) -> Result<Digest, Self::Error>;
}

/// The hash of a leaf's bytes.
pub fn leaf_hash(leaf: &[u8]) -> Digest {
    sha256_parts(&[&[0], leaf])
}

/// The hash of an inner node.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut bytes = [1; 65];
    let (_, rest) = bytes.split_at_mut(1);
    let (first, second) = rest.split_at_mut(32);
    first.copy_from_slice(left.as_bytes());
    second.copy_from_slice(right.as_bytes());
    sha256(&bytes)
}

/// The root of the tree without leaves.
pub fn empty_root() -> Digest {
    sha256(b"")
}

/// The complete subtrees that make up the leaves `start .. end`, left to right.
///
/// `start` must be a multiple of the smallest power of two that is not less than `end - start`.
pub(crate) fn peaks(start: u64, end: u64) -> impl Iterator<Item = (u32, u64)> {
    let mut at = start;
    std::iter::from_fn(move || {
        let left = end.checked_sub(at)?;
        let level = left.checked_ilog2()?;
        let index = at >> level;
        at += 1 << level;
        Some((level, index))
    })
}

/// The hash over the leaves `start .. end`, with `start` aligned as in [`peaks`].
pub fn range<N: Nodes + ?Sized>(nodes: &N, start: u64, end: u64) -> Result<Digest, N::Error> {
    let hashes = peaks(start, end).map(|(level, index)| nodes.node(level, index)).collect::<Result<Vec<_>, _>>()?;
    Ok(hashes.into_iter().rev().reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root))
}

/// The root of the tree of the first `size` leaves.
pub fn root<N: Nodes + ?Sized>(nodes: &N, size: u64) -> Result<Digest, N::Error> {
    range(nodes, 0, size)
}

/// The proof that the tree of `old` leaves is a beginning of the tree of `new` leaves (RFC 9162 §2.1.4.1).
/// Empty when `old` is zero or not less than `new`.
pub fn consistency<N: Nodes + ?Sized>(nodes: &N, old: u64, new: u64) -> Result<Vec<Digest>, N::Error> {
    let mut proof = Vec::new();
    let (mut start, mut end, mut known) = (0, new, true);
    if old == 0 || old >= new {
        return Ok(proof);
    }
    while old != end {
        let middle = start + split(end - start);
        if old <= middle {
            proof.push(range(nodes, middle, end)?);
            end = middle;
        } else {
            proof.push(range(nodes, start, middle)?);
            start = middle;
            known = false;
        }
    }
    if !known {
        proof.push(range(nodes, start, end)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The largest power of two that is less than `n`, for `n` of at least two.
fn split(n: u64) -> u64 {
    1 << (n - 1).ilog2()
}

/// The root that an inclusion proof leads to (RFC 9162 §2.1.3.2).
pub fn root_of_inclusion(index: u64, size: u64, leaf: &Digest, proof: &[Digest]) -> Result<Digest, MerkleError> {
    if index >= size {
        return Err(MerkleError::Shape);
    }
    let (mut at, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in proof {
        if last == 0 {
            return Err(MerkleError::Length);
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    if last == 0 { Ok(hash) } else { Err(MerkleError::Length) }
}

/// Verifies that `leaf` (a leaf hash) stands at `index` in the tree of `size` leaves with `root`.
pub fn verify_inclusion(
    index: u64,
    size: u64,
    leaf: &Digest,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), MerkleError> {
    if root_of_inclusion(index, size, leaf, proof)? == *root { Ok(()) } else { Err(MerkleError::Root) }
}

/// Verifies that `leaf` stands at `index` in the subtree over `start .. end` with `root`.
pub fn verify_subtree_inclusion(
    index: u64,
    (start, end): (u64, u64),
    leaf: &Digest,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), MerkleError> {
    if !is_subtree(start, end) || index < start {
        return Err(MerkleError::Shape);
    }
    verify_inclusion(index - start, end - start, leaf, proof, root)
}

/// Verifies that the tree of `old` leaves is a beginning of the tree of `new` leaves (RFC 9162 §2.1.4.2).
///
/// A proof from the empty tree says nothing and is refused.
pub fn verify_consistency(
    (old, old_root): (u64, &Digest),
    (new, new_root): (u64, &Digest),
    proof: &[Digest],
) -> Result<(), MerkleError> {
    if old == 0 {
        return Err(MerkleError::Shape);
    }
    verify_subtree_consistency((0, old), old_root, (new, new_root), proof)
}

/// Whether `start .. end` is a subtree of some tree.
fn is_subtree(start: u64, end: u64) -> bool {
    let Some(width) = end.checked_sub(start) else { return false };
    width == 0 || width.checked_next_power_of_two().is_some_and(|size| start.is_multiple_of(size))
}

/// Verifies that the subtree over `start .. end` with `subtree_root` belongs to the tree of `size` leaves with `root`.
pub fn verify_subtree_consistency(
    (start, end): (u64, u64),
    subtree_root: &Digest,
    (size, root): (u64, &Digest),
    proof: &[Digest],
) -> Result<(), MerkleError> {
    if !is_subtree(start, end) || end > size {
        return Err(MerkleError::Shape);
    }
    if start == end {
        return match (proof.is_empty(), *subtree_root == empty_root()) {
            (true, true) => Ok(()),
            (true, false) => Err(MerkleError::Root),
            (false, _) => Err(MerkleError::Length),
        };
    }
    let mut walk = Walk { first: start, last: end - 1, tree_last: size - 1 };
    walk.skip_own_edge();
    let mut hashes = proof.iter();
    let begin = if walk.first == walk.last { *subtree_root } else { *hashes.next().ok_or(MerkleError::Length)? };
    let (mut subtree, mut tree) = (begin, begin);
    for hash in hashes {
        if walk.tree_last == 0 {
            return Err(MerkleError::Length);
        }
        if walk.last & 1 == 1 || walk.last == walk.tree_last {
            if walk.first < walk.last {
                subtree = node_hash(hash, &subtree);
            }
            tree = node_hash(hash, &tree);
            while walk.last & 1 == 0 && walk.last != 0 {
                walk.up();
            }
        } else {
            tree = node_hash(&tree, hash);
        }
        walk.up();
    }
    match (walk.tree_last == 0, subtree == *subtree_root && tree == *root) {
        (true, true) => Ok(()),
        (true, false) => Err(MerkleError::Root),
        (false, _) => Err(MerkleError::Length),
    }
}

/// First and last leaf of a subtree and the last leaf of the tree, seen from one level.
struct Walk {
    first: u64,
    last: u64,
    tree_last: u64,
}

impl Walk {
    const fn up(&mut self) {
        self.first >>= 1;
        self.last >>= 1;
        self.tree_last >>= 1;
    }

    /// Climbs to the level at which the proof begins.
    const fn skip_own_edge(&mut self) {
        let whole = self.last == self.tree_last;
        while self.first != self.last && (whole || self.last & 1 == 1) {
            self.up();
        }
    }
}

#[cfg(test)]
mod tests;
