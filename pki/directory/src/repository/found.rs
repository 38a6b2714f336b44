//! Beginning a repository, and beginning new versions of its roles.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use mohur_tuf::{
    DelegatedRole, Delegations, Envelope, Key, Role, RoleKeys, Root, SPEC_VERSION, Targets, second, target_file,
};
use mohur_wire::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Map;

use super::layout::{listed, remove, write};
use super::{ONLINE, Repository, RepositoryError, TOP};
use crate::content::{ANCHOR, Anchor, FEDERATION, Files, MEMBERS, POLICY, REVOCATIONS, json};

/// Who may sign for a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signers {
    /// How many of them must.
    pub threshold: u64,
    /// Their public keys, PEM.
    pub keys: Vec<String>,
}

/// Who may sign for which role.
pub type Roles = BTreeMap<String, Signers>;

/// How long metadata of the online roles lives, in seconds. A server signs it anew well before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Periods {
    /// The timestamp: 15 minutes.
    pub timestamp: u64,
    /// The snapshot: a day.
    pub snapshot: u64,
}

impl Default for Periods {
    fn default() -> Self {
        Self { timestamp: 15 * 60, snapshot: 24 * 3600 }
    }
}

/// What a repository begins with.
#[derive(Clone, Debug)]
pub struct Founding {
    /// The domain and its PKI root.
    pub anchor: Anchor,
    /// Who may sign: the four top-level roles, `members`, `federation`, `revocations`, and `policy/<agency>` for each agency.
    pub roles: Roles,
    /// How long the online roles' metadata lives.
    pub periods: Periods,
    /// Until when the other roles' metadata counts.
    pub expires: Timestamp,
    /// The files that it begins with, by role.
    pub files: BTreeMap<String, Files>,
}

