//! The repository that officers work on: what is live, what is staged and signed step by step, and how it is published.
//!
//! ```text
//! metadata/        what is served: 1.root.json, 4.members.json, policy%2FMOJ…, timestamp.json
//! targets/         what is served: members/<sha256>.members.json
//! staged/          new versions, each signed by its officers before it counts
//! repository.json  how long the online roles' metadata lives
//! ```

mod error;
mod found;
mod layout;
mod publish;
mod signing;
mod status;
mod words;

use std::fs::File;
use std::path::{Path, PathBuf};

use mohur_tuf::{Envelope, Root, Snapshot, Targets, Timestamp, encode_role};

pub use error::RepositoryError;
pub use found::{Founding, Periods, Roles, Signers, role_name};
pub use publish::{Published, Refreshed};
pub use status::{RoleStatus, StagedStatus};

use crate::content::Files;
use layout::read_optional;

/// The roles of the root's metadata, whose keys it names.
const TOP: [&str; 4] = ["root", "timestamp", "snapshot", "targets"];
/// The roles that are signed by a server, without anybody's doing.
const ONLINE: [&str; 2] = ["snapshot", "timestamp"];

/// A directory's repository in a folder.
#[derive(Clone, Debug)]
pub struct Repository {
    folder: PathBuf,
}

/// What clients see now.
struct Live {
    timestamp: Envelope<Timestamp>,
    snapshot: Envelope<Snapshot>,
}

impl Repository {
    /// Opens a repository.
    pub fn open(folder: &Path) -> Result<Self, RepositoryError> {
        let repository = Self { folder: folder.to_owned() };
        if repository.settings_file().exists() {
            Ok(repository)
        } else {
            Err(RepositoryError::NoRepository { path: folder.to_owned() })
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every published root from the first on, as files.
    pub fn roots(&self) -> Result<Vec<Vec<u8>>, RepositoryError> {
        let mut roots = Vec::new();
        while let Some(root) = read_optional(&self.metadata(&format!("{}.root.json", roots.len() + 1)))? {
            roots.push(root);
        }
        Ok(roots)
    }

    /// The root that counts, and whether it is only staged.
    pub fn root(&self) -> Result<Option<Envelope<Root>>, RepositoryError> {
        let roots = self.roots()?;
        roots.last().map(|bytes| Ok(Envelope::parse("root", bytes)?)).transpose()
    }

    /// The published metadata of a role that lists files.
    pub fn published(&self, role: &str) -> Result<Option<Envelope<Targets>>, RepositoryError> {
        let Some(live) = self.live()? else { return Ok(None) };
        let Some(named) = live.snapshot.signed().meta.get(&format!("{role}.json")) else { return Ok(None) };
        let path = self.metadata(&format!("{}.{}.json", named.version, encode_role(role)));
        read_optional(&path)?.map(|bytes| Ok(Envelope::parse(role, &bytes)?)).transpose()
    }

    /// The published files of a role.
    pub fn published_files(&self, role: &str) -> Result<Files, RepositoryError> {
        let Some(metadata) = self.published(role)? else { return Ok(Files::new()) };
        self.files_of(&metadata, &self.folder)
    }

    /// The staged metadata of a role that lists files.
    pub fn staged(&self, role: &str) -> Result<Option<Envelope<Targets>>, RepositoryError> {
        read_optional(&self.staged_file(role))?.map(|bytes| Ok(Envelope::parse(role, &bytes)?)).transpose()
    }

    /// The staged files of a role.
    pub fn staged_files(&self, role: &str) -> Result<Files, RepositoryError> {
        let Some(metadata) = self.staged(role)? else { return Ok(Files::new()) };
        self.files_of(&metadata, &self.folder.join("staged"))
    }

    /// The staged root.
    pub fn staged_root(&self) -> Result<Option<Envelope<Root>>, RepositoryError> {
        read_optional(&self.staged_file("root"))?.map(|bytes| Ok(Envelope::parse("root", &bytes)?)).transpose()
    }

    fn live(&self) -> Result<Option<Live>, RepositoryError> {
        let Some(bytes) = read_optional(&self.metadata("timestamp.json"))? else { return Ok(None) };
        let timestamp = Envelope::<Timestamp>::parse("timestamp", &bytes)?;
        let version = timestamp.signed().meta.get("snapshot.json").map_or(0, |named| named.version);
        let path = self.metadata(&format!("{version}.snapshot.json"));
        let bytes = read_optional(&path)?.ok_or(RepositoryError::Damaged { path })?;
        Ok(Some(Live { timestamp, snapshot: Envelope::parse("snapshot", &bytes)? }))
    }

    fn lock(&self) -> Result<File, RepositoryError> {
        let path = self.folder.join("lock");
        let open = || {
            let file = File::create(&path)?;
            file.lock()?;
            Ok(file)
        };
        open().map_err(RepositoryError::io(&path))
    }
}
