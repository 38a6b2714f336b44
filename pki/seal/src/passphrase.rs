//! Passphrases, and where they come from.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use mohur_crypto::random_bytes;
use zeroize::Zeroizing;

use crate::SealError;
use crate::file::{read_secret, write_secret};

/// How a path into systemd's credentials is written in a configuration.
const CREDENTIALS_VARIABLE: &str = "$CREDENTIALS_DIRECTORY";
/// Group and others.
const NOT_THE_OWNER: u32 = 0o077;
/// systemd opens a credential to its unit's user by an ACL, which shows as the group's read bit; the directory itself is
/// closed to everyone else.
const OTHERS: u32 = 0o007;

/// What opens a key file. Wiped from memory when dropped.
pub struct Passphrase(Zeroizing<String>);

impl Passphrase {
    /// A passphrase of 12 to 1024 bytes without control characters.
    pub fn new(text: Zeroizing<String>) -> Result<Self, SealError> {
        if !(12..=1024).contains(&text.len()) || text.chars().any(char::is_control) {
            return Err(SealError::WeakPassphrase);
        }
        Ok(Self(text))
    }

    /// A fresh one with 256 random bits.
    pub fn generate() -> Self {
        let bytes = Zeroizing::new(random_bytes::<32>());
        Self(Zeroizing::new(BASE64_URL_SAFE_NO_PAD.encode(*bytes)))
    }

    /// Reads the credential file `path`: one line, readable by its owner only. A path that begins with
    /// `$CREDENTIALS_DIRECTORY/` names a systemd credential (`LoadCredential=`).
    pub fn from_credential_file(path: &Path) -> Result<Self, SealError> {
        Self::new(credential(path)?)
    }

    #[cfg(test)]
    fn load(path: &Path, credentials: Option<&Path>) -> Result<Self, SealError> {
        Self::new(credential_in(path, credentials)?)
    }

    /// Writes it to a new credential file, mode 0600.
    pub fn write_credential_file(&self, path: &Path) -> Result<(), SealError> {
        let line = Zeroizing::new(format!("{}\n", self.0.as_str()));
        write_secret(path, line.as_bytes())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Whether it has the shape of [`Passphrase::generate`]: 32 bytes of base64url. No guess finds one, so that stretching
    /// it adds nothing.
    pub(crate) fn is_generated(&self) -> bool {
        self.0.len() == 43 && BASE64_URL_SAFE_NO_PAD.decode(self.0.as_bytes()).map(Zeroizing::new).is_ok()
    }
}

/// The line of a credential file, or of a systemd credential, readable by its owner only.
///
/// # Errors
/// [`SealError`] if it cannot be read, or others may read it.
pub fn credential(path: &Path) -> Result<Zeroizing<String>, SealError> {
    credential_in(path, std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from).as_deref())
}

fn credential_in(path: &Path, credentials: Option<&Path>) -> Result<Zeroizing<String>, SealError> {
    let mut text = match path.strip_prefix(CREDENTIALS_VARIABLE) {
        Ok(name) => {
            let folder = credentials.ok_or_else(|| SealError::NoCredentials { path: path.to_owned() })?;
            read_secret(&folder.join(name), OTHERS)?
        }
        Err(_) => read_secret(path, NOT_THE_OWNER)?,
    };
    let end = text.strip_suffix("\r\n").or_else(|| text.strip_suffix('\n')).map_or(text.len(), str::len);
    text.truncate(end);
    Ok(text)
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_credential_file_is_read_only_when_only_its_owner_may() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("passphrase");
        let written = Passphrase::generate();
        written.write_credential_file(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let read = Passphrase::from_credential_file(&path).unwrap();
        assert_eq!(read.as_bytes(), written.as_bytes());
        assert!(read.is_generated());
        for mode in [0o640, 0o604, 0o620, 0o610] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let error = Passphrase::from_credential_file(&path).unwrap_err();
            assert!(matches!(error, SealError::ReadableByOthers { .. }), "{mode:o}: {error}");
        }
        assert!(written.write_credential_file(&path).is_err(), "an existing file is never overwritten");
    }

    #[test]
    fn a_systemd_credential_is_found_in_its_directory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seal");
        fs::write(&path, "correct horse battery\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o440)).unwrap();
        let configured = Path::new("$CREDENTIALS_DIRECTORY/seal");
        let read = Passphrase::load(configured, Some(folder.path())).unwrap();
        assert_eq!(read.as_bytes(), b"correct horse battery");
        assert!(!read.is_generated());
        assert!(matches!(Passphrase::load(configured, None), Err(SealError::NoCredentials { .. })));
    }

    #[test]
    fn short_and_strange_passphrases_are_refused_and_none_is_shown() {
        for wrong in ["", "short", "two lines\nof words", "with\0zero bytes"] {
            assert!(Passphrase::new(Zeroizing::new(wrong.to_owned())).is_err());
        }
        let passphrase = Passphrase::new(Zeroizing::new("correct horse battery".to_owned())).unwrap();
        assert!(!format!("{passphrase:?}").contains("horse"));
    }
}
