//! The receipt that travels beside an answer: the entry, the opening of one of its commitments, and the proof that it is in
//! the log.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mohur_crypto::Digest;
use mohur_crypto::commitment::{Opening, recompute};
use serde::{Deserialize, Serialize};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::leaf::{Leaf, LeafError};
use crate::merkle::{MerkleError, leaf_hash, verify_inclusion};
use crate::note::LogKey;
use crate::proof::{ProofError, TlogProof};

/// Longest receipt accepted, in bytes of its header form.
pub const MAX_RECEIPT: usize = 64 * 1024;

/// Why a receipt proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Not the JSON of a receipt, or too long.
    #[error("the receipt is not one: leaf, tag, random and proof as JSON are expected")]
    Malformed,
    /// The proof cannot be read.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The checkpoint is not one of the log's.
    #[error("the receipt's checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not where the proof says.
    #[error("the receipt's entry is not in the log: {0}")]
    Inclusion(#[from] MerkleError),
    /// The entry is not a leaf.
    #[error(transparent)]
    Leaf(#[from] LeafError),
}

/// A receipt as it travels: nothing in it is proven yet.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The entry's text.
    pub leaf: String,
    /// Which commitment `random` opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The random bytes of that commitment, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub random: Option<String>,
    /// The C2SP tlog-proof with its checkpoint.
    pub proof: String,
}

/// A receipt whose entry is in the log that was named.
#[derive(Clone, Debug)]
pub struct VerifiedReceipt {
    leaf: Leaf,
    leaf_hash: Digest,
    index: u64,
    checkpoint: Checkpoint,
    opening: Option<(String, Opening)>,
}

impl Receipt {
    /// A receipt of `leaf` that opens the commitment under `tag`.
    pub fn new(leaf: String, opening: Option<(&str, Opening)>, proof: String) -> Self {
        let (tag, random) =
            opening.map(|(tag, opening)| (tag.to_owned(), BASE64_URL_SAFE_NO_PAD.encode(opening.0))).unzip();
        Self { leaf, tag, random, proof }
    }

    /// The header form: base64url of the JSON.
    pub fn to_header(&self) -> String {
        // INVARIANT: four strings always serialise.
        BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads the header form.
    pub fn from_header(text: &str) -> Result<Self, ReceiptError> {
        if text.len() > MAX_RECEIPT {
            return Err(ReceiptError::Malformed);
        }
        let json = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| ReceiptError::Malformed)?;
        serde_json::from_slice(&json).map_err(|_| ReceiptError::Malformed)
    }

    /// The log that the receipt says it is from: only good for looking up that log's key.
    pub fn origin(&self) -> Option<&str> {
        self.proof.split_once("\n\n")?.1.lines().next()
    }

    /// Verifies the checkpoint under the log's key, the inclusion of the entry and the form of the entry.
    pub fn verify(&self, key: &LogKey) -> Result<VerifiedReceipt, ReceiptError> {
        let proof = TlogProof::parse(&self.proof)?;
        let checkpoint = Checkpoint::open(&proof.checkpoint, key)?;
        let leaf_hash = leaf_hash(self.leaf.as_bytes());
        verify_inclusion(proof.index, checkpoint.size, &leaf_hash, &proof.hashes, &checkpoint.root)?;
        let leaf = Leaf::parse(self.leaf.as_bytes())?;
        Ok(VerifiedReceipt { leaf, leaf_hash, index: proof.index, checkpoint, opening: self.opening()? })
    }

    fn opening(&self) -> Result<Option<(String, Opening)>, ReceiptError> {
        match (&self.tag, &self.random) {
            (None, None) => Ok(None),
            (Some(tag), Some(random)) => {
                let bytes = Digest::from_base64url(random).ok_or(ReceiptError::Malformed)?;
                Ok(Some((tag.clone(), Opening(bytes.0))))
            }
            (Some(_), None) | (None, Some(_)) => Err(ReceiptError::Malformed),
        }
    }
}

