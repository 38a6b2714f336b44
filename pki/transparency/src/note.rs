//! Signed notes and verifier keys (C2SP `signed-note`), Ed25519 only.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_crypto::digest::sha256_parts;
use mohur_crypto::{Algorithm, PublicKey};

/// The signature type of Ed25519 in a key and in its id.
const ED25519: u8 = 1;
/// Signature lines that a note may have.
const MAX_SIGNATURES: usize = 32;
/// Opened notes that a key remembers: all entries of a batch come under one checkpoint.
const REMEMBERED: usize = 16;

/// Why a note or a key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The key is not `name+hash+base64` of an Ed25519 key.
    #[error(
        "the log key is not of the form name+hash+base64 (C2SP signed-note, Ed25519), or its hash is another key's"
    )]
    Key,
    /// A retired key is another log's, or the current one.
    #[error("a retired key must be another key of the same log: the name before the first + is the log's")]
    Successor,
    /// The note does not have the form of C2SP signed-note.
    #[error("the note is not of the form text, empty line, signature lines (C2SP signed-note)")]
    Malformed,
    /// The log's key did not sign it.
    #[error("the note carries no signature of the expected log key")]
    Unsigned,
    /// The signature in the key's name does not verify.
    #[error("the signature of the note does not verify: the note was changed, or another key signed it")]
    BadSignature,
}

/// Signs notes with Ed25519.
pub trait NoteSigner: Send + Sync {
    /// The public key, 32 bytes.
    fn public_key(&self) -> [u8; 32];

    /// Signs `text` (RFC 8032).
    fn sign(&self, text: &[u8]) -> [u8; 64];
}

/// A log's name and public key. Its text form is the `vkey` of C2SP: `name+hash+base64`.
#[derive(Clone)]
pub struct LogKey {
    name: String,
    id: [u8; 4],
    bytes: [u8; 32],
    key: PublicKey,
    /// The notes opened last, word for word; clones share them.
    opened: Arc<Mutex<VecDeque<Box<str>>>>,
    /// The keys that signed for this log before.
    retired: Arc<[Retired]>,
}

/// A key that another one has taken over from. It counts for what it signed until then, and for nothing later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    /// The key.
    pub key: LogKey,
    /// The number of entries of the log when it was retired.
    pub until: u64,
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|c| c.is_whitespace() || c.is_control() || c == '+')
}

impl LogKey {
    /// The key of the log `name`.
    pub fn new(name: &str, bytes: &[u8; 32]) -> Result<Self, NoteError> {
        if !is_name(name) {
            return Err(NoteError::Key);
        }
        let key = PublicKey::new(Algorithm::Ed25519, bytes).map_err(|_| NoteError::Key)?;
        let [a, b, c, d, ..] = sha256_parts(&[name.as_bytes(), b"\n", &[ED25519], bytes]).0;
        let (name, opened, retired) = (name.to_owned(), Arc::default(), Arc::default());
        Ok(Self { name, id: [a, b, c, d], bytes: *bytes, key, opened, retired })
    }

    /// The same key, with those that it has taken over from. They are keys of the same log.
    pub fn succeeding(self, retired: impl IntoIterator<Item = Retired>) -> Result<Self, NoteError> {
        let retired: Arc<[Retired]> = retired.into_iter().collect();
        if retired.iter().any(|old| old.key.name != self.name || old.key.bytes == self.bytes) {
            return Err(NoteError::Successor);
        }
        Ok(Self { retired, ..self })
    }

    /// Reads a log's keys, one a line: the current one, and behind it those it has taken over from, `key until entries`.
    pub fn parse_all(text: &str) -> Result<Self, NoteError> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let key: Self = lines.next().ok_or(NoteError::Key)?.trim().parse()?;
        let retired = lines.map(|line| {
            let (old, until) = line.trim().split_once(" until ").ok_or(NoteError::Key)?;
            Ok(Retired { key: old.parse()?, until: until.parse().map_err(|_| NoteError::Key)? })
        });
        let retired = retired.collect::<Result<Vec<_>, NoteError>>()?;
        key.succeeding(retired)
    }

    /// The keys that it has taken over from.
    pub fn retired(&self) -> &[Retired] {
        &self.retired
    }

    /// The log's name, which is also the origin of its checkpoints.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The public key, 32 bytes.
    pub const fn public_key(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Verifies a note; gives its text. Signatures of other keys are ignored.
    pub fn open<'a>(&self, note: &'a str) -> Result<&'a str, NoteError> {
        if note.bytes().any(|byte| byte < b' ' && byte != b'\n') {
            return Err(NoteError::Malformed);
        }
        let end = note.rfind("\n\n").ok_or(NoteError::Malformed)? + 1;
        let (text, rest) = note.split_at(end);
        if self.remembers(note) {
            return Ok(text);
        }
        let lines = rest.strip_prefix('\n').and_then(|rest| rest.strip_suffix('\n')).ok_or(NoteError::Malformed)?;
        if lines.split('\n').count() > MAX_SIGNATURES {
            return Err(NoteError::Malformed);
        }
        let mut signed = false;
        for line in lines.split('\n') {
            let (name, id, signature) = signature_line(line).ok_or(NoteError::Malformed)?;
            if name == self.name && id == self.id {
                self.key.verify(text.as_bytes(), &signature).map_err(|_| NoteError::BadSignature)?;
                signed = true;
            }
        }
        if !signed {
            return Err(NoteError::Unsigned);
        }
        self.remember(note);
        Ok(text)
    }

    /// Whether this very note was opened by this very key a moment ago.
    fn remembers(&self, note: &str) -> bool {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).iter().any(|known| **known == *note)
    }

    fn remember(&self, note: &str) {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        opened.truncate(REMEMBERED - 1);
        opened.push_front(note.into());
    }

    /// The note of `text` (which ends with a newline) under this key's name, signed by `signer`, who must hold the key.
    pub fn seal(&self, text: &str, signer: &dyn NoteSigner) -> String {
        let mut signature = self.id.to_vec();
        signature.extend_from_slice(&signer.sign(text.as_bytes()));
        format!("{text}\n\u{2014} {} {}\n", self.name, BASE64_STANDARD.encode(signature))
    }
}

