//! An officer's signature on what is staged.

use std::collections::BTreeMap;
use std::path::Path;

use mohur_seal::BareKey;
use mohur_tuf::{Envelope, Key, Role, RoleKeys, Root, Targets};

use super::layout::{read_optional, write};
use super::{Repository, RepositoryError};

/// The keys of which any may sign for a role.
pub(super) struct May {
    /// Every one of these groups must reach its threshold: for a root, the old one's and its own.
    pub(super) groups: Vec<(RoleKeys, BTreeMap<String, Key>)>,
}

impl May {
    fn names(&self, id: &str) -> bool {
        self.groups.iter().any(|(role, _)| role.keyids.iter().any(|known| known == id))
    }
}

impl Repository {
    /// Adds a signature to what is staged for the role.
    pub fn sign(&self, role: &str, key: &BareKey) -> Result<(), RepositoryError> {
        let id = Key::of(key)?.id();
        if !self.may_sign(role)?.names(&id) {
            return Err(RepositoryError::NotASigner { role: role.to_owned(), key: id });
        }
        let path = self.staged_file(role);
        if role == "root" { sign_file::<Root>(role, &path, key) } else { sign_file::<Targets>(role, &path, key) }
    }

    /// Takes over the signatures of a copy of what is staged, signed elsewhere. How many were taken.
    pub fn merge(&self, role: &str, copy: &Path) -> Result<usize, RepositoryError> {
        let path = self.staged_file(role);
        if role == "root" { merge::<Root>(role, &path, copy) } else { merge::<Targets>(role, &path, copy) }
    }

    /// Who may sign for a role: as staged above it, or as published.
    pub(super) fn may_sign(&self, role: &str) -> Result<May, RepositoryError> {
        let staged = self.staged_root()?;
        let root = self.root()?;
        let unknown = || RepositoryError::UnknownRole(role.to_owned());
        if role == "root" {
            let both = [root, staged];
            let group = |root: &Envelope<Root>| (root.signed().role("root"), root.signed().keys.clone());
            return Ok(May { groups: both.iter().flatten().map(group).collect() });
        }
        let root = staged.or(root).ok_or_else(unknown)?;
        if let Some(keys) = root.signed().roles.get(role) {
            return Ok(May { groups: vec![(keys.clone(), root.signed().keys.clone())] });
        }
        let targets = self.staged("targets")?.map_or_else(|| self.published("targets"), |found| Ok(Some(found)))?;
        let delegations = targets.and_then(|targets| targets.signed().delegations.clone()).ok_or_else(unknown)?;
        let found = delegations.roles.iter().find(|delegated| delegated.name == role).ok_or_else(unknown)?;
        Ok(May { groups: vec![(found.role_keys(), delegations.keys.clone())] })
    }
}

fn sign_file<T: Role>(role: &str, path: &Path, key: &BareKey) -> Result<(), RepositoryError> {
    let mut staged = read_staged::<T>(role, path)?;
    staged.sign(key)?;
    write(path, &staged.to_bytes())
}

fn merge<T: Role>(role: &str, path: &Path, copy: &Path) -> Result<usize, RepositoryError> {
    let mut staged = read_staged::<T>(role, path)?;
    let copy = read_staged::<T>(role, copy)?;
    if copy.digest() != staged.digest() {
        return Err(RepositoryError::Tuf(mohur_tuf::TufError::Mismatch { file: role.to_owned(), what: "content" }));
    }
    let known: Vec<_> = staged.signatures().iter().map(|signature| signature.keyid.clone()).collect();
    let new: Vec<_> = copy.signatures().iter().filter(|signature| !known.contains(&signature.keyid)).collect();
    new.iter().for_each(|signature| staged.add((*signature).clone()));
    write(path, &staged.to_bytes())?;
    Ok(new.len())
}

fn read_staged<T: Role>(role: &str, path: &Path) -> Result<Envelope<T>, RepositoryError> {
    let bytes = read_optional(path)?.ok_or_else(|| RepositoryError::NotStaged(role.to_owned()))?;
    Ok(Envelope::parse(role, &bytes)?)
}
