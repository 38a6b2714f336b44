//! What an operator hands to an agency, in one file: where the authority is, by which root it is known, and the one-time token.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use mohur_wire::{MemberId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::EnrolError;

/// An invitation. Whoever holds it can enrol in the member's name, once: it is a secret until it is used.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct InvitationFile {
    /// Whom it is for.
    pub member: MemberId,
    /// The authority's address.
    pub url: String,
    /// The one-time token.
    pub token: String,
    /// Until when it can be used.
    pub expires: Timestamp,
    /// The root certificate, PEM.
    pub root: String,
}

impl InvitationFile {
    /// Reads the file.
    pub fn load(path: &Path) -> Result<Self, EnrolError> {
        let text = fs::read(path).map_err(EnrolError::io(path))?;
        serde_json::from_slice(&text).map_err(|error| EnrolError::Invitation {
            path: path.to_owned(),
            // The parser's words may quote the file.
            what: format!("not an invitation, near line {}, column {}", error.line(), error.column()),
        })
    }

    /// Writes a new file, mode 0600.
    pub fn write(&self, path: &Path) -> Result<(), EnrolError> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|error| EnrolError::Invitation { path: path.to_owned(), what: error.to_string() })?;
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()
        };
        write().map_err(EnrolError::io(path))
    }
}

impl std::fmt::Debug for InvitationFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "InvitationFile({}, {})", self.member, self.url)
    }
}