fn signature_line(line: &str) -> Option<(&str, [u8; 4], Vec<u8>)> {
    let (name, encoded) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let bytes = BASE64_STANDARD.decode(encoded).ok()?;
    let (id, signature) = bytes.split_first_chunk::<4>()?;
    (is_name(name) && !signature.is_empty()).then(|| (name, *id, signature.to_vec()))
}

impl FromStr for LogKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, rest) = text.split_once('+').ok_or(NoteError::Key)?;
        let (hash, encoded) = rest.split_once('+').ok_or(NoteError::Key)?;
        let bytes = BASE64_STANDARD.decode(encoded).map_err(|_| NoteError::Key)?;
        let bytes: [u8; 33] = bytes.try_into().map_err(|_| NoteError::Key)?;
        let (&[ED25519], key) = bytes.split_first_chunk::<1>().ok_or(NoteError::Key)? else {
            return Err(NoteError::Key);
        };
        let key = Self::new(name, key.try_into().map_err(|_| NoteError::Key)?)?;
        if u32::from_str_radix(hash, 16) == Ok(u32::from_be_bytes(key.id)) && hash.len() == 8 {
            Ok(key)
        } else {
            Err(NoteError::Key)
        }
    }
}

impl fmt::Display for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: Vec<u8> = std::iter::once(ED25519).chain(self.bytes).collect();
        write!(f, "{}+{:08x}+{}", self.name, u32::from_be_bytes(self.id), BASE64_STANDARD.encode(bytes))
    }
}

impl fmt::Debug for LogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogKey({self})")
    }
}

impl PartialEq for LogKey {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.bytes == other.bytes
    }
}

impl Eq for LogKey {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestSigner;

    /// The verifier key and the note that golang.org/x/mod/sumdb/note gives as its examples.
    const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const NOTE: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn a_note_signed_elsewhere_opens() {
        let key: LogKey = PETER.parse().unwrap();
        assert_eq!(key.to_string(), PETER);
        assert!(key.open(NOTE).unwrap().ends_with("problem is.\n"));
        assert_eq!(key.open(&NOTE.replace("answer", "anser")), Err(NoteError::BadSignature));
        assert_eq!(key.open(&NOTE.replace("PeterNeumann x", "PeterNeuman x")), Err(NoteError::Unsigned));
        assert_eq!(key.open(&NOTE.replace("\n\n", "\n")), Err(NoteError::Malformed));
        assert!(PETER.replace("c74f", "c74e").parse::<LogKey>().is_err());
    }

    #[test]
    fn a_note_that_was_opened_opens_again_and_nothing_else_does() {
        let key: LogKey = PETER.parse().unwrap();
        let changed = NOTE.replace("answer", "anser");
        for _ in 0..3 {
            assert!(key.open(NOTE).is_ok());
            assert_eq!(key.clone().open(&changed), Err(NoteError::BadSignature), "clones share what was opened");
        }
        assert_eq!(key.opened.lock().unwrap().len(), 1);
        let signer = TestSigner::new();
        let own = signer.key("mohur.example/log");
        for size in 0..40 {
            let note = own.seal(&format!("mohur.example/log\n{size}\n"), &signer);
            assert!(own.open(&note).is_ok());
            assert_eq!(key.open(&note), Err(NoteError::Unsigned), "another key remembers nothing of it");
        }
        assert_eq!(own.opened.lock().unwrap().len(), REMEMBERED);
    }

    #[test]
    fn what_we_sign_opens_also_beside_other_signatures() {
        let signer = TestSigner::new();
        let key = LogKey::new("mohur.example/log", &signer.public_key()).unwrap();
        let other = LogKey::new("witness.example", &TestSigner::new().public_key()).unwrap();
        let note = key.seal("mohur.example/log\n0\n\nlast\n", &signer);
        let both = format!("{note}\u{2014} witness.example {}\n", BASE64_STANDARD.encode([7; 68]));
        assert_eq!(key.open(&both).unwrap(), "mohur.example/log\n0\n\nlast\n");
        assert_eq!(other.open(&note), Err(NoteError::Unsigned));
        assert!(LogKey::new("a b", &signer.public_key()).is_err());
    }
}
