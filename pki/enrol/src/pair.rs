//! A certificate and its key in two files, exchanged so that no crash tears them apart: see
//! `docs/decisions/0132-renewal-in-two-files.md`.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use mohur_chain::{Certificate, Profile};
use mohur_seal::generate::generate;
use mohur_seal::key_file::{read_all_encrypted, replace_encrypted};
use mohur_seal::{KeyKind, KeySource, Passphrase, SealSource, SoftwareSeal, Zeroizing};
use mohur_wire::MemberId;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::{EnrolError, Enrols};

/// The files of a certificate and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// PEM, the own certificate first, its authority's behind it.
    pub certificate: PathBuf,
    /// Encrypted PKCS#8, PEM, mode 0600. While it is renewed it holds two keys, the next one first.
    pub key: PathBuf,
}

impl Pair {
    /// The files of a seal; `None` if its key is in a token.
    pub fn of_seal(source: &SealSource) -> Option<Self> {
        match &source.key {
            KeySource::File(key) => Some(Self { certificate: source.certificate.clone(), key: key.clone() }),
            KeySource::Token(_) => None,
        }
    }

    /// The certificate in use, if there is one.
    pub fn current(&self) -> Result<Option<Certificate>, EnrolError> {
        match fs::read(&self.certificate) {
            Ok(text) => leaf(&text).map(Some),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(EnrolError::io(&self.certificate)(error)),
        }
    }

    /// The key to ask for the next certificate with. One that waits is taken again: whoever asks twice with it gets the
    /// same certificate. Otherwise it is made, and waits from now on; or it is the one in use, where `rekey` is not wanted.
    pub fn next_key(
        &self,
        kind: KeyKind,
        rekey: bool,
        passphrase: &Passphrase,
    ) -> Result<Zeroizing<Vec<u8>>, EnrolError> {
        let keys = if self.key.exists() { read_all_encrypted(&self.key, passphrase)? } else { Vec::new() };
        let current = self.current()?;
        let is_current = |key: &[u8]| current.as_ref().is_some_and(|current| fits(key, current.der()));
        if let Some(first) = keys.first()
            && (!is_current(first) || !rekey)
        {
            return Ok(first.clone());
        }
        let fresh = generate(kind)?;
        let in_use = keys.iter().find(|key| is_current(key));
        let both: Vec<&[u8]> = [Some(&fresh), in_use].into_iter().flatten().map(|key| key.as_slice()).collect();
        replace_encrypted(&self.key, &both, passphrase)?;
        Ok(fresh)
    }

    /// Puts the certificate of `key` in the place of the one in use, in one step. Its key is in the file already, and the
    /// other one stays there until the next renewal: whoever reads the pair at this moment finds both.
    pub fn install(&self, chain: &str) -> Result<(), EnrolError> {
        replace(&self.certificate, chain.as_bytes())
    }

    /// Where a certificate waits that may not be used yet: `seal.pem` waits as `seal.pem.waiting`.
    pub fn waiting(&self) -> PathBuf {
        let mut name = self.certificate.file_name().unwrap_or_default().to_owned();
        name.push(".waiting");
        self.certificate.with_file_name(name)
    }

    /// Lets a certificate wait.
    pub fn put_aside(&self, chain: &str) -> Result<(), EnrolError> {
        replace(&self.waiting(), chain.as_bytes())
    }

    /// The certificate that waits.
    pub fn put_aside_earlier(&self) -> Result<Option<Certificate>, EnrolError> {
        Self { certificate: self.waiting(), key: self.key.clone() }.current()
    }

    /// Puts the one that waits in the place of the one in use, in one step.
    pub fn switch(&self) -> Result<(), EnrolError> {
        let waiting = self.waiting();
        fs::rename(&waiting, &self.certificate).map_err(EnrolError::io(&waiting))?;
        sync_folder(&self.certificate)
    }
}

/// Whether the key is the certificate's.
pub(crate) fn fits(pkcs8: &[u8], certificate: &[u8]) -> bool {
    SoftwareSeal::from_pkcs8(pkcs8, certificate).is_ok()
}

/// The first certificate of a chain.
pub(crate) fn leaf(chain: &[u8]) -> Result<Certificate, EnrolError> {
    let der = CertificateDer::from_pem_slice(chain)
        .map_err(|_| EnrolError::Answer("it holds no certificate in PEM".to_owned()))?;
    Ok(Certificate::parse(&der)?)
}

/// Checks that what was issued is what was asked for: this profile, this key, and this member where it is known.
pub fn check(
    chain: &str,
    profile: Enrols,
    member: Option<&MemberId>,
    is_ours: impl FnOnce(&[u8]) -> bool,
) -> Result<Certificate, EnrolError> {
    let wrong = |what: &str| Err(EnrolError::Answer(what.to_owned()));
    let certificate = leaf(chain.as_bytes())?;
    let expected = match profile {
        Enrols::Tls => Profile::Tls,
        Enrols::Seal => Profile::Seal,
    };
    if certificate.profile() != expected {
        return wrong("the certificate is of another profile");
    }
    if !is_ours(certificate.der()) {
        return wrong("the certificate is for another key");
    }
    match (certificate.member(), member) {
        (Some(named), Some(expected)) if named != expected => wrong("the certificate names another member"),
        (None, _) => wrong("the certificate names no member"),
        (Some(_), _) => Ok(certificate),
    }
}

/// Exchanges a file in one step. On disk when it returns.
fn replace(path: &Path, content: &[u8]) -> Result<(), EnrolError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".next");
    let next = path.with_file_name(name);
    let write = || {
        let mut file = File::create(&next)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&next, path)
    };
    write().map_err(EnrolError::io(path))?;
    sync_folder(path)
}

fn sync_folder(path: &Path) -> Result<(), EnrolError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(EnrolError::io(folder))
}

#[cfg(test)]
mod tests;
