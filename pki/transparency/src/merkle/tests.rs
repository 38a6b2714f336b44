use mohur_crypto::Digest;
use proptest::prelude::*;

use super::*;
use crate::tree::{Head, Tree};

/// The definitions of RFC 9162 §2.1, word for word: slow, and nothing shared with the code under test but the two hashes.
mod by_definition {
    use super::*;

    pub(super) fn root(leaves: &[Digest]) -> Digest {
        match leaves {
            [] => sha256(b""),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
                node_hash(&root(left), &root(right))
            }
        }
    }

    pub(super) fn path(index: usize, leaves: &[Digest]) -> Vec<Digest> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        let (mut proof, last) = match index.checked_sub(left.len()) {
            None => (path(index, left), root(right)),
            Some(index) => (path(index, right), root(left)),
        };
        proof.push(last);
        proof
    }
}

struct All(Vec<Digest>);

impl Nodes for All {
    type Error = std::convert::Infallible;

    fn node(&self, level: u32, index: u64) -> Result<Digest, Self::Error> {
        let start = usize::try_from(index << level).unwrap();
        Ok(by_definition::root(&self.0[start..start + (1 << level)]))
    }
}

fn leaves(count: usize) -> Vec<Digest> {
    (0..count).map(|index| leaf_hash(index.to_string().as_bytes())).collect()
}

#[test]
fn the_first_roots_are_those_of_rfc_6962() {
    // The eight leaves and roots that Certificate Transparency implementations have shared since 2012.
    let entries: [&[u8]; 8] = [
        b"",
        &[0x00],
        &[0x10],
        &[0x20, 0x21],
        &[0x30, 0x31],
        &[0x40, 0x41, 0x42, 0x43],
        &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
        &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
    ];
    let mut tree = Tree::default();
    assert_eq!(
        tree.head().unwrap().root().to_string(),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    for entry in entries {
        tree.push(leaf_hash(entry));
    }
    assert_eq!(
        tree.head().unwrap().root().to_string(),
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    );
}

#[test]
fn a_tree_of_any_size_agrees_with_the_definition() {
    let all = leaves(700);
    let mut tree = Tree::default();
    for (index, leaf) in all.iter().enumerate() {
        let head = tree.head().unwrap();
        assert_eq!(head.root(), by_definition::root(&all[..index]));
        assert_eq!(tree.push(*leaf), index as u64);
    }
}

#[test]
fn a_tree_restored_from_its_edge_goes_on_as_if_nothing_had_happened() {
    let all = leaves(1100);
    let mut tree = Tree::default();
    for (index, leaf) in all.iter().enumerate() {
        if index % 97 == 0 || index % 256 == 0 {
            let edge: Vec<_> = tree.edge().iter().map(|tile| tile.hashes().to_vec()).collect();
            tree = Tree::restore(index as u64, &edge).unwrap();
            assert!(Tree::restore(index as u64 + 1, &edge).is_none());
        }
        tree.push(*leaf);
    }
    assert_eq!(tree.head().unwrap().root(), by_definition::root(&all));
}

#[test]
fn a_batch_gets_its_proofs_from_the_edge_alone() {
    let all = leaves(3000);
    let mut tree = Tree::default();
    let mut done = 0;
    for batch in [1, 254, 1, 1, 700, 3, 256, 512, 600] {
        for leaf in &all[done..done + batch] {
            tree.push(*leaf);
        }
        let head = tree.head().unwrap();
        for index in done..done + batch {
            let proof = head.inclusion(&tree, index as u64).unwrap();
            assert_eq!(proof, by_definition::path(index, &all[..done + batch]));
        }
        done += batch;
        for finished in tree.take_finished() {
            assert_eq!(finished.tile.width(), 256);
        }
    }
}

proptest! {
    #[test]
    fn every_inclusion_proof_verifies_and_every_other_does_not(size in 1usize..400, pick: prop::sample::Index, flip: u8) {
        let all = All(leaves(size));
        let index = pick.index(size);
        let root = by_definition::root(&all.0);
        let head = Head::new(&all, size as u64).unwrap();
        let proof = head.inclusion(&all, index as u64).unwrap();
        prop_assert_eq!(&proof, &by_definition::path(index, &all.0));
        let (at, of) = (index as u64, size as u64);
        prop_assert_eq!(verify_inclusion(at, of, &all.0[index], &proof, &root), Ok(()));

        prop_assert!(verify_inclusion(at, of, &leaf_hash(b"forged"), &proof, &root).is_err());
        prop_assert!(verify_inclusion(at, of, &all.0[index], &proof, &leaf_hash(b"other")).is_err());
        prop_assert!(verify_inclusion(of, of, &all.0[index], &proof, &root).is_err());
        if size > 1 {
            prop_assert!(verify_inclusion(at ^ 1, of, &all.0[index], &proof, &root).is_err());
            let mut bent = proof.clone();
            let place = pick.index(bent.len());
            bent[place].0[usize::from(flip) % 32] ^= 1;
            prop_assert!(verify_inclusion(at, of, &all.0[index], &bent, &root).is_err());
            bent = proof.clone();
            bent.pop();
            prop_assert!(verify_inclusion(at, of, &all.0[index], &bent, &root).is_err());
        }
        let mut longer = proof;
        longer.push(root);
        prop_assert!(verify_inclusion(at, of, &all.0[index], &longer, &root).is_err());
    }

    #[test]
    fn every_consistency_proof_verifies_and_every_other_does_not(new in 1usize..300, pick: prop::sample::Index, flip: u8) {
        let all = All(leaves(new));
        let old = 1 + pick.index(new);
        let roots = (by_definition::root(&all.0[..old]), by_definition::root(&all.0));
        let sizes = (old as u64, new as u64);
        let proof = consistency(&all, sizes.0, sizes.1).unwrap();
        prop_assert_eq!(verify_consistency((sizes.0, &roots.0), (sizes.1, &roots.1), &proof), Ok(()));

        let other = leaf_hash(b"other");
        prop_assert!(verify_consistency((sizes.0, &other), (sizes.1, &roots.1), &proof).is_err());
        prop_assert!(verify_consistency((sizes.0, &roots.0), (sizes.1, &other), &proof).is_err());
        prop_assert!(verify_consistency((0, &empty_root()), (sizes.1, &roots.1), &proof).is_err());
        prop_assert!(verify_consistency((sizes.1 + 1, &roots.0), (sizes.1, &roots.1), &proof).is_err());
        if !proof.is_empty() {
            let mut bent = proof.clone();
            let place = pick.index(bent.len());
            bent[place].0[usize::from(flip) % 32] ^= 1;
            prop_assert!(verify_consistency((sizes.0, &roots.0), (sizes.1, &roots.1), &bent).is_err());
            bent = proof.clone();
            bent.remove(place);
            prop_assert!(verify_consistency((sizes.0, &roots.0), (sizes.1, &roots.1), &bent).is_err());
        }
    }
}
