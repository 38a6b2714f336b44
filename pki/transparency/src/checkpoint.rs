//! Checkpoints (C2SP `tlog-checkpoint`): origin, size and root of a log, signed as a note.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_crypto::Digest;

use crate::note::{LogKey, NoteError, NoteSigner};

/// Why a checkpoint is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The signed note does not open.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text does not have the form of C2SP tlog-checkpoint.
    #[error("the checkpoint is not origin, size and base64 root, a line each (C2SP tlog-checkpoint)")]
    Malformed,
    /// The checkpoint is another log's.
    #[error("the checkpoint names another log than its key")]
    Origin,
    /// A retired key signed it, for more entries than it may.
    #[error(
        "the checkpoint is signed by a key that was retired after {until} entries: whoever signed it holds an old key"
    )]
    Retired {
        /// The entries of the log when the key was retired.
        until: u64,
    },
}

/// What a log says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name.
    pub origin: String,
    /// Its number of entries.
    pub size: u64,
    /// The root of its tree.
    pub root: Digest,
}

/// Reads a decimal number that has only one spelling.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    canonical.then(|| text.parse().ok())?
}

/// Reads a digest in standard base64.
pub(crate) fn base64_digest(text: &str) -> Option<Digest> {
    BASE64_STANDARD.decode(text).ok()?.try_into().ok().map(Digest)
}

impl Checkpoint {
    /// The text that is signed.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, BASE64_STANDARD.encode(self.root.as_bytes()))
    }

    /// Reads the text of a note. Extension lines are allowed and left aside. It proves nothing: see [`Checkpoint::open`].
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Malformed)?.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(CheckpointError::Malformed);
        };
        let (Some(size), Some(root)) = (decimal(size), base64_digest(root)) else {
            return Err(CheckpointError::Malformed);
        };
        if origin.is_empty() || lines.any(str::is_empty) {
            return Err(CheckpointError::Malformed);
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// Verifies a signed checkpoint of the log that `key` names.
    pub fn open(note: &str, key: &LogKey) -> Result<Self, CheckpointError> {
        let unsigned = Err(CheckpointError::Note(NoteError::Unsigned));
        let mut opened = Self::open_with(note, key);
        for old in key.retired() {
            if opened != unsigned {
                break;
            }
            opened = match Self::open_with(note, &old.key) {
                Ok(checkpoint) if checkpoint.size > old.until => Err(CheckpointError::Retired { until: old.until }),
                other => other,
            };
        }
        opened
    }

    fn open_with(note: &str, key: &LogKey) -> Result<Self, CheckpointError> {
        let checkpoint = Self::parse(key.open(note)?)?;
        if checkpoint.origin == key.name() { Ok(checkpoint) } else { Err(CheckpointError::Origin) }
    }

    /// Signs it under the name of `key`, which must be the origin.
    pub fn seal(&self, key: &LogKey, signer: &dyn NoteSigner) -> String {
        key.seal(&self.to_text(), signer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::empty_root;
    use crate::testing::TestSigner;

    #[test]
    fn a_retired_key_counts_for_what_it_signed_before_and_for_nothing_later() {
        let (first, second, third) = (TestSigner::new(), TestSigner::new(), TestSigner::new());
        let [old, middle, new] = [&first, &second, &third].map(|signer| signer.key("mohur.example/log"));
        let text = format!("{new}\n{middle} until 20\n{old} until 10\n");
        let keys = LogKey::parse_all(&text).unwrap();
        assert_eq!(keys.retired().iter().map(|old| old.until).collect::<Vec<_>>(), [20, 10]);
        let signed = |size, key: &LogKey, signer| {
            Checkpoint { origin: key.name().to_owned(), size, root: empty_root() }.seal(key, signer)
        };
        for (size, key, signer) in [(21, &new, &third), (20, &middle, &second), (10, &old, &first), (3, &new, &third)] {
            assert_eq!(Checkpoint::open(&signed(size, key, signer), &keys).unwrap().size, size);
        }
        let late = Checkpoint::open(&signed(21, &middle, &second), &keys);
        assert_eq!(late, Err(CheckpointError::Retired { until: 20 }));
        assert_eq!(Checkpoint::open(&signed(11, &old, &first), &keys), Err(CheckpointError::Retired { until: 10 }));
        let forged = signed(9, &old, &first).replace("\n9\n", "\n8\n");
        assert_eq!(Checkpoint::open(&forged, &keys), Err(CheckpointError::Note(NoteError::BadSignature)));
        let alone = Checkpoint::open(&signed(10, &old, &first), &new);
        assert_eq!(alone, Err(CheckpointError::Note(NoteError::Unsigned)));

        let foreign = third.key("another.example/log");
        for wrong in [format!("{new}\n{foreign} until 1\n"), format!("{new}\n{new} until 1\n")] {
            assert_eq!(LogKey::parse_all(&wrong), Err(NoteError::Successor), "{wrong}");
        }
        for wrong in [String::new(), format!("{new}\n{old}\n"), format!("{new}\n{old} until -1\n")] {
            assert_eq!(LogKey::parse_all(&wrong), Err(NoteError::Key), "{wrong}");
        }
    }

    #[test]
    fn a_checkpoint_has_one_spelling_and_one_log() {
        let signer = TestSigner::new();
        let key = LogKey::new("mohur.example/log", &signer.public_key()).unwrap();
        let checkpoint = Checkpoint { origin: key.name().to_owned(), size: 10, root: empty_root() };
        assert_eq!(Checkpoint::open(&checkpoint.seal(&key, &signer), &key).unwrap(), checkpoint);

        let foreign = Checkpoint { origin: "elsewhere".to_owned(), ..checkpoint.clone() };
        assert_eq!(Checkpoint::open(&foreign.seal(&key, &signer), &key), Err(CheckpointError::Origin));

        let text = checkpoint.to_text();
        for wrong in [text.replace("\n10\n", "\n010\n"), text.replace("\n10\n", "\n+10\n"), format!("{text}\n")] {
            assert_eq!(Checkpoint::parse(&wrong), Err(CheckpointError::Malformed), "{wrong}");
        }
        assert_eq!(Checkpoint::parse(&format!("{text}extension\n")).unwrap(), checkpoint);
    }
}
