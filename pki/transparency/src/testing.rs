//! What the tests of this crate share.

use mohur_seal::generate::generate;
use mohur_seal::{KeyKind, LogSigner};

use crate::leaf::{Kind, Leaf, Version};
use crate::merkle::leaf_hash;
use crate::note::{LogKey, NoteSigner};

pub(crate) struct TestSigner(LogSigner);

impl TestSigner {
    pub(crate) fn new() -> Self {
        Self(LogSigner::from_pkcs8(&generate(KeyKind::Ed25519).unwrap()).unwrap())
    }

    pub(crate) fn key(&self, name: &str) -> LogKey {
        LogKey::new(name, &self.public_key()).unwrap()
    }
}

impl NoteSigner for TestSigner {
    fn public_key(&self) -> [u8; 32] {
        self.0.public_key()
    }

    fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.0.sign(text)
    }
}

pub(crate) fn leaf(number: u64) -> Leaf {
    Leaf {
        v: Version,
        kind: Kind::Intent,
        at: format!("2026-03-01T08:00:{:02}.120Z", number % 60).parse().unwrap(),
        id: Some(format!("m-{number}").parse().unwrap()),
        consumer: "AZ/GOV/MIA/id-cards".parse().unwrap(),
        provider: Some("AZ/GOV/MOJ/civil-registry".parse().unwrap()),
        service: Some("AZ/GOV/MOJ/civil-registry/birth/v1".parse().unwrap()),
        purpose: Some("issue-id-document".parse().unwrap()),
        basis: None,
        verb: Some(mohur_wire::Verb::Match),
        bundle: None,
        policy: None,
        certificate: Some(leaf_hash(b"certificate")),
        revocation: None,
        seq: number,
        commitments: [("opening".to_owned(), leaf_hash(b"opening"))].into(),
    }
}
