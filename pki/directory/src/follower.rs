//! Keeping up with directories: fetched when they can be, known from the state folder when not.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mohur_chain::Standing;
use mohur_tuf::{Client, Envelope, FolderSource, Limits, Root, Source};
use mohur_wire::Timestamp;

use crate::assemble::Assembly;
use crate::content::{Anchor, anchor};
use crate::domains::{Domain, Domains, UntrustedDomain};
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

/// The directory of another domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignDirectory {
    /// The domain's instance, e.g. `GE`.
    pub domain: String,
    /// Where its directory is.
    pub directory: DirectorySettings,
}

impl DirectorySettings {
    /// With the defaults of `poll` and `grace`.
    pub const fn new(place: Place, root: PathBuf, state: PathBuf) -> Self {
        Self { place, root, state, poll: Duration::from_secs(30), grace: Duration::from_secs(4 * 3600) }
    }

    /// What the pinned root says beside keys. Its own signatures are verified.
    pub fn anchor(&self) -> Result<Anchor, DirectoryError> {
        let root = Envelope::<Root>::parse("root", &self.pinned()?)?;
        root.verify("root", &root.signed().role("root"), &root.signed().keys)?;
        anchor(root.signed())
    }

    fn pinned(&self) -> Result<Vec<u8>, DirectoryError> {
        std::fs::read(&self.root).map_err(|source| DirectoryError::Io { path: self.root.clone(), source })
    }
}

/// Follows one directory. Cheap to clone.
#[derive(Clone)]
pub struct Follower {
    settings: DirectorySettings,
    source: Arc<dyn Source>,
    newest: Arc<Mutex<Option<Newest>>>,
    standing: Option<Arc<Standing>>,
}

/// What the last look found, and what shows that nothing has changed since.
struct Newest {
    domain: Domain,
    timestamp: Vec<u8>,
    root: u64,
    /// When the first of all roles expires: the domain is then another one, or none.
    until: Timestamp,
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
    pub fn of_folder(settings: DirectorySettings, folder: impl Into<PathBuf>) -> Self {
        Self::new(settings, Arc::new(FolderSource::new(folder)))
    }

    /// Follows the directory that `source` has.
    pub fn new(settings: DirectorySettings, source: Arc<dyn Source>) -> Self {
        Self { settings, source, newest: Arc::default(), standing: None }
    }

    fn client(&self) -> Result<Client, DirectoryError> {
        Ok(Client::new(&self.settings.state, self.settings.pinned()?, Limits::default())?)
    }

    /// Fetches the newest version. Blocks. It counts as a whole or not at all; what is known stays when it is refused.
    pub fn update(&self, now: Timestamp) -> Result<Domain, DirectoryError> {
        if let Some(domain) = self.unchanged(now) {
            return Ok(domain);
        }
        let grace = self.settings.grace;
        let newest = self.client()?.update(&*self.source, now, |set| {
            let domain =
                Assembly { set, now, slack: Duration::ZERO, grace, standing: self.standing.clone() }.domain()?;
            let roles = set.roles.iter().map(|loaded| loaded.metadata.signed().expires).filter(|at| now < *at);
            Ok::<_, DirectoryError>(Newest {
                domain,
                timestamp: set.timestamp.to_bytes(),
                root: set.root.signed().version,
                until: roles.fold(set.expires(), Timestamp::min),
            })
        })?;
        let domain = newest.domain.clone();
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(newest);
        Ok(domain)
    }

    /// What was found last, if the source still has the very timestamp that was verified then, no newer root, and nothing of it
    /// has expired: verified again, it would be the same.
    fn unchanged(&self, now: Timestamp) -> Option<Domain> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = newest.as_ref().filter(|newest| now < newest.until)?;
        let limits = Limits::default();
        let next = format!("metadata/{}.root.json", newest.root + 1);
        let no_newer_root = matches!(self.source.fetch(&next, limits.root), Ok(None));
        let timestamp = self.source.fetch("metadata/timestamp.json", limits.timestamp).ok()??;
        (no_newer_root && timestamp == newest.timestamp).then(|| newest.domain.clone())
    }

    /// The last good one, from the state folder alone, unless it expired longer ago than the grace. Blocks.
    pub fn last(&self, now: Timestamp) -> Result<Option<Domain>, DirectoryError> {
        let Some(set) = self.client()?.last()? else { return Ok(None) };
        let grace = self.settings.grace;
        Assembly { set: &set, now, slack: grace, grace, standing: self.standing.clone() }.domain().map(Some)
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
        write!(f, "Follower({:?})", self.settings.place)
    }
}

