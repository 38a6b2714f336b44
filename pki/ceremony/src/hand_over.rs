//! From the offline folder to the machine online.

use std::fs;
use std::path::{Path, PathBuf};

use mohur_authority::{Brought, FromRoot, Issuer, Layout, National, key_of_authority, request_authority};
use mohur_seal::generate::generate;
use mohur_seal::key_file::{read_encrypted, write_encrypted};
use mohur_seal::{KeyKind, Passphrase, Zeroizing};
use mohur_wire::Timestamp;

use crate::CeremonyError;
use crate::asking::{Ask, Whom};
use crate::folder::Folder;
use crate::state::{AuthorityState, State};
use crate::verify::verify;

/// What to hand over, and to where.
#[derive(Clone, Copy)]
pub struct HandOver<'a> {
    /// The offline folder.
    pub folder: &'a Path,
    /// The PKI online: a new folder, or one that took over from this root before.
    pub pki: &'a Path,
    /// Encrypts its keys.
    pub passphrase: &'a Passphrase,
    /// Where the keys lie that requests were made for, encrypted with the same passphrase.
    pub keys: Option<&'a Path>,
    /// The time.
    pub now: Timestamp,
}

/// Takes what a verified folder holds over into the PKI online: new authorities with their keys, and the root's list. Gives the
/// new authorities. What a dry run made is refused.
pub fn hand_over(over: HandOver<'_>, ask: &mut dyn Ask) -> Result<Vec<Issuer>, CeremonyError> {
    let report = verify(over.folder)?;
    if report.state.dry_run {
        return Err(CeremonyError::DryRun { path: over.folder.to_owned() });
    }
    let folder = Folder::new(over.folder);
    let known = Layout::new(over.pki).trust();
    let is_new =
        |one: &&AuthorityState| one.revoked.is_none() && !known.join(format!("{}.pem", one.authority)).exists();
    let new: Vec<&AuthorityState> = report.state.authorities.iter().filter(is_new).collect();
    let carrying = if new.iter().any(|one| !one.requested) { ask_for_carrying(&folder, &new, ask)? } else { None };
    let mut authorities = Vec::new();
    for one in &new {
        let pkcs8 = key(&over, &folder, one, carrying.as_ref())?;
        let certificate = folder.read_certificate(one.authority)?.to_vec();
        authorities.push(Brought { issuer: one.authority, certificate, pkcs8 });
    }
    let text = |path: &Path| fs::read_to_string(path).map_err(CeremonyError::io(path));
    let (root, list) = (text(&folder.certificate(Issuer::Root))?, text(&folder.list())?);
    let from_root = FromRoot { root: &root, list: &list, authorities: &authorities };
    take_over(&over, &report.state, &from_root)?;
    Ok(new.iter().map(|one| one.authority).collect())
}

fn take_over(over: &HandOver<'_>, state: &State, from_root: &FromRoot<'_>) -> Result<(), CeremonyError> {
    let plan = state.plan.as_ref().ok_or_else(|| CeremonyError::Refused("there is no plan".to_owned()))?;
    if Layout::new(over.pki).authority().exists() {
        National::open(over.pki, over.passphrase)?.adopt(from_root, over.passphrase, over.now)?;
    } else {
        National::found(over.pki, &plan.domain, &plan.settings, from_root, (over.passphrase, over.now))?;
    }
    Ok(())
}

fn ask_for_carrying(
    folder: &Folder,
    new: &[&AuthorityState],
    ask: &mut dyn Ask,
) -> Result<Option<Passphrase>, CeremonyError> {
    let Some(first) = new.iter().find(|one| !one.requested) else { return Ok(None) };
    let path = folder.issuing_key(first.authority);
    if !path.exists() {
        return Err(CeremonyError::file(&path, "its key is not here any more: it was handed over before, or lost"));
    }
    let mut again = false;
    while let Some(passphrase) = ask.passphrase(Whom::Carrying, again)? {
        if read_encrypted(&path, &passphrase).is_ok() {
            return Ok(Some(passphrase));
        }
        again = true;
    }
    Err(CeremonyError::file(&path, "the carrying passphrase does not open it"))
}

/// The key of an authority: made in the ceremony, or made here before it.
fn key(
    over: &HandOver<'_>,
    folder: &Folder,
    one: &AuthorityState,
    carrying: Option<&Passphrase>,
) -> Result<Zeroizing<Vec<u8>>, CeremonyError> {
    if let (false, Some(carrying)) = (one.requested, carrying) {
        return Ok(read_encrypted(&folder.issuing_key(one.authority), carrying)?);
    }
    let wanted = format!("{} was signed for a request: say with --keys where its key lies", one.authority);
    let keys = over.keys.ok_or_else(|| CeremonyError::Refused(wanted.clone()))?;
    for entry in fs::read_dir(keys).map_err(CeremonyError::io(keys))? {
        let path = entry.map_err(CeremonyError::io(keys))?.path();
        if path.extension().is_none_or(|end| end != "key") {
            continue;
        }
        if let Ok(pkcs8) = read_encrypted(&path, over.passphrase)
            && key_of_authority(&pkcs8).is_ok_and(|key| key.to_string() == one.key)
        {
            return Ok(pkcs8);
        }
    }
    Err(CeremonyError::Refused(wanted))
}

/// Makes a key for an issuing authority on the machine online, and the request that the ceremony signs; gives both paths. The
/// key never leaves the machine.
pub fn request(
    (domain, issuer): (&str, Issuer),
    folder: &Path,
    passphrase: &Passphrase,
) -> Result<(PathBuf, PathBuf), CeremonyError> {
    let (key, request) = (folder.join(format!("{issuer}.key")), folder.join(format!("{issuer}.csr")));
    if request.exists() {
        return Err(CeremonyError::Exists { path: request });
    }
    fs::create_dir_all(folder).map_err(CeremonyError::io(folder))?;
    let pkcs8 = generate(KeyKind::P384)?;
    write_encrypted(&key, &pkcs8, passphrase)?;
    let text = request_authority(issuer, domain, &pkcs8)?;
    fs::write(&request, text).map_err(CeremonyError::io(&request))?;
    Ok((key, request))
}
