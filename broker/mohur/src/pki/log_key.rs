//! `mohur pki log-key`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use mohur_authority::create_log_key;
use mohur_transparency::LogKey;
use serde_json::json;

use super::passphrase;
use crate::output::{CliError, Output};

pub(super) fn run(origin: &str, folder: &Path, file: Option<PathBuf>, out: &Output) -> Result<ExitCode, CliError> {
    let (passphrase, credential) = passphrase(file, &folder.join("passphrase"))?;
    let (path, public) = (folder.join("log.key"), folder.join("log.vkey"));
    let bytes = create_log_key(&path, &passphrase).map_err(CliError::usage)?;
    let key = LogKey::new(origin, &bytes).map_err(CliError::usage)?.to_string();
    std::fs::write(&public, format!("{key}\n"))
        .map_err(|error| CliError::usage(format_args!("{}: {error}", public.display())))?;
    let text = format!(
        "Made the key of the log {origin}.\n  key          {}\n  passphrase   {}\n  public key   {} ({})",
        path.display(),
        credential.display(),
        key,
        public.display(),
    );
    out.say(text, &json!({ "origin": origin, "key": path, "passphrase": credential, "vkey": key }));
    Ok(ExitCode::SUCCESS)
}
