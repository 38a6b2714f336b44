//! Where the files of a PKI lie.

use std::fs::{self, DirBuilder, File};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use mohur_chain::TrustFiles;

use crate::AuthorityError;
use crate::issuer::Issuer;

/// The folder of a PKI: `authority/` is secret and belongs offline, `trust/` is for everyone.
#[derive(Clone, Debug)]
pub struct Layout {
    folder: PathBuf,
}

impl Layout {
    /// The layout of `folder`.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The whole PKI.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Keys and register of the authorities: mode 0700.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("authority")
    }

    /// Certificates and revocation lists, for everyone.
    pub fn trust(&self) -> PathBuf {
        self.folder.join("trust")
    }

    /// The files that a process of the domain is configured with.
    pub fn trust_files(&self) -> TrustFiles {
        TrustFiles::in_folder(&self.trust())
    }

    pub(crate) fn key(&self, issuer: Issuer) -> PathBuf {
        self.authority().join(format!("{issuer}.key"))
    }

    /// The authorities whose keys lie here.
    pub(crate) fn issuers_with_keys(&self) -> Result<Vec<Issuer>, AuthorityError> {
        let folder = self.authority();
        let mut found = Vec::new();
        for entry in fs::read_dir(&folder).map_err(AuthorityError::io(&folder))? {
            let name = entry.map_err(AuthorityError::io(&folder))?.file_name();
            let issuer = name.to_str().and_then(|name| name.strip_suffix(".key")?.parse::<Issuer>().ok());
            found.extend(issuer);
        }
        Ok(found)
    }

    pub(crate) fn certificate(&self, issuer: Issuer) -> PathBuf {
        self.trust().join(format!("{issuer}.pem"))
    }

    pub(crate) fn crl(&self, issuer: Issuer) -> PathBuf {
        self.trust().join(format!("{issuer}.crl"))
    }

    pub(crate) fn settings(&self) -> PathBuf {
        self.authority().join("settings.json")
    }

    pub(crate) fn register(&self) -> PathBuf {
        self.authority().join("register.redb")
    }
}

/// Makes a folder that only its owner may enter.
pub(crate) fn create_private(path: &Path) -> Result<(), AuthorityError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(AuthorityError::io(path))
}

pub(crate) fn create_public(path: &Path) -> Result<(), AuthorityError> {
    fs::create_dir_all(path).map_err(AuthorityError::io(path))
}

/// Replaces a file in one step: a reader sees the old one or the new one.
pub(crate) fn replace(path: &Path, content: &str) -> Result<(), AuthorityError> {
    let write = || {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".next");
        let next = path.with_file_name(name);
        let mut file = File::create(&next)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        fs::rename(&next, path)
    };
    write().map_err(AuthorityError::io(path))
}

pub(crate) fn read(path: &Path) -> Result<String, AuthorityError> {
    fs::read_to_string(path).map_err(AuthorityError::io(path))
}
