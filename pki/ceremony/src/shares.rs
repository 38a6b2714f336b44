//! The files of the operators: a piece of the key that opens the root's, and the key with which the operator signs transcripts,
//! both encrypted under the operator's own passphrase.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mohur_crypto::digest::{Digest, sha256};
use mohur_seal::sealed::{open_with_passphrase, seal_with_passphrase};
use mohur_seal::{LogSigner, Passphrase, Zeroizing};
use serde::{Deserialize, Serialize};

use crate::CeremonyError;
use crate::splitting::{Piece, commitment};
use crate::transcript::Holder;

/// Longest share file that is read.
const MAX_BYTES: u64 = 16 * 1024;
/// A piece is its number and 32 bytes.
const PIECE: usize = 33;

/// What everyone may know of a share.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ShareInfo {
    /// The domain.
    pub domain: String,
    /// SHA-256 of the root's certificate.
    pub root: String,
    /// Made in a dry run.
    pub dry_run: bool,
    /// Which sharing of the root's key: shares of different ones do not fit together.
    pub generation: u32,
    /// How many shares are needed.
    pub needed: u8,
    /// How many there are.
    pub of: usize,
    /// Whose it is, and what the transcript says of it.
    pub holder: Holder,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ShareFile {
    share: ShareInfo,
    /// Piece and signing key, encrypted; base64.
    sealed: String,
    /// SHA-256 of the two members before, as they stand here: shows a damaged file without the passphrase.
    checksum: String,
}

impl ShareFile {
    fn expected_checksum(share: &ShareInfo, sealed: &str) -> String {
        let text = serde_json::to_string(&(share, sealed)).unwrap_or_default();
        sha256(text.as_bytes()).to_string()
    }

    fn read(path: &Path) -> Result<Self, CeremonyError> {
        let length = fs::metadata(path).map_err(CeremonyError::io(path))?.len();
        if length > MAX_BYTES {
            return Err(CeremonyError::file(path, "not a share: too long"));
        }
        let text = fs::read_to_string(path).map_err(CeremonyError::io(path))?;
        let file: Self = serde_json::from_str(&text)
            .map_err(|error| CeremonyError::file(path, format!("not a share, or a damaged one: {error}")))?;
        if file.checksum != Self::expected_checksum(&file.share, &file.sealed) {
            return Err(CeremonyError::share(&file.share.holder.operator, "damaged: its checksum is another"));
        }
        Ok(file)
    }
}

/// An operator's share, opened.
pub(crate) struct Share {
    pub(crate) piece: Piece,
    pub(crate) signer: LogSigner,
}

/// Bound to what stands beside it, so that no word of it can be changed.
fn context(info: &ShareInfo) -> Vec<u8> {
    [b"mohur share\0".to_vec(), serde_json::to_vec(info).unwrap_or_default()].concat()
}

/// Writes a share to a new file, mode 0600.
pub(crate) fn write_share(
    path: &Path,
    info: &ShareInfo,
    (piece, signing_key): (&Piece, &[u8]),
    passphrase: &Passphrase,
) -> Result<(), CeremonyError> {
    let mut secret = Zeroizing::new(Vec::with_capacity(piece.len() + signing_key.len()));
    secret.extend_from_slice(piece);
    secret.extend_from_slice(signing_key);
    let sealed = BASE64_STANDARD.encode(seal_with_passphrase(passphrase, &context(info), &secret)?);
    let checksum = ShareFile::expected_checksum(info, &sealed);
    let file = ShareFile { share: info.clone(), sealed, checksum };
    let text = serde_json::to_string_pretty(&file).map_err(|error| CeremonyError::file(path, error.to_string()))?;
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()
    };
    write().map_err(CeremonyError::io(path))
}

/// What a share file says of itself; one whose checksum is wrong is refused.
pub(crate) fn info(path: &Path) -> Result<ShareInfo, CeremonyError> {
    Ok(ShareFile::read(path)?.share)
}

/// Opens a share, and checks that the piece in it is the one that was committed to. `None` when the passphrase does not fit.
pub(crate) fn open(path: &Path, passphrase: &Passphrase) -> Result<Option<Share>, CeremonyError> {
    let file = ShareFile::read(path)?;
    let holder = &file.share.holder;
    let damaged = |what: &str| CeremonyError::share(&holder.operator, what);
    let sealed = BASE64_STANDARD.decode(&file.sealed).map_err(|_| damaged("damaged: not base64"))?;
    let Some(secret) = open_with_passphrase(passphrase, &context(&file.share), &sealed) else { return Ok(None) };
    let (piece, signing_key) = secret.split_at_checked(PIECE).ok_or_else(|| damaged("too short"))?;
    let piece = Zeroizing::new(piece.to_vec());
    if commitment(&piece).to_string() != holder.commitment {
        return Err(damaged("its piece is not the one that was handed out"));
    }
    let signer = LogSigner::from_pkcs8(signing_key)?;
    if hex(&signer.public_key()) != holder.signing_key {
        return Err(damaged("its signing key is not the one that was handed out"));
    }
    Ok(Some(Share { piece, signer }))
}

/// Checks a share by itself: that the file is whole, and with a passphrase that it opens and holds what was handed out.
pub fn check_share(path: &Path, passphrase: Option<&Passphrase>) -> Result<ShareInfo, CeremonyError> {
    let info = info(path)?;
    if let Some(passphrase) = passphrase
        && open(path, passphrase)?.is_none()
    {
        return Err(CeremonyError::Passphrase { operator: info.holder.operator });
    }
    Ok(info)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let octet = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    pairs.iter().map(octet).collect::<Option<Vec<u8>>>()?.try_into().ok()
}

pub(crate) fn digest_of(path: &Path) -> Result<Digest, CeremonyError> {
    Ok(sha256(&fs::read(path).map_err(CeremonyError::io(path))?))
}
