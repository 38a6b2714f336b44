//! Keys in a PKCS#11 token (OASIS PKCS#11 2.40): the token signs, and the key never leaves it.
//!
//! A module is loaded once a process and a login holds for all of its sessions (§5.6), so that several seals in one process
//! share both. The token is handed a digest, never the message: SoftHSM2 has no `CKM_ECDSA_SHA256`, and a message would travel
//! to a token on the network. No lock of ours is held while a token signs: a session is taken out of its pool, used by one
//! thread, and put back.

mod failure;
mod key;
mod module;
mod pin;
mod pool;
mod seal;
mod token;

pub(crate) use key::certified_key;
pub use key::{KeyInfo, TokenKeyKind};
pub use seal::TokenSeal;
pub use token::{Token, TokenSigner};

use std::path::PathBuf;
use std::time::Duration;

/// Which token, and what opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenAddress {
    /// `module`: the vendor's library, e.g. `/usr/lib/softhsm/libsofthsm2.so`.
    pub module: PathBuf,
    /// `token`: the token's label.
    pub token: String,
    /// `pin`: the credential file with the user's PIN.
    pub pin: PathBuf,
}

/// Which key of a token: by label, by `CKA_ID`, or by both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyName {
    /// `key`: `CKA_LABEL`.
    pub label: Option<String>,
    /// `id`: `CKA_ID`.
    pub id: Option<Vec<u8>>,
}

/// A key in a token, and how it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenKey {
    /// Which token.
    pub address: TokenAddress,
    /// Which of its keys.
    pub name: KeyName,
    /// `sessions`: how many signatures at once.
    pub sessions: usize,
    /// `wait`: how long a signature waits for one of them.
    pub wait: Duration,
    /// `allow-extractable`: use a key although it can leave the token.
    pub allow_extractable: bool,
}

impl TokenKey {
    /// With the defaults: 4 sessions, 5 s, no extractable key.
    pub const fn new(address: TokenAddress, name: KeyName) -> Self {
        Self { address, name, sessions: 4, wait: Duration::from_secs(5), allow_extractable: false }
    }
}

impl std::fmt::Display for KeyName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.label, &self.id) {
            (Some(label), None) => write!(f, "{label:?}"),
            (Some(label), Some(id)) => write!(f, "{label:?} of id {}", hex(id)),
            (None, Some(id)) => write!(f, "of id {}", hex(id)),
            (None, None) => f.write_str("without a name"),
        }
    }
}

/// Lower-case hexadecimal: how a `CKA_ID` is written.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A `CKA_ID` of 1 to 64 bytes, from hexadecimal with or without colons.
pub fn id_from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.replace(':', "");
    if !(2..=128).contains(&digits.len())
        || !digits.len().is_multiple_of(2)
        || !digits.bytes().all(|b| b.is_ascii_hexdigit())
    {
        return None;
    }
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()).collect()
}
