//! The text of an inclusion proof with its checkpoint (C2SP `tlog-proof`).

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_crypto::Digest;

use crate::checkpoint::{base64_digest, decimal};

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// A tree of 2⁶⁴ leaves has paths of this length.
const MAX_HASHES: usize = 64;

/// The text is not a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the proof is not of the form c2sp.org/tlog-proof@v1: index, hashes, empty line, checkpoint")]
pub struct ProofError;

/// Where an entry stands in a log, and how that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlogProof {
    /// Index of the entry.
    pub index: u64,
    /// The inclusion proof, from the leaf's sibling upwards.
    pub hashes: Vec<Digest>,
    /// The signed checkpoint, word for word.
    pub checkpoint: String,
}

impl TlogProof {
    /// The text.
    pub fn to_text(&self) -> String {
        text(self.index, &self.hashes, &self.checkpoint)
    }

    /// Reads the text; `extra` data, which nothing authenticates, is left aside.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        let (proof, checkpoint) = text.split_once("\n\n").ok_or(ProofError)?;
        let mut lines = proof.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(ProofError);
        }
        if let Some(extra) = lines.next_if(|line| line.starts_with("extra ")) {
            BASE64_STANDARD.decode(extra.trim_start_matches("extra ")).map_err(|_| ProofError)?;
        }
        let index = lines.next().and_then(|line| decimal(line.strip_prefix("index ")?)).ok_or(ProofError)?;
        let hashes = lines.map(base64_digest).collect::<Option<Vec<_>>>().ok_or(ProofError)?;
        if hashes.len() > MAX_HASHES {
            return Err(ProofError);
        }
        Ok(Self { index, hashes, checkpoint: checkpoint.to_owned() })
    }
}

/// The text of a proof, from its parts.
pub fn text(index: u64, hashes: &[Digest], checkpoint: &str) -> String {
    let mut out = String::with_capacity(64 + hashes.len() * 45 + checkpoint.len());
    // INVARIANT: writing to a String does not fail.
    let _ = writeln!(out, "{HEADER}\nindex {index}");
    for hash in hashes {
        BASE64_STANDARD.encode_string(hash.as_bytes(), &mut out);
        out.push('\n');
    }
    out.push('\n');
    out.push_str(checkpoint);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::leaf_hash;

    #[test]
    fn a_proof_reads_back_and_has_one_spelling() {
        let checkpoint =
            "example.com/log\n5\nsFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=\n\n\u{2014} example.com/log AAAA\n";
        let proof =
            TlogProof { index: 3, hashes: vec![leaf_hash(b"a"), leaf_hash(b"b")], checkpoint: checkpoint.to_owned() };
        let text = proof.to_text();
        assert_eq!(TlogProof::parse(&text).unwrap(), proof);
        assert_eq!(TlogProof::parse(&text.replace("index 3", "extra AAAA\nindex 3")).unwrap(), proof);
        for wrong in [
            text.replace("index 3", "index 03"),
            text.replace("index 3", "extra !\nindex 3"),
            text.replace("@v1", "@v2"),
            text.replace("index 3\n", ""),
            text.replace("index 3\n", "index 3\nAAAA\n"),
        ] {
            assert_eq!(TlogProof::parse(&wrong), Err(ProofError), "{wrong}");
        }
    }
}
