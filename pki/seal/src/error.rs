//! What can be wrong with a key, its file or its passphrase.

use std::path::{Path, PathBuf};

/// Why a key cannot be used. Names files, never their contents.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The file cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Others than the owner may read the file.
    #[error("{}: mode {mode:04o} lets others read it; run `chmod 600` on it, and replace what was readable", path.display())]
    ReadableByOthers {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not a regular file, or far too large for what it should be.
    #[error("{}: not a regular file of at most 64 KiB", path.display())]
    NotAPlainFile {
        /// Which file.
        path: PathBuf,
    },
    /// The file is not what it should be.
    #[error("{}: expected {expected}", path.display())]
    Format {
        /// Which file.
        path: PathBuf,
        /// What was expected.
        expected: &'static str,
    },
    /// The file does not open with the passphrase.
    #[error("{}: the passphrase does not open it, or the file is damaged", path.display())]
    Locked {
        /// Which file.
        path: PathBuf,
    },
    /// The passphrase is too short.
    #[error("a passphrase has 12 to 1024 bytes on one line; `openssl rand -base64 32` writes a good one")]
    WeakPassphrase,
    /// `$CREDENTIALS_DIRECTORY` is asked for and not set.
    #[error("{}: $CREDENTIALS_DIRECTORY is not set: start the process from a systemd unit with LoadCredential=", path.display())]
    NoCredentials {
        /// The path as configured.
        path: PathBuf,
    },
    /// The key is of a kind that does not seal.
    #[error("not a private key for ECDSA P-256, Ed25519 or RSA of 2048 to 8192 bits (PKCS#8)")]
    UnsupportedKey,
    /// The key does not belong to the certificate.
    #[error("the private key is not the one of the certificate: check that both come from the same issue")]
    KeyMismatch,
    /// The key cannot be used with the algorithm.
    #[error("the key cannot sign with {algorithm}")]
    WrongAlgorithm {
        /// The algorithm asked for.
        algorithm: &'static str,
    },
    /// A PKCS#11 library cannot be used.
    #[error("{}: not a PKCS#11 module that can be used: {what}; compare `module` with the vendor's manual", path.display())]
    Module {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A token does not do what it is asked, or is not there.
    #[error("the token {token:?}: {what}")]
    Token {
        /// The token's label.
        token: String,
        /// What it said.
        what: String,
    },
    /// A token does not take the PIN.
    #[error(
        "the token {token:?} does not take the PIN of {}: {what}. It is not tried again, because tokens lock after a few \
         wrong ones: correct the file, then start again", file.display()
    )]
    WrongPin {
        /// The token's label.
        token: String,
        /// What it said.
        what: String,
        /// The credential file.
        file: PathBuf,
    },
    /// A key can leave its token, or was outside of it.
    #[error(
        "the token {token:?}: the key {key} can leave the token (CKA_EXTRACTABLE, or not CKA_SENSITIVE), or could once, or was \
         brought in (not CKA_NEVER_EXTRACTABLE, not CKA_LOCAL). Make one inside with `mohur pki token generate`, or accept this one with allow-extractable = true"
    )]
    Extractable {
        /// The token's label.
        token: String,
        /// The key.
        key: String,
    },
    /// All sessions are busy.
    #[error(
        "the token {token:?}: none of its {sessions} sessions was free in time; raise sessions or wait, or get a faster token"
    )]
    TokenBusy {
        /// The token's label.
        token: String,
        /// How many there are.
        sessions: usize,
    },
    /// The cryptographic library failed.
    #[error("the cryptographic library could not {0}")]
    Crypto(&'static str),
}

impl SealError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |source| Self::Io { path: path.to_owned(), source }
    }

    pub(crate) fn format(path: &Path, expected: &'static str) -> Self {
        Self::Format { path: path.to_owned(), expected }
    }
}
