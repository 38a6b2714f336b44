//! The offline folder, as it is carried on a stick. A ceremony works in a copy beside it and puts that in its place once it is
//! verified, so that a power cut leaves the old one or the new one.

use std::fs::{self, DirBuilder};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use mohur_authority::Issuer;
use mohur_chain::CertificateError;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};

use crate::CeremonyError;

/// Where the files of a folder lie.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn transcript(&self) -> PathBuf {
        self.0.join("transcript.jsonl")
    }

    /// The root's key, encrypted with the key that is shared.
    pub(crate) fn sealed(&self) -> PathBuf {
        self.0.join("root.sealed")
    }

    pub(crate) fn trust(&self) -> PathBuf {
        self.0.join("trust")
    }

    pub(crate) fn certificate(&self, issuer: Issuer) -> PathBuf {
        self.trust().join(format!("{issuer}.pem"))
    }

    pub(crate) fn list(&self) -> PathBuf {
        self.trust().join("root.crl")
    }

    pub(crate) fn issuing(&self) -> PathBuf {
        self.0.join("issuing")
    }

    /// The key of an issuing authority that was made in a ceremony, until it is handed over.
    pub(crate) fn issuing_key(&self, issuer: Issuer) -> PathBuf {
        self.issuing().join(format!("{issuer}.key"))
    }

    pub(crate) fn shares(&self) -> PathBuf {
        self.0.join("shares")
    }

    /// An operator's share, until the operator takes it.
    pub(crate) fn share(&self, operator: &str) -> PathBuf {
        self.shares().join(format!("{operator}.share"))
    }

    pub(crate) fn read_certificate(&self, issuer: Issuer) -> Result<CertificateDer<'static>, CeremonyError> {
        let path = self.certificate(issuer);
        let text = fs::read(&path).map_err(CeremonyError::io(&path))?;
        CertificateDer::from_pem_slice(&text)
            .map_err(|_| CeremonyError::Certificate { path, source: CertificateError::Unreadable })
    }

    pub(crate) fn read_list(&self) -> Result<CertificateRevocationListDer<'static>, CeremonyError> {
        let path = self.list();
        let text = fs::read(&path).map_err(CeremonyError::io(&path))?;
        CertificateRevocationListDer::from_pem_slice(&text)
            .map_err(|_| CeremonyError::file(&path, "not a revocation list in PEM"))
    }

    /// Every file in it, relative to it.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>, CeremonyError> {
        let (mut found, mut folders) = (Vec::new(), vec![self.0.clone()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).map_err(CeremonyError::io(&folder))? {
                let path = entry.map_err(CeremonyError::io(&folder))?.path();
                let kind = fs::symlink_metadata(&path).map_err(CeremonyError::io(&path))?;
                if kind.is_dir() {
                    folders.push(path);
                } else {
                    found.push(path.strip_prefix(&self.0).unwrap_or(&path).to_owned());
                }
            }
        }
        found.sort();
        Ok(found)
    }
}

/// A folder in the making, beside the one that it will be.
pub(crate) struct Stage {
    pub(crate) folder: Folder,
    target: PathBuf,
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

fn private_folder(path: &Path) -> Result<(), CeremonyError> {
    DirBuilder::new().mode(0o700).create(path).map_err(CeremonyError::io(path))
}

impl Stage {
    /// An empty one, for a folder that is not there yet.
    pub(crate) fn create(target: &Path) -> Result<Self, CeremonyError> {
        if target.exists() {
            return Err(CeremonyError::Exists { path: target.to_owned() });
        }
        let stage = Self::at(target)?;
        for folder in [stage.folder.trust(), stage.folder.issuing(), stage.folder.shares()] {
            private_folder(&folder)?;
        }
        Ok(stage)
    }

    /// A copy of a folder that is there.
    pub(crate) fn copy(target: &Path) -> Result<Self, CeremonyError> {
        let stage = Self::at(target)?;
        for folder in [stage.folder.trust(), stage.folder.issuing(), stage.folder.shares()] {
            private_folder(&folder)?;
        }
        for file in Folder::new(target).files()? {
            let content = fs::read(target.join(&file)).map_err(CeremonyError::io(&target.join(&file)))?;
            write(&stage.folder.path().join(&file), &content)?;
        }
        Ok(stage)
    }

    fn at(target: &Path) -> Result<Self, CeremonyError> {
        let next = beside(target, ".next");
        if next.exists() {
            // A ceremony that was cut short.
            fs::remove_dir_all(&next).map_err(CeremonyError::io(&next))?;
        }
        private_folder(&next)?;
        Ok(Self { folder: Folder::new(next), target: target.to_owned() })
    }

    /// Puts it in its place. The folder that was there is kept beside it, as `<folder>.before`.
    pub(crate) fn publish(self) -> Result<(), CeremonyError> {
        let before = beside(&self.target, ".before");
        if self.target.exists() {
            if before.exists() {
                fs::remove_dir_all(&before).map_err(CeremonyError::io(&before))?;
            }
            fs::rename(&self.target, &before).map_err(CeremonyError::io(&self.target))?;
        }
        fs::rename(self.folder.path(), &self.target).map_err(CeremonyError::io(&self.target))
    }
}

/// Writes a file, mode 0600, in the place of the one that is there; on disk when it returns.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), CeremonyError> {
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(CeremonyError::io(path))
}
