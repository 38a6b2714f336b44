//! Where evidence is kept: a file each, under its digest.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mohur_chain::Trust;
use mohur_crypto::Digest;

/// What form evidence has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// An OCSP response.
    Ocsp,
    /// A revocation list.
    Crl,
}

impl Form {
    /// How its files end.
    const fn ending(self) -> &'static str {
        match self {
            Self::Ocsp => "ocsp",
            Self::Crl => "crl",
        }
    }
}

/// What says that a seal is not revoked, as it was received.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// SHA-256 of the octets: the name that entries of the log give it.
    pub digest: Digest,
    /// Its form.
    pub form: Form,
    /// The octets.
    pub der: &'a [u8],
}

/// Keeps evidence, durably. Called before what it says counts; may block.
pub type Keep = Arc<dyn Fn(&Evidence<'_>) -> io::Result<()> + Send + Sync>;

/// Keeps the lists that seals are judged by. Called whenever they were read.
pub fn keep_lists(trust: &Trust, keep: &Keep) -> io::Result<()> {
    trust.lists().try_for_each(|(digest, der)| keep(&Evidence { digest, form: Form::Crl, der }))
}

/// Keeps evidence in a folder as `<digest>.ocsp` and `<digest>.crl`, once each.
pub fn keep_in(folder: PathBuf) -> Keep {
    Arc::new(move |evidence| {
        let path = folder.join(format!("{}.{}", evidence.digest, evidence.form.ending()));
        if path.is_file() {
            return Ok(());
        }
        write(&folder, &path, evidence.der)
            .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
    })
}

/// Durable when it returns: file, name and folder.
fn write(folder: &Path, path: &Path, der: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    if let Some(above) = folder.parent() {
        File::open(above)?.sync_all()?;
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".next");
    let next = path.with_file_name(name);
    let mut file = File::create(&next)?;
    file.write_all(der)?;
    file.sync_all()?;
    fs::rename(&next, path)?;
    File::open(folder)?.sync_all()
}
