//! The transcript: one line of JSON a step, each with the digest of the line before it, and the operators' signatures at the end
//! of every ceremony.

use std::fs;
use std::path::{Path, PathBuf};

use mohur_authority::{Issuer, Reason};
use mohur_crypto::digest::sha256;
use mohur_crypto::{Algorithm, PublicKey};
use mohur_seal::LogSigner;
use mohur_wire::Timestamp;
use serde::{Deserialize, Serialize};

use crate::CeremonyError;
use crate::plan::Plan;
use crate::shares::{hex, unhex};
use crate::state::State;

/// What makes entries, with its version.
pub const SOFTWARE: &str = concat!("mohur ", env!("CARGO_PKG_VERSION"));

/// Longest transcript that is read: thousands of ceremonies.
const MAX_BYTES: u64 = 64 << 20;

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Entry {
    /// 1, 2, 3, …
    pub number: u64,
    /// When, by the clock of the machine of the ceremony.
    pub at: Timestamp,
    /// SHA-256 of the line before, zeros for the first.
    pub previous: String,
    /// What did it, with its version.
    pub software: String,
    /// What was done.
    pub event: Event,
}

/// What a ceremony is held for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// The first one: root, shares and issuing authorities.
    Found,
    /// A new issuing authority.
    SignAuthority,
    /// Revoking an issuing authority.
    Revoke,
    /// A new revocation list of the root.
    RenewList,
    /// New shares, for the same or other operators.
    Reshare,
}

/// Who holds a share, and how it is known again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Holder {
    /// Who.
    pub operator: String,
    /// A digest of the piece.
    pub commitment: String,
    /// The Ed25519 key with which the operator signs transcripts, hexadecimal.
    pub signing_key: String,
}

/// What was done. Digests are SHA-256, hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "kebab-case", tag = "what", deny_unknown_fields)]
pub enum Event {
    /// A ceremony began.
    Begun {
        /// 1, 2, 3, …
        ceremony: u32,
        /// What for.
        purpose: Purpose,
        /// Made only to practise.
        dry_run: bool,
        /// Which operators are there.
        present: Vec<String>,
        /// The plan, of the first one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        plan: Option<Box<Plan>>,
    },
    /// The root was made.
    RootMade {
        /// Its certificate.
        certificate: String,
        /// Its public key.
        key: String,
    },
    /// The root's key was encrypted anew, and the key to it shared.
    Shared {
        /// The number of this sharing.
        generation: u32,
        /// How many shares are needed.
        needed: u8,
        /// Who got them.
        holders: Vec<Holder>,
        /// The file `root.sealed`.
        sealed: String,
    },
    /// The shares were read back from their files, and sets of as many as are needed opened the root's key; each share was in
    /// at least one set.
    SharesProved {
        /// The number of the sharing.
        generation: u32,
        /// How many sets.
        sets: usize,
    },
    /// An issuing authority's certificate was signed.
    AuthoritySigned {
        /// Which.
        authority: Issuer,
        /// Its serial number, hexadecimal.
        serial: String,
        /// Its certificate.
        certificate: String,
        /// Its public key.
        key: String,
        /// Whether a request was signed, whose key is elsewhere.
        requested: bool,
    },
    /// An issuing authority was revoked.
    AuthorityRevoked {
        /// Which.
        authority: Issuer,
        /// Its serial number.
        serial: String,
        /// Why.
        reason: Reason,
    },
    /// A revocation list of the root was signed.
    ListSigned {
        /// Its number.
        number: u64,
        /// The serial numbers in it, sorted.
        revoked: Vec<String>,
        /// When the next one is due.
        next_update: Timestamp,
        /// The file.
        list: String,
    },
    /// An operator signed everything up to here.
    Signed {
        /// Who.
        operator: String,
        /// With which key.
        key: String,
        /// The Ed25519 signature over this entry without it, hexadecimal.
        signature: String,
    },
}

/// A transcript being read or written, with the state that it leads to.
pub(crate) struct Transcript {
    path: PathBuf,
    text: String,
    entries: Vec<Entry>,
    pub(crate) state: State,
}

/// The one way to write an entry.
fn line(entry: &Entry) -> Result<String, String> {
    serde_json::to_string(entry).map_err(|error| error.to_string())
}

