//! Anyone's check of a folder, offline: the transcript is replayed, and every file held against what it leads to.

use std::path::{Path, PathBuf};

use mohur_authority::Issuer;
use mohur_wire::Timestamp;

use crate::CeremonyError;
use crate::check::{check_authority, check_list, check_root};
use crate::folder::Folder;
use crate::shares::{digest_of, info};
use crate::state::State;
use crate::transcript::{Entry, Transcript};

/// What a folder holds, after everything in it was found good.
#[derive(Clone, Debug)]
pub struct Report {
    /// Everything that the ceremonies made.
    pub state: State,
    /// Every step.
    pub entries: Vec<Entry>,
    /// SHA-256 of the root's certificate, hexadecimal: compare it with the minutes.
    pub root: String,
    /// SHA-256 of the transcript's last line: compare it with the minutes of the last ceremony. Without that, nobody can tell
    /// a folder from an older copy of it.
    pub head: String,
    /// Until when the root's revocation list holds.
    pub list_until: Timestamp,
    /// Shares that still lie in the folder, and that their operators should take.
    pub shares_here: Vec<String>,
    /// Keys of issuing authorities that still lie in the folder.
    pub keys_here: Vec<Issuer>,
}

/// Replays the transcript of a folder, checks the operators' signatures, and holds every file against it.
pub fn verify(folder: &Path) -> Result<Report, CeremonyError> {
    let folder = Folder::new(folder);
    let transcript = Transcript::read(&folder.transcript())?;
    if !transcript.state.is_complete() {
        let owed: Vec<String> = transcript.state.owed().into_iter().map(|(operator, _)| operator).collect();
        let what = format!("the last ceremony was not ended, or not signed by {}", owed.join(", "));
        return Err(CeremonyError::file(&folder.transcript(), what));
    }
    let (shares_here, keys_here) = check_files(&folder, &transcript.state)?;
    let head = transcript.head();
    let entries = transcript.entries().to_vec();
    let state = transcript.state;
    let root = state.root.as_ref().map(|(certificate, _, _)| certificate.clone()).unwrap_or_default();
    let list_until = state.list.as_ref().map_or(Timestamp::MIN, |list| list.next_update);
    Ok(Report { root, head, list_until, shares_here, keys_here, entries, state })
}

/// Checks all files; gives the shares and keys that are among them.
pub(crate) fn check_files(folder: &Folder, state: &State) -> Result<(Vec<String>, Vec<Issuer>), CeremonyError> {
    let root = check_root(folder, state)?;
    for signed in &state.authorities {
        check_authority(folder, (state, signed), &root)?;
    }
    check_list(folder, state, &root)?;
    if digest_of(&folder.sealed())?.to_string() != state.sealed {
        return Err(CeremonyError::file(&folder.sealed(), "not the root's key that was shared last"));
    }
    let mut known: Vec<PathBuf> = vec![folder.transcript(), folder.sealed(), folder.list()];
    known.push(folder.certificate(Issuer::Root));
    known.extend(state.authorities.iter().map(|one| folder.certificate(one.authority)));
    let (mut shares, mut keys) = (Vec::new(), Vec::new());
    for holder in &state.holders {
        let path = folder.share(&holder.operator);
        if path.exists() {
            check_share_file(&path, state)?;
            shares.push(holder.operator.clone());
            known.push(path);
        }
    }
    for one in state.authorities.iter().filter(|one| !one.requested) {
        let path = folder.issuing_key(one.authority);
        if path.exists() {
            keys.push(one.authority);
            known.push(path);
        }
    }
    let strange = folder.files()?.into_iter().map(|file| folder.path().join(file)).find(|file| !known.contains(file));
    match strange {
        Some(file) => Err(CeremonyError::file(&file, "no ceremony made this file")),
        None => Ok((shares, keys)),
    }
}

/// Checks that a share file is one of the last sharing, as far as can be told without its passphrase.
pub(crate) fn check_share_file(path: &Path, state: &State) -> Result<String, CeremonyError> {
    let share = info(path)?;
    let operator = share.holder.operator.clone();
    let root = state.root.as_ref().map(|(certificate, _, _)| certificate.as_str());
    if Some(share.root.as_str()) != root || share.dry_run != state.dry_run {
        return Err(CeremonyError::share(&operator, "of another root"));
    }
    if share.generation != state.generation {
        let what = format!("of sharing {}, which is not the last one: {}", share.generation, state.generation);
        return Err(CeremonyError::share(&operator, what));
    }
    if !state.holders.contains(&share.holder) || share.needed != state.needed || share.of != state.holders.len() {
        return Err(CeremonyError::share(&operator, "not the one that the transcript says was handed out"));
    }
    Ok(operator)
}
