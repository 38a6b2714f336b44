//! Metadata with its signatures (specification, §4.2).

use std::collections::{BTreeMap, BTreeSet};

use mohur_crypto::{Digest, sha256};
use mohur_seal::BareKey;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::canonical::canonical;
use crate::error::TufError;
use crate::key::{Key, sign};
use crate::metadata::{Role, RoleKeys};

/// A signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Which key made it.
    pub keyid: String,
    /// The signature, in hexadecimal.
    pub sig: String,
}

#[derive(Serialize, Deserialize)]
struct Raw {
    signatures: Vec<Signature>,
    signed: Value,
}

/// Metadata with its signatures, well formed and not yet believed: see [`Envelope::verify`].
#[derive(Clone, Debug)]
pub struct Envelope<T> {
    signed: T,
    covered: Vec<u8>,
    value: Value,
    signatures: Vec<Signature>,
    /// As it was read, until something is added: digests are of files, not of their meaning.
    bytes: Option<Vec<u8>>,
}

impl<T: Role> Envelope<T> {
    /// Metadata that nobody has signed yet.
    pub fn new(signed: T) -> Result<Self, TufError> {
        let value = serde_json::to_value(&signed).map_err(|error| TufError::malformed(T::TYPE, error.to_string()))?;
        Self::of(T::TYPE, value, Vec::new())
    }

    /// Reads metadata of the role called `role` in messages.
    pub fn parse(role: &str, bytes: &[u8]) -> Result<Self, TufError> {
        let raw: Raw = serde_json::from_slice(bytes).map_err(|error| TufError::malformed(role, error.to_string()))?;
        let read = Self::of(role, raw.signed, raw.signatures)?;
        Ok(Self { bytes: Some(bytes.to_vec()), ..read })
    }

    fn of(role: &str, value: Value, signatures: Vec<Signature>) -> Result<Self, TufError> {
        let malformed = |reason: &str| TufError::malformed(role, reason);
        let covered = canonical(&value).ok_or_else(|| malformed("a number that is not an integer"))?;
        let signed: T = T::deserialize(&value).map_err(|error| malformed(&error.to_string()))?;
        let (kind, spec) = signed.kind();
        if kind != T::TYPE {
            return Err(malformed(&format!("its type is {kind}, not {}", T::TYPE)));
        }
        if !spec.starts_with("1.") {
            return Err(malformed(&format!("it is written for version {spec} of the specification, not 1")));
        }
        if signed.version() == 0 {
            return Err(malformed("its version is 0"));
        }
        let ids: BTreeSet<_> = signatures.iter().map(|signature| &signature.keyid).collect();
        if ids.len() != signatures.len() {
            return Err(malformed("two signatures carry the same key id"));
        }
        Ok(Self { signed, covered, value, signatures, bytes: None })
    }

    /// The metadata.
    pub const fn signed(&self) -> &T {
        &self.signed
    }

    /// Its signatures, good or not.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// SHA-256 of what the signatures cover.
    pub fn digest(&self) -> Digest {
        sha256(&self.covered)
    }

    /// As a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        if let Some(bytes) = &self.bytes {
            return bytes.clone();
        }
        let raw = Raw { signatures: self.signatures.clone(), signed: self.value.clone() };
        // INVARIANT: a JSON value always serialises.
        let mut bytes = serde_json::to_vec_pretty(&raw).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Adds a signature, in place of an earlier one of the same key.
    pub fn sign(&mut self, key: &BareKey) -> Result<(), TufError> {
        let signature = Signature { keyid: Key::of(key)?.id(), sig: sign(key, &self.covered)? };
        self.add(signature);
        Ok(())
    }

    /// Adds a signature that was made elsewhere.
    pub fn add(&mut self, signature: Signature) {
        self.bytes = None;
        self.signatures.retain(|other| other.keyid != signature.keyid);
        self.signatures.push(signature);
    }

    /// Which of the role's keys signed, by id.
    pub fn signers(&self, may: &RoleKeys, keys: &BTreeMap<String, Key>) -> Vec<String> {
        let mut seen = BTreeSet::new();
        let mut good = Vec::new();
        for signature in self.signatures.iter().filter(|signature| may.keyids.contains(&signature.keyid)) {
            let Some(key) = keys.get(&signature.keyid) else { continue };
            // One key under two ids is one key (§4.2: a threshold is of unique keys).
            let Some(spki) = key.spki().filter(|spki| !seen.contains(spki)) else { continue };
            if key.verify(&self.covered, &signature.sig) {
                seen.insert(spki);
                good.push(signature.keyid.clone());
            }
        }
        good
    }

    /// Refuses metadata that fewer of the role's keys signed than must.
    pub fn verify(&self, role: &str, may: &RoleKeys, keys: &BTreeMap<String, Key>) -> Result<(), TufError> {
        let found = self.signers(may, keys).len();
        if may.threshold == 0 || (found as u64) < may.threshold {
            return Err(TufError::Threshold { role: role.to_owned(), found, needed: may.threshold.max(1) });
        }
        Ok(())
    }
}
