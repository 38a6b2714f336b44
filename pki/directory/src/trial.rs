//! A directory with all keys in one hand: for demonstrations and tests. A national directory has its keys in many.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use mohur_seal::generate::generate;
use mohur_seal::{BareKey, KeyKind};
use mohur_tuf::Key;
use mohur_wire::Timestamp;

use crate::content::{Anchor, Content, FEDERATION, Files, MEMBERS, REVOCATIONS};
use crate::error::DirectoryError;
use crate::repository::{Founding, Periods, Published, Repository, RepositoryError, Roles, Signers};

/// How long what officers would sign counts.
const LIFE: Duration = Duration::from_secs(365 * 24 * 3600);

/// A repository with a key for each role.
pub struct Trial {
    repository: Repository,
    keys: BTreeMap<String, BareKey>,
}

impl Trial {
    /// Begins a directory in a folder and publishes it. Its pinned root is `metadata/1.root.json`.
    pub fn found(
        folder: &Path,
        anchor: Anchor,
        content: &Content,
        periods: Periods,
        now: Timestamp,
    ) -> Result<Self, RepositoryError> {
        let files = content.files()?;
        let mut keys = BTreeMap::new();
        let top = ["root", "targets", "snapshot", "timestamp", MEMBERS, FEDERATION, REVOCATIONS];
        for role in top.into_iter().chain(files.keys().map(String::as_str)) {
            keys.entry(role.to_owned()).or_insert(new_key()?);
        }
        let expires = now.saturating_add(LIFE).unwrap_or(Timestamp::MAX);
        let founding = Founding { anchor, roles: roles(&keys)?, periods, expires, files };
        let repository = Repository::found(folder, &founding)?;
        let trial = Self { repository, keys };
        trial.sign_and_publish(now)?;
        Ok(trial)
    }

    /// Publishes what of the content is new.
    pub fn publish(&mut self, content: &Content, now: Timestamp) -> Result<Published, RepositoryError> {
        let expires = now.saturating_add(LIFE).unwrap_or(Timestamp::MAX);
        let files = content.files()?;
        let strangers: Vec<String> = files.keys().filter(|role| !self.keys.contains_key(*role)).cloned().collect();
        if !strangers.is_empty() {
            for role in strangers {
                self.keys.insert(role, new_key()?);
            }
            self.repository.stage_targets(&roles(&self.keys)?, expires)?;
        }
        for role in self.keys.keys().filter(|role| crate::repository::role_name(role)) {
            let nothing = Files::new();
            let wanted = files.get(role).unwrap_or(&nothing);
            if self.repository.published(role)?.is_none() || self.repository.published_files(role)? != *wanted {
                self.repository.stage_files(role, wanted, expires)?;
            }
        }
        if self.repository.staged_roles()?.is_empty() {
            // Published again all the same: with a new version, and until later.
            self.repository.stage_files(MEMBERS, &self.repository.published_files(MEMBERS)?, expires)?;
        }
        self.sign_and_publish(now)
    }

    /// The repository.
    pub const fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The key of a role.
    pub fn key(&self, role: &str) -> Option<&BareKey> {
        self.keys.get(role)
    }

    /// The keys of the roles that a server signs.
    pub fn online(&self) -> Vec<BareKey> {
        ["snapshot", "timestamp"].iter().filter_map(|role| self.keys.get(*role)).cloned().collect()
    }

    /// Signs what is staged with every key that may, and publishes it.
    pub fn sign_and_publish(&self, now: Timestamp) -> Result<Published, RepositoryError> {
        for role in self.repository.staged_roles()? {
            let key = self.keys.get(&role).ok_or_else(|| RepositoryError::UnknownRole(role.clone()))?;
            self.repository.sign(&role, key)?;
        }
        self.repository.publish(&[], &self.online(), now)
    }
}

fn new_key() -> Result<BareKey, DirectoryError> {
    Ok(BareKey::from_pkcs8(&generate(KeyKind::Ed25519)?)?)
}

fn roles(keys: &BTreeMap<String, BareKey>) -> Result<Roles, RepositoryError> {
    let signers = |(role, key): (&String, &BareKey)| {
        let pem = Key::of(key)?.to_pem().ok_or_else(|| RepositoryError::Key { role: role.clone() })?;
        Ok((role.clone(), Signers { threshold: 1, keys: vec![pem] }))
    };
    keys.iter().map(signers).collect()
}

impl std::fmt::Debug for Trial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Trial({})", self.repository.folder().display())
    }
}
