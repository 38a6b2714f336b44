//! What several commands do with passphrases, and with certificates that are named.

use std::path::{Path, PathBuf};

use mohur_seal::Passphrase;

use crate::output::CliError;

/// The passphrase of that file; a new one with a random passphrase when `file` is `None` and `default` does not exist.
pub(crate) fn passphrase(file: Option<PathBuf>, default: &Path) -> Result<(Passphrase, PathBuf), CliError> {
    let (path, make) = match file {
        Some(path) => (path, false),
        None => (default.to_owned(), !default.exists()),
    };
    let passphrase = if make {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| CliError::usage(format_args!("{}: {error}", folder.display())))?;
        }
        let fresh = Passphrase::generate();
        fresh.write_credential_file(&path).map_err(CliError::usage)?;
        fresh
    } else {
        Passphrase::from_credential_file(&path).map_err(CliError::usage)?
    };
    Ok((passphrase, path))
}

/// The fingerprint of the certificate in that file; or the digits themselves, if there is no such file.
pub(crate) fn named(which: &str) -> Result<String, CliError> {
    if !Path::new(which).is_file() {
        return Ok(which.to_owned());
    }
    let found = mohur_chain::read_pem_file(Path::new(which)).map_err(CliError::usage)?;
    let first = found.first().ok_or_else(|| CliError::usage(format_args!("{which}: no certificate in PEM")))?;
    Ok(mohur_crypto::sha256(first).to_string())
}