/// What an operator signs: the entry without the signature.
fn signed_message(entry: &Entry) -> Result<Vec<u8>, String> {
    let mut bare = entry.clone();
    if let Event::Signed { signature, .. } = &mut bare.event {
        signature.clear();
    }
    Ok([b"mohur transcript of a ceremony\0", line(&bare)?.as_bytes()].concat())
}

fn check_signature(entry: &Entry) -> Result<(), String> {
    let Event::Signed { operator, key, signature } = &entry.event else { return Ok(()) };
    let wrong = || format!("the signature of {operator} does not verify");
    let (key, signature) = (unhex::<32>(key).ok_or_else(wrong)?, unhex::<64>(signature).ok_or_else(wrong)?);
    let key = PublicKey::new(Algorithm::Ed25519, &key).map_err(|_| wrong())?;
    key.verify(&signed_message(entry)?, &signature).map_err(|_| wrong())
}

impl Transcript {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, text: String::new(), entries: Vec::new(), state: State::default() }
    }

    /// Reads a transcript and replays it.
    pub(crate) fn read(path: &Path) -> Result<Self, CeremonyError> {
        let length = fs::metadata(path).map_err(CeremonyError::io(path))?.len();
        if length > MAX_BYTES {
            return Err(CeremonyError::file(path, "too long for a transcript"));
        }
        let text = fs::read_to_string(path).map_err(CeremonyError::io(path))?;
        let mut transcript = Self::new(path.to_owned());
        let Some(lines) = text.strip_suffix('\n') else {
            return Err(CeremonyError::file(path, "it is empty, or its last line is cut"));
        };
        for (text, number) in lines.split('\n').zip(1..) {
            let failed = |what: String| CeremonyError::Transcript { path: path.to_owned(), number, what };
            let entry: Entry = serde_json::from_str(text).map_err(|error| failed(error.to_string()))?;
            if line(&entry).map_err(failed)? != text {
                return Err(failed("is not written as this program writes it: it was changed".to_owned()));
            }
            transcript.take(entry).map_err(failed)?;
        }
        Ok(transcript)
    }

    /// SHA-256 of the last line: whoever knows it knows the whole transcript again.
    pub(crate) fn head(&self) -> String {
        let last = self.text.strip_suffix('\n').and_then(|text| text.rsplit('\n').next());
        last.map_or_else(|| "0".repeat(64), |line| sha256(line.as_bytes()).to_string())
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn take(&mut self, entry: Entry) -> Result<(), String> {
        if entry.number != self.entries.len() as u64 + 1 || entry.previous != self.head() {
            return Err("does not follow from the one before it".to_owned());
        }
        check_signature(&entry)?;
        self.state.apply(&entry)?;
        self.text.push_str(&line(&entry)?);
        self.text.push('\n');
        self.entries.push(entry);
        Ok(())
    }

    /// Adds a step. What does not follow from the ones before is refused.
    pub(crate) fn record(&mut self, event: Event, at: Timestamp) -> Result<(), CeremonyError> {
        let entry = self.next(event, at);
        self.add(entry)
    }

    /// Adds an operator's signature.
    pub(crate) fn sign(&mut self, operator: &str, signer: &LogSigner, at: Timestamp) -> Result<(), CeremonyError> {
        let key = hex(&signer.public_key());
        let mut entry = self.next(Event::Signed { operator: operator.to_owned(), key, signature: String::new() }, at);
        let message = signed_message(&entry).map_err(CeremonyError::Refused)?;
        if let Event::Signed { signature, .. } = &mut entry.event {
            *signature = hex(&signer.sign(&message));
        }
        self.add(entry)
    }

    fn next(&self, event: Event, at: Timestamp) -> Entry {
        let number = self.entries.len() as u64 + 1;
        Entry { number, at, previous: self.head(), software: SOFTWARE.to_owned(), event }
    }

    fn add(&mut self, entry: Entry) -> Result<(), CeremonyError> {
        let number = entry.number;
        self.take(entry).map_err(|what| CeremonyError::Transcript { path: self.path.clone(), number, what })
    }

    /// The whole text.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}