impl std::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receipt").field("leaf", &self.leaf).field("tag", &self.tag).finish_non_exhaustive()
    }
}

impl VerifiedReceipt {
    /// The entry.
    pub const fn leaf(&self) -> &Leaf {
        &self.leaf
    }

    /// The entry's hash: what an OUTCOME commits to as its INTENT.
    pub const fn leaf_hash(&self) -> Digest {
        self.leaf_hash
    }

    /// The entry's index in the log.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The checkpoint that covers it.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Whether the entry commits to `value` under `tag`, by the opening that the receipt carries.
    pub fn opens(&self, tag: &str, value: &[u8]) -> bool {
        match (&self.opening, self.leaf.commitment(tag)) {
            (Some((opened, opening)), Some(commitment)) => {
                opened == tag && recompute(tag, opening, value) == *commitment
            }
            (None, _) | (Some(_), None) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestSigner, leaf};
    use crate::tree::Tree;
    use mohur_crypto::commitment::commit;

    fn issue(signer: &TestSigner, key: &LogKey) -> Receipt {
        let mut tree = Tree::default();
        let mut entry = leaf(0);
        let (commitment, opening) = commit("answer", b"the answer");
        entry.commitments.insert("answer".to_owned(), commitment);
        let text = entry.to_text().unwrap();
        tree.push(leaf_hash(b"another"));
        let index = tree.push(leaf_hash(text.as_bytes()));
        tree.push(leaf_hash(b"a third"));
        let head = tree.head().unwrap();
        let checkpoint = Checkpoint { origin: key.name().to_owned(), size: head.size(), root: head.root() };
        let proof = crate::proof::text(index, &head.inclusion(&tree, index).unwrap(), &checkpoint.seal(key, signer));
        Receipt::new(text, Some(("answer", opening)), proof)
    }

    #[test]
    fn a_receipt_proves_its_entry_and_opens_one_commitment() {
        let signer = TestSigner::new();
        let key = signer.key("mohur.example/log");
        let receipt = Receipt::from_header(&issue(&signer, &key).to_header()).unwrap();
        assert_eq!(receipt.origin(), Some("mohur.example/log"));
        let verified = receipt.verify(&key).unwrap();
        assert_eq!((verified.index(), verified.checkpoint().size), (1, 3));
        assert!(verified.opens("answer", b"the answer"));
        assert!(!verified.opens("answer", b"another answer"));
        assert!(!verified.opens("opening", b"the answer"));
    }

    #[test]
    fn whatever_is_changed_the_receipt_falls() {
        let signer = TestSigner::new();
        let key = signer.key("mohur.example/log");
        let good = issue(&signer, &key);
        let verify = |receipt: Receipt| receipt.verify(&key).map(|_| ()).unwrap_err();

        let leaf = good.leaf.replace("birth", "death");
        assert!(matches!(verify(Receipt { leaf, ..good.clone() }), ReceiptError::Inclusion(_)));
        let proof = good.proof.replace("index 1", "index 0");
        assert!(matches!(verify(Receipt { proof, ..good.clone() }), ReceiptError::Inclusion(_)));
        let proof = good.proof.replace("\n3\n", "\n4\n");
        assert!(matches!(verify(Receipt { proof, ..good.clone() }), ReceiptError::Checkpoint(_)));
        assert_eq!(verify(Receipt { random: None, ..good.clone() }), ReceiptError::Malformed);
        assert_eq!(verify(Receipt { random: Some("AAAA".into()), ..good.clone() }), ReceiptError::Malformed);

        let stranger = TestSigner::new().key("mohur.example/log");
        assert!(matches!(good.verify(&stranger), Err(ReceiptError::Checkpoint(_))));

        let silent = Receipt { tag: None, random: None, ..good };
        assert!(!silent.verify(&key).unwrap().opens("answer", b"the answer"));
        assert!(Receipt::from_header("AAAA").is_err());
    }
}