/// Whether a name is one of a role that lists files here, `targets` apart.
pub fn role_name(name: &str) -> bool {
    let agency = |name: &str| {
        (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    [MEMBERS, FEDERATION, REVOCATIONS].contains(&name) || name.strip_prefix(POLICY).is_some_and(agency)
}

impl Repository {
    /// Begins a repository: everything staged in its first version, nothing signed, nothing published.
    pub fn found(folder: &Path, founding: &Founding) -> Result<Self, RepositoryError> {
        let repository = Self { folder: folder.to_owned() };
        if repository.settings_file().exists() {
            return Err(RepositoryError::Exists { path: folder.to_owned() });
        }
        for needed in TOP.into_iter().chain([MEMBERS, FEDERATION, REVOCATIONS]) {
            if !founding.roles.contains_key(needed) {
                return Err(RepositoryError::Threshold { role: needed.to_owned(), threshold: 1, keys: 0 });
            }
        }
        fs::create_dir_all(folder).map_err(RepositoryError::io(folder))?;
        repository.stage_root(&founding.anchor, &founding.roles, founding.expires)?;
        repository.stage_targets(&founding.roles, founding.expires)?;
        for role in founding.roles.keys().filter(|role| !TOP.contains(&role.as_str())) {
            repository.stage_files(role, founding.files.get(role).unwrap_or(&Files::new()), founding.expires)?;
        }
        write(&repository.settings_file(), &json(&founding.periods)?)?;
        Ok(repository)
    }

    /// How long the online roles' metadata lives.
    pub fn periods(&self) -> Result<Periods, RepositoryError> {
        let path = self.settings_file();
        let bytes = fs::read(&path).map_err(RepositoryError::io(&path))?;
        serde_json::from_slice(&bytes).map_err(|error| RepositoryError::io(&path)(error.into()))
    }

    /// Stages a new version of the root: whose keys count for the top-level roles of `roles`, and what is pinned beside them.
    pub fn stage_root(&self, anchor: &Anchor, roles: &Roles, expires: Timestamp) -> Result<u64, RepositoryError> {
        let version = self.root()?.map_or(1, |root| root.signed().version + 1);
        let mut keys = BTreeMap::new();
        let mut named = BTreeMap::new();
        for role in TOP {
            let signers = roles.get(role).ok_or_else(|| RepositoryError::UnknownRole(role.to_owned()))?;
            let (ids, public) = keys_of(role, signers)?;
            keys.extend(public);
            named.insert(role.to_owned(), RoleKeys { keyids: ids, threshold: signers.threshold, extra: Map::new() });
        }
        let pinned = serde_json::to_value(anchor).map_err(crate::error::DirectoryError::from)?;
        let root = Root {
            kind: Root::TYPE.to_owned(),
            spec_version: SPEC_VERSION.to_owned(),
            version,
            expires: second(expires),
            consistent_snapshot: true,
            keys,
            roles: named,
            extra: Map::from_iter([(ANCHOR.to_owned(), pinned)]),
        };
        write(&self.staged_file("root"), &Envelope::new(root)?.to_bytes())?;
        Ok(version)
    }

    /// Stages a new version of `targets`: to whom the files are delegated. Roles that never were published begin empty.
    pub fn stage_targets(&self, roles: &Roles, expires: Timestamp) -> Result<u64, RepositoryError> {
        let mut delegations = Delegations::default();
        // The agencies come last: `BTreeMap` has them so, and a role is asked in this order.
        for (name, signers) in roles.iter().filter(|(name, _)| !TOP.contains(&name.as_str())) {
            if !role_name(name) {
                return Err(RepositoryError::UnknownRole(name.clone()));
            }
            let (keyids, public) = keys_of(name, signers)?;
            delegations.keys.extend(public);
            delegations.roles.push(DelegatedRole {
                name: name.clone(),
                keyids,
                threshold: signers.threshold,
                terminating: true,
                paths: vec![format!("{name}/*")],
                extra: Map::new(),
            });
        }
        let version = self.next_version("targets")?;
        let mut targets = Targets::new(version, expires);
        targets.delegations = Some(delegations);
        let staged = Envelope::new(targets)?;
        write(&self.staged_file("targets"), &staged.to_bytes())?;
        Ok(version)
    }

    /// Stages a new version of a role with exactly these files.
    pub fn stage_files(&self, role: &str, files: &Files, expires: Timestamp) -> Result<u64, RepositoryError> {
        if !role_name(role) {
            return Err(RepositoryError::UnknownRole(role.to_owned()));
        }
        let version = self.next_version(role)?;
        let mut targets = Targets::new(version, expires);
        targets.targets = listed(files);
        let folder = self.folder.join("staged");
        for (path, file) in &targets.targets {
            let digest = file.hashes.get("sha256").cloned().unwrap_or_default();
            let bytes = files.get(path).map(Vec::as_slice).unwrap_or_default();
            write(&folder.join(target_file(path, &digest)), bytes)?;
        }
        write(&self.staged_file(role), &Envelope::new(targets)?.to_bytes())?;
        Ok(version)
    }

    /// Gives up what is staged for a role.
    pub fn unstage(&self, role: &str) -> Result<(), RepositoryError> {
        remove(&self.staged_file(role))
    }

    /// Who may sign for which role, as published, or staged where that is newer.
    pub fn roles(&self) -> Result<Roles, RepositoryError> {
        let mut roles = Roles::new();
        if let Some(root) = self.staged_root()?.map_or_else(|| self.root(), |root| Ok(Some(root)))? {
            for (name, role) in &root.signed().roles {
                roles.insert(name.clone(), signers(&role.keyids, role.threshold, &root.signed().keys));
            }
        }
        let targets = self.staged("targets")?.map_or_else(|| self.published("targets"), |found| Ok(Some(found)))?;
        for delegations in targets.iter().filter_map(|targets| targets.signed().delegations.as_ref()) {
            for role in &delegations.roles {
                roles.insert(role.name.clone(), signers(&role.keyids, role.threshold, &delegations.keys));
            }
        }
        Ok(roles)
    }

    /// Whether a role is signed by a server.
    pub fn is_online(role: &str) -> bool {
        ONLINE.contains(&role)
    }

    fn next_version(&self, role: &str) -> Result<u64, RepositoryError> {
        Ok(self.published(role)?.map_or(1, |metadata| metadata.signed().version + 1))
    }
}

fn signers(ids: &[String], threshold: u64, keys: &BTreeMap<String, Key>) -> Signers {
    Signers { threshold, keys: ids.iter().filter_map(|id| keys.get(id)?.to_pem()).collect() }
}

/// The ids and the keys of signers, of which there must be enough.
fn keys_of(role: &str, signers: &Signers) -> Result<(Vec<String>, BTreeMap<String, Key>), RepositoryError> {
    let mut keys = BTreeMap::new();
    for text in &signers.keys {
        let key = Key::from_pem(text).ok_or_else(|| RepositoryError::Key { role: role.to_owned() })?;
        keys.insert(key.id(), key);
    }
    if signers.threshold == 0 || signers.threshold > keys.len() as u64 {
        let (threshold, keys) = (signers.threshold, keys.len());
        return Err(RepositoryError::Threshold { role: role.to_owned(), threshold, keys });
    }
    Ok((keys.keys().cloned().collect(), keys))
}

/// A span of time for a moment's arithmetic.
pub(super) fn after(now: Timestamp, seconds: u64) -> Timestamp {
    second(now.saturating_add(Duration::from_secs(seconds)).unwrap_or(Timestamp::MAX))
}
