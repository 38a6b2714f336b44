//! Where files lie, and how a role's files become its metadata.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use mohur_crypto::{Digest, sha256};
use mohur_tuf::{Envelope, MetaFile, TargetFile, Targets, encode_role, replace_file, target_file};
use serde_json::Map;

use super::{Repository, RepositoryError};
use crate::content::Files;

impl Repository {
    pub(super) fn settings_file(&self) -> PathBuf {
        self.folder.join("repository.json")
    }

    pub(super) fn metadata(&self, name: &str) -> PathBuf {
        self.folder.join("metadata").join(name)
    }

    pub(super) fn staged_file(&self, role: &str) -> PathBuf {
        self.folder.join("staged").join(format!("{}.json", encode_role(role)))
    }

    /// The names of the roles that have something staged.
    pub fn staged_roles(&self) -> Result<Vec<String>, RepositoryError> {
        let folder = self.folder.join("staged");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(RepositoryError::io(&folder)(error)),
        };
        let mut roles = Vec::new();
        for entry in entries {
            let name = entry.map_err(RepositoryError::io(&folder))?.file_name();
            let role = name.to_str().and_then(|name| name.strip_suffix(".json"));
            roles.extend(role.filter(|role| !role.starts_with('.')).map(|role| role.replace("%2F", "/")));
        }
        roles.sort();
        Ok(roles)
    }

    /// Reads the files that metadata lists, from under `base`, or from what is published.
    pub(super) fn files_of(&self, metadata: &Envelope<Targets>, base: &Path) -> Result<Files, RepositoryError> {
        let mut files = Files::new();
        for (path, named) in &metadata.signed().targets {
            let digest = named.hashes.get("sha256").cloned().unwrap_or_default();
            let file = target_file(path, &digest);
            let staged = read_optional(&base.join(&file))?;
            let bytes = match staged {
                Some(bytes) => bytes,
                None => read_optional(&self.folder.join(&file))?
                    .ok_or_else(|| RepositoryError::Damaged { path: base.join(&file) })?,
            };
            if sha256(&bytes).to_string() != digest {
                return Err(RepositoryError::Damaged { path: base.join(&file) });
            }
            files.insert(path.clone(), bytes);
        }
        Ok(files)
    }
}

/// How metadata lists files.
pub(super) fn listed(files: &Files) -> BTreeMap<String, TargetFile> {
    let entry = |(path, bytes): (&String, &Vec<u8>)| {
        let file = TargetFile { length: bytes.len() as u64, hashes: hashes(sha256(bytes)), extra: Map::new() };
        (path.clone(), file)
    };
    files.iter().map(entry).collect()
}

/// How metadata names other metadata.
pub(super) fn meta_file(version: u64, bytes: &[u8]) -> MetaFile {
    MetaFile { version, length: Some(bytes.len() as u64), hashes: Some(hashes(sha256(bytes))), extra: Map::new() }
}

fn hashes(digest: Digest) -> BTreeMap<String, String> {
    BTreeMap::from([("sha256".to_owned(), digest.to_string())])
}

pub(super) fn read_optional(path: &Path) -> Result<Option<Vec<u8>>, RepositoryError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(RepositoryError::io(path)(error)),
    }
}

pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), RepositoryError> {
    replace_file(path, bytes).map_err(RepositoryError::io(path))
}

pub(super) fn remove(path: &Path) -> Result<(), RepositoryError> {
    let gone = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match gone {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(RepositoryError::io(path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}
