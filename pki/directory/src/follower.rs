//! Keeping up with a directory: fetched when it can be, known from the state folder when not.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mohur_tuf::{Client, Envelope, FolderSource, Limits, Root, Source};
use mohur_wire::Timestamp;

use crate::assemble::Assembly;
use crate::content::{Anchor, anchor};
use crate::domains::Domain;
use crate::error::DirectoryError;

/// Where a directory is and how it is kept up with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectorySettings {
    /// Where it is.
    pub place: Place,
    /// `root`: the trusted root metadata, the one file that a process starts from.
    pub root: PathBuf,
    /// `state`: the folder of what is remembered.
    pub state: PathBuf,
    /// `poll`: how often it is looked for. 30 s.
    pub poll: Duration,
    /// `grace`: how long the last good one counts after it expired. 4 h.
    pub grace: Duration,
}

/// Where a directory is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `folder`: on a disk of this machine.
    Folder(PathBuf),
    /// `url`: at an HTTPS server.
    Url(String),
}

impl DirectorySettings {
    /// With the defaults of `poll` and `grace`.
    pub const fn new(place: Place, root: PathBuf, state: PathBuf) -> Self {
        Self { place, root, state, poll: Duration::from_secs(30), grace: Duration::from_secs(4 * 3600) }
    }

    /// What the pinned root says beside keys. Its own signatures are verified.
    pub fn anchor(&self) -> Result<Anchor, DirectoryError> {
        pinned_anchor(&read_root(&self.root)?)
    }
}

pub(crate) fn pinned_anchor(bytes: &[u8]) -> Result<Anchor, DirectoryError> {
    let root = Envelope::<Root>::parse("root", bytes)?;
    root.verify("root", &root.signed().role("root"), &root.signed().keys)?;
    anchor(root.signed())
}

fn read_root(path: &Path) -> Result<Vec<u8>, DirectoryError> {
    std::fs::read(path).map_err(|source| DirectoryError::Io { path: path.to_owned(), source })
}

/// Follows one directory. Cheap to clone.
#[derive(Clone)]
pub struct Follower {
    client: Client,
    source: Arc<dyn Source>,
    grace: Duration,
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// The newest good one.
    pub domain: Domain,
    /// Why it is not fresh from its source, if it is not: to be told to the operator.
    pub trouble: Option<DirectoryError>,
}

impl Follower {
    /// Follows the directory in a folder.
    pub fn of_folder(settings: &DirectorySettings, folder: &Path) -> Result<Self, DirectoryError> {
        Self::new(settings, Arc::new(FolderSource::new(folder)))
    }

    /// Follows the directory that `source` has.
    pub fn new(settings: &DirectorySettings, source: Arc<dyn Source>) -> Result<Self, DirectoryError> {
        let pinned = read_root(&settings.root)?;
        pinned_anchor(&pinned)?;
        let client = Client::new(&settings.state, pinned, Limits::default())?;
        Ok(Self { client, source, grace: settings.grace })
    }

    /// Fetches the newest version. Blocks. It counts as a whole or not at all; what is known stays when it is refused.
    pub fn update(&self, now: Timestamp) -> Result<Domain, DirectoryError> {
        let grace = self.grace;
        self.client.update(&*self.source, now, |set| Assembly { set, now, slack: Duration::ZERO, grace }.domain())
    }

    /// The last good one, from the state folder alone, unless it expired longer ago than the grace. Blocks.
    pub fn last(&self, now: Timestamp) -> Result<Option<Domain>, DirectoryError> {
        let Some(set) = self.client.last()? else { return Ok(None) };
        Assembly { set: &set, now, slack: self.grace, grace: self.grace }.domain().map(Some)
    }

    /// The newest version, or else the last good one with what kept it from being newer. Blocks.
    pub fn look(&self, now: Timestamp) -> Result<Found, DirectoryError> {
        match self.update(now) {
            Ok(domain) => Ok(Found { domain, trouble: None }),
            Err(trouble) => match self.last(now) {
                Ok(Some(domain)) => Ok(Found { domain, trouble: Some(trouble) }),
                Ok(None) | Err(_) => Err(trouble),
            },
        }
    }
}

impl std::fmt::Debug for Follower {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Follower({})", self.client.folder().display())
    }
}
