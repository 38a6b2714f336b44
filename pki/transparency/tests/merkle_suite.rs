//! The 518 inclusion, consistency and subtree cases of transparency-dev/merkle, read from `MOHUR_SUITES/merkle`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "all of it is test code")]

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_crypto::Digest;
use mohur_crypto::digest::sha256;
use mohur_transparency::merkle::{
    verify_consistency, verify_inclusion, verify_subtree_consistency, verify_subtree_inclusion,
};
use serde_json::Value;

const CASES: usize = 518;

#[test]
fn the_merkle_suite() {
    let Some(suites) = std::env::var_os("MOHUR_SUITES") else {
        eprintln!("skipped: MOHUR_SUITES is not set, so the Merkle cases were not run");
        return;
    };
    let folder = PathBuf::from(suites).join("merkle/testdata");
    let mut cases = Vec::new();
    for kind in ["inclusion", "consistency", "subtreeinclusion", "subtreeconsistency"] {
        collect(&folder.join(kind), &mut |path| cases.push((kind, path)));
    }
    assert_eq!(cases.len(), CASES, "the suite at {} has another number of cases", folder.display());
    let mut wrong = Vec::new();
    for (kind, path) in &cases {
        let case: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let refused = !holds(kind, &case).unwrap_or(false);
        if refused != case["wantErr"].as_bool().unwrap() {
            wrong.push(format!("{}: refused = {refused}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{} of {CASES} cases came out wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn collect(folder: &Path, found: &mut impl FnMut(PathBuf)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found(path);
        }
    }
}

/// Whether the proof is accepted; `None` where a hash has not the length of a SHA-256 digest, which our types do not admit.
fn holds(kind: &str, case: &Value) -> Option<bool> {
    let number = |name: &str| case[name].as_u64();
    let proof = case["proof"].as_array().into_iter().flatten().map(digest).collect::<Option<Vec<_>>>()?;
    let outcome = match kind {
        "inclusion" => verify_inclusion(
            number("leafIdx")?,
            number("treeSize")?,
            &digest(&case["leafHash"])?,
            &proof,
            &digest(&case["root"])?,
        ),
        "subtreeinclusion" => verify_subtree_inclusion(
            number("leafIdx")?,
            (number("start")?, number("end")?),
            &digest(&case["leafHash"])?,
            &proof,
            &digest(&case["root"])?,
        ),
        "consistency" => verify_consistency(
            (number("size1")?, &digest(&case["root1"])?),
            (number("size2")?, &digest(&case["root2"])?),
            &proof,
        ),
        "subtreeconsistency" => verify_subtree_consistency(
            (number("start")?, number("end")?),
            &digest(&case["root1"])?,
            (number("size")?, &digest(&case["root2"])?),
            &proof,
        ),
        other => panic!("the suite has no cases of the kind {other}"),
    };
    Some(outcome.is_ok())
}

/// A digest. Some cases say "don't care 1" where any root will do; its own digest stands in for it.
fn digest(text: &Value) -> Option<Digest> {
    let bytes = BASE64_STANDARD.decode(text.as_str()?).ok()?;
    if bytes.starts_with(b"don't care") {
        return Some(sha256(&bytes));
    }
    bytes.try_into().ok().map(Digest)
}