/// What an operator must be told of a directory. Nothing stops for it: what was good stays in force until it expires.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// It is not fresh from its source.
    #[error("the directory of {domain} was not renewed; the last good one counts until it expires: {source}")]
    NotRenewed {
        /// Which domain.
        domain: String,
        /// Why.
        source: DirectoryError,
    },
    /// It expired, and counts by the grace alone.
    #[error(
        "the directory of {domain} expired at {at} and counts for its grace only; after that everything is refused"
    )]
    Overdue {
        /// Which domain.
        domain: String,
        /// When.
        at: Timestamp,
    },
    /// It is the directory of another domain.
    #[error("the directory for {expected} is that of {found}; correct the configuration")]
    Other {
        /// The domain that the configuration names.
        expected: String,
        /// The domain that the directory speaks of.
        found: String,
    },
    /// It is not trusted.
    #[error(transparent)]
    Untrusted(#[from] UntrustedDomain),
}

impl Trouble {
    /// Whether it is about our own directory's age.
    pub const fn is_overdue(&self) -> bool {
        matches!(self, Self::Overdue { .. })
    }
}

/// Follows our own directory and those of other domains.
#[derive(Clone, Debug)]
pub struct Followers {
    home: Follower,
    foreign: Vec<(String, Follower)>,
}

impl Followers {
    /// Our own, and others by their domain's instance.
    pub const fn new(home: Follower, foreign: Vec<(String, Follower)>) -> Self {
        Self { home, foreign }
    }

    /// Has the seals of our own directory judged by this, too.
    #[must_use]
    pub fn judged_by(mut self, standing: Arc<Standing>) -> Self {
        self.home.standing = Some(standing);
        self
    }

    /// Looks for a start: without our own directory there is none. Blocks.
    pub fn start(&self, now: Timestamp) -> Result<(Domains, Vec<Trouble>), DirectoryError> {
        Ok(self.with_foreign(self.home.look(now)?, None, now))
    }

    /// Looks again. What cannot be had keeps its last good value. Blocks.
    pub fn refresh(&self, last: &Domains, now: Timestamp) -> (Domains, Vec<Trouble>) {
        let found =
            self.home.look(now).unwrap_or_else(|trouble| Found { domain: last.home().clone(), trouble: Some(trouble) });
        self.with_foreign(found, Some(last), now)
    }

    /// A foreign domain that cannot be read keeps its last good value until its directory expires, and keeps nobody else from
    /// working; one that our directory does not trust (any more) is left out at once.
    fn with_foreign(&self, home: Found, last: Option<&Domains>, now: Timestamp) -> (Domains, Vec<Trouble>) {
        let mut troubles = Vec::new();
        let directory = &home.domain.directory;
        let name = || directory.domain().to_owned();
        troubles.extend(home.trouble.map(|source| Trouble::NotRenewed { domain: name(), source }));
        if directory.is_overdue(now) {
            troubles.push(Trouble::Overdue { domain: name(), at: directory.expires() });
        }
        let mut read = Vec::new();
        for (domain, follower) in &self.foreign {
            let known = || last.and_then(|last| last.named(domain, now)).cloned();
            let (found, trouble) = match follower.look(now) {
                Ok(found) => (Some(found.domain), found.trouble),
                Err(trouble) => (known(), Some(trouble)),
            };
            troubles.extend(trouble.map(|source| Trouble::NotRenewed { domain: domain.clone(), source }));
            match found {
                Some(found) if found.directory.domain() == domain => read.push(found),
                Some(found) => {
                    let found = found.directory.domain().to_owned();
                    troubles.push(Trouble::Other { expected: domain.clone(), found });
                }
                None => {}
            }
        }
        let (domains, untrusted) = Domains::new(home.domain, read);
        troubles.extend(untrusted.into_iter().map(Trouble::from));
        (domains, troubles)
    }
}
